// A symmetric matrix that grows row by row: its lower triangle, in blocks of rows that stay where they are, so that growing
// copies nothing and next to nothing is held twice.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace bridle {

class Triangle {
 public:
  static constexpr int64_t block = 32;  // rows; each as long as the last of its block

  // Makes room for n rows; those that stand there stay, new ones are zero.
  void reserve(int64_t n);
  double* row(int64_t i) { return rows_[i]; }
  const double* row(int64_t i) const { return rows_[i]; }
  double at(int64_t i, int64_t j) const { return i >= j ? rows_[i][j] : rows_[j][i]; }
  // From one row of a block to the next: an odd number of cache lines, so that rows which are read side by side do not
  // crowd out each other.
  static int64_t step(int64_t i) { return (i / block + 1) * block + 8; }
  // y += S e, the first n rows and columns: e is zero but for `scales` at `columns`, all below n.
  void add_times(int64_t n, const std::vector<int64_t>& columns, const std::vector<double>& scales, double* y) const;

 private:
  void add_few(int64_t n, const std::vector<int64_t>& columns, const std::vector<double>& scales, double* y) const;

  std::vector<std::unique_ptr<double[]>> blocks_;
  std::vector<double*> rows_;
};

}  // namespace bridle
