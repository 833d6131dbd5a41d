#include "wide_problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "blas.hpp"
#include "kernels.hpp"

namespace bridle {

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
}

void null_gradient(const WideData& data, const uint8_t* train, bool fit_intercept, bool standardize, double* c,
                   double* x_mean, double* x_scale, double* y_mean, double* y_scale) {
  const int64_t n_atoms = data.n_atoms();
  double total = 0, y_centre = 0;
  for (int64_t a = 0; a < n_atoms; ++a) {
    if (!train[a] || !(data.weight[a] > 0)) continue;
    total += data.weight[a];
    y_centre += data.weight[a] / total * (data.y_mean[a] - y_centre);
  }
  double y_square = 0;
  for (int64_t a = 0; a < n_atoms; ++a) {
    if (!train[a] || !(data.weight[a] > 0)) continue;
    const double off = data.y_mean[a] - (fit_intercept ? y_centre : 0.0);
    y_square += (data.y_scatter[a] + data.weight[a] * off * off) / total;
  }
  *y_mean = fit_intercept ? y_centre : 0.0;
  *y_scale = standardize && y_square > 0 ? std::sqrt(y_square) : 1.0;
  for (int64_t place = 0; place < data.places(); ++place) {
    c[place] = x_mean[place] = x_scale[place] = 0.0;
    if (data.id[place] < 0) continue;
    const double* mean = data.mean.data() + place * n_atoms;
    const double* scatter = data.scatter.data() + place * n_atoms;
    const double* cross = data.cross.data() + place * n_atoms;
    double weight = 0, centre = 0;
    for (int64_t a = 0; a < n_atoms; ++a) {
      if (!train[a] || !(data.weight[a] > 0)) continue;
      weight += data.weight[a];
      centre += data.weight[a] / weight * (mean[a] - centre);
    }
    double variance = 0, square = 0, product = 0;
    for (int64_t a = 0; a < n_atoms; ++a) {
      if (!train[a] || !(data.weight[a] > 0)) continue;
      const double off = mean[a] - centre, raw = fit_intercept ? off : mean[a];
      variance += (scatter[a] + data.weight[a] * off * off) / total;
      square += (scatter[a] + data.weight[a] * raw * raw) / total;
      product += (cross[a] + data.weight[a] * raw * (data.y_mean[a] - *y_mean)) / total;
    }
    double scale = std::sqrt(variance);
    const bool constant = scale <= 1e-13 * std::abs(centre);
    if (constant) scale = fit_intercept ? 0.0 : std::sqrt(square);
    if (scale > 0 && !standardize) scale = 1.0;
    x_mean[place] = fit_intercept ? centre : 0.0;
    x_scale[place] = scale;
    c[place] = scale > 0 ? product / (scale * *y_scale) : 0.0;
  }
}

WideProblem::WideProblem(const WideData& data, const Membership& members, int64_t index, const PathPlan& plan)
    : x_mean(data.places()), x_scale(data.places()), inverse_scale(data.places()), c(data.places()),
      now(data.places()), before(data.places()), inside(data.places()), data_(data), plan_(plan) {
  const uint8_t* train = members.train + index * data.n_atoms();
  const uint8_t* test = members.test + index * data.n_atoms();
  null_gradient(data, train, plan.fit_intercept, plan.standardize, c.data(), x_mean.data(), x_scale.data(), &y_mean,
                &y_scale);
  for (int64_t a = 0; a < data.n_atoms(); ++a) {
    if (!(data.weight[a] > 0)) continue;
    if (train[a]) weight_ += data.weight[a];
    for (int64_t i = data.start[a]; i < data.start[a + 1]; ++i) {
      if (train[a]) train_rows_.push_back(i);
      if (test[a]) test_rows_.push_back(i), test_atoms_.push_back(a);
    }
  }
  for (int64_t i : train_rows_) {
    root_.push_back(std::sqrt(data.w[i] / weight_));
    target_.push_back((data.y[i] - y_mean) / y_scale * root_.back());
    yy_ += target_.back() * target_.back();
  }
  for (int64_t place = 0; place < data.places(); ++place) {
    const bool usable = x_scale[place] > 0 && plan.factor[data.id[place]] < infinity;
    inverse_scale[place] = usable ? 1.0 / x_scale[place] : 0.0;
    if (!usable) c[place] = 0.0;
  }
  fitted_.resize(std::max(train_rows_.size(), test_rows_.size()));
  restart();
}

void WideProblem::restart() {
  std::fill(b_.begin(), b_.end(), 0.0);
  g_ = c_;
  descent_.reset();
  now = before = c;
  alpha_before = 0;
}

void WideProblem::grow(int64_t capacity) {
  if (capacity <= capacity_) return;
  const int64_t m = static_cast<int64_t>(working_.size());
  const int64_t wider = std::max<int64_t>(capacity, std::max<int64_t>(64, capacity_ * 3 / 2));
  std::vector<double> gram(wider * wider);
  for (int64_t i = 0; i < m; ++i) std::copy_n(gram_.data() + i * capacity_, m, gram.data() + i * wider);
  gram_.swap(gram);
  capacity_ = wider;
}

void WideProblem::add_columns(const std::vector<int64_t>& places) {
  const int64_t old = static_cast<int64_t>(working_.size());
  const int64_t n = static_cast<int64_t>(train_rows_.size()), n_test = static_cast<int64_t>(test_rows_.size());
  std::vector<double> column(data_.n());
  grow(old + static_cast<int64_t>(places.size()));
  for (int64_t place : places) {
    if (inside[place] || inverse_scale[place] == 0) continue;
    inside[place] = 1;
    data_.column(place, column.data());
    const double mean = x_mean[place], inverse = inverse_scale[place];
    for (int64_t i = 0; i < n; ++i) train_.push_back((column[train_rows_[i]] - mean) * inverse * root_[i]);
    for (int64_t i = 0; i < n_test; ++i) test_.push_back((column[test_rows_[i]] - mean) * inverse);
    const int64_t id = data_.id[place];
    working_.push_back(place);
    factor_.push_back(plan_.factor[id]);
    auto scaled = [&](double bound) { return bound == 0 ? 0.0 : bound * x_scale[place] / y_scale; };
    if (plan_.lower) lower_.push_back(scaled(plan_.lower[id]));
    if (plan_.upper) upper_.push_back(scaled(plan_.upper[id]));
    b_.push_back(0.0);
    c_.push_back(dot(train_.data() + train_.size() - n, target_.data(), n));
    g_.push_back(0.0);
  }
  const int64_t m = static_cast<int64_t>(working_.size());
  if (m == old) return;
  // The new columns of the Gram in one product with all that stand.
  char yes = 'T', no = 'N';
  int rows = static_cast<int>(m), fresh = static_cast<int>(m - old), k = static_cast<int>(n),
      stride = static_cast<int>(capacity_);
  double one = 1.0, zero = 0.0;
  blas.dgemm(&yes, &no, &rows, &fresh, &k, &one, train_.data(), &k, train_.data() + old * n, &k, &zero,
             gram_.data() + old * capacity_, &stride);
  for (int64_t i = old; i < m; ++i)
    for (int64_t j = 0; j < i; ++j) gram_[j * capacity_ + i] = gram_[i * capacity_ + j];
  for (int64_t i = old; i < m; ++i) {
    double value = c_[i];
    for (int64_t j = 0; j < old; ++j) value -= gram_[i * capacity_ + j] * b_[j];
    g_[i] = value;
  }
}

Outcome WideProblem::solve(Strength strength, Effort effort, Control& control) {
  Quadratic q;
  q.m = static_cast<int64_t>(working_.size());
  q.gram = gram_.data();
  q.stride = capacity_;
  q.c = c_.data();
  q.yy = yy_;
  q.null_loss = yy_ > 0 ? 0.5 * yy_ : 1.0;
  q.factor = factor_.data();
  q.lower = plan_.lower ? lower_.data() : nullptr;
  q.upper = plan_.upper ? upper_.data() : nullptr;
  q.b = b_.data();
  q.g = g_.data();
  return descent_.solve(q, strength, effort, control);
}

void WideProblem::residual(double* r) const {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  std::copy(target_.begin(), target_.end(), fitted_.begin());
  for (size_t k = 0; k < working_.size(); ++k)
    if (b_[k] != 0) axpy(-b_[k], train_.data() + k * n, fitted_.data(), n);
  std::fill_n(r, data_.n(), 0.0);
  for (int64_t i = 0; i < n; ++i) r[train_rows_[i]] = fitted_[i] * root_[i];
}

double WideProblem::exact_gradient(int64_t place, const double* r, double sum, std::vector<double>& buffer) const {
  const double* column = data_.keep_column(place);
  if (!column) {
    buffer.resize(data_.n());
    data_.column(place, buffer.data());
    column = buffer.data();
  }
  return (dot(column, r, data_.n()) - x_mean[place] * sum) * inverse_scale[place];
}

double WideProblem::train_error() const {
  double residual = yy_;
  for (size_t k = 0; k < working_.size(); ++k) residual -= b_[k] * (c_[k] + g_[k]);
  return std::max(residual, 0.0) * y_scale * y_scale;
}

double WideProblem::test_error(int64_t atom) const {
  const int64_t n = static_cast<int64_t>(test_rows_.size());
  const auto range = std::equal_range(test_atoms_.begin(), test_atoms_.end(), atom);
  const int64_t from = range.first - test_atoms_.begin(), to = range.second - test_atoms_.begin();
  if (from == to) return std::numeric_limits<double>::quiet_NaN();
  std::fill_n(fitted_.begin() + from, to - from, 0.0);
  for (size_t k = 0; k < working_.size(); ++k)
    if (b_[k] != 0) axpy(b_[k], test_.data() + k * n + from, fitted_.data() + from, to - from);
  double sum = 0;
  for (int64_t i = from; i < to; ++i) {
    const double off = data_.y[test_rows_[i]] - y_mean - y_scale * fitted_[i];
    sum += data_.w[test_rows_[i]] * off * off;
  }
  return sum / data_.weight[atom];
}

int64_t WideProblem::nonzero() const {
  return std::count_if(b_.begin(), b_.end(), [](double value) { return value != 0; });
}

}  // namespace bridle
