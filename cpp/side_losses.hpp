// What a few problems' losses on some rows come to, the problems beside each other in lanes.
#pragma once

#include <cstdint>

#include "few_sides.hpp"

namespace bridle {

struct SideLosses {  // on m rows, (m, lanes) each; slopes become those of the training rows, times their weights
  const double* value;
  const double* curvature;
  double* slope;
};

struct SideSums {
  double* value;  // (atoms, lanes) of weighted losses
  double* sum;    // (lanes) of w slope over the training rows
  double* size;   // (lanes) of w slope^2 / curvature over those whose curvature is positive
};

// `atom` (m) of each row, -1: it counts nowhere; `weights` (m) or null; `train` (atoms, lanes): 1 where a problem trains.
void add_side_losses(int64_t m, const int32_t* atom, const double* weights, const double* train, SideLosses losses,
                     SideSums sums);

}  // namespace bridle
