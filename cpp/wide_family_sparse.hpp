// The working set of a generalized linear model on a sparse table as its entries: a fresh curvature costs no more than a
// sweep over them, so that every step has one.
#pragma once

#include <vector>

#include "entry_descent.hpp"
#include "wide_family.hpp"

namespace bridle {

class WideFamilySparse final : public WideFamily {
 public:
  WideFamilySparse(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan,
                   const FamilyPlan& family);

 private:
  // A column on the training rows: values[at] on rows[at] less `centre`, everything in standardized units.
  struct Column {
    bool full;
    double centre;
    std::vector<int32_t> rows;   // none where it is full
    std::vector<double> values;
    int64_t test;                // a full one's place in test_
  };
  void store(int64_t old) override;
  void fit(double* eta) const override;
  void fit_test(int64_t from, int64_t count, double* eta) const override;
  void differentiate() override;
  void curve_columns(int64_t old) override;
  void minimize(Strength s, Effort effort, Control& control) override;
  double worth() const override { return 0.0; }
  std::vector<double> hessian(const std::vector<int64_t>& columns) const override;

  std::vector<int32_t> train_place_;    // of each row among the training rows, -1: not there
  std::vector<Column> columns_;         // of the working set
  std::vector<double> test_;            // full ones on the test rows, standardized
  std::vector<double> root_, unit_, target_;  // sqrt of weight_of_row_; the same of length one
  mutable std::vector<double> by_row_;
  EntryColumns entries_;                // times root_, less what the intercept takes
  EntryDescent descent_;
};

}  // namespace bridle
