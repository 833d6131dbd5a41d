// Regularization paths of many problems in step on a wide table: working sets with small Grams inside, one screening
// pass over all columns for all problems outside.
#pragma once

#include <cstdint>
#include <vector>

#include "gram_paths.hpp"
#include "wide_data.hpp"

namespace bridle {

struct WideResults {
  // The coefficients of the kept problems, (n_kept, n_ratios, n_alphas) rows in compressed form, in standardized units.
  std::vector<int64_t> starts, columns;
  std::vector<double> beta;
  std::vector<double> gap, train_error, test_error;  // as in PathResults
  std::vector<int64_t> nonzero, sweeps;
  std::vector<double> x_mean, x_scale, y_mean, y_scale;  // (n_kept, p), (n_problems)
  int64_t passes = 0, exact_products = 0;
};

WideResults solve_wide_paths(const WideData& data, const Membership& members, const PathPlan& plan, int n_threads,
                             Control& control);

// c = X'y of one problem in standardized units, and its scales: what the grid of alphas starts from.
void null_gradient(const WideData& data, const uint8_t* train, bool fit_intercept, bool standardize, double* c,
                   double* x_mean, double* x_scale, double* y_mean, double* y_scale);

}  // namespace bridle
