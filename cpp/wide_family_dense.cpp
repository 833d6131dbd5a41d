#include "wide_family_dense.hpp"

#include <algorithm>

#include "blas.hpp"
#include "kernels.hpp"

namespace bridle {

void WideFamilyDense::store(int64_t old) {
  const int64_t m = static_cast<int64_t>(working_.size());
  for (int64_t at = old; at < m; ++at) {
    every_.push_back(at);
    copy_column(working_[at], train_, test_);
  }
  widen(gram_, capacity_, m, old);
  c_.resize(m);
}

void WideFamilyDense::fit(double* eta) const {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  add_fit(1.0, every_, train_, n, 0, n, eta);
}

void WideFamilyDense::fit_test(int64_t from, int64_t count, double* eta) const {
  add_fit(1.0, every_, test_, static_cast<int64_t>(test_rows_.size()), from, count, eta);
}

void WideFamilyDense::differentiate() {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  for (size_t j = 0; j < working_.size(); ++j) pull_[j] = -dot(train_.data() + j * n, slope_.data(), n);
}

// G = X'HX less what the intercept takes; the columns stand about their plain means, so that little cancels.
void WideFamilyDense::curve_columns(int64_t old) {
  const int64_t n = static_cast<int64_t>(train_rows_.size()), m = static_cast<int64_t>(working_.size());
  if (m == old) return;
  weighted_.resize((m - old) * n);
  for (int64_t j = old; j < m; ++j) {
    const double* x = train_.data() + j * n;
    double* to = weighted_.data() + (j - old) * n;
    for (int64_t i = 0; i < n; ++i) to[i] = x[i] * weight_of_row_[i];
    mean_[j] = plan_.fit_intercept && total_ > 0 ? dot(x, weight_of_row_.data(), n) / total_ : 0.0;
  }
  char yes = 'T', no = 'N';
  int rows = static_cast<int>(m), fresh = static_cast<int>(m - old), k = static_cast<int>(n),
      stride = static_cast<int>(capacity_);
  double one = 1.0, zero = 0.0;
  blas.dgemm(&yes, &no, &rows, &fresh, &k, &one, train_.data(), &k, weighted_.data(), &k, &zero, entry(old, 0),
             &stride);
  for (int64_t i = old; i < m; ++i) {
    axpy(-total_ * mean_[i], mean_.data(), entry(i, 0), i + 1);
    for (int64_t j = 0; j < i; ++j) *entry(j, i) = *entry(i, j);
    diagonal_[i] = *entry(i, i);
  }
}

void WideFamilyDense::minimize(Strength s, Effort effort, Control& control) {
  const int64_t m = static_cast<int64_t>(working_.size());
  Quadratic q;
  fill(q);
  q.g = g_.data();
  q.gram = gram_.data();
  q.stride = capacity_;
  // c = g + G b, so that the gradient of the quadratic at b is the true one
  c_ = g_;
  double square = size_;
  for (int64_t j = 0; j < m; ++j)
    if (b_[j] != 0) axpy(b_[j], gram_.data() + j * capacity_, c_.data(), m);
  for (int64_t j = 0; j < m; ++j) square += b_[j] * (c_[j] + g_[j]);
  q.c = c_.data();
  q.yy = std::max(square, 1e-300);
  descent_.solve(q, s, effort, control);
}

// One product of matrices beside the few passes over the columns that a step makes.
double WideFamilyDense::worth() const { return 2.0 + static_cast<double>(working_.size()) / 16; }

std::vector<double> WideFamilyDense::hessian(const std::vector<int64_t>& columns) const {
  std::vector<double> out;
  for (int64_t i : columns)
    for (int64_t j : columns) out.push_back(gram_[i * capacity_ + j]);
  return out;
}

}  // namespace bridle
