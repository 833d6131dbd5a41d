// Products of matrices with AVX-512, every sum of a block of 24 by eight in a register; where there is none BLAS serves (see
// has_wide_registers). Rows are read as they lie, nothing is packed: about twice as fast as a library that packs them first
// and here does not use AVX-512.
#pragma once

#include <cstdint>

#include "triangle.hpp"

namespace bridle {

inline constexpr int64_t run = 8;  // columns are counted with in runs
constexpr int64_t padded(int64_t n) { return (n + run - 1) / run * run; }

// out, its lower triangle by row (rows `out_step` apart), += factor T'T; T (m, padded(n)) by row, zero beyond n. Whatever
// stands above the diagonal, and in rows and columns from n up to padded(n), may change.
void add_products(double factor, const double* tile, int64_t m, int64_t n, double* out, int64_t out_step);
void add_products(double factor, const double* tile, int64_t m, int64_t n, Triangle& out);

// out (n, runs of columns) = S x, x of the same shape; one or two runs, which stay at hand while S passes by.
void symmetric_times(const Triangle& s, int64_t n, const double* x, int64_t runs, double* out);

}  // namespace bridle
