// Newton's steps of many penalized problems that share their rows: each problem's curvature is a sum over atoms of rows,
// read once for all of them, and the quadratic with its own gradient is minimized exactly (see quadratic.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "columns.hpp"
#include "gram_paths.hpp"
#include "pool.hpp"
#include "quadratic.hpp"

namespace bridle {

class NewtonSteps {
 public:
  // `weight` (problems) sums of the training weights; `scale` (problems, p): 0 leaves a column out; `null_loss` (problems);
  // `learns`: whether the curvature changes smoothly, so that a move says something about the next one.
  NewtonSteps(int64_t p, Membership members, int64_t n_atoms, const double* weight, const double* scale,
              const double* null_loss, const double* factor, const double* lower, const double* upper,
              bool fit_intercept, bool learns);
  NewtonSteps(const NewtonSteps&) = delete;

  // The second moments of the columns, weighted by the curvature (as in moments.hpp; the target's row is not looked at).
  // With `only` >= 0 they are those of one problem alone, each training on the atoms it trains on.
  void curvature(const AtomMoments& atoms, int64_t only, int n_threads, Control& control);

  // Of the flagged problems each its own curvature, (problems, n) weights of the rows, read from the columns themselves.
  void own_curvature(const uint8_t* which, const Columns& x, const double* curvature, const int64_t* rows,
                     const int64_t* start, int n_threads, Control& control);

  // For the flagged problems the minimum of g'd + d'Hd/2 + penalty(b + d), each at its own strength. b (problems, p), intercept and gradient, sum (of
  // the loss, divided by the weight) are in units of the columns as they are stored; out: b, and what the intercept changes
  // by, and the decrease that the quadratic model expects. Where a problem has moved since its last step, H may first
  // learn from how its gradient changed.
  void step(const uint8_t* which, const double* b, const double* intercept, const double* gradient, const double* sum,
            const double* size, const Strength* strengths, Effort effort, double* b_out, double* intercept_change,
            double* expected, int n_threads, Control& control);

  int64_t p() const { return p_; }
  int64_t problems() const { return n_problems_; }
  int64_t atoms() const { return n_atoms_; }
  const std::vector<double>& gram(int64_t problem) const { return problems_[problem].gram; }

 private:
  struct Problem {
    std::vector<double> gram, diagonal, mean, factor, lower, upper, b, c, g, last;
    double total = 0;  // of the curvature, divided by the weight
    std::vector<int64_t> twin;  // an earlier column that a column is equal or opposite to, or -1
    std::vector<double> held;
    Descent descent;
    std::vector<double> seen, pulled;  // (p + 1) where the last step began, standardized, and the gradient there
  };
  void find_twins(Problem& problem) const;
  const double* held(Problem& problem, Strength strength) const;  // factors, infinite for columns that another stands for
  void assemble(int64_t k, const AtomMoments& atoms, bool alone);
  void learn(int64_t k, std::vector<double> here, std::vector<double> gradient);

  int64_t p_, n_problems_, n_atoms_;
  std::vector<uint8_t> train_;
  std::vector<double> weight_, scale_, inverse_, null_loss_, lower_, upper_;  // bounds in original units
  bool fit_intercept_, learns_, bounded_below_, bounded_above_;
  std::vector<Problem> problems_;
};

}  // namespace bridle
