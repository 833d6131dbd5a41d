#include "wide_problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "blas.hpp"
#include "kernels.hpp"

namespace bridle {

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
  train_place_.assign(data.n(), -1);
  for (int64_t i : train_rows_) {
    train_place_[i] = static_cast<int32_t>(root_.size());
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
  entries_.reset(static_cast<int64_t>(root_.size()), root_.data());
  restart();
}

void WideProblem::restart() {
  std::fill(b_.begin(), b_.end(), 0.0);
  g_ = c_;
  descent_.reset();
  now = before = c;
  alpha_before = 0;
}

void WideProblem::grow(int64_t capacity, int64_t m) {
  if (capacity <= capacity_) return;
  const int64_t wider = std::max<int64_t>(capacity, std::max<int64_t>(64, capacity_ * 3 / 2));
  std::vector<double> gram(wider * wider);
  for (int64_t i = 0; i < m; ++i) std::copy_n(gram_.data() + i * capacity_, m, gram.data() + i * wider);
  gram_.swap(gram);
  capacity_ = wider;
}

void WideProblem::add_columns(const std::vector<int64_t>& places) {
  const int64_t old = static_cast<int64_t>(working_.size());
  std::vector<double> column;
  for (int64_t place : places) {
    if (inside[place] || inverse_scale[place] == 0) continue;
    inside[place] = 1;
    const int64_t id = data_.id[place], at = static_cast<int64_t>(working_.size());
    working_.push_back(place);
    factor_.push_back(plan_.factor[id]);
    auto scaled = [&](double bound) { return bound == 0 ? 0.0 : bound * x_scale[place] / y_scale; };
    if (plan_.lower) lower_.push_back(scaled(plan_.lower[id]));
    if (plan_.upper) upper_.push_back(scaled(plan_.upper[id]));
    b_.push_back(0.0);
    g_.push_back(0.0);
    if (data_.thin(place) && thin_here(place)) {
      thin_.push_back(at);
      add_thin(place);
    } else {
      dense_.push_back(at);
      add_dense(place, column);
    }
  }
  const int64_t m = static_cast<int64_t>(working_.size());
  if (m > old && !data_.sparse()) multiply(old);
}

// A column that is zero in most rows may be zero in hardly any that this problem trains on.
bool WideProblem::thin_here(int64_t place) const {
  const Entries some = data_.entries(place);
  double share = 0;
  for (int64_t k = 0; k < some.count; ++k) {
    const int32_t row = train_place_[some.row[k]];
    if (row >= 0) share += root_[row] * root_[row];
  }
  return share <= 0.75;
}

void WideProblem::add_thin(int64_t place) {
  const double inverse = inverse_scale[place];
  entries_.begin(x_mean[place] * inverse);
  const Entries some = data_.entries(place);
  for (int64_t k = 0; k < some.count; ++k) {
    const int32_t row = train_place_[some.row[k]];
    if (row >= 0) entries_.take(row, some.value[k] * inverse * root_[row]);
  }
  c_.push_back(entries_.product(entries_.size() - 1, target_.data(), 0.0));
  diagonal_.push_back(entries_.square(entries_.size() - 1));
}

void WideProblem::add_dense(int64_t place, std::vector<double>& column) {
  const int64_t n = static_cast<int64_t>(train_rows_.size()), n_test = static_cast<int64_t>(test_rows_.size());
  column.resize(data_.n());
  data_.column(place, column.data());
  const double mean = x_mean[place], inverse = inverse_scale[place];
  if (data_.sparse()) train_.clear();  // it goes to the entries
  const size_t from = train_.size(), from_test = test_.size();
  train_.resize(from + n);
  test_.resize(from_test + n_test);
  for (int64_t i = 0; i < n; ++i) train_[from + i] = (column[train_rows_[i]] - mean) * inverse * root_[i];
  for (int64_t i = 0; i < n_test; ++i) test_[from_test + i] = (column[test_rows_[i]] - mean) * inverse;
  c_.push_back(dot(train_.data() + from, target_.data(), n));
  if (!data_.sparse()) return;
  entries_.begin(0.0);
  entries_.full(train_.data());
  diagonal_.push_back(entries_.square(entries_.size() - 1));
}

// Rows of the Gram of the columns that are new, in one product with all that stand.
void WideProblem::multiply(int64_t old) {
  const int64_t m = static_cast<int64_t>(working_.size());
  grow(m, old);
  char yes = 'T', no = 'N';
  int rows = static_cast<int>(m), fresh = static_cast<int>(m - old), k = static_cast<int>(train_rows_.size()),
      stride = static_cast<int>(capacity_);
  double one = 1.0, zero = 0.0;
  blas.dgemm(&yes, &no, &rows, &fresh, &k, &one, train_.data(), &k, train_.data() + old * k, &k, &zero, entry(old, 0),
             &stride);
  for (int64_t i = old; i < m; ++i)
    for (int64_t j = 0; j < i; ++j) *entry(j, i) = *entry(i, j);
  for (int64_t i = old; i < m; ++i) {
    diagonal_.push_back(*entry(i, i));
    double value = c_[i];
    for (int64_t j = 0; j < old; ++j)
      if (b_[j] != 0) value -= *entry(i, j) * b_[j];
    g_[i] = value;
  }
}

double WideProblem::thin_fit(std::vector<double>& out) const {
  double shift = 0;
  for (int64_t j : thin_) {
    if (b_[j] == 0) continue;
    const int64_t place = working_[j];
    const double scaled = b_[j] * inverse_scale[place];
    const Entries some = data_.entries(place);
    for (int64_t k = 0; k < some.count; ++k) out[some.row[k]] += scaled * some.value[k];
    shift += scaled * x_mean[place];
  }
  return shift;
}

Outcome WideProblem::solve(Strength strength, Effort effort, Control& control) {
  Quadratic q;
  q.m = static_cast<int64_t>(working_.size());
  q.diagonal = diagonal_.data();
  q.c = c_.data();
  q.yy = yy_;
  q.null_loss = yy_ > 0 ? 0.5 * yy_ : 1.0;
  q.factor = factor_.data();
  q.lower = plan_.lower ? lower_.data() : nullptr;
  q.upper = plan_.upper ? upper_.data() : nullptr;
  q.b = b_.data();
  q.g = g_.data();
  if (data_.sparse()) return entry_descent_.solve(q, entries_, target_.data(), strength, effort, control);
  q.gram = gram_.data();
  q.stride = capacity_;
  return descent_.solve(q, strength, effort, control);
}

void WideProblem::residual(double* r) const {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  std::fill_n(r, data_.n(), 0.0);
  const double* rest = entry_descent_.residual().data();
  if (!data_.sparse()) {
    std::copy(target_.begin(), target_.end(), fitted_.begin());
    add_dense_fit(-1.0, train_, n, 0, n, fitted_.data());
    rest = fitted_.data();
  }
  for (int64_t i = 0; i < n; ++i) r[train_rows_[i]] = rest[i] * root_[i];
}

// out += sign sum_j b_j x_j over the dense columns, rows [from, from + count) of `height` kept ones.
void WideProblem::add_dense_fit(double sign, const std::vector<double>& columns, int64_t height, int64_t from,
                                int64_t count, double* out) const {
  std::vector<double> scales;
  std::vector<const double*> starts;
  for (size_t at = 0; at < dense_.size(); ++at) {
    if (b_[dense_[at]] == 0) continue;
    scales.push_back(sign * b_[dense_[at]]);
    starts.push_back(columns.data() + at * height + from);
  }
  axpys(static_cast<int64_t>(scales.size()), scales.data(), starts.data(), out, count);
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
  add_dense_fit(1.0, test_, n, from, to - from, fitted_.data() + from);
  if (!thin_.empty()) {
    by_row_.assign(data_.n(), 0.0);
    const double shift = thin_fit(by_row_);
    for (int64_t i = from; i < to; ++i) fitted_[i] += by_row_[test_rows_[i]] - shift;
  }
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
