// The products of few_sides for one right side alone: there the numbers of a row, or of a column, are what stands beside
// each other.
#pragma once

#include <cstdint>
#include <vector>

#include "few_sides.hpp"

namespace bridle {

// out (m) += the tile times b (width); sums (width) += the products of its columns with side (m).
void times_side(const Tile& x, int64_t m, int64_t width, const double* b, double* out);
void side_by_columns(const Tile& x, int64_t m, int64_t width, const double* side, double* sums);

// The same of a column of levels (-1: none), and of sparse rows, entries starts[i] to starts[i + 1] of each.
void add_level(const int32_t* levels, int64_t m, const double* b, double* out);
void add_to_level(const int32_t* levels, int64_t m, const double* side, double* sums);
void add_entry(const double* values, const int32_t* columns, const int64_t* starts, int64_t m, const double* b, double* out);
void add_to_entry(const double* values, const int32_t* columns, const int64_t* starts, int64_t m, const double* side,
                  double* sums);

}  // namespace bridle
