// Eigenvalues and eigenvectors of a symmetric matrix, answering Ctrl-C although LAPACK does not.
#pragma once

#include <cstdint>
#include <vector>

#include "pool.hpp"

namespace bridle {

struct Eigen {
  std::vector<double> values;   // (n) ascending
  std::vector<double> vectors;  // (n, n), row i the eigenvector of values[i]; empty where they were not asked for
};

// `matrix` (n, n), both triangles. Throws Cancelled when the caller gives up: LAPACK then ends in a thread of its own, on
// memory of its own. Throws std::runtime_error where LAPACK does not converge.
Eigen symmetric_eigen(std::vector<double> matrix, int64_t n, bool vectors, Control& control);

}  // namespace bridle
