// Paths from moments, against the rows they stand for.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "check.hpp"
#include "helpers.hpp"
#include "moments.hpp"
#include "paths.hpp"

using namespace bridle;
using namespace bridle::tests;

namespace {


// NaN in the same cells and the same bits elsewhere.
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Scales, conditions of optimality, errors and counts of every problem, all from the rows.
void check_against_rows(const Table& table, bool weighted, const Problems& problems, const Plan& plan,
                        const GramRun& run) {
  const int64_t p = table.p, atoms = table.n_atoms(), paths = static_cast<int64_t>(plan.alphas.size());
  for (int64_t i = 0; i < problems.n_problems; ++i) {
    const Standardized rows(table, weighted, problems.train.data() + i * atoms, plan);
    CHECK_NEAR(run.y_mean[i], rows.y_mean, 1e-12);
    CHECK_NEAR(run.y_scale[i], rows.y_scale, 1e-12);
    for (int64_t j = 0; j < p; ++j) {
      CHECK_NEAR(run.x_mean[i * p + j], rows.mean[j], 1e-12);
      CHECK_NEAR(run.x_scale[i * p + j], rows.scale[j], 1e-11);
    }
    for (int64_t ratio = 0, cell = i * paths; ratio < static_cast<int64_t>(plan.l1_ratios.size()); ++ratio)
      for (int64_t k = 0; k < plan.n_alphas(); ++k, ++cell) {
        const double* beta = run.beta.data() + cell * p;
        CHECK_AT_MOST(run.gap[cell], plan.effort.tolerance);
        CHECK_EQUAL(run.nonzero[cell], p - std::count(beta, beta + p, 0.0));
        double error = 0;
        const std::vector<double> g = rows.gradient(table, beta, &error);
        CHECK_NEAR(run.train_error[cell], error, 1e-10);
        const double alpha = plan.alpha(ratio, k), l1 = plan.l1_ratios[ratio];
        for (int64_t j = 0; j < p; ++j) {
          if (!(rows.scale[j] > 0) || !(plan.factor[j] < infinity)) {
            CHECK_EQUAL(beta[j], 0.0);
            continue;
          }
          const double unit = static_cast<double>(rows.scale[j] / rows.y_scale);  // of a bound
          const double low = plan.lower.empty() ? -infinity : plan.lower[j] * unit;
          const double high = plan.upper.empty() ? infinity : plan.upper[j] * unit;
          CHECK(beta[j] >= low - 1e-12 && beta[j] <= high + 1e-12);
          const double pull = g[j] - alpha * (1 - l1) * plan.factor[j] * beta[j], wall = alpha * l1 * plan.factor[j];
          const double size = static_cast<double>(plan.standardize ? 1 : 10);
          if (beta[j] < high - 1e-12) CHECK_AT_MOST(pull - (beta[j] < 0 ? -wall : wall), 1e-10 * size);
          if (beta[j] > low + 1e-12) CHECK_AT_MOST((beta[j] > 0 ? wall : -wall) - pull, 1e-10 * size);
        }
        for (int64_t a = 0; a < atoms; ++a) {
          const double value = run.test_error[cell * atoms + a];
          const double direct = rows.error_on(table, weighted, beta, a);
          if (problems.test[i * atoms + a] && !std::isnan(direct))
            CHECK_NEAR(value, direct, 1e-10);
          else
            CHECK(std::isnan(value));
        }
      }
  }
}

}  // namespace

TEST(gram_paths_meet_their_conditions_on_the_rows) {
  Random random(31);
  Table table = random_table(random, 150, 12, {30, 30, 0, 1, 40, 45});
  for (int64_t i = 0; i < table.n; ++i) table.at(i, 5) = 2.5;  // constant everywhere
  for (int64_t i = table.start[4]; i < table.start[5]; ++i) table.at(table.rows[i], 9) += 3;
  for (int64_t i = 0; i < table.n; ++i)
    if (std::find(table.rows.begin() + table.start[4], table.rows.begin() + table.start[5], i) ==
        table.rows.begin() + table.start[5])
      table.at(i, 9) = 1.0;  // constant for the problem that leaves atom 4 out
  table.w[table.rows[table.start[3]]] = 0.0;  // an atom of one row without weight
  const Problems problems(6, 6);
  for (bool weighted : {false, true})
    for (bool intercept : {true, false})
      for (bool standardize : {true, false}) {
        Plan plan(table, {1.0, 0.6, 0.0}, 6, 0.01);
        plan.fit_intercept = intercept;
        plan.standardize = standardize;
        const GramRun run = run_gram(table, table.columns(), weighted, problems, plan, problems.n_problems);
        check_against_rows(table, weighted, problems, plan, run);
      }
}

TEST(gram_paths_with_factors_and_bounds) {
  Random random(32);
  const Table table = random_table(random, 120, 10, {40, 40, 40});
  const Problems problems(3, 3);
  Plan plan(table, {1.0, 0.5, 0.0}, 6, 0.01);
  for (int64_t j = 0; j < 10; ++j) plan.factor[j] = j == 2 ? 0.0 : j == 4 ? infinity : 0.5 + random.uniform();
  check_against_rows(table, true, problems, plan, run_gram(table, table.columns(), true, problems, plan, 4));
  for (int64_t j = 0; j < 10; ++j) {
    plan.lower.push_back(j % 3 == 0 ? 0.0 : j % 3 == 1 ? -0.05 : -infinity);
    plan.upper.push_back(j % 4 == 0 ? 0.1 : infinity);
  }
  check_against_rows(table, true, problems, plan, run_gram(table, table.columns(), true, problems, plan, 4));
}

TEST(ridge_paths_equal_direct_solutions) {
  // With more than three alphas one eigendecomposition serves all, with fewer the descent does: both are checked.
  Random random(33);
  const Table table = random_table(random, 60, 9, {20, 20, 20});
  const Problems problems(3, 3);
  for (int64_t n_alphas : {3, 8})
    for (bool factors : {false, true}) {
      Plan plan(table, {0.0}, n_alphas, 1e-4);
      if (factors)
        for (int64_t j = 0; j < 9; ++j) plan.factor[j] = j == 3 ? infinity : 0.2 + random.uniform();
      const GramRun run = run_gram(table, table.columns(), true, problems, plan, problems.n_problems);
      for (int64_t i = 0; i < problems.n_problems; ++i) {
        const Standardized rows(table, true, problems.train.data() + i * 3, plan);
        std::vector<int64_t> used;
        for (int64_t j = 0; j < 9; ++j)
          if (plan.factor[j] < infinity) used.push_back(j);
        const int64_t m = static_cast<int64_t>(used.size());
        for (int64_t k = 0; k < n_alphas; ++k) {
          std::vector<long double> a(m * m, 0), right(m, 0), b;
          auto standard = [&](size_t row, int64_t j) {
            return (table.at(rows.rows[row], j) - rows.mean[j]) / rows.scale[j];
          };
          for (size_t row = 0; row < rows.rows.size(); ++row)
            for (int64_t u = 0; u < m; ++u) {
              const long double x = rows.share[row] * standard(row, used[u]);
              right[u] += x * (table.y[rows.rows[row]] - rows.y_mean) / rows.y_scale;
              for (int64_t v = 0; v < m; ++v) a[u * m + v] += x * standard(row, used[v]);
            }
          for (int64_t u = 0; u < m; ++u) a[u * m + u] += plan.alphas[k] * plan.factor[used[u]];
          CHECK(solve_equations(a, right, b));
          for (int64_t u = 0; u < m; ++u)
            CHECK_NEAR(run.beta[(i * n_alphas + k) * 9 + used[u]], b[u], 1e-11);
        }
      }
    }
}

TEST(scales_without_an_intercept_do_not_cancel) {
  // Columns whose mean dwarfs their spread: the scale is the spread, intercept or not.
  Random random(34);
  Table table = random_table(random, 400, 3, {200, 200});
  for (int64_t i = 0; i < table.n; ++i) {
    table.at(i, 0) = 1e5 + random.normal();
    table.at(i, 1) = -1e8 + random.normal();
  }
  const Problems problems(2, 2);
  Plan plan(table, {1.0}, 3, 0.1);
  plan.fit_intercept = false;
  const GramRun run = run_gram(table, table.columns(), false, problems, plan, 1);
  for (int64_t i = 0; i < problems.n_problems; ++i) {
    const Standardized rows(table, false, problems.train.data() + i * 2, plan);
    CHECK_NEAR(run.x_scale[i * 3], rows.scale[0], 1e-9);
    CHECK_NEAR(run.x_scale[i * 3 + 1], rows.scale[1], 1e-6);
    CHECK_NEAR(run.x_scale[i * 3 + 2], rows.scale[2], 1e-12);
  }
}

TEST(max_nonzero_ends_each_path) {
  Random random(35);
  const Table table = random_table(random, 100, 16, {50, 50});
  const Problems problems(2, 2);
  Plan plan(table, {1.0, 0.5}, 12, 0.001);
  const GramRun whole = run_gram(table, table.columns(), true, problems, plan, 3);
  plan.max_nonzero = 4;
  const GramRun cut = run_gram(table, table.columns(), true, problems, plan, 3);
  for (int64_t path = 0; path < 3 * 2; ++path) {
    bool ended = false;
    for (int64_t k = 0; k < 12; ++k) {
      const int64_t cell = path * 12 + k;
      if (ended) {
        CHECK_EQUAL(cut.nonzero[cell], int64_t{-1});
        CHECK(std::isnan(cut.gap[cell]) && std::isnan(cut.train_error[cell]));
        for (int64_t a = 0; a < 2; ++a) CHECK(std::isnan(cut.test_error[cell * 2 + a]));
        for (int64_t j = 0; j < 16; ++j) CHECK(std::isnan(cut.beta[cell * 16 + j]));
      } else {
        CHECK_EQUAL(cut.nonzero[cell], whole.nonzero[cell]);
        CHECK(std::equal(cut.beta.begin() + cell * 16, cut.beta.begin() + (cell + 1) * 16,
                         whole.beta.begin() + cell * 16));
      }
      ended = ended || whole.nonzero[cell] > 4;
    }
    CHECK(ended);
  }
}

TEST(gram_paths_do_not_depend_on_threads) {
  Random random(36);
  const Table table = random_table(random, 150, 14, {30, 30, 30, 30, 30});
  const Problems problems(5, 5);
  const Plan plan(table, {1.0, 0.5, 0.0}, 8, 0.01);
  const GramRun one = run_gram(table, table.columns(), true, problems, plan, 6, 1);
  for (int threads : {2, 4}) {
    const GramRun many = run_gram(table, table.columns(), true, problems, plan, 6, threads);
    CHECK(same_bits(one.beta, many.beta) && same_bits(one.gap, many.gap) && same_bits(one.nonzero, many.nonzero));
    CHECK(same_bits(one.test_error, many.test_error) && same_bits(one.train_error, many.train_error));
    CHECK(same_bits(one.x_scale, many.x_scale) && same_bits(one.sweeps, many.sweeps));
  }
}

TEST(gram_paths_of_degenerate_tables) {
  Random random(37);
  // A constant target, no columns at all, all columns left out, one row in all.
  Table table = random_table(random, 30, 3, {15, 15});
  std::fill(table.y.begin(), table.y.end(), 4.0);
  const Problems problems(2, 2);
  GramRun run = run_gram(table, table.columns(), false, problems, Plan(table, {1.0}, 4, 0.1), 3);
  for (double value : run.beta) CHECK_EQUAL(value, 0.0);
  for (double value : run.train_error) CHECK_EQUAL(value, 0.0);

  Table empty = random_table(random, 30, 0, {15, 15});
  run = run_gram(empty, empty.columns(), true, problems, Plan(empty, {1.0, 0.0}, 5, 0.1), 3);
  for (int64_t nonzero : run.nonzero) CHECK_EQUAL(nonzero, int64_t{0});

  Table out = random_table(random, 30, 4, {15, 15});
  Plan plan(out, {1.0, 0.0}, 5, 0.1);
  plan.factor.assign(4, infinity);
  run = run_gram(out, out.columns(), true, problems, plan, 3);
  check_against_rows(out, true, problems, plan, run);

  Table single = random_table(random, 1, 3, {1});
  single.w[0] = 1;
  const Problems one(1, 0);
  run = run_gram(single, single.columns(), true, one, Plan(single, {1.0, 0.0}, 4, 0.1), 1);
  for (double value : run.beta) CHECK_EQUAL(value, 0.0);
  CHECK_EQUAL(run.y_mean[0], single.y[0]);
}

TEST(a_cancelled_control_stops_moments_and_paths) {
  Random random(38);
  const Table table = random_table(random, 40, 4, {20, 20});
  const Problems problems(2, 2);
  const Plan plan(table, {1.0, 0.0}, 5, 0.1);
  GramRun run = run_gram(table, table.columns(), true, problems, plan, 3);
  const Columns columns = table.columns();
  for (int threads : {1, 2}) {
    Control control;
    control.cancel();
    int stopped = 0;
    try {
      accumulate_moments(columns, table.y.data(), nullptr, table.rows.data(), table.start.data(), 2,
                         {run.weight.data(), run.mean.data(), run.scatter.data()}, threads, control);
    } catch (const Cancelled&) {
      ++stopped;
    }
    try {
      solve_gram_paths({2, 5, run.weight.data(), run.mean.data(), run.scatter.data()}, problems.membership(3),
                       plan.view(),
                       {run.beta.data(), run.gap.data(), run.train_error.data(), run.nonzero.data(), run.sweeps.data(),
                        run.test_error.data(), run.x_mean.data(), run.x_scale.data(), run.y_mean.data(),
                        run.y_scale.data()},
                       threads, control);
    } catch (const Cancelled&) {
      ++stopped;
    }
    CHECK_EQUAL(stopped, 2);
  }
}
