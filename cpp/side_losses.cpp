#include "side_losses.hpp"

#include "kernels.hpp"
#include "lanes.hpp"

namespace bridle {

BRIDLE_CLONES void add_side_losses(int64_t m, const int32_t* atom, const double* weights, const double* train,
                                   SideLosses losses, SideSums sums) {
  const Lanes none = {};
  const Lanes* trains = reinterpret_cast<const Lanes*>(train);
  const Lanes *value = reinterpret_cast<const Lanes*>(losses.value), *curvature = reinterpret_cast<const Lanes*>(losses.curvature);
  Lanes *slope = reinterpret_cast<Lanes*>(losses.slope), *values = reinterpret_cast<Lanes*>(sums.value);
  Lanes sum = none, size = none;
  for (int64_t i = 0; i < m; ++i) {
    const double w = weights ? weights[i] : 1.0;
    if (atom[i] < 0 || !(w > 0)) {  // its loss may be infinite
      slope[i] = none;
      continue;
    }
    const Lanes trained = w * trains[atom[i]], own = slope[i], bend = curvature[i];
    values[atom[i]] += w * value[i];
    const Lanes u = trained > 0.0 ? trained * own : none;
    size += bend > 0.0 ? u * own / bend : none;
    sum += u;
    slope[i] = u;
  }
  *reinterpret_cast<Lanes*>(sums.sum) += sum;
  *reinterpret_cast<Lanes*>(sums.size) += size;
}

}  // namespace bridle
