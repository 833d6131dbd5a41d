#include "paths.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "moments.hpp"

namespace bridle::tests {

Problems::Problems(int64_t n_atoms, int64_t folds)
    : n_problems(folds + 1), train(n_problems * n_atoms, 1), test(n_problems * n_atoms, 0) {
  for (int64_t k = 1; k < n_problems; ++k) {
    train[k * n_atoms + k - 1] = 0;
    test[k * n_atoms + k - 1] = 1;
  }
}

Plan::Plan(const Table& table, std::vector<double> ratios, int64_t n_alphas, double least)
    : l1_ratios(std::move(ratios)), factor(table.p, 1.0) {
  // A target of one standard deviation and as much correlation as is possible: alpha 1 keeps nothing.
  for (double ratio : l1_ratios)
    for (int64_t k = 0; k < n_alphas; ++k)
      alphas.push_back(std::pow(least, k / std::max(n_alphas - 1.0, 1.0)) / std::max(ratio, 0.05));
}

PathPlan Plan::view() const {
  PathPlan plan;
  plan.n_ratios = static_cast<int64_t>(l1_ratios.size());
  plan.n_alphas = n_alphas();
  plan.l1_ratio = l1_ratios.data();
  plan.alpha = alphas.data();
  plan.factor = factor.data();
  plan.lower = lower.empty() ? nullptr : lower.data();
  plan.upper = upper.empty() ? nullptr : upper.data();
  plan.fit_intercept = fit_intercept;
  plan.standardize = standardize;
  plan.max_nonzero = max_nonzero;
  plan.effort = effort;
  return plan;
}

GramRun run_gram(const Table& table, const Columns& x, bool weighted, const Problems& problems, const Plan& plan,
                 int64_t n_kept, int threads) {
  const int64_t atoms = table.n_atoms(), q = x.p + 1;
  GramRun run;
  run.weight.resize(atoms);
  run.mean.resize(atoms * q);
  run.scatter.resize(atoms * packed_size(q));
  Control control;
  accumulate_moments(x, table.y.data(), weighted ? table.w.data() : nullptr, table.rows.data(), table.start.data(),
                     atoms, {run.weight.data(), run.mean.data(), run.scatter.data()}, threads, control);
  const PathPlan view = plan.view();
  const int64_t paths = view.n_ratios * view.n_alphas, cells = problems.n_problems * paths;
  // -7: every cell has to be written.
  run.beta.assign(n_kept * paths * x.p, -7.0);
  run.gap.assign(cells, -7.0);
  run.train_error.assign(cells, -7.0);
  run.test_error.assign(cells * atoms, -7.0);
  run.nonzero.assign(cells, -7);
  run.sweeps.assign(cells, -7);
  run.x_mean.assign(problems.n_problems * x.p, -7.0);
  run.x_scale.assign(problems.n_problems * x.p, -7.0);
  run.y_mean.assign(problems.n_problems, -7.0);
  run.y_scale.assign(problems.n_problems, -7.0);
  solve_gram_paths({atoms, q, run.weight.data(), run.mean.data(), run.scatter.data()}, problems.membership(n_kept),
                   view,
                   {run.beta.data(), run.gap.data(), run.train_error.data(), run.nonzero.data(), run.sweeps.data(),
                    run.test_error.data(), run.x_mean.data(), run.x_scale.data(), run.y_mean.data(),
                    run.y_scale.data()},
                   threads, control);
  return run;
}

WideResults run_wide(const Table& table, const Columns& x, bool weighted, const Problems& problems, const Plan& plan,
                     int threads) {
  Control control;
  const WideData data(x, table.y.data(), weighted ? table.w.data() : nullptr, table.rows.data(), table.start.data(),
                      table.n_atoms(), threads, control);
  return solve_wide_paths(data, problems.membership(1), plan.view(), nullptr, threads, control);
}

Standardized::Standardized(const Table& table, bool weighted, const uint8_t* train, const Plan& plan)
    : mean(table.p, 0), scale(table.p, 0) {
  long double total = 0;
  for (int64_t a = 0; a < table.n_atoms(); ++a)
    for (int64_t i = table.start[a]; i < table.start[a + 1] && train[a]; ++i) {
      rows.push_back(table.rows[i]);
      share.push_back(weighted ? table.w[table.rows[i]] : 1.0);
      total += share.back();
    }
  for (long double& w : share) w /= total;
  auto spread = [&](auto value, long double& centre, long double& about_zero) {
    centre = about_zero = 0;
    long double variance = 0;
    for (size_t i = 0; i < rows.size(); ++i) centre += share[i] * value(rows[i]);
    for (size_t i = 0; i < rows.size(); ++i) {
      const long double off = value(rows[i]) - centre;
      variance += share[i] * off * off;
      about_zero += share[i] * value(rows[i]) * value(rows[i]);
    }
    return std::sqrt(variance);
  };
  long double square = 0;
  for (int64_t j = 0; j < table.p; ++j) {
    scale[j] = spread([&](int64_t i) { return static_cast<long double>(table.at(i, j)); }, mean[j], square);
    if (scale[j] <= 1e-13L * std::abs(mean[j])) scale[j] = plan.fit_intercept ? 0 : std::sqrt(square);
    if (scale[j] > 0 && !plan.standardize) scale[j] = 1;
    if (!plan.fit_intercept) mean[j] = 0;
  }
  y_scale = spread([&](int64_t i) { return static_cast<long double>(table.y[i]); }, y_mean, square);
  if (!plan.fit_intercept) y_mean = 0, y_scale = std::sqrt(square);
  if (!plan.standardize || !(y_scale > 0)) y_scale = 1;
}

std::vector<double> Standardized::gradient(const Table& table, const double* beta, double* error) const {
  std::vector<long double> residual;
  long double squares = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    long double r = (table.y[rows[i]] - y_mean) / y_scale;
    for (int64_t j = 0; j < table.p; ++j)
      if (beta[j] != 0) r -= beta[j] * (table.at(rows[i], j) - mean[j]) / scale[j];
    residual.push_back(r);
    squares += share[i] * r * r;
  }
  if (error) *error = static_cast<double>(squares * y_scale * y_scale);
  std::vector<double> g(table.p, 0.0);
  for (int64_t j = 0; j < table.p; ++j) {
    if (!(scale[j] > 0)) continue;
    long double sum = 0;
    for (size_t i = 0; i < rows.size(); ++i)
      sum += share[i] * residual[i] * (table.at(rows[i], j) - mean[j]) / scale[j];
    g[j] = static_cast<double>(sum);
  }
  return g;
}

double Standardized::error_on(const Table& table, bool weighted, const double* beta, int64_t atom) const {
  long double total = 0, squares = 0;
  for (int64_t at = table.start[atom]; at < table.start[atom + 1]; ++at) {
    const int64_t i = table.rows[at];
    const long double w = weighted ? table.w[i] : 1.0;
    long double off = table.y[i] - y_mean;
    for (int64_t j = 0; j < table.p; ++j)
      if (beta[j] != 0) off -= y_scale * beta[j] * (table.at(i, j) - mean[j]) / scale[j];
    total += w;
    squares += w * off * off;
  }
  return total > 0 ? static_cast<double>(squares / total) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace bridle::tests
