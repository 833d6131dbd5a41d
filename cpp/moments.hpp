// Centred second moments of groups of rows ("atoms": the folds), in one pass over the data.
#pragma once

#include <cstdint>

#include "columns.hpp"
#include "pool.hpp"

namespace bridle {

// Row i of the lower triangle starts at i (i + 1) / 2.
inline int64_t packed_size(int64_t q) { return q * (q + 1) / 2; }

struct MomentArrays {
  double* weight;   // (A)            sum of weights
  double* mean;     // (A, q)         weighted means; q = p + 1, the target last
  double* scatter;  // (A, q(q+1)/2)  weighted sums of products of deviations from the atom's own means, lower triangle
};

// rows[start[a] .. start[a+1]) are the rows of atom a. weights may be null (all one).
void accumulate_moments(const Columns& x, const double* y, const double* weights, const int64_t* rows,
                        const int64_t* start, int64_t n_atoms, MomentArrays out, int n_threads, Control& control);

// into <- into merged with other (Chan, Golub, LeVeque 1983). Symmetric in its two operands, to the last bit.
void merge_moments(int64_t q, double& weight, double* mean, double* scatter, double other_weight,
                   const double* other_mean, const double* other_scatter);

}  // namespace bridle
