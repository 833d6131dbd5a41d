// Wide paths of generalized linear models: the conditions of optimality by the rows, in extended precision.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "check.hpp"
#include "helpers.hpp"
#include "paths.hpp"

using namespace bridle;
using namespace bridle::tests;

namespace {

constexpr double settled = 1e-9;

long double slope_of(FamilyKernel kernel, long double y, long double eta) {
  if (kernel.family == Family::logit) return 1 / (1 + std::exp(-eta)) - y;
  if (kernel.family == Family::poisson) return std::exp(eta) - y;
  const long double off = eta - y;  // Huber
  return std::abs(off) <= kernel.parameter ? off : std::copysign(static_cast<long double>(kernel.parameter), off);
}

// Rows, an offset, and for every problem its null model and the gradient there.
struct Case {
  Table table;
  FamilyKernel kernel;
  std::vector<double> offset, intercept, b, gradient, null_loss;

  Case(Random& random, int64_t n, int64_t p, double share, FamilyKernel chosen, const Problems& problems)
      : table(random_table(random, n, p, {n / 3, n / 4, n / 4})), kernel(chosen) {
    for (double& x : table.x)
      if (!random.chance(share)) x = 0;
    for (int64_t i = 0; i < n; ++i) {
      offset.push_back(0.3 * random.normal());
      const double at = table.at(i, 0) * 0.5 - table.at(i, 1) * 0.5 + offset[i], mean = std::exp(std::min(at, 3.0));
      if (kernel.family == Family::logit)
        table.y[i] = random.chance(mean / (1 + mean));
      else if (kernel.family == Family::poisson)
        table.y[i] = std::floor(mean + random.uniform());
      else
        table.y[i] = at + random.normal() * (random.chance(0.1) ? 10 : 1);
    }
    for (int64_t k = 0; k < problems.n_problems; ++k) null_model(problems.train.data() + k * table.n_atoms());
  }

  template <class Each>
  long double each_row(const uint8_t* train, Each each) const {
    long double total = 0;
    for (int64_t a = 0; a < table.n_atoms(); ++a)
      for (int64_t i = table.start[a]; train[a] && i < table.start[a + 1]; ++i) {
        total += table.w[table.rows[i]];
        each(table.rows[i], static_cast<long double>(table.w[table.rows[i]]));
      }
    return total;
  }

  void null_model(const uint8_t* train) {
    long double low = -30, high = 30;
    for (int step = 0; step < 200; ++step) {
      const long double middle = (low + high) / 2;
      long double sum = 0;
      each_row(train, [&](int64_t i, long double w) { sum += w * slope_of(kernel, table.y[i], middle + offset[i]); });
      (sum > 0 ? high : low) = middle;
    }
    intercept.push_back(static_cast<double>(low));
    null_loss.push_back(1.0);
    for (int64_t j = 0; j < table.p; ++j) {
      long double sum = 0;
      const long double total = each_row(train, [&](int64_t i, long double w) {
        sum += w * slope_of(kernel, table.y[i], low + offset[i]) * table.at(i, j);
      });
      gradient.push_back(static_cast<double>(sum / total));
      b.push_back(0.0);
    }
  }

  WideResults run(const Columns& x, const Problems& problems, const Plan& plan, int64_t n_kept, int threads) const {
    Control control;
    const WideData data(x, table.y.data(), table.w.data(), table.rows.data(), table.start.data(), table.n_atoms(), threads,
                        control);
    FamilyPlan family{kernel,          offset.data(),    intercept.data(), b.data(),
                      gradient.data(), null_loss.data(), 1.0,              settled,  1e-11};
    return solve_wide_paths(data, problems.membership(n_kept), plan.view(), &family, threads, control);
  }
};

// Of the kept problems every column's condition and the intercept's, at every strength.
void check_conditions(const Case& c, const Problems& problems, const Plan& plan, const WideResults& run, int64_t n_kept) {
  const Table& t = c.table;
  const int64_t cells = static_cast<int64_t>(plan.alphas.size());
  bool some = false;
  for (int64_t k = 0; k < n_kept; ++k) {
    const uint8_t* train = problems.train.data() + k * t.n_atoms();
    const Standardized rows(t, true, train, plan);
    for (int64_t cell = 0; cell < cells; ++cell) {
      const SparseCoefficients& kept = run.kept[k];
      std::vector<double> beta(t.p, 0.0);
      for (int64_t at = kept.starts[cell]; at < kept.starts[cell + 1]; ++at) {
        beta[kept.columns[at]] = kept.values[at];
        some = true;
      }
      std::vector<long double> g(t.p, 0.0L);
      long double sum = 0;
      for (size_t i = 0; i < rows.rows.size(); ++i) {
        const int64_t row = rows.rows[i];
        long double eta = run.intercept[k * cells + cell] + c.offset[row];
        for (int64_t j = 0; j < t.p; ++j)
          if (beta[j] != 0) eta += beta[j] / rows.scale[j] * t.at(row, j);
        const long double slope = rows.share[i] * slope_of(c.kernel, t.y[row], eta);
        sum += slope;
        for (int64_t j = 0; j < t.p; ++j)
          if (rows.scale[j] > 0) g[j] -= slope * (t.at(row, j) - rows.mean[j]) / rows.scale[j];
      }
      CHECK_NEAR(sum, 0.0, 2 * settled);
      const int64_t ratio = cell / plan.n_alphas();
      const double a1 = plan.alphas[cell] * plan.l1_ratios[ratio], a2 = plan.alphas[cell] - a1;
      for (int64_t j = 0; j < t.p; ++j) {
        if (!(plan.factor[j] < infinity)) {
          CHECK(beta[j] == 0);
          continue;
        }
        const double wall = a1 * plan.factor[j], pull = static_cast<double>(g[j] - a2 * plan.factor[j] * beta[j]);
        const double top = plan.upper.empty() ? infinity : plan.upper[j] * static_cast<double>(rows.scale[j]);
        const double bottom = plan.lower.empty() ? -infinity : plan.lower[j] * static_cast<double>(rows.scale[j]);
        CHECK(beta[j] <= top * (1 + 1e-12) && beta[j] >= bottom * (1 - 1e-12));
        if (beta[j] == 0)
          CHECK((pull <= wall + 2 * settled || top == 0) && (pull >= -wall - 2 * settled || bottom == 0));
        else if (std::isfinite(top) && near(beta[j], top, 1e-12))
          CHECK(pull >= wall - 2 * settled);
        else if (std::isfinite(bottom) && near(beta[j], bottom, 1e-12))
          CHECK(pull <= -wall + 2 * settled);
        else
          CHECK_NEAR(pull, std::copysign(wall, beta[j]), 2 * settled);
      }
    }
  }
  CHECK(some);
}

}  // namespace

TEST(wide_families_meet_their_conditions) {
  Random random(31);
  const Problems problems(3, 3);
  for (const FamilyKernel kernel :
       {FamilyKernel{Family::logit, 0}, FamilyKernel{Family::poisson, 0}, FamilyKernel{Family::huber, 1.2}}) {
    const Case c(random, 60, 90, 1.0, kernel, problems);
    Plan plan(c.table, {1.0, 0.5}, 6, 0.05);
    plan.factor[3] = infinity;
    plan.factor[4] = 0.5;
    check_conditions(c, problems, plan, c.run(c.table.columns(), problems, plan, 2, 2), 2);
    plan.lower.assign(90, 0.0);
    plan.upper.assign(90, 0.2);
    check_conditions(c, problems, plan, c.run(c.table.columns(), problems, plan, 1, 1), 1);
  }
}

TEST(wide_families_on_sparse_tables) {
  Random random(37);
  const Problems problems(3, 3);
  for (const FamilyKernel kernel : {FamilyKernel{Family::logit, 0}, FamilyKernel{Family::poisson, 0}}) {
    const Case c(random, 1300, 40, 0.05, kernel, problems);
    const Compressed compressed(c.table, 0, 38, false);
    Columns columns;  // the last two stand full beside them
    columns.n = c.table.n;
    columns.add(compressed.block(38, false));
    columns.add(dense_block(Storage::float64, c.table.x.data() + 38 * c.table.n, 2, 1, c.table.n));
    Plan plan(c.table, {1.0, 0.5}, 6, 0.02);
    const WideResults run = c.run(columns, problems, plan, 2, 2);
    check_conditions(c, problems, plan, run, 2);
    const WideResults dense = c.run(c.table.columns(), problems, plan, 2, 2);
    for (size_t i = 0; i < run.test_error.size(); ++i)
      if (!std::isnan(dense.test_error[i])) CHECK_NEAR(run.test_error[i], dense.test_error[i], 1e-3);
    for (size_t i = 0; i < run.degrees.size(); ++i) CHECK_NEAR(run.degrees[i], dense.degrees[i], 1e-4);
  }
}

TEST(wide_families_are_the_same_bits_for_any_number_of_threads) {
  Random random(41);
  const Problems problems(3, 3);
  const Case c(random, 50, 300, 1.0, {Family::logit, 0}, problems);
  const Plan plan(c.table, {1.0, 0.3}, 8, 0.02);
  const WideResults one = c.run(c.table.columns(), problems, plan, 2, 1);
  const WideResults many = c.run(c.table.columns(), problems, plan, 2, 3);
  for (int64_t k = 0; k < 2; ++k) {
    CHECK(one.kept[k].columns == many.kept[k].columns);
    CHECK(one.kept[k].values == many.kept[k].values);
  }
  CHECK(one.gap == many.gap && one.nonzero == many.nonzero && one.intercept == many.intercept);
}
