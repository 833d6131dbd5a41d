#include "quadratic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels.hpp"

namespace bridle {

namespace {

// The inverse serves while the ridge part asked for is this near to its own, as a share of that: steps then still halve what
// is left at least, and a step costs far less than an inverse.
constexpr double stale = 0.5;
// ... and beyond that where a step surely leaves no more than this share: towards weak penalties the Gram alone holds the
// inverse, and no ridge part changes it.
constexpr double most_left = 0.02;
// So often in one solve all columns that change sign leave at once; then one at a time, which cannot go in circles.
constexpr int64_t most_leaps = 12;
constexpr int64_t most_renewals = 3;
// Of descent, before the active set is tried again; then ten times as many.
constexpr int64_t fewest_sweeps = 100;
// Beyond this many the inverse costs more than it brings.
constexpr int64_t largest_support = 6000;

}  // namespace

void Quadratic::gather(int64_t column, const std::vector<int64_t>& which, double* out) const {
  if (!triangle) {
    const double* row = gram + column * stride;
    for (size_t k = 0; k < which.size(); ++k) out[k] = row[which[k]];
    return;
  }
  const double* row = triangle->row(column);
  for (size_t k = 0; k < which.size(); ++k) out[k] = which[k] <= column ? row[which[k]] : triangle->row(which[k])[column];
}

void gradient(const Quadratic& q, double* g) {
  std::copy_n(q.c, q.m, g);
  if (q.triangle) {
    std::vector<int64_t> used;
    std::vector<double> against;
    for (int64_t j = 0; j < q.m; ++j)
      if (q.b[j] != 0) used.push_back(j), against.push_back(-q.b[j]);
    return q.triangle->add_times(q.m, used, against, g);
  }
  std::vector<double> scales;
  std::vector<const double*> rows;
  for (int64_t j = 0; j < q.m; ++j)
    if (q.b[j] != 0) scales.push_back(-q.b[j]), rows.push_back(q.gram + j * q.stride);
  axpys(static_cast<int64_t>(rows.size()), scales.data(), rows.data(), g, q.m);
}

// b[columns] += changes, and g follows.
void Descent::move(Quadratic& q, const std::vector<int64_t>& columns, const std::vector<double>& changes) {
  against_.clear();
  rows_.clear();
  moving_.clear();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (changes[i] == 0) continue;
    q.b[columns[i]] += changes[i];
    against_.push_back(-changes[i]);
    if (q.triangle)
      moving_.push_back(columns[i]);
    else
      rows_.push_back(q.gram + columns[i] * q.stride);
  }
  if (q.triangle) return q.triangle->add_times(q.m, moving_, against_, q.g);
  axpys(static_cast<int64_t>(rows_.size()), against_.data(), rows_.data(), q.g, q.m);
}

// The right side of the equations on the support, g - a1 v sign - a2 v b; returns its largest entry, as a share of what
// the penalty and the gradient at zero could be at most.
double Descent::right_side(const Quadratic& q, Strength s) {
  const int64_t n = support_.size();
  right_.resize(n);
  double largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t j = support_.columns[i];
    const double v = q.factor[j];
    right_[i] = q.g[j] - s.a1 * v * support_.signs[i] - s.a2 * v * q.b[j];
    largest = std::max(largest, std::abs(right_[i]) / (s.a1 * v + gradient_bound(q, j)));
  }
  return largest;
}

// How much of the step the signs and bounds allow, at most 1.
double Descent::longest_step(const Quadratic& q, Strength s, int64_t& blocking, double& wall) const {
  double share = 1.0;
  blocking = -1;
  for (int64_t i = 0; i < support_.size(); ++i) {
    const int64_t j = support_.columns[i];
    const double b = q.b[j], d = step_[i];
    auto block = [&](double limit, double at) {
      if (limit < share) share = std::max(limit, 0.0), blocking = i, wall = at;
    };
    if (s.a1 * q.factor[j] > 0 && support_.signs[i] * d < 0) block(-b / d, 0.0);
    if (q.upper && d > 0) block((q.upper[j] - b) / d, q.upper[j]);
    if (q.lower && d < 0) block((q.lower[j] - b) / d, q.lower[j]);
  }
  return share;
}

// The columns that the whole step would take through zero: they stop there and leave the support. False: there are none.
bool Descent::leap(Quadratic& q, Strength s) {
  leaving_.clear();
  std::vector<int64_t> columns;
  std::vector<double> changes;
  for (int64_t i = 0; i < support_.size(); ++i) {
    const int64_t j = support_.columns[i];
    if (s.a1 * q.factor[j] == 0 || support_.signs[i] * (q.b[j] + step_[i]) >= 0) continue;
    leaving_.push_back(i);
    columns.push_back(j);
    changes.push_back(-q.b[j]);
  }
  if (leaving_.empty()) return false;
  move(q, columns, changes);
  for (int64_t j : columns) q.b[j] = 0;
  support_.remove(leaving_);
  return true;
}

double Descent::sweep(Quadratic& q, Strength s) {
  double largest = 0;
  for (int64_t j : active_) {
    const double* row = q.gram + j * q.stride;
    const double old = q.b[j], value = along(q, s, j);
    const double change = value - old;
    if (change == 0) continue;
    q.b[j] = value;
    axpy(-change, row, q.g, q.m);
    largest = std::max(largest, change * change * q.diagonal[j]);
  }
  return largest;
}

double Descent::scan(const Quadratic& q, Strength s) {
  double residual = q.yy;
  for (int64_t j = 0; j < q.m; ++j)
    if (q.b[j] != 0) residual -= q.b[j] * (q.c[j] + q.g[j]);
  return gap(q, s, std::max(residual, 0.0), support_.places(q.m), violators_);
}

bool Descent::prepare(Quadratic& q, Strength s, Control& control) {
  // What left the support behind our back (a restart), or was never in it.
  leaving_.clear();
  for (int64_t i = 0; i < support_.size(); ++i)
    if (q.b[support_.columns[i]] == 0 && s.a1 * q.factor[support_.columns[i]] > 0) leaving_.push_back(i);
  support_.remove(leaving_);
  joining_.clear();
  joining_signs_.clear();
  for (int64_t j = 0; j < q.m; ++j) {
    if (left_out(q, j) || support_.holds(j)) continue;
    const bool smooth = s.a1 * q.factor[j] == 0;  // no corner at zero: always in the support, bounds permitting
    if (!smooth && q.b[j] == 0) continue;
    if ((q.lower && q.b[j] <= q.lower[j]) || (q.upper && q.b[j] >= q.upper[j])) continue;
    joining_.push_back(j);
    joining_signs_.push_back(smooth ? 0.0 : std::copysign(1.0, q.b[j]));
  }
  control.check();
  if (support_.size() + static_cast<int64_t>(joining_.size()) > largest_support) return false;
  for (int64_t j : support_.append(q, joining_, joining_signs_, s.a2))
    if (s.a1 * q.factor[j] == 0 || !exchange(q, s, j, 0.0)) return false;
  for (int64_t i = 0; i < support_.size(); ++i)
    if (s.a1 * q.factor[support_.columns[i]] == 0) support_.signs[i] = 0;
  const double off = std::abs(s.a2 - support_.a2);
  if (off > stale * support_.a2 && !(off * support_.leaves(q) <= most_left)) return support_.rebuild(q, s.a2);
  return true;
}

// A column that depends on the support moves along the direction that leaves the fit alone, the way on which the penalty
// does not grow (`sign`; 0: find out), until some coefficient reaches zero or a bound. Where that is another's, it takes
// that one's place. False where nothing ever stops it.
bool Descent::exchange(Quadratic& q, Strength s, int64_t column, double sign) {
  const int64_t n = support_.size();
  right_.resize(n);
  step_.resize(n);
  q.gather(column, support_.columns, right_.data());
  for (double& one : right_) one = -one;
  support_.apply(right_.data(), step_.data());
  if (sign == 0) {
    double slope = q.factor[column] * (q.b[column] > 0 ? 1.0 : -1.0);
    for (int64_t i = 0; i < n; ++i) slope += q.factor[support_.columns[i]] * support_.signs[i] * step_[i];
    sign = slope > 0 ? -1.0 : 1.0;
  }
  for (double& d : step_) d *= sign;
  double length = infinity, wall = 0;
  int64_t leaving = -1;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t j = support_.columns[i];
    const double b = q.b[j], d = step_[i];
    auto block = [&](double limit, double at) {
      if (limit < length) length = std::max(limit, 0.0), leaving = i, wall = at;
    };
    if (s.a1 * q.factor[j] > 0 && support_.signs[i] * d < 0) block(-b / d, 0.0);
    if (q.upper && d > 0) block((q.upper[j] - b) / d, q.upper[j]);
    if (q.lower && d < 0) block((q.lower[j] - b) / d, q.lower[j]);
  }
  const double own = q.b[column];
  double goal = sign > 0 ? (q.upper ? q.upper[column] : infinity) : (q.lower ? q.lower[column] : -infinity);
  if (own * sign < 0) goal = 0;
  const double room = std::abs(goal - own);
  const bool stays = room < length;  // it meets its own wall first
  if (stays) length = room;
  if (!(length < infinity)) return false;
  const int64_t leaver = stays ? -1 : support_.columns[leaving];
  for (int64_t i = 0; i < n; ++i) step_[i] = !stays && i == leaving ? wall - q.b[leaver] : length * step_[i];
  move(q, support_.columns, step_);
  if (!stays) q.b[leaver] = wall;
  move(q, {column}, {(stays ? goal : own + sign * length) - own});
  if (stays) q.b[column] = goal;
  if (stays) return true;
  support_.remove(leaving);
  const double side = q.b[column] == 0 ? sign : std::copysign(1.0, q.b[column]);
  if (support_.append(q, column, side, s.a2)) return true;
  // The inverse has lost its digits on a support this near to dependent: once more from scratch.
  return support_.rebuild(q, s.a2) && support_.append(q, column, side, s.a2);
}

bool Descent::active_set(Quadratic& q, Strength s, Effort effort, bool bold, Outcome& outcome, Control& control) {
  double last = infinity, last_off = infinity;
  int64_t full_steps = 0, stalled = 0, idle = 0, leaps = bold && !q.lower && !q.upper ? most_leaps : 0, renewals = most_renewals;
  // Before it gives up: an inverse that has lost its digits leads nowhere, and takes columns for dependent that are not.
  auto renewed = [&] {
    stalled = idle = 0;
    last = infinity;
    return outcome.gap > effort.tolerance && renewals-- > 0 && support_.rebuild(q, s.a2);
  };
  const int64_t limit = 200 + 20 * q.m;
  for (int64_t round = 0; round < limit; ++round) {
    control.check();
    const int64_t n = support_.size();
    if (n > 0) {
      right_side(q, s);
      step_.resize(n);
      support_.apply(right_.data(), step_.data());
      ++outcome.newton_steps;
      if (leaps > 0 && leap(q, s)) {
        --leaps;
        continue;
      }
      int64_t blocking = -1;
      double wall = 0;
      const double share = longest_step(q, s, blocking, wall);
      const int64_t blocker = blocking >= 0 ? support_.columns[blocking] : -1;
      for (int64_t i = 0; i < n; ++i) step_[i] = i == blocking ? wall - q.b[blocker] : share * step_[i];
      move(q, support_.columns, step_);
      if (blocking >= 0) {
        q.b[blocker] = wall;
        support_.remove(blocking);
        continue;
      }
    }
    if (++full_steps % 8 == 0) gradient(q, q.g);  // updates must not pile up rounding
    outcome.gap = scan(q, s);
    const double off = right_side(q, s);
    const bool done = off <= (effort.exact ? settled : nearly_settled);
    // Steps on one support that gain nothing more are at rounding; rounds that change it may gain nothing for a while.
    idle = violators_.empty() && outcome.gap > 0.5 * last && off > 0.7 * last_off ? idle + 1 : 0;
    last_off = off;
    if (violators_.empty() && outcome.gap <= effort.tolerance && (done || idle >= 2)) return true;
    stalled = outcome.gap > 0.5 * last ? stalled + 1 : 0;
    last = std::min(last, outcome.gap);
    if (leaps > 0 && stalled > 3) leaps = stalled = 0;
    if (stalled > 30 + support_.size() || idle > 3) {
      if (renewed()) continue;
      return outcome.gap <= effort.tolerance;
    }
    // After many rounds one column at a time, the worst first: then every step gains.
    if (stalled > 5 && violators_.size() > 1) {
      auto worse = [&](int64_t a, int64_t b) {
        return std::abs(q.g[a]) - s.a1 * q.factor[a] < std::abs(q.g[b]) - s.a1 * q.factor[b];
      };
      violators_ = {*std::max_element(violators_.begin(), violators_.end(), worse)};
    }
    bool added = violators_.empty(), lost = false;
    joining_.clear();
    joining_signs_.clear();
    for (int64_t j : violators_) {
      if (support_.size() + static_cast<int64_t>(joining_.size()) >= largest_support) break;
      joining_.push_back(j);
      joining_signs_.push_back(s.a1 * q.factor[j] == 0 ? 0.0 : std::copysign(1.0, q.b[j] != 0 ? q.b[j] : q.g[j]));
    }
    const std::vector<int64_t> dependent = support_.append(q, joining_, joining_signs_, s.a2);
    added |= dependent.size() < joining_.size();
    for (int64_t j : dependent) {
      if (added) break;
      if (q.b[j] != 0 || s.a1 * q.factor[j] == 0) continue;
      leaps = 0;  // one exchange at a time, from a settled support: each lets the penalty fall
      lost = !exchange(q, s, j, std::copysign(1.0, q.g[j]));
      added = true;
    }
    // All that violate depend on the support, or seem to.
    if ((lost || !added) && !renewed()) return outcome.gap <= effort.tolerance;
  }
  return false;
}

void Descent::descend(Quadratic& given, Strength s, Effort effort, Outcome& outcome, Control& control) {
  support_.clear();
  gradient(given, given.g);
  Quadratic q = given;
  if (q.triangle) {  // one column at a time needs its row whole
    square_.resize(q.m * q.m);
    for (int64_t i = 0; i < q.m; ++i)
      for (int64_t j = 0; j <= i; ++j) square_[i * q.m + j] = square_[j * q.m + i] = q.triangle->row(i)[j];
    q.triangle = nullptr;
    q.gram = square_.data();
    q.stride = q.m;
  }
  active_.clear();
  is_active_.assign(q.m, 0);
  auto join = [&](int64_t j) {
    if (!is_active_[j]) is_active_[j] = 1, active_.push_back(j);
  };
  for (int64_t j = 0; j < q.m; ++j)
    if (!left_out(q, j) && (q.b[j] != 0 || q.factor[j] == 0)) join(j);
  outcome.gap = scan(q, s);
  double best = infinity;
  for (int64_t since = 0; outcome.gap > effort.tolerance && outcome.sweeps < effort.max_sweeps; ++since) {
    for (int64_t j : violators_) join(j);
    control.check();
    const double change = sweep(q, s);
    ++outcome.sweeps;
    outcome.gap = scan(q, s);
    if (outcome.gap < 0.9 * best) best = outcome.gap, since = 0;
    if ((since > 5000 && best < 1e-8) || (change == 0 && since > 3)) break;  // rounding is the floor
  }
}

Outcome Descent::solve(Quadratic& q, Strength s, Effort effort, Control& control) {
  Outcome outcome;
  std::vector<double> start(q.b, q.b + q.m);
  if (prepare(q, s, control) && active_set(q, s, effort, true, outcome, control)) {
    outcome.converged = outcome.gap <= effort.tolerance;
    return outcome;
  }
  // Columns that nearly depend on each other, for which a failure may end far from where it began. Some sweeps from the
  // better of the two places lead to another support, and from there one column at a time.
  auto stand = [&](const std::vector<double>& b) {
    std::copy(b.begin(), b.end(), q.b);
    support_.clear();
    gradient(q, q.g);
    outcome.gap = scan(q, s);
  };
  auto better = [&] {
    const std::vector<double> found(q.b, q.b + q.m);
    stand(found);
    const double gap = outcome.gap;
    stand(start);
    if (gap < outcome.gap) stand(found);
  };
  better();
  for (int64_t sweeps = fewest_sweeps; !outcome.converged; sweeps *= 10) {
    const int64_t most = std::min(outcome.sweeps + sweeps, effort.max_sweeps);
    descend(q, s, {effort.tolerance, effort.exact, most}, outcome, control);
    outcome.converged = outcome.gap <= effort.tolerance;
    const bool last = outcome.sweeps < most || most == effort.max_sweeps;
    if (outcome.converged && !effort.exact) break;
    start.assign(q.b, q.b + q.m);
    if (prepare(q, s, control) && active_set(q, s, effort, false, outcome, control)) {
      outcome.converged = true;
      break;
    }
    better();
    outcome.converged = outcome.gap <= effort.tolerance;
    if (last) break;
  }
  return outcome;
}

}  // namespace bridle
