#include "entry_descent.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels.hpp"

namespace bridle {

namespace {
// So many extrapolations without half the gap, and rounding is the floor, or the columns depend on each other too much.
constexpr int64_t most_idle = 200;
// What so many rounds leave may sit in a few columns; the slower one of both ways is tried again every so many rounds.
constexpr int64_t first_rounds = 5, probe = 10;
// ... as long as the clusters took no more than this share of all that was done: what a round leaves falls fast with them
// even where the gap does not follow (supports near the number of rows: 5,000 x 1,000,000 took a third longer).
constexpr double most_of_cost = 0.2;
// An inverse for so many columns costs about as much as a sweep over tens of thousands.
constexpr int64_t in_cluster = 200, most_in_cluster = 400, all_in_cluster = 1600, patience = 40;
}  // namespace

// r + shift root = target - sum_j b_j (x_j - mean_j root)
void EntryDescent::refresh(const Penalized& q, const EntryColumns& x, const double* target) {
  r_.assign(target, target + x.n());
  shift_ = 0;
  for (int64_t j = 0; j < q.m; ++j) {
    if (q.b[j] == 0) continue;
    x.add(j, -q.b[j], r_.data());
    shift_ += q.b[j] * x.mean[j];
  }
}

double EntryDescent::scan(Penalized& q, const EntryColumns& x, Strength s) {
  square_ = 0;
  for (int64_t i = 0; i < x.n(); ++i) {
    const double one = r_[i] + shift_ * x.root()[i];
    square_ += one * one;
  }
  for (int64_t j = 0; j < q.m; ++j) q.g[j] = x.product(j, r_.data(), shift_);
  return gap(q, s, square_, nullptr, violators_);
}

void EntryDescent::sweep(Penalized& q, const EntryColumns& x, Strength s) {
  for (int64_t j : active_) {
    q.g[j] = x.product(j, r_.data(), shift_);
    const double value = along(q, s, j), change = value - q.b[j];
    if (change == 0) continue;
    q.b[j] = value;  // not b + change, which rounding may take beyond a bound
    x.add(j, -change, r_.data());
    shift_ += change * x.mean[j];
  }
}

// b[active] += t change with the t in [0, 1] that lowers the objective most, along which nothing changes sign; false
// where that is none.
bool EntryDescent::move(Penalized& q, const EntryColumns& x, Strength s, const std::vector<double>& change) {
  const int64_t n = x.n();
  std::fill(u_.begin(), u_.end(), 0.0);
  double mean = 0, slope = 0, curvature = 0;
  for (size_t i = 0; i < active_.size(); ++i) {
    if (change[i] == 0) continue;
    const int64_t j = active_[i];
    const double old = q.b[j], v = q.factor[j];
    x.add(j, change[i], u_.data());
    mean += change[i] * x.mean[j];
    // Not by the difference of the two penalties: near the end it would be all rounding.
    slope += change[i] * (s.a1 * v * std::copysign(1.0, old != 0 ? old : change[i]) + s.a2 * v * old - q.g[j]);
    curvature += s.a2 * v * change[i] * change[i];
  }
  for (int64_t i = 0; i < n; ++i) {
    const double one = u_[i] - mean * x.root()[i];
    curvature += one * one;
  }
  if (!(slope < 0)) return false;
  const double t = slope + curvature > 0 ? -slope / curvature : 1.0;
  for (size_t i = 0; i < active_.size(); ++i) {
    const int64_t j = active_[i];
    q.b[j] = clip(q, j, q.b[j] + t * change[i]);
  }
  axpy(-t, u_.data(), r_.data(), n);
  shift_ += t * mean;
  return true;
}

// To where the last sweeps were heading: of all weighted means of their results the one whose own change would be smallest
// (Anderson 1965; for coordinate descent Bertrand and Massias 2021).
bool EntryDescent::extrapolate(Penalized& q, const EntryColumns& x, Strength s) {
  const int64_t count = static_cast<int64_t>(active_.size());
  double u[memory][memory], right[memory], largest = 0;
  auto change = [&](int64_t k, int64_t i) { return history_[(k + 1) * count + i] - history_[k * count + i]; };
  for (int64_t a = 0; a < memory; ++a)
    for (int64_t b = 0; b <= a; ++b) {
      double sum = 0;
      for (int64_t i = 0; i < count; ++i) sum += change(a, i) * change(b, i);
      u[a][b] = u[b][a] = sum;
      largest = std::max(largest, sum);
    }
  if (!(largest > 0)) return false;
  for (int64_t a = 0; a < memory; ++a) u[a][a] += 1e-12 * largest, right[a] = 1;
  for (int64_t a = 0; a < memory; ++a) {  // Cholesky, in place
    for (int64_t b = 0; b <= a; ++b) {
      double value = u[a][b];
      for (int64_t k = 0; k < b; ++k) value -= u[a][k] * u[b][k];
      if (a == b) {
        if (!(value > 0)) return false;
        u[a][a] = std::sqrt(value);
      } else {
        u[a][b] = value / u[b][b];
      }
    }
    for (int64_t k = 0; k < a; ++k) right[a] -= u[a][k] * right[k];
    right[a] /= u[a][a];
  }
  double total = 0;
  for (int64_t a = memory - 1; a >= 0; --a) {
    for (int64_t k = a + 1; k < memory; ++k) right[a] -= u[k][a] * right[k];
    right[a] /= u[a][a];
    total += right[a];
  }
  if (!std::isfinite(total) || total == 0) return false;
  changes_.assign(count, 0.0);
  for (int64_t a = 0; a < memory; ++a)
    for (int64_t i = 0; i < count; ++i) changes_[i] += right[a] / total * history_[(a + 1) * count + i];
  for (int64_t i = 0; i < count; ++i) {
    const int64_t j = active_[i];
    double fresh = clip(q, j, changes_[i]);
    if (s.a1 * q.factor[j] > 0 && q.b[j] * fresh <= 0) fresh = 0;  // new signs are for sweeps to find
    changes_[i] = fresh - q.b[j];
    q.g[j] = x.product(j, r_.data(), shift_);
  }
  return move(q, x, s, changes_);
}

// Of a round, in entries read or written.
double EntryDescent::round_cost(const EntryColumns& x) const {
  int64_t entries = 0;
  for (int64_t j : active_) entries += x.entries(j) + 4;
  return static_cast<double>(2 * (memory + 1) * entries);
}

Outcome EntryDescent::solve(Penalized& q, const EntryColumns& x, const double* target, Strength s, Effort effort,
                            Control& control) {
  Outcome outcome;
  u_.resize(x.n());
  refresh(q, x, target);
  double best = infinity, before = 0, cost = 1, pace[2] = {0, 0};
  int64_t idle = 0, rounds = 0;
  bool with = false;
  while (true) {
    control.check();
    outcome.gap = scan(q, x, s);
    active_.clear();
    gains_.clear();
    double largest = 0;
    for (int64_t j = 0; j < q.m; ++j) {
      if (left_out(q, j)) continue;
      const double there = along(q, s, j);
      if (there == 0 && q.b[j] == 0) continue;
      active_.push_back(j);
      gains_.push_back(q.diagonal[j] * (there - q.b[j]) * (there - q.b[j]));
      const double off = q.diagonal[j] * std::abs(there - q.b[j]);
      largest = std::max(largest, off / (s.a1 * q.factor[j] + gradient_bound(q, j)));
    }
    const bool settled_here = largest <= (effort.exact ? settled : nearly_settled);
    idle = outcome.gap >= 0.5 * best ? idle + 1 : 0;
    best = std::min(best, outcome.gap);
    if (outcome.gap <= effort.tolerance && (!effort.exact || settled_here || idle > 0)) break;
    if (settled_here || idle > most_idle || outcome.sweeps >= effort.max_sweeps) break;
    // What the last round left, as a power, for each unit of its cost: the way that gets further is taken, the other one
    // tried now and then.
    const double left = std::accumulate(gains_.begin(), gains_.end(), 0.0);
    if (rounds > 0) pace[with] = std::log(std::max(left, 1e-300) / std::max(before, 1e-300)) / cost;
    before = left;
    with = rounds >= first_rounds && (rounds == first_rounds || (pace[1] < pace[0]) != (rounds % probe == 0));
    with = with && spent_[1] <= most_of_cost * (spent_[0] + spent_[1]);
    // Where nothing helps for long, on more and more of them at once.
    const bool stuck = idle > 0 && idle % patience == 0;
    with |= stuck;
    ++rounds;
    cost = round_cost(x);
    spent_[0] += cost;
    if (with) {
      const int64_t limit = static_cast<int64_t>(active_.size()) <= all_in_cluster ? all_in_cluster : most_in_cluster;
      const int64_t most = stuck ? std::min(in_cluster << idle / patience, limit) : in_cluster;
      const double of_cluster = cluster_.solve(q, x, s, active_, gains_, most, square_, r_, shift_, control);
      spent_[1] += of_cluster;
      cost += of_cluster;
    }
    history_.resize((memory + 1) * active_.size());
    for (int64_t k = 0; k <= memory; ++k) {
      if (k > 0) sweep(q, x, s), ++outcome.sweeps;
      double* now = history_.data() + k * active_.size();
      for (size_t i = 0; i < active_.size(); ++i) now[i] = q.b[active_[i]];
    }
    extrapolate(q, x, s);
  }
  outcome.converged = outcome.gap <= effort.tolerance;
  for (int64_t i = 0; i < x.n(); ++i) r_[i] += shift_ * x.root()[i];  // as it is, for who asks
  return outcome;
}

}  // namespace bridle
