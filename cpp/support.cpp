#include "support.hpp"

#include <algorithm>

#include "blas.hpp"
#include "kernels.hpp"
#include "quadratic.hpp"

namespace bridle {

namespace {
// A column of which less than this share is left beside the others depends on them.
constexpr double dependent = 1e-11;
}  // namespace

void SupportInverse::clear() {
  columns.clear();
  signs.clear();
  place_.clear();
}

void SupportInverse::grow(int64_t size, int64_t most) {
  if (size <= stride_) return;
  const int64_t wider = std::max(size, std::min(most, std::max<int64_t>(16, stride_ * 3 / 2)));
  std::vector<double> inverse(wider * wider);
  for (size_t i = 0; i < columns.size(); ++i)
    std::copy_n(inverse_.data() + i * stride_, columns.size(), inverse.data() + i * wider);
  inverse_.swap(inverse);
  stride_ = wider;
}

bool SupportInverse::append(const Quadratic& q, int64_t column, double sign, double strength) {
  const int64_t n = size();
  if (n == 0) a2 = strength;
  if (static_cast<int64_t>(place_.size()) < q.m) place_.resize(q.m, -1);
  const double* row = q.gram + column * q.stride;
  work_.resize(2 * n);
  double *h = work_.data(), *u = work_.data() + n;
  for (int64_t i = 0; i < n; ++i) h[i] = row[columns[i]];
  apply(h, u);
  const double diagonal = row[column] + a2 * q.factor[column];
  const double left = diagonal - dot(h, u, n);
  if (!(left > dependent * diagonal)) return false;
  grow(n + 1, q.m);
  const double inverse = 1.0 / left;
  for (int64_t i = 0; i < n; ++i) {
    axpy(u[i] * inverse, u, inverse_.data() + i * stride_, n);
    inverse_[i * stride_ + n] = inverse_[n * stride_ + i] = -u[i] * inverse;
  }
  inverse_[n * stride_ + n] = inverse;
  columns.push_back(column);
  signs.push_back(sign);
  place_[column] = n;
  return true;
}

void SupportInverse::remove(int64_t at) {
  const int64_t n = size(), last = n - 1;
  double* b = inverse_.data();
  work_.resize(n);
  std::copy_n(b + at * stride_, n, work_.data());
  const double pivot = work_[at];
  for (int64_t i = 0; i < n; ++i)
    if (i != at) axpy(-work_[i] / pivot, work_.data(), b + i * stride_, n);
  if (at != last) {  // the last one moves into the gap
    std::copy_n(b + last * stride_, n, b + at * stride_);
    for (int64_t i = 0; i < n; ++i) b[i * stride_ + at] = b[i * stride_ + last];
    b[at * stride_ + at] = b[last * stride_ + last];
  }
  place_[columns[at]] = -1;
  if (at != last) place_[columns[last]] = at;
  columns[at] = columns[last];
  signs[at] = signs[last];
  columns.pop_back();
  signs.pop_back();
}

void SupportInverse::apply(const double* right, double* step) const {
  const int64_t n = size();
  for (int64_t i = 0; i < n; ++i) step[i] = dot(inverse_.data() + i * stride_, right, n);
}

bool SupportInverse::rebuild(const Quadratic& q, double strength) {
  const int64_t n = size();
  a2 = strength;
  if (n == 0) return true;
  for (int64_t i = 0; i < n; ++i) {
    const double* row = q.gram + columns[i] * q.stride;
    for (int64_t j = 0; j <= i; ++j) inverse_[i * stride_ + j] = row[columns[j]];
    inverse_[i * stride_ + i] += a2 * q.factor[columns[i]];
  }
  char uplo = 'U';
  int order = static_cast<int>(n), stride = static_cast<int>(stride_), info = 0;
  blas.dpotrf(&uplo, &order, inverse_.data(), &stride, &info);
  if (info != 0) return false;
  for (int64_t i = 0; i < n; ++i) {
    const double pivot = inverse_[i * stride_ + i];
    if (!(pivot * pivot > dependent * (q.gram[columns[i] * q.stride + columns[i]]))) return false;
  }
  blas.dpotri(&uplo, &order, inverse_.data(), &stride, &info);
  if (info != 0) return false;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < i; ++j) inverse_[j * stride_ + i] = inverse_[i * stride_ + j];
  return true;
}

}  // namespace bridle
