#include "entry_cluster.hpp"

#include <algorithm>

#include "kernels.hpp"

namespace bridle {

namespace {
constexpr int64_t few_entries = 64;
constexpr size_t most_seeds = 40;      // columns that gain most, from which neighbours are looked for
constexpr double much_less = 1e-3;     // than the largest gain: not worth a neighbourhood
constexpr double share_of_gain = 0.5;  // that the seeds must have
constexpr int64_t most_sweeps = 20;    // where the active-set method gives up

bool light(const EntryColumns& x, int64_t j) { return !x.is_full(j) && x.entries(j) <= few_entries; }
}  // namespace

void EntryCluster::by_row(const EntryColumns& x, const std::vector<int64_t>& columns) {
  row_start_.assign(x.n() + 1, 0);
  for (int64_t j : columns)
    for (int64_t k = 0; light(x, j) && k < x.entries(j); ++k) ++row_start_[x.rows(j)[k] + 1];
  for (int64_t i = 0; i < x.n(); ++i) row_start_[i + 1] += row_start_[i];
  of_row_.resize(row_start_.back());
  next_.assign(row_start_.begin(), row_start_.end() - 1);
  for (int64_t j : columns)
    for (int64_t k = 0; light(x, j) && k < x.entries(j); ++k) of_row_[next_[x.rows(j)[k]]++] = j;
}

// The columns that gain most, then the nearest neighbours of all of them in turn.
bool EntryCluster::choose(const Penalized& q, const EntryColumns& x, const std::vector<int64_t>& columns,
                          const std::vector<double>& gains, size_t most_columns) {
  order_.clear();
  double total = 0, held = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    total += gains[i];
    if (light(x, columns[i])) order_.push_back({-gains[i], columns[i]});
  }
  const size_t most = std::min(order_.size(), most_seeds);
  std::partial_sort(order_.begin(), order_.begin() + most, order_.end());
  for (size_t i = 0; i < most; ++i) held -= order_[i].first;
  if (!(held > share_of_gain * total)) return false;
  by_row(x, columns);
  inside_.assign(q.m, 0);
  cluster_.clear();
  auto join = [&](int64_t j) {
    if (inside_[j] || cluster_.size() >= most_columns) return;
    inside_[j] = 1;
    cluster_.push_back(j);
  };
  for (size_t i = 0; i < most && order_[i].first < much_less * order_[0].first; ++i) join(order_[i].second);
  for (size_t at = 0; at < cluster_.size() && cluster_.size() < most_columns; ++at) {
    const int64_t j = cluster_[at];
    for (int64_t k = 0; k < x.entries(j); ++k) {
      const int64_t row = x.rows(j)[k];
      for (int64_t e = row_start_[row]; e < row_start_[row + 1]; ++e) join(of_row_[e]);
    }
  }
  std::sort(cluster_.begin(), cluster_.end());
  return true;
}

double EntryCluster::solve(Penalized& q, const EntryColumns& x, Strength s, const std::vector<int64_t>& columns,
                           const std::vector<double>& gains, size_t most_columns, double square,
                           std::vector<double>& residual, double& shift, Control& control) {
  if (!choose(q, x, columns, gains, most_columns)) return 0;
  const int64_t m = static_cast<int64_t>(cluster_.size());
  for (auto* of_columns : {&diagonal_, &c_, &factor_, &lower_, &upper_, &b_, &g_}) of_columns->resize(m);
  gram_.resize(m * m);
  spread_.assign(x.n(), 0.0);
  for (int64_t a = 0; a < m; ++a) {
    const int64_t j = cluster_[a];
    x.add(j, 1.0, spread_.data());
    for (int64_t e = 0; e <= a; ++e)
      gram_[a * m + e] = gram_[e * m + a] = x.product(cluster_[e], spread_.data(), -x.mean[j]);
    for (int64_t k = 0; k < x.entries(j); ++k) spread_[x.rows(j)[k]] = 0;
    diagonal_[a] = gram_[a * m + a];
    factor_[a] = q.factor[j];
    b_[a] = q.b[j];
    g_[a] = q.g[j];
    if (q.lower) lower_[a] = q.lower[j];
    if (q.upper) upper_[a] = q.upper[j];
  }
  Quadratic small;
  small.m = small.stride = m;
  small.gram = gram_.data();
  small.diagonal = diagonal_.data();
  small.c = c_.data();
  small.yy = square;
  small.null_loss = q.null_loss;
  small.factor = factor_.data();
  small.lower = q.lower ? lower_.data() : nullptr;
  small.upper = q.upper ? upper_.data() : nullptr;
  small.b = b_.data();
  small.g = g_.data();
  for (int64_t a = 0; a < m; ++a) {
    c_[a] = g_[a] + dot(gram_.data() + a * m, b_.data(), m);
    small.yy += b_[a] * (g_[a] + c_[a]);
  }
  descent_.reset();
  descent_.solve(small, s, {0.0, false, most_sweeps}, control);
  for (int64_t a = 0; a < m; ++a) {
    const int64_t j = cluster_[a];
    const double change = b_[a] - q.b[j];
    if (change == 0) continue;
    q.b[j] = b_[a];
    x.add(j, -change, residual.data());
    shift += change * x.mean[j];
  }
  return 0.4 * static_cast<double>(m * m * m);  // measured
}

}  // namespace bridle
