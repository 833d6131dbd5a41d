// The one small problem inside every path: minimize over b
//     b'Gb/2 - c'b + sum_j v_j (a1 |b_j| + a2 b_j^2 / 2),   lower_j <= b_j <= upper_j,
// by exact steps on the active columns (an active-set method whose inverse Hessian is updated as columns come and go),
// and by coordinate descent where those are dependent (Friedman, Hastie, Tibshirani 2010, covariance updates). It stops
// on the duality gap of the least-squares problem behind G, c and yy.
#pragma once

#include <cstdint>
#include <vector>

#include "penalized.hpp"
#include "pool.hpp"
#include "support.hpp"
#include "triangle.hpp"

namespace bridle {

struct Quadratic : Penalized {
  const double* gram = nullptr;        // (m, m) symmetric, both triangles
  int64_t stride = 0;                  // of its rows
  const Triangle* triangle = nullptr;  // or one triangle alone, which takes half as much

  double entry(int64_t i, int64_t j) const { return triangle ? triangle->at(i, j) : gram[i * stride + j]; }
  // out[k] = entry(column, which[k])
  void gather(int64_t column, const std::vector<int64_t>& which, double* out) const;
};

class Descent {
 public:
  // Forgets the last problem: call it before another G, c or a restart from b = 0.
  void reset() { support_.clear(); }
  Outcome solve(Quadratic& q, Strength strength, Effort effort, Control& control);

 private:
  bool prepare(Quadratic& q, Strength s, Control& control);          // the support of the warm start; false: it is dependent
  bool active_set(Quadratic& q, Strength s, Effort effort, bool bold, Outcome& outcome, Control& control);
  bool exchange(Quadratic& q, Strength s, int64_t column, double sign);
  void descend(Quadratic& q, Strength s, Effort effort, Outcome& outcome, Control& control);
  double sweep(Quadratic& q, Strength s);  // both triangles needed
  void move(Quadratic& q, const std::vector<int64_t>& columns, const std::vector<double>& changes);
  bool leap(Quadratic& q, Strength s);
  double right_side(const Quadratic& q, Strength s);
  double longest_step(const Quadratic& q, Strength s, int64_t& blocking, double& wall) const;
  // The relative gap; columns that violate their condition of optimality are noted in violators_.
  double scan(const Quadratic& q, Strength s);

  SupportInverse support_;
  std::vector<int64_t> violators_, active_, leaving_, joining_;
  std::vector<char> is_active_;
  std::vector<double> right_, step_, joining_signs_, against_;
  std::vector<const double*> rows_;
  std::vector<int64_t> moving_;
  std::vector<double> square_;
};

// c - G b, added up from scratch.
void gradient(const Quadratic& q, double* g);

}  // namespace bridle
