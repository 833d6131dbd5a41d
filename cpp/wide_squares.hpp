// A problem of a wide path with squared error. How its columns are kept, and how its small problem is solved, is its kinds'
// affair (wide_squares_dense, wide_squares_sparse).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "wide_problem.hpp"

namespace bridle {

class WideSquares : public WideProblem {
 public:
  WideSquares(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan);

  void restart() override;
  double train_error() const override;  // mean square
  double test_error(int64_t atom) const override;

 protected:
  virtual void forget() = 0;            // every path begins from b = 0
  virtual void fit_test(int64_t atom, double* fit) const = 0;  // X b on its rows, which are test rows
  void fill(Penalized& q);              // what all small problems have in common

  double yy_ = 0;
  std::vector<double> c_, diagonal_;    // of the working set

 private:
  mutable std::vector<double> fit_;
};

std::unique_ptr<WideSquares> wide_squares(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan);

}  // namespace bridle
