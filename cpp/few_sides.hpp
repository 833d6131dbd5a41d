// Products of a tile of a table with a few right sides at once: the sides lie beside each other in lanes, so that every
// number of the tile is read once for all of them. (A library's product of matrices first packs the tile, which costs as
// much again as the product itself when there are so few.)
#pragma once

#include <cstdint>
#include <vector>

namespace bridle {

inline constexpr int64_t lanes = 8;

struct Tile {  // rows of a table as doubles somewhere in memory; one of the steps is 1
  const double* data;
  int64_t row_step, column_step;
};

// out (m, lanes) += the tile times b (width, lanes); `columns` are those whose b is not zero.
void times_sides(const Tile& x, int64_t m, const std::vector<int32_t>& columns, const double* b, double* out);

// sums (width, lanes) += the products of the tile's columns with sides (m, lanes), of which the first `count` are asked for.
void sides_by_columns(const Tile& x, int64_t m, int64_t width, const double* sides, int64_t count, double* sums);

// The same of a column of levels (-1: none): out (m, lanes) += b[level], sums[level] += sides.
void add_levels(const int32_t* levels, int64_t m, const double* b, double* out);
void add_to_levels(const int32_t* levels, int64_t m, const double* sides, double* sums);

// And of sparse rows, entries starts[i] to starts[i + 1] of each.
void add_entries(const double* values, const int32_t* columns, const int64_t* starts, int64_t m, const double* b,
                 double* out);
void add_to_entries(const double* values, const int32_t* columns, const int64_t* starts, int64_t m,
                    const double* sides, double* sums);

}  // namespace bridle
