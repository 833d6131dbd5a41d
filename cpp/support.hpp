// The inverse of the Hessian on the support, kept up to date as columns come and go: each change costs s^2, as much as
// one sweep of coordinate descent, and makes the next step exact.
#pragma once

#include <cstdint>
#include <vector>

#include "triangle.hpp"

namespace bridle {

struct Quadratic;

class SupportInverse {
 public:
  void clear();
  int64_t size() const { return static_cast<int64_t>(columns.size()); }
  bool holds(int64_t column) const { return column < static_cast<int64_t>(place_.size()) && place_[column] >= 0; }
  // By column of the problem: its place in the support, -1 for none.
  const int64_t* places(int64_t m) {
    if (static_cast<int64_t>(place_.size()) < m) place_.resize(m, -1);
    return place_.data();
  }
  // Adds a column; false (and nothing happens) when it depends on those already there.
  bool append(const Quadratic& q, int64_t column, double sign, double a2);
  // Adds several at once; returns those that depend on what stands before them and stay out.
  std::vector<int64_t> append(const Quadratic& q, const std::vector<int64_t>& fresh, const std::vector<double>& signs,
                              double a2);
  void remove(int64_t at) { remove(std::vector<int64_t>{at}); }
  void remove(std::vector<int64_t> places);
  // step = inverse * right
  void apply(const double* right, double* step) const;
  // At least |largest eigenvalue of inverse V|, V the penalty factors: of another ridge part a steps leave at most
  // |a2 - a| times that of what there was.
  double leaves(const Quadratic& q) const;
  // From scratch, for another a2; false when the Hessian is not positive definite.
  bool rebuild(const Quadratic& q, double a2);

  std::vector<int64_t> columns;  // the support, in order of arrival
  std::vector<double> signs;     // +1, -1; 0 for unpenalized columns
  double a2 = 0;                 // the ridge part that the inverse was built with

 private:
  void exchange(int64_t at, int64_t last);
  // inverse += scale rows'rows
  void add_products(double scale, const std::vector<double>& rows, int64_t count, int64_t n);
  void times(const double* h, int64_t count, double* u);  // `count` times what apply does
  std::vector<int64_t> append_some(const Quadratic& q, const int64_t* fresh, const double* signs, int64_t count);

  std::vector<int64_t> place_;   // of each column of the problem, -1: not in the support
  Triangle inverse_;
  std::vector<double> work_, left_, factor_, tile_, products_;
};

}  // namespace bridle
