// The working set of a sparse table with the entries of its columns; those with few zeros stand whole.
#pragma once

#include <cstdint>
#include <vector>

#include "entry_descent.hpp"
#include "wide_squares.hpp"

namespace bridle {

class WideSquaresSparse final : public WideSquares {
 public:
  WideSquaresSparse(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan);

  Outcome solve(Strength strength, Effort effort, Control& control) override;
  void residual(double* r) const override;

 private:
  void take(int64_t old, Control& control) override;
  void forget() override {}
  void fit_test(int64_t atom, double* fit) const override;
  bool thin_here(int64_t place) const;
  void add_thin(int64_t place);
  void add_dense(int64_t place);

  std::vector<double> root_;                        // sqrt(w_i / W) of the training rows
  std::vector<double> target_;                      // standardized, times root
  std::vector<int64_t> dense_, thin_;               // places in the working set of the columns kept whole, of thin ones
  std::vector<int32_t> train_place_;                // of each row among the training rows, -1: not there
  std::vector<double> whole_, test_;                // one column; the dense ones on the test rows, standardized
  mutable std::vector<double> by_row_;
  EntryColumns entries_;
  EntryDescent descent_;
};

}  // namespace bridle
