#include "penalized.hpp"

namespace bridle {

namespace {

// sup over feasible b of z b - l1 |b| - l2 b^2 / 2; infinite where nothing holds b back.
double conjugate(const Penalized& q, int64_t j, double z, double l1, double l2) {
  double excess = std::abs(z) - l1;
  if (excess <= 0) return 0.0;
  double bound = z > 0 ? (q.upper ? q.upper[j] : infinity) : (q.lower ? -q.lower[j] : infinity);
  double best = l2 > 0 ? std::min(excess / l2, bound) : bound;
  if (best == 0) return 0.0;
  return best * (excess - 0.5 * l2 * best);
}

// Nothing, or next to nothing, holds this column back: the Fenchel gap would divide by its penalty.
bool loose(const Penalized& q, int64_t j, Strength s) {
  const double v = q.factor[j];
  return s.a1 * v == 0 && s.a2 * v <= 1e-14 * q.diagonal[j];
}

bool bounded(const Penalized& q, int64_t j, double z) {
  return z > 0 ? (q.upper && q.upper[j] < infinity) : (q.lower && q.lower[j] > -infinity);
}

}  // namespace

double gap(const Penalized& q, Strength s, double residual, const int64_t* place, std::vector<int64_t>& violators) {
  violators.clear();
  auto held = [&](int64_t j) { return place && place[j] >= 0; };
  double inner = 0, penalty = 0, block = 0, scale = 1;
  for (int64_t j = 0; j < q.m; ++j) {
    if (left_out(q, j)) continue;
    const double b = q.b[j], g = q.g[j], v = q.factor[j], l1 = s.a1 * v, l2 = s.a2 * v;
    if (loose(q, j, s)) {  // what one step along this column would still gain
      const double off = g - l2 * b;
      if (clip(q, j, b + off) == b) continue;
      block += off * off / q.diagonal[j];
      if (!held(j)) violators.push_back(j);
      continue;
    }
    if (b != 0) {
      inner += b * g;
      penalty += l1 * std::abs(b) + 0.5 * l2 * b * b;
      if (!held(j)) {  // held by a bound: does the gradient still push against it?
        const double pull = g - std::copysign(l1, b) - l2 * b;
        if (clip(q, j, b + pull) != b) violators.push_back(j);
      }
    }
    const double size = std::abs(g);
    if (size > l1) {
      if (l2 == 0 && !bounded(q, j, g)) scale = std::min(scale, l1 / size);
      if (b == 0 && size > l1 * (1 + rounding) + settled * gradient_bound(q, j) && !held(j) &&
          clip(q, j, g > 0 ? 1.0 : -1.0) != 0)
        violators.push_back(j);
    }
  }
  double value = 0.5 * (1 - scale) * (1 - scale) * residual + penalty - scale * inner + 0.5 * block;
  if (s.a2 > 0 || q.lower || q.upper) {
    for (int64_t j = 0; j < q.m; ++j) {
      const double v = q.factor[j], z = scale * q.g[j];
      if (left_out(q, j) || loose(q, j, s) || std::abs(z) <= s.a1 * v) continue;
      const double more = conjugate(q, j, z, s.a1 * v, s.a2 * v);
      if (more < infinity) value += more;  // infinite only by rounding, at the very edge of the scaling
    }
  }
  return std::max(value, 0.0) / q.null_loss;
}

}  // namespace bridle
