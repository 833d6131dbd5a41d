// Second moments of tables of levels. A pair of categories is a table of sums of weights: a row costs one addition for each
// pair of categories in place of a multiplication for each pair of columns.
#pragma once

#include <cstdint>
#include <vector>

#include "columns.hpp"
#include "pool.hpp"

namespace bridle {

class LevelMoments {
 public:
  explicit LevelMoments(const Columns& x);

  // Whether adding costs less than multiplying tiles.
  static bool suits(const Columns& x);

  // Of the named rows: the sum of their weights, means (p + 1, the target last) and the packed lower triangle of sums of
  // products of deviations from them. `weights` may be null (all one).
  void run(const double* y, const double* weights, const int64_t* rows, int64_t count, Control& control,
           double& weight, double* mean, double* scatter);

 private:
  void read(const double* y, const double* weights, const int64_t* rows, int64_t m);
  void add(int64_t m);
  void finish(double* mean, double* scatter) const;

  const Columns& x_;
  Columns others_;                     // the blocks that are no levels
  std::vector<const Block*> levels_;
  std::vector<int64_t> place_;         // (others, and the target) their columns among p + 1
  int64_t q_, d_;                      // columns with the target; those of them that are no levels
  double total_ = 0;
  std::vector<double> table_;          // (q, q) sums of weights by pairs of levels, lower triangle; the diagonal of each
  std::vector<double> centre_, rest_;  // (d) means of the others, but for rounding; sums of what is left of it
  std::vector<double> by_level_;       // (q, d) sums of weights times the others' deviations
  std::vector<double> products_;       // (d, d) of the others
  std::vector<double> others_at_, scaled_, weight_;  // of a tile: (m, d), (m, d), (m)
  std::vector<int32_t> level_at_;      // (categories, m)
};

}  // namespace bridle
