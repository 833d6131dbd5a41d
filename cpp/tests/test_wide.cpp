// Wide paths: the same problems as from moments, found through screening; checked against those and against the rows.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "check.hpp"
#include "helpers.hpp"
#include "paths.hpp"

using namespace bridle;
using namespace bridle::tests;

namespace {


template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// The coefficients of the first problem at one cell, spread out.
std::vector<double> beta_at(const WideResults& run, int64_t cell, int64_t p) {
  std::vector<double> beta(p, 0.0);
  const SparseCoefficients& first = run.kept[0];
  for (int64_t at = first.starts[cell]; at < first.starts[cell + 1]; ++at) beta[first.columns[at]] = first.values[at];
  return beta;
}

void check_equal(const WideResults& wide, const GramRun& gram, int64_t p, int64_t cells_of_first) {
  CHECK_EQUAL(static_cast<int64_t>(wide.kept[0].starts.size()), cells_of_first + 1);
  for (int64_t cell = 0; cell < cells_of_first; ++cell) {
    const std::vector<double> beta = beta_at(wide, cell, p);
    for (int64_t j = 0; j < p; ++j) {
      const double other = gram.beta[cell * p + j];
      CHECK_NEAR(beta[j], other, 1e-9);
      CHECK((beta[j] != 0) == (other != 0));
    }
  }
  auto near_all = [](const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
    CHECK_EQUAL(a.size(), b.size());
    for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
      if (std::isnan(b[i]))
        CHECK(std::isnan(a[i]));
      else
        CHECK_NEAR(a[i], b[i], tolerance);
    }
  };
  near_all(wide.train_error, gram.train_error, 1e-9);
  near_all(wide.test_error, gram.test_error, 1e-9);
  near_all(wide.y_mean, gram.y_mean, 1e-12);
  near_all(wide.y_scale, gram.y_scale, 1e-12);
  near_all(wide.x_mean, std::vector<double>(gram.x_mean.begin(), gram.x_mean.begin() + p), 1e-12);
  near_all(wide.x_scale, std::vector<double>(gram.x_scale.begin(), gram.x_scale.begin() + p), 1e-11);
  CHECK(wide.nonzero == gram.nonzero);
  for (double gap : wide.gap) CHECK_AT_MOST(gap, 1e-9);
}

// No column left outside may violate its condition, by the rows.
void check_conditions(const Table& table, bool weighted, const Problems& problems, const Plan& plan,
                      const WideResults& run) {
  const Standardized rows(table, weighted, problems.train.data(), plan);
  for (int64_t ratio = 0, cell = 0; ratio < static_cast<int64_t>(plan.l1_ratios.size()); ++ratio)
    for (int64_t k = 0; k < plan.n_alphas(); ++k, ++cell) {
      const std::vector<double> beta = beta_at(run, cell, table.p);
      const std::vector<double> g = rows.gradient(table, beta.data(), nullptr);
      const double a1 = plan.alpha(ratio, k) * plan.l1_ratios[ratio], a2 = plan.alpha(ratio, k) - a1;
      for (int64_t j = 0; j < table.p; ++j) {
        if (!(plan.factor[j] < infinity)) continue;
        const double wall = a1 * plan.factor[j], pull = g[j] - a2 * plan.factor[j] * beta[j];
        if (beta[j] == 0)
          CHECK_AT_MOST(std::abs(pull), wall + 1e-9);
        else
          CHECK_NEAR(pull, std::copysign(wall, beta[j]), 1e-9);
      }
    }
}

// More columns than rows; every third column mostly zeros.
Table wide_table(Random& random, int64_t n, int64_t p, const std::vector<int64_t>& sizes) {
  Table table = random_table(random, n, p, sizes);
  for (int64_t j = 0; j < p; j += 3)
    for (int64_t i = 0; i < n; ++i)
      if (random.chance(0.8)) table.at(i, j) = 0;
  return table;
}

}  // namespace

TEST(wide_paths_equal_gram_paths) {
  Random random(51);
  // 37 columns: the last tile is padded; 57 of 60 rows: neither quads nor atoms come out even. The paths end before
  // they keep as many columns as there are rows: there the two ways of adding would part.
  const Table table = wide_table(random, 60, 37, {20, 0, 18, 19});
  const Problems problems(4, 4);
  for (bool weighted : {false, true})
    for (bool intercept : {true, false})
      for (bool standardize : {true, false}) {
        Plan plan(table, {1.0, 0.5}, 8, 0.1);
        plan.fit_intercept = intercept;
        plan.standardize = standardize;
        const WideResults wide = run_wide(table, table.columns(), weighted, problems, plan);
        check_equal(wide, run_gram(table, table.columns(), weighted, problems, plan, 1), 37, 16);
        check_conditions(table, weighted, problems, plan, wide);
      }
}

TEST(wide_paths_with_factors_and_bounds) {
  Random random(52);
  const Table table = wide_table(random, 60, 50, {20, 20, 20});
  const Problems problems(3, 3);
  Plan plan(table, {1.0, 0.7}, 8, 0.05);
  for (int64_t j = 0; j < 50; ++j) plan.factor[j] = j % 20 == 4 ? 0.0 : j % 7 == 5 ? infinity : 0.5 + random.uniform();
  const WideResults wide = run_wide(table, table.columns(), true, problems, plan);
  check_equal(wide, run_gram(table, table.columns(), true, problems, plan, 1), 50, 16);
  check_conditions(table, true, problems, plan, wide);
  for (int64_t j = 0; j < 50; ++j) {
    plan.lower.push_back(j % 3 == 0 ? 0.0 : j % 3 == 1 ? -0.05 : -infinity);
    plan.upper.push_back(j % 4 == 0 ? 0.1 : infinity);
  }
  check_equal(run_wide(table, table.columns(), true, problems, plan),
              run_gram(table, table.columns(), true, problems, plan, 1), 50, 16);
}

TEST(wide_ridge_equals_gram_ridge) {
  Random random(53);
  const Table table = wide_table(random, 40, 25, {20, 20});
  const Problems problems(2, 2);
  const Plan plan(table, {0.0}, 5, 0.01);
  const WideResults wide = run_wide(table, table.columns(), true, problems, plan);
  check_equal(wide, run_gram(table, table.columns(), true, problems, plan, 1), 25, 5);
}

TEST(many_problems_in_step) {
  // 9, 17 and 21 residuals: one more than one and two sweeps of the registers.
  Random random(54);
  for (int64_t atoms : {8, 16, 20}) {
    const Table table = wide_table(random, 4 * atoms, 70, std::vector<int64_t>(atoms, 4));
    const Problems problems(atoms, atoms);
    const Plan plan(table, {1.0}, 6, 0.1);
    const WideResults wide = run_wide(table, table.columns(), false, problems, plan);
    check_equal(wide, run_gram(table, table.columns(), false, problems, plan, 1), 70, 6);
  }
}

TEST(a_large_wide_table_meets_its_conditions) {
  // Most columns stay outside, so that the screening decides about nearly all of them.
  Random random(55);
  Table table = random_table(random, 120, 3000, {60, 60});
  for (int64_t i = 0; i < table.n; ++i) {
    table.y[i] = table.at(i, 7) - table.at(i, 1200) + 0.5 * table.at(i, 2999) + random.normal();
    table.at(i, 8) = table.at(i, 7);  // a copy of what is inside
  }
  table.at(3, 11) = 1e8;  // outliers coarsen the bytes of their column: there the exact product has to decide
  table.at(5, 1200) += 1e4;
  const Problems problems(2, 2);
  const Plan plan(table, {1.0, 0.5}, 10, 0.1);
  const WideResults run = run_wide(table, table.columns(), true, problems, plan);
  check_conditions(table, true, problems, plan, run);
  CHECK(run.passes >= 20);
  CHECK(run.exact_products > 0);
  CHECK_AT_MOST(run.exact_products, run.passes * 3 * 300);  // a tenth of all
}

TEST(sparse_columns_equal_dense_ones) {
  Random random(56);
  const Table table = wide_table(random, 50, 45, {16, 16, 16});
  const Problems problems(3, 3);
  Plan plan(table, {1.0, 0.5}, 8, 0.05);
  plan.factor[3] = infinity;
  plan.factor[6] = 0;
  const WideResults dense = run_wide(table, table.columns(), true, problems, plan);
  // All sparse; and sparse between two dense blocks, so that places and columns are in another order.
  const Compressed all(table, 0, 45, false), middle(table, 10, 20, false);
  Columns sparse, mixed;
  sparse.n = mixed.n = table.n;
  sparse.add(all.block(45, false));
  mixed.add(dense_block(Storage::float64, table.x.data(), 10, 1, table.n));
  mixed.add(middle.block(20, false));
  mixed.add(dense_block(Storage::float64, table.x.data() + 30 * table.n, 15, 1, table.n));
  for (const Columns* columns : {&sparse, &mixed}) {
    const WideResults other = run_wide(table, *columns, true, problems, plan);
    check_conditions(table, true, problems, plan, other);
    CHECK(other.nonzero == dense.nonzero);
    for (int64_t cell = 0; cell < 16; ++cell) {
      const std::vector<double> a = beta_at(dense, cell, 45), b = beta_at(other, cell, 45);
      for (int64_t j = 0; j < 45; ++j) CHECK_NEAR(a[j], b[j], 1e-9);
    }
    for (size_t i = 0; i < dense.test_error.size(); ++i)
      if (!std::isnan(dense.test_error[i])) CHECK_NEAR(other.test_error[i], dense.test_error[i], 1e-9);
    for (int64_t j = 0; j < 45; ++j) CHECK_NEAR(other.x_scale[j], dense.x_scale[j], 1e-12);
  }
}

TEST(wide_paths_of_every_dense_storage) {
  Random random(57);
  Table table = random_table(random, 40, 12, {20, 18});
  std::vector<float> floats(40 * 4);
  std::vector<uint8_t> flags(40 * 3);
  std::vector<int32_t> levels(40);
  for (int64_t i = 0; i < 40; ++i) {
    for (int64_t j = 0; j < 4; ++j) table.at(i, 2 + j) = floats[i * 4 + j] = static_cast<float>(random.normal());
    for (int64_t j = 0; j < 3; ++j) table.at(i, 6 + j) = flags[j * 40 + i] = random.chance(0.5);
    levels[i] = static_cast<int32_t>(random.below(4)) - 1;
    for (int64_t j = 0; j < 3; ++j) table.at(i, 9 + j) = levels[i] == j ? 1.0 : 0.0;
  }
  Columns columns;
  columns.n = 40;
  columns.add(dense_block(Storage::float64, table.x.data(), 2, 1, 40));
  columns.add(dense_block(Storage::float32, floats.data(), 4, 4, 1));
  columns.add(dense_block(Storage::mask, flags.data(), 3, 1, 40));
  Block one_hot;
  one_hot.storage = Storage::one_hot;
  one_hot.width = 3;
  one_hot.indices = levels.data();
  columns.add(one_hot);
  const Problems problems(2, 2);
  const Plan plan(table, {1.0}, 8, 0.01);
  check_equal(run_wide(table, columns, true, problems, plan),
              run_gram(table, table.columns(), true, problems, plan, 1), 12, 8);
}

TEST(wide_paths_do_not_depend_on_threads) {
  Random random(58);
  const Table table = wide_table(random, 60, 400, {12, 12, 12, 12, 12});
  const Compressed back(table, 300, 100, false);
  Columns columns;
  columns.n = table.n;
  columns.add(dense_block(Storage::float64, table.x.data(), 300, 1, table.n));
  columns.add(back.block(100, false));
  const Problems problems(5, 5);
  const Plan plan(table, {1.0, 0.5}, 8, 0.05);
  const WideResults one = run_wide(table, columns, true, problems, plan, 1);
  check_conditions(table, true, problems, plan, one);
  for (int threads : {2, 4}) {
    const WideResults many = run_wide(table, columns, true, problems, plan, threads);
    const SparseCoefficients &a = one.kept[0], &b = many.kept[0];
    CHECK(same_bits(a.values, b.values) && same_bits(a.columns, b.columns) && same_bits(one.gap, many.gap));
    CHECK(same_bits(a.starts, b.starts) && same_bits(one.nonzero, many.nonzero));
    CHECK(same_bits(one.test_error, many.test_error) && same_bits(one.train_error, many.train_error));
    CHECK_EQUAL(one.passes, many.passes);
    CHECK_EQUAL(one.exact_products, many.exact_products);
  }
}

TEST(wide_max_nonzero_ends_with_the_first_problem) {
  Random random(59);
  const Table table = wide_table(random, 60, 40, {30, 30});
  const Problems problems(2, 2);
  Plan plan(table, {1.0}, 12, 0.01);
  const WideResults whole = run_wide(table, table.columns(), true, problems, plan);
  plan.max_nonzero = 5;
  const WideResults cut = run_wide(table, table.columns(), true, problems, plan);
  bool ended = false;
  for (int64_t k = 0; k < 12; ++k) {
    CHECK_EQUAL(cut.nonzero[k], ended ? int64_t{-1} : whole.nonzero[k]);
    CHECK_EQUAL(std::isnan(cut.gap[k]), ended);
    CHECK_EQUAL(std::isnan(cut.test_error[(12 + k) * 2]), ended);
    if (ended) CHECK_EQUAL(cut.kept[0].starts[k + 1], cut.kept[0].starts[k]);
    ended = ended || whole.nonzero[k] > 5;
  }
  CHECK(ended);
}

TEST(wide_null_gradients_and_degenerate_columns) {
  Random random(60);
  Table table = wide_table(random, 50, 20, {25, 0, 20});
  for (int64_t i = 0; i < table.n; ++i) {
    table.at(i, 4) = 1e7;                     // constant
    table.at(i, 5) = 1e7 + 1e-3 * random.normal();  // far from zero
    table.at(i, 6) = 0;
  }
  Control control;
  const Columns columns = table.columns();
  const WideData data(columns, table.y.data(), table.w.data(), table.rows.data(), table.start.data(), 3, 2, control);
  CHECK_EQUAL(data.places(), int64_t{32});  // padded to whole tiles
  for (bool intercept : {true, false}) {
    Plan plan(table, {1.0}, 4, 0.1);
    plan.fit_intercept = intercept;
    const Problems problems(3, 3);
    for (int64_t i = 0; i < 4; ++i) {
      const uint8_t* train = problems.train.data() + i * 3;
      std::vector<double> c(32, -7), mean(32, -7), scale(32, -7);
      double y_mean = 0, y_scale = 0;
      null_gradient(data, train, intercept, true, c.data(), mean.data(), scale.data(), &y_mean, &y_scale);
      const Standardized rows(table, true, train, plan);
      const std::vector<double> g = rows.gradient(table, std::vector<double>(20, 0.0).data(), nullptr);
      CHECK_NEAR(y_mean, rows.y_mean, 1e-13);
      CHECK_NEAR(y_scale, rows.y_scale, 1e-13);
      for (int64_t place = 0; place < 32; ++place) {
        const int64_t j = data.id[place];
        CHECK_NEAR(mean[place], j < 0 ? 0 : rows.mean[j], 1e-12);
        // 1e7 beside 1e-3: means are known to 1e-9, a millionth of the spread.
        CHECK_NEAR(scale[place], j < 0 ? 0 : rows.scale[j], j == 5 ? 1e-9 : 1e-12);
        if (j == 5 && !intercept) continue;  // a gradient of 1e10 times what the others have
        CHECK_NEAR(c[place], j < 0 ? 0 : g[j], j == 5 ? 1e-5 : 1e-12);
      }
    }
  }
}

TEST(more_rows_than_32_bits_can_add) {
  Random random(61);
  const int64_t n = 65536 + 7;
  const Table table = random_table(random, n, 18, {30000, 20000, 15000});
  const Problems problems(3, 3);
  const Plan plan(table, {1.0}, 5, 0.05);
  check_equal(run_wide(table, table.columns(), true, problems, plan),
              run_gram(table, table.columns(), true, problems, plan, 1), 18, 5);
}

TEST(wide_paths_of_degenerate_tables) {
  Random random(62);
  // A constant target, no columns, all columns left out, one column, one row.
  Table table = random_table(random, 30, 20, {15, 15});
  std::fill(table.y.begin(), table.y.end(), 4.0);
  const Problems problems(2, 2);
  WideResults run = run_wide(table, table.columns(), false, problems, Plan(table, {1.0}, 4, 0.1));
  CHECK(run.kept[0].values.empty());
  for (double error : run.train_error) CHECK_EQUAL(error, 0.0);

  const Table empty = random_table(random, 30, 0, {15, 15});
  run = run_wide(empty, empty.columns(), true, problems, Plan(empty, {1.0}, 4, 0.1));
  for (int64_t nonzero : run.nonzero) CHECK_EQUAL(nonzero, int64_t{0});

  const Table some = random_table(random, 30, 5, {15, 15});
  Plan plan(some, {1.0, 0.0}, 4, 0.1);
  plan.factor.assign(5, infinity);
  run = run_wide(some, some.columns(), true, problems, plan);
  for (int64_t nonzero : run.nonzero) CHECK_EQUAL(nonzero, int64_t{0});

  const Table column = random_table(random, 30, 1, {15, 15});
  const Plan of_one(column, {1.0, 0.0}, 4, 0.01);
  check_equal(run_wide(column, column.columns(), true, problems, of_one),
              run_gram(column, column.columns(), true, problems, of_one, 1), 1, 8);

  Table single = random_table(random, 1, 3, {1});
  single.w[0] = 1;
  run = run_wide(single, single.columns(), true, Problems(1, 0), Plan(single, {1.0}, 4, 0.1));
  CHECK(run.kept[0].values.empty());
}

TEST(a_cancelled_control_stops_wide_tables) {
  Random random(63);
  const Table table = random_table(random, 30, 20, {15, 15});
  const Columns columns = table.columns();
  const Problems problems(2, 2);
  const Plan plan(table, {1.0}, 4, 0.1);
  for (int threads : {1, 2}) {
    Control cancelled, good;
    cancelled.cancel();
    auto stops = [](const auto& work) {
      try {
        work();
      } catch (const Cancelled&) {
        return true;
      }
      return false;
    };
    auto read = [&](Control& control) {
      return WideData(columns, table.y.data(), nullptr, table.rows.data(), table.start.data(), 2, threads, control);
    };
    CHECK(stops([&] { read(cancelled); }));
    const WideData data = read(good);
    CHECK(stops([&] { solve_wide_paths(data, problems.membership(1), plan.view(), nullptr, threads, cancelled); }));
    CHECK(!stops([&] { solve_wide_paths(data, problems.membership(1), plan.view(), nullptr, threads, good); }));
  }
}
