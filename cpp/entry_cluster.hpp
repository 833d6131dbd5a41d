// A few columns of a sparse table that hang together by rows that they share, solved exactly while all others stay. Towards
// weak penalties some such columns depend on each other (two entries, and a column of one entry in either row): along the
// direction that leaves the fit alone the objective falls in a straight line, so that coordinate descent creeps and no
// extrapolation sees an end, where the active-set method goes to the wall at once.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "entry_columns.hpp"
#include "penalized.hpp"
#include "pool.hpp"
#include "quadratic.hpp"

namespace bridle {

class EntryCluster {
 public:
  // `columns`: those that may move, `gains[i]` what the best step of columns[i] alone would take off the objective, times
  // two; residual + shift root: what is fitted, of squared length `square`; q.g its products with the columns. Nothing
  // happens where what is to be gained is not in a few columns of few entries. Returns what it cost, in entries of a sweep.
  double solve(Penalized& q, const EntryColumns& x, Strength s, const std::vector<int64_t>& columns,
             const std::vector<double>& gains, size_t most_columns, double square, std::vector<double>& residual, double& shift, Control& control);

 private:
  bool choose(const Penalized& q, const EntryColumns& x, const std::vector<int64_t>& columns, const std::vector<double>& gains,
              size_t most_columns);
  void by_row(const EntryColumns& x, const std::vector<int64_t>& columns);

  Descent descent_;
  std::vector<int64_t> cluster_, row_start_, next_, of_row_;  // columns of row i: of_row_[row_start_[i]..]
  std::vector<std::pair<double, int64_t>> order_;
  std::vector<char> inside_;
  std::vector<double> spread_, gram_, diagonal_, c_, factor_, lower_, upper_, b_, g_;
};

}  // namespace bridle
