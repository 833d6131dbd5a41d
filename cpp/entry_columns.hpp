// The columns of a small problem on a sparse table, kept as their entries.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels.hpp"

namespace bridle {

// Columns x_j - mean_j root: x_j few entries, root a unit vector that all of them and the target are orthogonal to.
class EntryColumns {
 public:
  void reset(int64_t n, const double* root) { n_ = n, root_ = root; }
  int64_t n() const { return n_; }
  int64_t size() const { return static_cast<int64_t>(mean.size()); }
  // Begins a column; `take` its entries, then `full` or nothing.
  void begin(double mean_of_column);
  void take(int32_t row, double value) {
    row_.push_back(row);
    value_.push_back(value);
    ++end_.back();
  }
  // A column that has all rows; centred already.
  void full(const double* values);

  double square(int64_t j) const;  // x_j'x_j, x_j centred
  // x_j'(r + shift root), x_j centred, where that is orthogonal to root
  double product(int64_t j, const double* r, double shift) const {
    const int64_t from = start_[j], count = end_[j] - from;
    const double* value = value_.data() + from;
    if (full_[j]) return dot(value, r, n_);
    const int32_t* row = row_.data() + from;
    double sums[4] = {shift * mean[j], 0, 0, 0};
    int64_t k = 0;
    for (; k + 4 <= count; k += 4)
      for (int64_t lane = 0; lane < 4; ++lane) sums[lane] += value[k + lane] * r[row[k + lane]];
    for (; k < count; ++k) sums[0] += value[k] * r[row[k]];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
  // r += scale x_j, x_j as it stands
  void add(int64_t j, double scale, double* r) const {
    const int64_t from = start_[j], count = end_[j] - from;
    const double* value = value_.data() + from;
    if (full_[j]) return axpy(scale, value, r, n_);
    const int32_t* row = row_.data() + from;
    for (int64_t k = 0; k < count; ++k) r[row[k]] += scale * value[k];
  }
  int64_t entries(int64_t j) const { return end_[j] - start_[j]; }
  double* values(int64_t j) { return value_.data() + start_[j]; }  // to be weighed anew; `mean` goes with them
  bool is_full(int64_t j) const { return full_[j]; }
  const int32_t* rows(int64_t j) const { return row_.data() + start_[j]; }  // of a column that is not full
  const double* root() const { return root_; }

  std::vector<double> mean;

 private:
  int64_t n_ = 0;
  const double* root_ = nullptr;
  std::vector<int64_t> start_, end_;
  std::vector<char> full_;
  std::vector<int32_t> row_;
  std::vector<double> value_;
};

}  // namespace bridle
