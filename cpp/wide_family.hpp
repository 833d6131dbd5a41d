// A problem of a wide path with the loss of a generalized linear model: Newton's steps on its working set. How the columns
// are kept, and how the quadratic of a step is minimized, is its kinds' affair (wide_family_dense, wide_family_sparse).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "family_rows.hpp"
#include "wide_problem.hpp"

namespace bridle {

struct FamilyPlan {
  FamilyKernel kernel;
  const double* offset = nullptr;     // (n) by row of the table, or null: none
  // The null models, where every path begins: intercepts and unpenalized columns alone.
  const double* intercept = nullptr;  // (problems)
  const double* b = nullptr;          // (problems, p) original units
  const double* gradient = nullptr;   // (problems, p) of the loss there, original units
  const double* null_loss = nullptr;  // (problems) what gaps are relative to
  double slope_size = 1;              // the unit in which the conditions of optimality of kept problems are small
  double settled = 1e-9;              // ... and how small they are to be
  double kept_tolerance = 1e-11;      // relative gap of kept problems
};

class WideFamily : public WideProblem {
 public:
  WideFamily(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan,
             const FamilyPlan& family);

  void restart() override;
  Outcome solve(Strength strength, Effort effort, Control& control) override;
  void residual(double* r) const override;
  double train_error() const override;            // mean loss, without the term of the target alone
  double test_error(int64_t atom) const override;
  double intercept() const override;
  double degrees(Strength strength) override;

 protected:
  void take(int64_t old, Control& control) override;
  // Of the columns from `old` on: copies.
  virtual void store(int64_t old) = 0;
  virtual void fit(double* eta) const = 0;                                    // eta += X b on the training rows
  virtual void fit_test(int64_t from, int64_t count, double* eta) const = 0;  // ... on some test rows
  virtual void differentiate() = 0;                                           // pull_ = -X' slope_
  // mean_ and diagonal_ of the columns from `old` on, and what else goes with weight_of_row_.
  virtual void curve_columns(int64_t old) = 0;
  // From b_, where the gradient is g_, to the minimum of the quadratic; g_ follows.
  virtual void minimize(Strength s, Effort effort, Control& control) = 0;
  virtual void forget() {}                        // b_ was moved, or the curvature is another
  virtual double worth() const = 0;               // what a fresh curvature costs, in steps
  // The curvature of columns of the working set, (count, count).
  virtual std::vector<double> hessian(const std::vector<int64_t>& columns) const = 0;
  // What all small problems have in common.
  void fill(Penalized& q);

  const FamilyPlan& family_;
  const int64_t index_;
  std::vector<double> y_, share_, offset_;        // of the training rows; share: w_i / W
  std::vector<double> eta_, slope_, curvature_, value_;  // slope_ and curvature_ times share
  std::vector<double> weight_of_row_;             // the curvature that steps are taken with
  std::vector<double> diagonal_, mean_, pull_;    // of the working set; mean_: what the intercept takes, by weight_of_row_
  double intercept_ = 0;                          // beside columns about their means
  double loss_ = 0, sum_ = 0, size_ = 0, total_ = 0;

 private:
  struct Standing {
    double gap, off;
  };
  double at_null(int64_t place) const;            // the coefficient of the null model, standardized
  void evaluate();                                // the rows where the problem stands
  void curve();                                   // the curvature of where it stands
  double penalty(Strength s) const;
  Standing standing(Strength s);
  bool step(Strength s, Effort effort, Control& control);

  bool evaluated_ = false, known_ = false;        // the rows; the curvature
  mutable std::vector<double> fitted_, buffers_;
  std::vector<int64_t> violators_;
};

std::unique_ptr<WideFamily> wide_family(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index,
                                        const PathPlan& plan, const FamilyPlan& family);

}  // namespace bridle
