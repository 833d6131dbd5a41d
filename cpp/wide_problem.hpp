// One problem of a wide path: its rows, its scales, its working set with the Gram of it.
#pragma once

#include <cstdint>
#include <vector>

#include "entry_descent.hpp"
#include "gram_paths.hpp"
#include "quadratic.hpp"
#include "wide_data.hpp"

namespace bridle {

class WideProblem {
 public:
  WideProblem(const WideData& data, const Membership& members, int64_t index, const PathPlan& plan);

  void restart();                                  // b = 0, working set and Gram kept
  void add_columns(const std::vector<int64_t>& places);
  Outcome solve(Strength strength, Effort effort, Control& control);
  // The weighted residual that the screening pass multiplies, zero off the training rows.
  void residual(double* r) const;
  // `sum` is that of r.
  double exact_gradient(int64_t place, const double* r, double sum, std::vector<double>& buffer) const;
  double train_error() const;
  double test_error(int64_t atom) const;           // NaN where it is not tested

  int64_t nonzero() const;
  const std::vector<int64_t>& working() const { return working_; }
  const std::vector<double>& coefficients() const { return b_; }

  std::vector<double> x_mean, x_scale, inverse_scale, c;  // by place
  std::vector<double> now, before;                  // gradients at this alpha and the one before, by place
  std::vector<uint8_t> inside;                      // by place: in the working set
  double y_mean = 0, y_scale = 1, alpha_before = 0;

 private:
  void grow(int64_t capacity, int64_t m);
  bool thin_here(int64_t place) const;
  void add_thin(int64_t place);
  void add_dense(int64_t place, std::vector<double>& column);
  void multiply(int64_t old);
  void add_dense_fit(double sign, const std::vector<double>& columns, int64_t height, int64_t from, int64_t count,
                     double* out) const;
  double* entry(int64_t i, int64_t j) { return gram_.data() + i * capacity_ + j; }
  // out[row] += sum of b_j x_j / scale_j over the thin columns in use; returns what the means take off.
  double thin_fit(std::vector<double>& out) const;

  const WideData& data_;
  const PathPlan& plan_;
  double weight_ = 0, yy_ = 0;
  std::vector<int64_t> train_rows_, test_rows_, test_atoms_;
  std::vector<double> root_;                        // sqrt(w_i / W) of the training rows
  std::vector<double> target_;                      // standardized, times root
  std::vector<int64_t> working_;
  int64_t capacity_ = 0;
  std::vector<int64_t> dense_, thin_;               // places in the working set of the columns kept dense, of thin ones
  std::vector<int32_t> train_place_;                // of each row among the training rows, -1: not there
  std::vector<double> train_, test_;                // the dense ones, standardized, column by column
  std::vector<double> gram_, diagonal_, c_, b_, g_, factor_, lower_, upper_;
  mutable std::vector<double> fitted_, by_row_;
  Descent descent_;
  EntryColumns entries_;                            // of a sparse table, in place of train_ and the Gram
  EntryDescent entry_descent_;
};

}  // namespace bridle
