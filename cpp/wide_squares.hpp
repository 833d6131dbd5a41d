// A problem of a wide path with squared error: its working set with the Gram of it, or with its entries where the table is
// sparse.
#pragma once

#include <cstdint>
#include <vector>

#include "entry_descent.hpp"
#include "quadratic.hpp"
#include "wide_problem.hpp"

namespace bridle {

class WideSquares final : public WideProblem {
 public:
  WideSquares(const WideData& data, const Membership& members, int64_t index, const PathPlan& plan);

  void restart() override;
  Outcome solve(Strength strength, Effort effort, Control& control) override;
  void residual(double* r) const override;
  double train_error() const override;              // mean square
  double test_error(int64_t atom) const override;

 private:
  void take(int64_t old) override;
  bool thin_here(int64_t place) const;
  void add_thin(int64_t place);
  void add_dense(int64_t place);
  void multiply(int64_t old);
  double* entry(int64_t i, int64_t j) { return gram_.data() + i * capacity_ + j; }
  // out[row] += sum of b_j x_j / scale_j over the thin columns in use; returns what the means take off.
  double thin_fit(std::vector<double>& out) const;

  double yy_ = 0;
  std::vector<double> root_;                        // sqrt(w_i / W) of the training rows
  std::vector<double> target_;                      // standardized, times root
  int64_t capacity_ = 0;
  std::vector<int64_t> dense_, thin_;               // places in the working set of the columns kept dense, of thin ones
  std::vector<int32_t> train_place_;                // of each row among the training rows, -1: not there
  std::vector<double> train_, test_;                // the dense ones, standardized, column by column
  std::vector<double> gram_, diagonal_, c_;
  mutable std::vector<double> fitted_, by_row_;
  Descent descent_;
  EntryColumns entries_;                            // of a sparse table, in place of train_ and the Gram
  EntryDescent entry_descent_;
};

}  // namespace bridle
