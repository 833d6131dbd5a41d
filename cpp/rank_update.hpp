// Sums of products of a tile's columns with each other. With AVX-512 the tile is multiplied as its rows lie there, 24 columns
// by eight in registers: about twice as fast as a library's dsyrk, which packs it first and here does not use AVX-512.
#pragma once

#include <cstdint>

namespace bridle {

inline constexpr int64_t run = 8;  // columns are counted with in runs
constexpr int64_t padded(int64_t q) { return (q + run - 1) / run * run; }

// scatter (padded(q), padded(q)), its lower triangle by row, += T'T; T (m, padded(q)) by row, zero beyond q.
void add_products(const double* tile, int64_t m, int64_t q, double* scatter);

}  // namespace bridle
