// One problem of a wide path, whatever its loss: its rows, its scales, its working set, and what the screening pass needs.
#pragma once

#include <cstdint>
#include <vector>

#include "gram_paths.hpp"
#include "penalized.hpp"
#include "pool.hpp"
#include "wide_data.hpp"
#include "working_columns.hpp"

namespace bridle {

class WideProblem {
 public:
  WideProblem(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index,
              const PathPlan& plan);
  virtual ~WideProblem() = default;

  virtual void restart() = 0;  // where every path begins; the working set is kept
  void add_columns(const std::vector<int64_t>& places, Control& control);
  virtual Outcome solve(Strength strength, Effort effort, Control& control) = 0;
  // Minus the slopes of the loss, weighted, zero off the training rows: the screening pass multiplies the columns by them.
  virtual void residual(double* r) const = 0;
  virtual double train_error() const = 0;
  virtual double test_error(int64_t atom) const = 0;    // NaN where it is not tested
  virtual double intercept() const { return 0.0; }      // original units; of squared error it follows from the means
  virtual double degrees(Strength) { return static_cast<double>(nonzero()); }  // of freedom

  // `sums` (atoms) are those of r.
  double exact_gradient(int64_t place, const double* r, const double* sums, std::vector<double>& buffer) const;
  int64_t nonzero() const;
  const std::vector<int64_t>& working() const { return working_; }
  const std::vector<double>& coefficients() const { return b_; }

  std::vector<double> x_mean, inverse_scale, c;     // by place; c: gradients where every path begins
  std::vector<double> x_scale;                      // ... only of problems that hand out their coefficients
  // Gradients at this alpha and the one before, by place: they foretell who joins, which needs no digits.
  std::vector<float> now, before;
  std::vector<uint8_t> inside;                      // by place: in the working set
  double y_mean = 0, y_scale = 1, alpha_before = 0;

 protected:
  virtual void take(int64_t old, Control& control) = 0;  // the columns of the working set from `old` on are new
  // A column's training rows and test rows, standardized, behind those that stand there.
  void copy_column(int64_t place, std::vector<double>& train, std::vector<double>& test);
  // out += sign sum_j b_j x_j over the columns `which` of the working set, rows [from, from + count) of `height` kept ones.
  void add_fit(double sign, const std::vector<int64_t>& which, const std::vector<double>& columns, int64_t height,
               int64_t from, int64_t count, double* out) const;

  void forget_gradients();  // those of every path's beginning

  const WideData& data_;
  WorkingColumns& shared_;
  const PathPlan& plan_;
  double weight_ = 0;
  std::vector<int64_t> train_rows_, test_rows_, test_atoms_;
  std::vector<int64_t> working_;
  std::vector<double> b_, g_, factor_, lower_, upper_;  // of the working set

 private:
  std::vector<double> buffer_;
};

// Of one problem the products of columns and target in standardized units, and the scales.
void null_gradient(const WideData& data, const uint8_t* train, bool fit_intercept, bool standardize, double* c,
                   double* x_mean, double* x_scale, double* y_mean, double* y_scale);

// Makes room for `wanted` columns in a square matrix of `capacity` by `capacity`, whose first m rows and columns stay.
void widen(std::vector<double>& matrix, int64_t& capacity, int64_t wanted, int64_t m);

}  // namespace bridle
