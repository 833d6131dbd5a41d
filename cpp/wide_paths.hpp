// Regularization paths of many problems in step on a wide table: working sets with small Grams inside, one screening
// pass over all columns for all problems outside.
#pragma once

#include <cstdint>
#include <vector>

#include "gram_paths.hpp"
#include "wide_data.hpp"
#include "wide_family.hpp"

namespace bridle {

// The coefficients of one problem, (n_ratios, n_alphas) rows in compressed form, in standardized units.
struct SparseCoefficients {
  std::vector<int64_t> starts{0}, columns;
  std::vector<double> values;
};

struct WideResults {
  std::vector<SparseCoefficients> kept;              // (n_kept)
  std::vector<double> x_mean, x_scale;               // (n_kept, p)
  std::vector<double> gap, train_error, test_error;  // as in PathResults; of a family mean losses in place of mean squares
  std::vector<double> intercept;                     // (n_problems, n_ratios, n_alphas) of a family
  std::vector<double> degrees;                       // (n_ratios, n_alphas) of freedom of the first problem
  std::vector<int64_t> nonzero, sweeps;
  std::vector<double> y_mean, y_scale;               // (n_problems)
  int64_t passes = 0, exact_products = 0;
};

// `family` null: squared error.
WideResults solve_wide_paths(const WideData& data, const Membership& members, const PathPlan& plan,
                             const FamilyPlan* family, int n_threads, Control& control);

}  // namespace bridle
