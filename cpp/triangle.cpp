#include "triangle.hpp"

#include "kernels.hpp"

namespace bridle {

namespace {
// With fewer columns than one in so many it is cheaper to pick their entries out of the rows below them.
constexpr int64_t few = 24;
}  // namespace

void Triangle::reserve(int64_t n) {
  while (static_cast<int64_t>(rows_.size()) < n) {
    const int64_t length = step(static_cast<int64_t>(rows_.size()));
    blocks_.push_back(std::make_unique<double[]>(block * length));
    for (int64_t k = 0; k < block; ++k) rows_.push_back(blocks_.back().get() + k * length);
  }
}

void Triangle::add_few(int64_t n, const std::vector<int64_t>& columns, const std::vector<double>& scales, double* y) const {
  int64_t first = n;
  for (size_t k = 0; k < columns.size(); ++k) {
    axpy(scales[k], rows_[columns[k]], y, columns[k] + 1);
    if (columns[k] < first) first = columns[k];
  }
  for (int64_t i = first + 1; i < n; ++i) {
    const double* row = rows_[i];
    double sum = 0;
    for (size_t k = 0; k < columns.size(); ++k)
      if (columns[k] < i) sum += scales[k] * row[columns[k]];
    y[i] += sum;
  }
}

void Triangle::add_times(int64_t n, const std::vector<int64_t>& columns, const std::vector<double>& scales, double* y) const {
  if (static_cast<int64_t>(columns.size()) * few < n) return add_few(n, columns, scales, y);
  std::vector<double> spread(n, 0.0);
  for (size_t k = 0; k < columns.size(); ++k) spread[columns[k]] = scales[k];
  for (int64_t i = 0; i < n; ++i) {  // each row serves both triangles
    y[i] += dot(rows_[i], spread.data(), i + 1);
    if (spread[i] != 0) axpy(spread[i], rows_[i], y, i);
  }
}

}  // namespace bridle
