// Regularization paths of many problems at once from the moments of atoms of rows: each problem trains on the union of
// some atoms and is tested on others, so cross-validation reads the data once.
#pragma once

#include <cstdint>

#include "pool.hpp"
#include "quadratic.hpp"

namespace bridle {

struct AtomMoments {  // as in moments.hpp; q = p + 1, the target last
  int64_t n_atoms = 0, q = 0;
  const double* weight = nullptr;
  const double* mean = nullptr;
  const double* scatter = nullptr;
};

struct Membership {  // (n_problems, n_atoms) flags
  int64_t n_problems = 0;
  const uint8_t* train = nullptr;
  const uint8_t* test = nullptr;
  int64_t n_kept = 0;  // the first n_kept problems hand out their coefficients
};

struct PathPlan {
  int64_t n_ratios = 0, n_alphas = 0;
  const double* l1_ratio = nullptr;  // (n_ratios)
  const double* alpha = nullptr;     // (n_ratios, n_alphas), decreasing
  const double* factor = nullptr;    // (p)
  const double* lower = nullptr;     // (p) original units, or null
  const double* upper = nullptr;
  bool fit_intercept = true, standardize = true;
  int64_t max_nonzero = INT64_MAX;   // a path ends behind the first alpha that keeps more
  bool stop_turned = false;          // wide tables: it ends once every problem's error on other rows has clearly turned
  Effort effort;
};

struct PathResults {
  double* beta;         // (n_kept, n_ratios, n_alphas, p) in units of x_scale and y_scale
  double* gap;          // (n_problems, n_ratios, n_alphas) relative
  double* train_error;  // same: mean squared error, original units
  int64_t* nonzero;     // same
  int64_t* sweeps;      // same
  double* test_error;   // (n_problems, n_ratios, n_alphas, n_atoms) mean squared error; NaN where not tested
  double* x_mean;       // (n_problems, p); zero without an intercept
  double* x_scale;      // (n_problems, p); zero for columns that are constant there
  double* y_mean;       // (n_problems)
  double* y_scale;      // (n_problems)
};

void solve_gram_paths(const AtomMoments& atoms, const Membership& members, const PathPlan& plan, PathResults out,
                      int n_threads, Control& control);

}  // namespace bridle
