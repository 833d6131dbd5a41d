// One pass over the rows of a generalized linear model for many problems at once: their losses and gradients, each problem
// training on its own atoms of rows; and the weights of the curvature of one of them or of all.
#pragma once

#include <cstdint>

#include "columns.hpp"
#include "family_rows.hpp"
#include "pool.hpp"

namespace bridle {

struct FamilyRows {
  FamilyKernel kernel;
  const double* y = nullptr;        // (n)
  const double* weights = nullptr;  // (n), or null: ones
  const double* offset = nullptr;   // (n), or null: none
  const int32_t* atom = nullptr;    // (n) of each row; -1: a row that counts nowhere
  int64_t n_atoms = 0;
};

struct Fits {  // of several problems, on the stored columns
  int64_t count = 0;
  const double* b = nullptr;          // (count, p)
  const double* intercept = nullptr;  // (count)
  const uint8_t* train = nullptr;     // (count, n_atoms)
};

struct PassResults {
  double* value;      // (count, n_atoms) sums of weighted losses, without the term of the target alone
  double* gradient;   // (count, p) X' (w slope) over the training rows
  double* sum;        // (count) sums of w slope
  double* size;       // (count) sums of w slope^2 / curvature, where that is positive
  double* curvature;  // w times the curvature on all rows, (n) of problem `curved` or (count, n) of all; or null
  int64_t curved = 0;  // -1: of all
};

void family_pass(const Columns& x, const FamilyRows& rows, const Fits& fits, PassResults out, int n_threads, Control& control);

}  // namespace bridle
