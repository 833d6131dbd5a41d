// What several test files share: numbers, linear equations in extended precision, random tables of grouped rows.
#pragma once

#include <cstdint>
#include <vector>

#include "columns.hpp"

namespace bridle::tests {

// SplitMix64: the same numbers with every compiler and library.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t bits();
  double uniform();  // in [0, 1)
  double normal();
  int64_t below(int64_t n) { return static_cast<int64_t>(bits() % static_cast<uint64_t>(n)); }
  bool chance(double share) { return uniform() < share; }

 private:
  uint64_t state_;
};

// Solves A x = b by elimination with pivots; false when A is singular up to rounding.
bool solve_equations(std::vector<long double> a, std::vector<long double> b, std::vector<long double>& x);
// The inverse, row by row; empty when singular.
std::vector<long double> inverse_of(const std::vector<long double>& a, int64_t n);

// Columns of doubles with a target, weights and rows grouped into atoms.
struct Table {
  int64_t n = 0, p = 0;
  std::vector<double> x;  // column by column
  std::vector<double> y, w;
  std::vector<int64_t> rows, start;

  double at(int64_t i, int64_t j) const { return x[j * n + i]; }
  double& at(int64_t i, int64_t j) { return x[j * n + i]; }
  int64_t n_atoms() const { return static_cast<int64_t>(start.size()) - 1; }
  Columns columns() const;  // one dense block that looks at x
  // Shuffles the rows and cuts them into atoms of the given sizes; rows beyond their sum belong to none.
  void group(Random& random, const std::vector<int64_t>& sizes);
};

// Normal columns of differing scales and shifts, a sparse linear target with noise, weights with some zeros.
Table random_table(Random& random, int64_t n, int64_t p, const std::vector<int64_t>& atom_sizes);

Block dense_block(Storage storage, const void* data, int64_t width, int64_t row_stride, int64_t column_stride);

// The table's first columns in compressed form, by row (for the moments) or by column (for wide tables).
struct Compressed {
  std::vector<double> values;
  std::vector<int32_t> indices;
  std::vector<int64_t> starts;

  Compressed(const Table& table, int64_t from, int64_t width, bool by_row);
  Block block(int64_t width, bool by_row) const;
};

}  // namespace bridle::tests
