// The solver inside every path, against all patterns of signs and bounds (a few columns) and against the conditions of
// optimality (many).
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "check.hpp"
#include "entry_descent.hpp"
#include "helpers.hpp"
#include "quadratic.hpp"

using namespace bridle;
using namespace bridle::tests;

namespace {

struct Problem {
  int64_t m = 0;
  std::vector<double> gram, diagonal, c, factor, lower, upper, b, g;
  double yy = 0;
  bool triangular = false;  // one triangle of the Gram, or both
  std::shared_ptr<Triangle> triangle;

  Quadratic quadratic() {
    Quadratic q;
    q.m = q.stride = m;
    q.gram = gram.data();
    if (triangular) {
      triangle = std::make_shared<Triangle>();
      triangle->reserve(m);
      for (int64_t j = 0; j < m; ++j) std::copy_n(gram.data() + j * m, j + 1, triangle->row(j));
      q.triangle = triangle.get();
      q.gram = nullptr;
    }
    diagonal.resize(m);
    for (int64_t j = 0; j < m; ++j) diagonal[j] = gram[j * m + j];
    q.diagonal = diagonal.data();
    q.c = c.data();
    q.yy = yy;
    q.null_loss = yy > 0 ? 0.5 * yy : 1.0;
    q.factor = factor.data();
    q.lower = lower.empty() ? nullptr : lower.data();
    q.upper = upper.empty() ? nullptr : upper.data();
    q.b = b.data();
    q.g = g.data();
    return q;
  }
  void restart() {
    b.assign(m, 0.0);
    g = c;
  }
  bool used(int64_t j) const { return factor[j] < infinity && gram[j * m + j] > 0; }
  double low(int64_t j) const { return lower.empty() ? -infinity : lower[j]; }
  double high(int64_t j) const { return upper.empty() ? infinity : upper[j]; }

  long double objective(const std::vector<double>& at, Strength s) const {
    long double value = 0;
    for (int64_t i = 0; i < m; ++i) {
      if (at[i] == 0) continue;
      for (int64_t j = 0; j < m; ++j) value += 0.5L * at[i] * gram[i * m + j] * at[j];
      value += -static_cast<long double>(c[i]) * at[i] +
               factor[i] * (s.a1 * std::abs(static_cast<long double>(at[i])) + 0.5L * s.a2 * at[i] * at[i]);
    }
    return value;
  }
};

// Traits, in any combination.
enum Kind { plain = 0, weighted = 1, bounded = 2, duplicated = 4, flat = 8, constant = 16, n_kinds = 32 };

bool regular(int kind) { return !(kind & (duplicated | flat)); }

Problem random_problem(Random& random, int64_t n, int64_t m, int kind) {
  Problem problem;
  problem.m = m;
  problem.triangular = random.chance(0.5) && false;
  if (kind & flat) n = std::max<int64_t>(1, m / 2);  // fewer rows than columns: a singular Gram
  std::vector<double> x(n * m), y(n);
  for (double& value : x) value = random.normal();
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 1; j < m; ++j) {
      x[i * m + j] += 0.7 * x[i * m + j - 1];  // neighbours correlate
      if ((kind & duplicated) && j % 2 == 1) x[i * m + j] = (j % 4 == 1 ? 1.0 : -2.0) * x[i * m + j - 1];
      if ((kind & constant) && j == m / 2) x[i * m + j] = 0;
    }
    y[i] = random.normal();
    for (int64_t j = 0; j < m; j += 2) y[i] += x[i * m + j] / (1 + static_cast<double>(j));
  }
  problem.gram.resize(m * m);
  problem.c.resize(m);
  for (int64_t j = 0; j < m; ++j) {
    for (int64_t k = 0; k < m; ++k)
      for (int64_t i = 0; i < n; ++i) problem.gram[j * m + k] += x[i * m + j] * x[i * m + k] / static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) problem.c[j] += x[i * m + j] * y[i] / static_cast<double>(n);
  }
  for (double value : y) problem.yy += value * value / static_cast<double>(n);
  problem.factor.assign(m, 1.0);
  if (kind & weighted)
    for (double& v : problem.factor) {
      const double draw = random.uniform();
      v = draw < 0.25 ? 0.0 : draw < 0.4 ? infinity : 2 * random.uniform();
    }
  if (kind & bounded) {
    for (int64_t j = 0; j < m; ++j) {
      const double draw = random.uniform();
      problem.lower.push_back(draw < 0.3 ? 0.0 : draw < 0.5 ? -infinity : -0.5 * random.uniform());
      problem.upper.push_back(random.chance(0.3) ? infinity : random.chance(0.2) ? 0.0 : 0.5 * random.uniform());
    }
    if (random.chance(0.3)) problem.lower.clear();
    if (random.chance(0.2)) problem.upper.clear();
  }
  problem.restart();
  return problem;
}

// The least value over all patterns: each column zero, at a bound, or free with a sign. Where the objective has flat
// directions, some least point has a pattern whose equations are regular, so skipping the others loses nothing.
double least_objective(const Problem& p, Strength s, std::vector<double>& best) {
  enum State { zero, negative, positive, at_lower, at_upper, n_states };
  int64_t patterns = 1;
  for (int64_t j = 0; j < p.m; ++j) patterns *= n_states;
  long double least = 0;
  best.assign(p.m, 0.0);
  for (int64_t pattern = 1; pattern < patterns; ++pattern) {
    std::vector<int64_t> free;
    std::vector<double> b(p.m, 0.0), sign(p.m, 0.0);
    bool possible = true;
    int64_t rest = pattern;
    for (int64_t j = 0; j < p.m && possible; ++j, rest /= n_states) {
      const int state = static_cast<int>(rest % n_states);
      if (state == zero) continue;
      if (state == at_lower) b[j] = p.low(j);
      if (state == at_upper) b[j] = p.high(j);
      possible = p.used(j) && std::isfinite(b[j]);
      sign[j] = state == negative ? -1 : 1;
      if (state == negative || state == positive) free.push_back(j);
    }
    if (!possible) continue;
    const int64_t n = static_cast<int64_t>(free.size());
    std::vector<long double> a(n * n), right(n), x;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t j = free[i];
      right[i] = static_cast<long double>(p.c[j]) - s.a1 * p.factor[j] * sign[j];
      for (int64_t k = 0; k < p.m; ++k) right[i] -= static_cast<long double>(p.gram[j * p.m + k]) * b[k];
      for (int64_t k = 0; k < n; ++k) a[i * n + k] = p.gram[j * p.m + free[k]];
      a[i * n + i] += s.a2 * p.factor[j];
    }
    if (!solve_equations(a, right, x)) continue;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t j = free[i];
      b[j] = static_cast<double>(x[i]);
      if (s.a1 * p.factor[j] > 0 && b[j] * sign[j] < 0) possible = false;
      if (b[j] < p.low(j) || b[j] > p.high(j)) possible = false;
    }
    if (!possible) continue;
    const long double value = p.objective(b, s);
    if (value < least) least = value, best = b;
  }
  return static_cast<double>(least);
}

// The conditions of optimality, to a multiple of rounding; g itself against c - G b.
void check_conditions(const Problem& p, Strength s, double tolerance) {
  const double scale = std::sqrt(p.yy);
  for (int64_t j = 0; j < p.m; ++j) {
    if (!p.used(j)) {
      CHECK_EQUAL(p.b[j], 0.0);
      continue;
    }
    CHECK(p.b[j] >= p.low(j) && p.b[j] <= p.high(j));
    long double g = p.c[j];
    for (int64_t k = 0; k < p.m; ++k) g -= static_cast<long double>(p.gram[j * p.m + k]) * p.b[k];
    const double size = scale * std::sqrt(p.gram[j * p.m + j]);
    CHECK_AT_MOST(std::abs(static_cast<double>(g) - p.g[j]), 1e-11 * size);
    const double l1 = s.a1 * p.factor[j], pull = static_cast<double>(g) - s.a2 * p.factor[j] * p.b[j];
    // What still pulls upwards and downwards, where the bounds leave room.
    const double up = pull - (p.b[j] < 0 ? -l1 : l1), down = pull - (p.b[j] > 0 ? l1 : -l1);
    if (p.b[j] < p.high(j)) CHECK_AT_MOST(up, tolerance * size);
    if (p.b[j] > p.low(j)) CHECK_AT_MOST(-down, tolerance * size);
  }
}

double penalty_of(const Problem& p, Strength s) {
  double value = 0;
  for (int64_t j = 0; j < p.m; ++j)
    if (p.b[j] != 0) value += p.factor[j] * (s.a1 * std::abs(p.b[j]) + 0.5 * s.a2 * p.b[j] * p.b[j]);
  return value;
}

Strength draw_strength(Random& random, const Problem& p, int kind) {
  double largest = 0;
  for (int64_t j = 0; j < p.m; ++j) largest = std::max(largest, std::abs(p.c[j]));
  const double alpha = largest * std::exp(-4 * random.uniform());
  return kind == 0 ? Strength{alpha, 0} : kind == 1 ? Strength{0.5 * alpha, 0.5 * alpha} : Strength{0, alpha};
}

}  // namespace

TEST(triangles_grow_and_multiply) {
  Random random(30);
  Triangle s;
  std::vector<double> square(150 * 150);
  for (int64_t n : {1, 31, 32, 33, 64, 100, 150}) {
    s.reserve(n);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j <= i; ++j) {
        if (square[i * 150 + j] == 0) square[i * 150 + j] = square[j * 150 + i] = s.row(i)[j] = random.normal();
        CHECK_EQUAL(s.at(i, j), square[i * 150 + j]);  // what stood before it grew still stands
        CHECK_EQUAL(s.at(j, i), square[i * 150 + j]);
      }
    for (double share : {0.0, 0.02, 0.1, 0.7, 1.0}) {
      std::vector<int64_t> columns;
      std::vector<double> scales, y(n), plain;
      for (double& one : y) one = random.normal();
      plain = y;
      for (int64_t j = n - 1; j >= 0; --j)
        if (random.chance(share)) columns.push_back(j), scales.push_back(random.normal());
      s.add_times(n, columns, scales, y.data());
      for (int64_t i = 0; i < n; ++i) {
        for (size_t k = 0; k < columns.size(); ++k) plain[i] += scales[k] * square[i * 150 + columns[k]];
        CHECK_NEAR(y[i], plain[i], 1e-12);
      }
    }
  }
}

TEST(solver_finds_the_least_of_all_patterns) {
  Random random(21);
  for (int kind = 0; kind < n_kinds; ++kind)
    for (int trial = 0; trial < 60; ++trial) {
      Problem p = random_problem(random, 12, 1 + trial % 4, kind);
      const Strength s = draw_strength(random, p, trial / 4 % 3);
      Descent descent;
      Quadratic q = p.quadratic();
      Control control;
      const Outcome outcome = descent.solve(q, s, {1e-12, true, 100000}, control);
      CHECK(outcome.converged);
      std::vector<double> best;
      const double least = least_objective(p, s, best), reached = static_cast<double>(p.objective(p.b, s));
      // Of dependent columns without a penalty the gap knows only what each could gain alone.
      const bool conditional = !regular(kind) && std::count(p.factor.begin(), p.factor.end(), 0.0) > 1;
      CHECK_AT_MOST(std::abs(reached - least), (conditional ? 1e-7 : 3e-12) * q.null_loss);
      for (int64_t j = 0; j < p.m; ++j) {
        CHECK(p.b[j] >= p.low(j) && p.b[j] <= p.high(j));
        if (regular(kind)) CHECK_NEAR(p.b[j], best[j], 1e-9);
      }
    }
}

// The same kinds of problems on columns that are kept by their entries, the means (if any) taken out beside them.
struct EntryProblem : Problem {
  std::vector<double> root, target, last;
  EntryColumns x;

  EntryProblem(Random& random, int64_t n, int64_t m, int kind, bool centred) {
    static_cast<Problem&>(*this) = random_problem(random, n, m, kind & ~(duplicated | flat | constant));
    for (int64_t i = 0; i < n; ++i) root.push_back(0.5 + random.uniform());
    double norm = 0;
    for (double one : root) norm += one * one;
    for (double& one : root) one /= std::sqrt(norm);
    auto centre = [&](std::vector<double>& column) {
      double mean = 0;
      for (int64_t i = 0; i < n; ++i) mean += column[i] * root[i];
      if (!centred) mean = 0;
      for (int64_t i = 0; i < n; ++i) column[i] -= mean * root[i];
      return mean;
    };
    target.resize(n);
    for (double& one : target) one = random.normal() / std::sqrt(static_cast<double>(n));
    centre(target);
    x.reset(n, root.data());
    std::vector<std::vector<double>> columns;
    for (int64_t j = 0; j < m; ++j) {
      std::vector<double> column(n, 0.0);
      const bool copies = (kind & duplicated) && j % 2 == 1, full = random.chance(0.3);
      std::vector<double> plain_one(n, 0.0);
      for (int64_t i = 0; i < n; ++i)
        if ((full || random.chance(0.3)) && !((kind & constant) && j == m / 2)) plain_one[i] = 1 + random.normal();
      if (copies) plain_one = last;
      last = column = plain_one;
      const double mean = centre(column);
      if (full) {
        x.begin(0.0);
        x.full(column.data());
      } else {
        x.begin(mean);
        for (int64_t i = 0; i < n; ++i)
          if (plain_one[i] != 0) x.take(static_cast<int32_t>(i), plain_one[i]);
      }
      columns.push_back(column);
    }
    yy = 0;
    for (double one : target) yy += one * one;
    for (int64_t j = 0; j < m; ++j) {
      c[j] = 0;
      for (int64_t i = 0; i < n; ++i) c[j] += columns[j][i] * target[i];
      for (int64_t k = 0; k < m; ++k) {
        gram[j * m + k] = 0;
        for (int64_t i = 0; i < n; ++i) gram[j * m + k] += columns[j][i] * columns[k][i];
      }
    }
    restart();
  }
};

TEST(entry_descent_finds_the_least_of_all_patterns) {
  Random random(31);
  for (int kind : {+plain, +weighted, +bounded, weighted | bounded, +duplicated, +constant, duplicated | bounded})
    for (int trial = 0; trial < 60; ++trial) {
      EntryProblem p(random, 14, 1 + trial % 4, kind, trial % 2 == 0);
      const Strength s = draw_strength(random, p, trial / 4 % 3);
      Quadratic q = p.quadratic();
      for (int64_t j = 0; j < q.m; ++j) CHECK_NEAR(p.x.square(j), p.gram[j * q.m + j], 1e-14);
      EntryDescent descent;
      Control control;
      const Outcome outcome = descent.solve(q, p.x, p.target.data(), s, {1e-12, true, 100000}, control);
      CHECK(outcome.converged);
      std::vector<double> best;
      const double least = least_objective(p, s, best), reached = static_cast<double>(p.objective(p.b, s));
      const bool conditional = std::count(p.factor.begin(), p.factor.end(), 0.0) > 0;
      CHECK_AT_MOST(std::abs(reached - least), (conditional ? 1e-9 : 1e-11) * q.null_loss);
      for (int64_t j = 0; j < p.m; ++j) CHECK(p.b[j] >= p.low(j) && p.b[j] <= p.high(j));
      double square = 0;  // the residual is that of these coefficients
      for (double one : descent.residual()) square += one * one;
      CHECK_NEAR(0.5 * square - 0.5 * p.yy + penalty_of(p, s), reached, 1e-12);
    }
}

TEST(entry_descent_agrees_with_the_gram_along_a_path) {
  Random random(32);
  for (int kind : {+plain, +weighted, +bounded})
    for (int trial = 0; trial < 6; ++trial) {
      EntryProblem p(random, 80, 60, kind, true);
      const Strength top = draw_strength(random, p, trial % 3);
      EntryDescent by_entries;
      Descent by_gram;
      Problem other = p;
      Control control;
      for (int k = 0; k < 12; ++k) {
        const double part = std::exp(-0.4 * k);
        const Strength s{top.a1 * part, top.a2 * part};
        Quadratic q = p.quadratic(), gram = other.quadratic();
        const Outcome outcome = by_entries.solve(q, p.x, p.target.data(), s, {1e-10, true, 100000}, control);
        by_gram.solve(gram, s, {1e-10, true, 100000}, control);
        CHECK(outcome.converged);
        CHECK_AT_MOST(std::abs(static_cast<double>(p.objective(p.b, s) - other.objective(other.b, s))),
                      2e-10 * q.null_loss);
        for (int64_t j = 0; j < p.m; ++j) CHECK_NEAR(p.b[j], other.b[j], 1e-3);
      }
    }
}

// Columns of one entry, and columns of two that they can stand for: along such a triple the objective is a straight line.
TEST(entry_descent_does_not_creep_where_columns_depend_on_each_other) {
  Random random(33);
  const int64_t n = 1500;
  const double root_of_n = 1.0 / std::sqrt(static_cast<double>(n));
  const std::vector<double> root(n, root_of_n);
  EntryColumns x;
  x.reset(n, root.data());
  Problem p;
  auto column = [&](const std::vector<int64_t>& rows) {
    double square = 0, sum = 0;
    std::vector<double> values;
    for (size_t k = 0; k < rows.size(); ++k) values.push_back(random.normal());
    for (double one : values) square += one * one, sum += one;
    const double length = std::sqrt(square - sum * sum / static_cast<double>(n));
    x.begin(sum / length * root_of_n);
    for (size_t k = 0; k < rows.size(); ++k) x.take(static_cast<int32_t>(rows[k]), values[k] / length);
    p.diagonal.push_back(x.square(p.m++));
  };
  for (int64_t i = 0; i < n; i += 2) column({i});
  for (int64_t j = 0; j < 900; ++j) {
    const int64_t i = random.below(n);
    column({i, (i + 1 + random.below(40)) % n});
  }
  std::vector<double> target(n);
  double mean = 0;
  for (double& one : target) one = random.normal() * root_of_n, mean += one / static_cast<double>(n);
  for (double& one : target) one -= mean, p.yy += one * one;
  p.factor.assign(p.m, 1.0);
  p.b.assign(p.m, 0.0);
  p.g.assign(p.m, 0.0);
  Penalized q;
  q.m = p.m;
  q.diagonal = p.diagonal.data();
  q.yy = p.yy;
  q.null_loss = 0.5 * p.yy;
  q.factor = p.factor.data();
  q.b = p.b.data();
  q.g = p.g.data();
  EntryDescent descent;
  Control control;
  const Outcome outcome = descent.solve(q, x, target.data(), {0.003, 0.0}, {1e-10, true, 100000}, control);
  CHECK(outcome.converged);
  CHECK(std::count(p.b.begin(), p.b.end(), 0.0) < p.m / 2);
  CHECK_AT_MOST(outcome.sweeps, 300);
}

TEST(the_gap_covers_the_distance_to_the_least) {
  // Loose tolerances: what is left to gain must stay below the gap that is reported.
  Random random(22);
  for (int kind = 0; kind < n_kinds; ++kind)
    for (int trial = 0; trial < 30; ++trial) {
      Problem p = random_problem(random, 10, 4, kind);
      if (std::count(p.factor.begin(), p.factor.end(), 0.0)) continue;  // there the gap is conditional on them
      const Strength s = draw_strength(random, p, trial % 3);
      Descent descent;
      Quadratic q = p.quadratic();
      Control control;
      const double tolerance = std::pow(10.0, -6 * random.uniform());
      const Outcome outcome = descent.solve(q, s, {tolerance, false, 100000}, control);
      CHECK(outcome.converged);
      CHECK_AT_MOST(outcome.gap, tolerance);
      std::vector<double> best;
      const double least = least_objective(p, s, best);
      CHECK_AT_MOST(static_cast<double>(p.objective(p.b, s)) - least, (outcome.gap + 1e-14) * q.null_loss);
    }
}

TEST(exact_solutions_meet_the_conditions_along_a_path) {
  Random random(23);
  for (int kind : {+plain, +weighted, +bounded, weighted | bounded, bounded | constant})
    for (int trial = 0; trial < 6; ++trial) {
      Problem p = random_problem(random, 100, 40, kind);
      const Strength top = draw_strength(random, p, trial % 3);
      Descent descent;
      for (int k = 0; k < 12; ++k) {  // warm starts, each from the one before
        const double share = std::pow(0.6, k);
        const Strength s{top.a1 * share, top.a2 * share};
        Quadratic q = p.quadratic();
        Control control;
        CHECK(descent.solve(q, s, {1e-10, true, 100000}, control).converged);
        check_conditions(p, s, 1e-11);
        Problem cold = p;
        cold.restart();
        Descent fresh;
        Quadratic again = cold.quadratic();
        CHECK(fresh.solve(again, s, {1e-10, true, 100000}, control).converged);
        for (int64_t j = 0; j < p.m; ++j) CHECK_NEAR(p.b[j], cold.b[j], 1e-9);
      }
    }
}

TEST(dependent_columns_reach_the_tolerance_along_a_path) {
  Random random(24);
  for (int kind : {+duplicated, +flat, duplicated | bounded, flat | constant, duplicated | flat | weighted | bounded})
    for (int trial = 0; trial < 6; ++trial) {
      Problem p = random_problem(random, 60, 24, kind);
      const Strength top = draw_strength(random, p, trial % 2);
      Descent descent;
      long double before = 0;
      for (int k = 0; k < 10; ++k) {
        const double share = std::pow(0.6, k);
        const Strength s{top.a1 * share, top.a2 * share};
        Quadratic q = p.quadratic();
        Control control;
        const Outcome outcome = descent.solve(q, s, {1e-9, trial % 3 == 0, 200000}, control);
        CHECK(outcome.converged);
        CHECK_AT_MOST(outcome.gap, 1e-9);
        const long double value = p.objective(p.b, s);
        CHECK_AT_MOST(value, before + 1e-9 * q.null_loss);  // a weaker penalty never fits worse
        before = value;
      }
    }
}

TEST(a_warm_start_in_the_wrong_place_does_no_harm) {
  Random random(25);
  for (int trial = 0; trial < 40; ++trial) {
    Problem p = random_problem(random, 50, 12, trial % 2 ? bounded : plain), cold = p;
    const Strength s = draw_strength(random, p, trial % 3);
    for (int64_t j = 0; j < p.m; ++j)
      if (p.used(j)) p.b[j] = std::clamp(3 * random.normal(), p.low(j), p.high(j));
    Descent descent, fresh;
    Quadratic q = p.quadratic(), again = cold.quadratic();
    gradient(q, p.g.data());
    Control control;
    CHECK(descent.solve(q, s, {1e-11, true, 100000}, control).converged);
    CHECK(fresh.solve(again, s, {1e-11, true, 100000}, control).converged);
    for (int64_t j = 0; j < p.m; ++j) CHECK_NEAR(p.b[j], cold.b[j], 1e-9);
    check_conditions(p, s, 1e-11);
    // The same solver from zero, on a problem it has not seen.
    p.restart();
    descent.reset();
    CHECK(descent.solve(q, s, {1e-11, true, 100000}, control).converged);
    for (int64_t j = 0; j < p.m; ++j) CHECK_NEAR(p.b[j], cold.b[j], 1e-9);
  }
}

TEST(strengths_may_jump_and_return) {
  // The ridge part of the inverse goes stale in both directions, to and from zero.
  Random random(26);
  Problem p = random_problem(random, 80, 20, plain);
  Descent descent;
  const double scale = std::sqrt(p.yy);
  for (const Strength s : {Strength{0.2, 0.0}, Strength{0.05, 5.0}, Strength{0.05, 0.001}, Strength{0.01, 0.0},
                           Strength{0.0, 2.0}, Strength{0.0, 1.7}, Strength{0.3, 0.0}, Strength{0.0, 0.0},
                           Strength{100.0, 0.0}, Strength{0.01, 0.01}}) {
    Quadratic q = p.quadratic();
    const Strength scaled{s.a1 * scale, s.a2};
    Control control;
    CHECK(descent.solve(q, scaled, {1e-11, true, 100000}, control).converged);
    check_conditions(p, scaled, 1e-11);
  }
}

TEST(nothing_to_solve) {
  Problem p;
  p.restart();
  Quadratic q = p.quadratic();
  Descent descent;
  Control control;
  CHECK(descent.solve(q, {1, 1}, {1e-9, true, 100}, control).converged);
  Problem zero;  // a target of zeros: null_loss would be zero, and callers put 1 there
  zero.m = 2;
  zero.gram = {1, 0.5, 0.5, 1};
  zero.c = {0, 0};
  zero.factor = {1, 0};
  zero.restart();
  q = zero.quadratic();
  CHECK(descent.solve(q, {0.1, 0}, {1e-9, true, 100}, control).converged);
  CHECK_EQUAL(zero.b[0], 0.0);
  CHECK_EQUAL(zero.b[1], 0.0);
}
