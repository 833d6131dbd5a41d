// The working set with its Gram. The columns themselves stand once for all problems (WorkingColumns), about the mean of each
// atom's rows; a problem has means of its own, so that on the rows of one atom its columns are theirs and a constant.
#pragma once

#include <cstdint>
#include <vector>

#include "quadratic.hpp"
#include "triangle.hpp"
#include "wide_squares.hpp"

namespace bridle {

class WideSquaresDense final : public WideSquares {
 public:
  WideSquaresDense(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan);

  Outcome solve(Strength strength, Effort effort, Control& control) override;
  void residual(double* r) const override;

 private:
  struct Rows {
    int64_t from, to;
  };
  void take(int64_t old, Control& control) override;
  void forget() override;
  void fit_test(int64_t atom, double* fit) const override;
  void weigh(int64_t place, double* column, double* sums) const;
  void multiply(int64_t first, int64_t count, const double* weighed, const double* sums);
  void fit();  // of all rows

  std::vector<Rows> trained_;            // the training rows in runs
  Triangle gram_;
  Descent descent_;
  std::vector<double> fitted_;           // X b of all rows, as it was solved last
  std::vector<double> scales_, constant_;
  std::vector<const double*> values_;    // of the working set
};

}  // namespace bridle
