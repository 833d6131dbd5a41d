#include "wide_family.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "blas.hpp"
#include "wide_family_dense.hpp"
#include "wide_family_sparse.hpp"

namespace bridle {

namespace {

// Relative gap of fits that nobody sees, at least. A lasso's grows in step with what its gradient lacks, where there is a
// ridge part with the square of it.
constexpr double of_folds = 1e-8, of_lasso_folds = 1e-7;
constexpr int64_t most_steps = 200, most_slow = 8;
constexpr int64_t most_sweeps = 2000;  // of one small problem
constexpr double shortest = 0x1p-30;
// Rows whose curvature has all but vanished keep this share of the mean one: their columns would run away otherwise.
constexpr double least_curvature = 1e-7;
constexpr int64_t most_degrees = 1500;  // columns whose curvature is inverted for their degrees of freedom
constexpr double in_double = 2.220446049250313e-16;

}  // namespace

WideFamily::WideFamily(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan,
                       const FamilyPlan& family)
    : WideProblem(data, columns, members, index, plan), family_(family), index_(index) {
  y_mean = 0;
  y_scale = 1;
  for (int64_t place = 0; place < data.places(); ++place) {
    if (inverse_scale[place] == 0) continue;
    c[place] = -family.gradient[index * data.p() + data.id[place]] * inverse_scale[place];
  }
  for (int64_t i : train_rows_) {
    y_.push_back(data.y[i]);
    share_.push_back(data.w[i] / weight_);
    offset_.push_back(family.offset ? family.offset[data.row(i)] : 0.0);
  }
  const size_t n = train_rows_.size();
  for (auto* rows : {&eta_, &slope_, &curvature_, &value_, &weight_of_row_}) rows->resize(n);
}

double WideFamily::at_null(int64_t place) const {
  return family_.b[index_ * data_.p() + data_.id[place]] / inverse_scale[place];
}

void WideFamily::restart() {
  intercept_ = family_.intercept[index_];
  for (size_t j = 0; j < working_.size(); ++j) {
    b_[j] = at_null(working_[j]);
    intercept_ += b_[j] * x_mean[working_[j]] * inverse_scale[working_[j]];
  }
  forget();
  evaluated_ = known_ = false;
  forget_gradients();
}

void WideFamily::take(int64_t old, Control&) {
  const int64_t m = static_cast<int64_t>(working_.size());
  for (int64_t at = old; at < m; ++at) {
    b_[at] = factor_[at] == 0 ? at_null(working_[at]) : 0.0;
    intercept_ += b_[at] * x_mean[working_[at]] * inverse_scale[working_[at]];
    evaluated_ &= b_[at] == 0;
  }
  for (auto* of_columns : {&diagonal_, &mean_, &pull_}) of_columns->resize(m);
  store(old);
  if (known_) curve_columns(old);
}

void WideFamily::evaluate() {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  for (int64_t i = 0; i < n; ++i) eta_[i] = offset_[i] + intercept_;
  fit(eta_.data());
  family_.kernel.rows(n, y_.data(), eta_.data(), slope_.data(), curvature_.data(), value_.data());
  loss_ = sum_ = size_ = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!(share_[i] > 0)) {
      slope_[i] = curvature_[i] = 0;
      continue;
    }
    loss_ += share_[i] * value_[i];
    const double u = share_[i] * slope_[i];
    if (curvature_[i] > 0) size_ += u * slope_[i] / curvature_[i];
    slope_[i] = u;
    curvature_[i] *= share_[i];
    sum_ += u;
  }
}

void WideFamily::curve() {
  double mean = 0;
  for (double one : curvature_) mean += one;
  mean /= static_cast<double>(std::max<size_t>(curvature_.size(), 1));
  total_ = 0;
  for (size_t i = 0; i < curvature_.size(); ++i) {
    weight_of_row_[i] = share_[i] > 0 ? std::max(curvature_[i], least_curvature * mean) : 0.0;
    total_ += weight_of_row_[i];
  }
  known_ = true;
  forget();
  curve_columns(0);
}

void WideFamily::fill(Penalized& q) {
  q.m = static_cast<int64_t>(working_.size());
  q.diagonal = diagonal_.data();
  q.yy = std::max(size_, 1e-300);
  q.null_loss = family_.null_loss[index_];
  q.factor = factor_.data();
  q.lower = plan_.lower ? lower_.data() : nullptr;
  q.upper = plan_.upper ? upper_.data() : nullptr;
  q.b = b_.data();
  q.g = pull_.data();
}

double WideFamily::penalty(Strength s) const {
  double sum = 0;
  for (size_t j = 0; j < b_.size(); ++j)
    if (factor_[j] < infinity) sum += factor_[j] * (s.a1 * std::abs(b_[j]) + 0.5 * s.a2 * b_[j] * b_[j]);
  return sum;
}

// The gap of the slopes scaled into the dual's domain: by Fenchel and Young a scale of 1 - d costs d^2 / 2 sum slope^2 /
// curvature to second order, which is what a solver needs to know when to stop. Certificates have it exactly.
WideFamily::Standing WideFamily::standing(Strength s) {
  Penalized q;
  fill(q);
  Standing out{gap(q, s, size_, nullptr, violators_), 0.0};
  const double slope = plan_.fit_intercept ? std::abs(sum_) : 0.0;
  if (total_ > 0) out.gap += 0.5 * slope * slope / total_ / q.null_loss;
  out.off = slope;
  for (int64_t j = 0; j < q.m; ++j) {
    if (left_out(q, j)) continue;
    const double b = q.b[j], v = q.factor[j], push = q.g[j] - s.a2 * v * b;
    double off = b != 0 ? push - std::copysign(s.a1 * v, b)
                        : (std::abs(push) > s.a1 * v ? push - std::copysign(s.a1 * v, push) : 0.0);
    if ((q.upper && b >= q.upper[j] && off > 0) || (q.lower && b <= q.lower[j] && off < 0)) off = 0;
    out.off = std::max(out.off, std::abs(off));
  }
  out.off /= family_.slope_size;
  return out;
}

// One step, halved where the objective would rise; false: nothing was gained, and the problem stands where it stood.
bool WideFamily::step(Strength s, Effort effort, Control& control) {
  const int64_t m = static_cast<int64_t>(working_.size());
  const double slope = plan_.fit_intercept ? sum_ : 0.0, height = loss_ + penalty(s), origin = intercept_;
  const std::vector<double> start = b_, pull = pull_;
  g_.resize(m);
  for (int64_t j = 0; j < m; ++j) g_[j] = pull[j] + mean_[j] * slope;  // the intercept moves along
  const std::vector<double> push = g_;
  minimize(s, effort, control);
  double shift = 0, expected = 0;
  for (int64_t j = 0; j < m; ++j) {
    const double change = b_[j] - start[j], v = factor_[j] < infinity ? factor_[j] : 0.0;
    shift += mean_[j] * change;
    // q(b) - q(start) = -(push + g) change / 2, and what the penalty changes by
    expected += 0.5 * (push[j] + g_[j]) * change;
    expected -= v * (s.a1 * (std::abs(b_[j]) - std::abs(start[j])) + 0.5 * s.a2 * change * (b_[j] + start[j]));
  }
  const double move = plan_.fit_intercept && total_ > 0 ? -slope / total_ - shift : 0.0;
  if (plan_.fit_intercept && total_ > 0) expected += 0.5 * slope * slope / total_;
  const std::vector<double> goal = b_;
  const double slack = 64 * in_double * (std::abs(height) + family_.null_loss[index_]);
  for (double share = 1; share >= shortest; share *= share > 0.25 ? 0.5 : 0.25) {
    if (share < 1)
      for (int64_t j = 0; j < m; ++j) b_[j] = start[j] + share * (goal[j] - start[j]);
    intercept_ = origin + share * move;
    evaluate();
    if (loss_ + penalty(s) <= height - 1e-3 * share * std::max(expected, 0.0) + slack) {
      if (share < 1) forget();  // its support and signs are those of another point
      differentiate();
      return true;
    }
  }
  b_ = start;
  intercept_ = origin;
  forget();
  evaluate();
  pull_ = pull;
  return false;
}

Outcome WideFamily::solve(Strength s, Effort effort, Control& control) {
  Outcome outcome;
  const double tolerance = effort.exact ? std::min(effort.tolerance, family_.kept_tolerance)
                                        : std::max(effort.tolerance, s.a2 > 0 ? of_folds : of_lasso_folds);
  const double loose = effort.exact ? family_.settled : infinity;
  if (!evaluated_) evaluate(), evaluated_ = true;
  differentiate();
  if (!known_) curve();
  bool fresh = false;
  int64_t slow = 0;
  Standing now_at = standing(s);
  for (int64_t count = 0; count < most_steps; ++count) {
    outcome.gap = now_at.gap;
    if (now_at.gap <= tolerance && now_at.off <= loose) break;
    control.check();
    // A fraction of what is left is enough for one step: the next one starts nearer. Where the gap has nothing to say any
    // more, the conditions themselves are to be met.
    const bool moved = step(s, {std::clamp(0.01 * now_at.gap, 1e-14, 1e-4), now_at.gap <= tolerance, most_sweeps}, control);
    ++outcome.sweeps;
    const Standing then = standing(s);
    // Either the gap says how it goes, or, where that is done, the square of what the conditions lack.
    const bool done = then.gap <= tolerance;
    const double off = then.off / std::max(now_at.off, 1e-300);
    const double left = done ? off * off : then.gap / std::max(now_at.gap, 1e-300);
    const double rest = done ? (then.off / loose) * (then.off / loose) : then.gap / tolerance;
    now_at = then;
    slow = !moved || left > 0.9 ? slow + 1 : 0;
    if (slow >= most_slow) break;  // rounding: nothing is gained any more
    // Steps that are still needed at this pace.
    const double needed = std::log(std::max(rest, 1.0)) / -std::log(std::clamp(left, 1e-6, 0.999));
    if ((!moved && !fresh) || needed > (fresh ? 2 : 1) * worth()) {
      curve();
      fresh = true;
    } else {
      fresh = false;
    }
  }
  outcome.gap = now_at.gap;
  outcome.converged = now_at.gap <= tolerance;
  return outcome;
}

void WideFamily::residual(double* r) const {
  std::fill_n(r, data_.n(), 0.0);
  for (size_t i = 0; i < train_rows_.size(); ++i) r[train_rows_[i]] = -slope_[i];
}

double WideFamily::intercept() const {
  double value = intercept_;
  for (size_t j = 0; j < working_.size(); ++j)
    if (b_[j] != 0) value -= b_[j] * x_mean[working_[j]] * inverse_scale[working_[j]];
  return value;
}

double WideFamily::train_error() const { return loss_; }

double WideFamily::test_error(int64_t atom) const {
  const auto range = std::equal_range(test_atoms_.begin(), test_atoms_.end(), atom);
  const int64_t from = range.first - test_atoms_.begin(), to = range.second - test_atoms_.begin(), count = to - from;
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  fitted_.resize(count);
  for (int64_t i = 0; i < count; ++i)
    fitted_[i] = intercept_ + (family_.offset ? family_.offset[data_.row(test_rows_[from + i])] : 0.0);
  fit_test(from, count, fitted_.data());
  buffers_.resize(4 * count);
  double *y = buffers_.data(), *value = y + count, *slope = value + count, *curvature = slope + count;
  for (int64_t i = 0; i < count; ++i) y[i] = data_.y[test_rows_[from + i]];
  family_.kernel.rows(count, y, fitted_.data(), slope, curvature, value);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double w = data_.w[test_rows_[from + i]];
    if (w > 0) sum += w * value[i];
  }
  return sum / data_.weight[atom];
}

// The trace of (H + D)^-1 H on the support.
double WideFamily::degrees(Strength s) {
  std::vector<int64_t> at;
  for (size_t j = 0; j < b_.size(); ++j)
    if (b_[j] != 0) at.push_back(static_cast<int64_t>(j));
  const int64_t n = static_cast<int64_t>(at.size());
  if (s.a2 == 0 || n == 0) return static_cast<double>(n);
  if (n > most_degrees) return static_cast<double>(n);
  curve();  // that of where the problem stands: the steps may have come here with an older one
  std::vector<double> both = hessian(at);
  for (int64_t i = 0; i < n; ++i) both[i * n + i] += s.a2 * factor_[at[i]];
  char uplo = 'U';
  int order = static_cast<int>(n), info = 0;
  blas.dpotrf(&uplo, &order, both.data(), &order, &info);
  if (info == 0) blas.dpotri(&uplo, &order, both.data(), &order, &info);
  if (info != 0) return static_cast<double>(n);
  double trace = static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) trace -= s.a2 * factor_[at[i]] * both[i * n + i];
  return trace;
}

std::unique_ptr<WideFamily> wide_family(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index,
                                        const PathPlan& plan, const FamilyPlan& family) {
  std::unique_ptr<WideFamily> out;
  if (data.sparse())
    out = std::make_unique<WideFamilySparse>(data, columns, members, index, plan, family);
  else
    out = std::make_unique<WideFamilyDense>(data, columns, members, index, plan, family);
  out->restart();
  return out;
}

}  // namespace bridle
