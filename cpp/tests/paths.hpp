// Running both kinds of paths on the same rows, and what the rows themselves say about the results.
#pragma once

#include <cstdint>
#include <vector>

#include "gram_paths.hpp"
#include "helpers.hpp"
#include "wide_paths.hpp"

namespace bridle::tests {

// Which atoms each problem trains on and is tested on.
struct Problems {
  int64_t n_problems = 0;
  std::vector<uint8_t> train, test;

  // The first trains on all atoms, then `folds` problems leave one atom out each and are tested on it.
  Problems(int64_t n_atoms, int64_t folds);
  Membership membership(int64_t n_kept) const { return {n_problems, train.data(), test.data(), n_kept}; }
};

// A plan with the arrays that it looks at.
struct Plan {
  std::vector<double> l1_ratios, alphas, factor, lower, upper;
  bool fit_intercept = true, standardize = true;
  int64_t max_nonzero = INT64_MAX;
  Effort effort{1e-10, true, 100000};

  // Falls from the alpha at which all coefficients are zero (by and large) to `least` of it.
  Plan(const Table& table, std::vector<double> ratios, int64_t n_alphas, double least);
  PathPlan view() const;
  int64_t n_alphas() const { return static_cast<int64_t>(alphas.size() / l1_ratios.size()); }
  double alpha(int64_t ratio, int64_t k) const { return alphas[ratio * n_alphas() + k]; }
};

struct GramRun {
  std::vector<double> weight, mean, scatter;  // the moments
  std::vector<double> beta, gap, train_error, test_error, x_mean, x_scale, y_mean, y_scale;
  std::vector<int64_t> nonzero, sweeps;
};

GramRun run_gram(const Table& table, const Columns& x, bool weighted, const Problems& problems, const Plan& plan,
                 int64_t n_kept, int threads = 1);
WideResults run_wide(const Table& table, const Columns& x, bool weighted, const Problems& problems, const Plan& plan,
                     int threads = 1);

// One problem's training rows in standardized units, by the definition.
struct Standardized {
  std::vector<int64_t> rows;
  std::vector<long double> share;  // of each row in the total weight
  std::vector<long double> mean, scale;
  long double y_mean = 0, y_scale = 1;

  Standardized(const Table& table, bool weighted, const uint8_t* train, const Plan& plan);
  // c - G b by the rows, and the mean squared residual in original units.
  std::vector<double> gradient(const Table& table, const double* beta, double* error) const;
  // The weighted mean squared error on an atom; NaN without weight.
  double error_on(const Table& table, bool weighted, const double* beta, int64_t atom) const;
};

}  // namespace bridle::tests
