// The working set of a generalized linear model as dense columns: its Gram is made anew only when the steps that the old one
// still allows would cost more.
#pragma once

#include <vector>

#include "quadratic.hpp"
#include "wide_family.hpp"

namespace bridle {

class WideFamilyDense final : public WideFamily {
 public:
  using WideFamily::WideFamily;

 private:
  void store(int64_t old) override;
  void fit(double* eta) const override;
  void fit_test(int64_t from, int64_t count, double* eta) const override;
  void differentiate() override;
  void curve_columns(int64_t old) override;
  void minimize(Strength s, Effort effort, Control& control) override;
  void forget() override { descent_.reset(); }
  double worth() const override;
  std::vector<double> hessian(const std::vector<int64_t>& columns) const override;
  double* entry(int64_t i, int64_t j) { return gram_.data() + i * capacity_ + j; }

  std::vector<int64_t> every_;        // places in the working set
  std::vector<double> train_, test_;  // its columns, standardized, one by one
  std::vector<double> gram_, c_, weighted_;
  int64_t capacity_ = 0;
  Descent descent_;
};

}  // namespace bridle
