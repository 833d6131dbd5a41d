// The losses of generalized linear models, row by row: slope, curvature and value at a linear predictor, for the families
// with a kernel of their own. Values lack a term that depends on the target alone.
#pragma once

#include <cstdint>

namespace bridle {

enum class Family : int64_t { squared = 0, logit = 1, poisson = 2, gamma = 3, tweedie = 4, negative_binomial = 5, huber = 6 };

struct FamilyKernel {
  Family family = Family::squared;
  double parameter = 0;
  // (m) each; slope is the derivative by eta, curvature the second one.
  void rows(int64_t m, const double* y, const double* eta, double* slope, double* curvature, double* value) const;
};

// exp and log(1 + x) for 0 <= x <= 1, to about one unit in the last place, the same bits on every instruction set.
void exponentials(int64_t m, const double* x, double* out);

}  // namespace bridle
