// The small problem of a sparse table, where the Gram of the columns would be larger than they are: coordinate descent on
// their entries (Friedman, Hastie, Tibshirani 2010, naive updates), extrapolated every few sweeps; the few columns that
// keep it from ending are solved exactly (entry_cluster). No step raises the objective.
#pragma once

#include <cstdint>
#include <vector>

#include "entry_cluster.hpp"
#include "entry_columns.hpp"
#include "penalized.hpp"
#include "pool.hpp"

namespace bridle {

class EntryDescent {
 public:
  Outcome solve(Penalized& q, const EntryColumns& x, const double* target, Strength s, Effort effort, Control& control);
  const std::vector<double>& residual() const { return r_; }

 private:
  void refresh(const Penalized& q, const EntryColumns& x, const double* target);
  double scan(Penalized& q, const EntryColumns& x, Strength s);
  void sweep(Penalized& q, const EntryColumns& x, Strength s);
  bool extrapolate(Penalized& q, const EntryColumns& x, Strength s);
  double round_cost(const EntryColumns& x) const;
  bool move(Penalized& q, const EntryColumns& x, Strength s, const std::vector<double>& change);

  static constexpr int64_t memory = 6;  // sweeps that an extrapolation looks at

  double shift_ = 0, square_ = 0;  // square_: of the residual at the last scan
  std::vector<double> r_, u_, changes_, history_;
  std::vector<int64_t> active_, violators_;
  std::vector<double> gains_;  // of active_: what its best step alone would take off the objective, times two
  EntryCluster cluster_;
  double spent_[2] = {0, 0};  // on rounds, and on clusters, in entries
};

}  // namespace bridle
