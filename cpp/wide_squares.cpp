#include "wide_squares.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "blas.hpp"
#include "kernels.hpp"

namespace bridle {

WideSquares::WideSquares(const WideData& data, const Membership& members, int64_t index, const PathPlan& plan)
    : WideProblem(data, members, index, plan) {
  train_place_.assign(data.n(), -1);
  for (int64_t i : train_rows_) {
    train_place_[i] = static_cast<int32_t>(root_.size());
    root_.push_back(std::sqrt(data.w[i] / weight_));
    target_.push_back((data.y[i] - y_mean) / y_scale * root_.back());
    yy_ += target_.back() * target_.back();
  }
  fitted_.resize(std::max(train_rows_.size(), test_rows_.size()));
  entries_.reset(static_cast<int64_t>(root_.size()), root_.data());
  restart();
}

void WideSquares::restart() {
  std::fill(b_.begin(), b_.end(), 0.0);
  g_ = c_;
  descent_.reset();
  now = before = c;
  alpha_before = 0;
}

void WideSquares::take(int64_t old) {
  const int64_t m = static_cast<int64_t>(working_.size());
  for (int64_t at = old; at < m; ++at) {
    const int64_t place = working_[at];
    if (data_.thin(place) && thin_here(place)) {
      thin_.push_back(at);
      add_thin(place);
    } else {
      dense_.push_back(at);
      add_dense(place);
    }
  }
  if (!data_.sparse()) multiply(old);
}

// A column that is zero in most rows may be zero in hardly any that this problem trains on.
bool WideSquares::thin_here(int64_t place) const {
  const Entries some = data_.entries(place);
  double share = 0;
  for (int64_t k = 0; k < some.count; ++k) {
    const int32_t row = train_place_[some.row[k]];
    if (row >= 0) share += root_[row] * root_[row];
  }
  return share <= 0.75;
}

void WideSquares::add_thin(int64_t place) {
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

void WideSquares::add_dense(int64_t place) {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  if (data_.sparse()) train_.clear();  // it goes to the entries
  const size_t from = train_.size();
  copy_column(place, train_, test_);
  for (int64_t i = 0; i < n; ++i) train_[from + i] *= root_[i];
  c_.push_back(dot(train_.data() + from, target_.data(), n));
  if (!data_.sparse()) return;
  entries_.begin(0.0);
  entries_.full(train_.data());
  diagonal_.push_back(entries_.square(entries_.size() - 1));
}

// Rows of the Gram of the columns that are new, in one product with all that stand.
void WideSquares::multiply(int64_t old) {
  const int64_t m = static_cast<int64_t>(working_.size());
  widen(gram_, capacity_, m, old);
  char yes = 'T', no = 'N';
  int rows = static_cast<int>(m), fresh = static_cast<int>(m - old), k = static_cast<int>(train_rows_.size()),
      stride = static_cast<int>(capacity_);
  double one = 1.0, zero = 0.0;
  blas.dgemm(&yes, &no, &rows, &fresh, &k, &one, train_.data(), &k, train_.data() + old * k, &k, &zero, entry(old, 0),
             &stride);
  constexpr int64_t block = 16;  // of rows that are written, so that those that are read stay at hand
  for (int64_t from = 0; from < m; from += block)
    for (int64_t i = std::max(old, from + 1); i < m; ++i)
      for (int64_t j = from; j < std::min(from + block, i); ++j) *entry(j, i) = *entry(i, j);
  for (int64_t i = old; i < m; ++i) {
    diagonal_.push_back(*entry(i, i));
    double value = c_[i];
    for (int64_t j = 0; j < old; ++j)
      if (b_[j] != 0) value -= *entry(i, j) * b_[j];
    g_[i] = value;
  }
}

double WideSquares::thin_fit(std::vector<double>& out) const {
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

Outcome WideSquares::solve(Strength strength, Effort effort, Control& control) {
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

void WideSquares::residual(double* r) const {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  std::fill_n(r, data_.n(), 0.0);
  const double* rest = entry_descent_.residual().data();
  if (!data_.sparse()) {
    std::copy(target_.begin(), target_.end(), fitted_.begin());
    add_fit(-1.0, dense_, train_, n, 0, n, fitted_.data());
    rest = fitted_.data();
  }
  for (int64_t i = 0; i < n; ++i) r[train_rows_[i]] = rest[i] * root_[i];
}

double WideSquares::train_error() const {
  double residual = yy_;
  for (size_t k = 0; k < working_.size(); ++k) residual -= b_[k] * (c_[k] + g_[k]);
  return std::max(residual, 0.0) * y_scale * y_scale;
}

double WideSquares::test_error(int64_t atom) const {
  const int64_t n = static_cast<int64_t>(test_rows_.size());
  const auto range = std::equal_range(test_atoms_.begin(), test_atoms_.end(), atom);
  const int64_t from = range.first - test_atoms_.begin(), to = range.second - test_atoms_.begin();
  if (from == to) return std::numeric_limits<double>::quiet_NaN();
  std::fill_n(fitted_.begin() + from, to - from, 0.0);
  add_fit(1.0, dense_, test_, n, from, to - from, fitted_.data() + from);
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

}  // namespace bridle
