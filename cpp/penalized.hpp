// What every solver of the small problem inside a path has in common: its columns and their penalties,
//     minimize over b  ||y - X b||^2 / 2 + sum_j v_j (a1 |b_j| + a2 b_j^2 / 2),   lower_j <= b_j <= upper_j,
// and when it may stop: on the duality gap.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace bridle {

struct Penalized {
  int64_t m = 0;                     // columns; more may join between two solves
  const double* diagonal = nullptr;  // (m) x_j'x_j
  const double* c = nullptr;         // (m) X'y
  double yy = 0;                     // y'y
  double null_loss = 0;              // what gaps are relative to
  const double* factor = nullptr;    // (m) penalty factors v; infinite: the column is left out
  const double* lower = nullptr;     // (m) or null
  const double* upper = nullptr;
  double* b = nullptr;               // (m) in: warm start, out: solution
  double* g = nullptr;               // (m) always X'(y - X b)
};

struct Strength {
  double a1 = 0, a2 = 0;
};

struct Effort {
  double tolerance = 1e-7;  // of the relative gap
  bool exact = false;       // go on until the support is settled and the equations on it hold to rounding
  int64_t max_sweeps = 100000;
};

struct Outcome {
  double gap = 0;  // relative to null_loss; conditional on the unpenalized columns
  int64_t sweeps = 0, newton_steps = 0;
  bool converged = false;
};

constexpr double infinity = std::numeric_limits<double>::infinity();
// A gradient may exceed its threshold by this share before its column counts as a violator.
constexpr double rounding = 1e-13;
// Gradients are this share of ||y|| from what they are: nothing below it is pursued.
constexpr double settled = 1e-14;
// Where nobody looks at the coefficients; a step with the inverse of another ridge part, or on a support that is nearly
// dependent, leaves more, and the next one costs little.
constexpr double nearly_settled = 1e-13;

inline bool left_out(const Penalized& q, int64_t j) { return !(q.factor[j] < infinity) || !(q.diagonal[j] > 0); }

// |x_j'y| is at most ||x_j|| ||y||: the unit in which a gradient is small.
inline double gradient_bound(const Penalized& q, int64_t j) { return std::sqrt(q.diagonal[j]) * std::sqrt(q.yy); }

inline double clip(const Penalized& q, int64_t j, double value) {
  if (q.lower && value < q.lower[j]) return q.lower[j];
  if (q.upper && value > q.upper[j]) return q.upper[j];
  return value;
}

// The minimum along one column, the others as they are.
inline double along(const Penalized& q, Strength s, int64_t j) {
  const double v = q.factor[j], u = q.g[j] + q.diagonal[j] * q.b[j], shrunk = std::abs(u) - s.a1 * v;
  return clip(q, j, shrunk > 0 ? std::copysign(shrunk, u) / (q.diagonal[j] + s.a2 * v) : 0.0);
}

// The relative duality gap where ||y - X b||^2 = residual. Columns that violate their condition of optimality are noted,
// those of the support left out: place[j] >= 0 (null: there is none).
double gap(const Penalized& q, Strength s, double residual, const int64_t* place, std::vector<int64_t>& violators);

}  // namespace bridle
