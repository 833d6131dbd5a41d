#include "gram_paths.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "eigen.hpp"
#include "kernels.hpp"
#include "moments.hpp"

namespace bridle {

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
// A column whose standard deviation is below this share of its mean is constant up to rounding.
constexpr double constant_share = 1e-13;

BRIDLE_CLONES void add_scaled(const double* scatter, double scale, double shift, const double* distance, double* row,
                              int64_t n) {
  for (int64_t j = 0; j < n; ++j) row[j] += scale * scatter[j] + shift * distance[j];
}

BRIDLE_CLONES void multiply_row(double* row, const double* scale, double factor, int64_t n) {
  for (int64_t j = 0; j < n; ++j) row[j] *= scale[j] * factor;
}

// The standardized normal equations of one problem.
struct Training {
  std::vector<double> gram, diagonal, c, mean, factor, lower, upper, inverse_scale;
  double yy = 0, y_mean = 0, y_scale = 1, weight = 0;
};

class ProblemSolver {
 public:
  ProblemSolver(const AtomMoments& atoms, const Membership& members, const PathPlan& plan, const PathResults& out)
      : atoms_(atoms), members_(members), plan_(plan), out_(out), q_(atoms.q), p_(atoms.q - 1) {}

  void run(int64_t problem, Control& control) {
    problem_ = problem;
    assemble();
    for (int64_t ratio = 0; ratio < plan_.n_ratios; ++ratio) {
      if (plan_.l1_ratio[ratio] == 0 && plain_ridge())
        ridge(ratio, control);
      else
        descend(ratio, control);
      control.advance(1.0 / static_cast<double>(members_.n_problems * plan_.n_ratios));
    }
  }

 private:
  bool trains(int64_t a) const { return members_.train[problem_ * atoms_.n_atoms + a] && atoms_.weight[a] > 0; }
  bool tests(int64_t a) const { return members_.test[problem_ * atoms_.n_atoms + a] && atoms_.weight[a] > 0; }
  int64_t cell(int64_t ratio, int64_t k) const { return (problem_ * plan_.n_ratios + ratio) * plan_.n_alphas + k; }

  void assemble();
  void descend(int64_t ratio, Control& control);
  void ridge(int64_t ratio, Control& control);
  bool plain_ridge() const;
  void record(int64_t ratio, int64_t k, bool solved, double gap, int64_t sweeps);
  double test_error(int64_t atom) const;
  Quadratic quadratic();

  const AtomMoments& atoms_;
  const Membership& members_;
  const PathPlan& plan_;
  const PathResults& out_;
  const int64_t q_, p_;
  int64_t problem_ = 0;
  Training t_;
  Descent descent_;
  std::vector<double> b_, g_, original_;
  std::vector<int64_t> kept_;
  double intercept_ = 0;
};

void ProblemSolver::assemble() {
  t_.mean.assign(q_, 0.0);
  t_.weight = 0;
  for (int64_t a = 0; a < atoms_.n_atoms; ++a) {  // running means: no sum that could lose the small beside the large
    if (!trains(a)) continue;
    t_.weight += atoms_.weight[a];
    const double share = atoms_.weight[a] / t_.weight;
    for (int64_t j = 0; j < q_; ++j) t_.mean[j] += share * (atoms_.mean[a * q_ + j] - t_.mean[j]);
  }
  // Second moments about the training mean (or about zero), sum over atoms of scatter + weight * distance distance'.
  std::vector<double> full(q_ * q_, 0.0), distance(q_);
  for (int64_t a = 0; a < atoms_.n_atoms; ++a) {
    if (!trains(a)) continue;
    const double share = atoms_.weight[a] / t_.weight;
    for (int64_t j = 0; j < q_; ++j)
      distance[j] = atoms_.mean[a * q_ + j] - (plan_.fit_intercept ? t_.mean[j] : 0.0);
    const double* scatter = atoms_.scatter + a * packed_size(q_);
    for (int64_t i = 0; i < q_; ++i)
      add_scaled(scatter + packed_size(i), 1.0 / t_.weight, share * distance[i], distance.data(),
                 full.data() + i * q_, i + 1);
  }

  double* x_scale = out_.x_scale + problem_ * p_;
  t_.inverse_scale.assign(p_, 0.0);
  t_.factor.assign(plan_.factor, plan_.factor + p_);
  for (int64_t j = 0; j < p_; ++j) {
    const double second = full[j * q_ + j], mean = t_.mean[j];
    double variance = second;
    if (!plan_.fit_intercept) {  // about the mean all the same, never as a difference of squares
      variance = 0;
      for (int64_t a = 0; a < atoms_.n_atoms; ++a) {
        if (!trains(a)) continue;
        const double off = atoms_.mean[a * q_ + j] - mean;
        const double scatter = atoms_.scatter[a * packed_size(q_) + packed_size(j) + j];
        variance += (scatter + atoms_.weight[a] * off * off) / t_.weight;
      }
    }
    double scale = std::sqrt(std::max(variance, 0.0));
    const bool constant = scale <= constant_share * std::abs(mean);
    if (constant && !plan_.fit_intercept) scale = std::sqrt(second);
    const bool usable = scale > 0 && (!constant || !plan_.fit_intercept);
    if (!usable) t_.factor[j] = std::numeric_limits<double>::infinity();
    x_scale[j] = usable ? (plan_.standardize ? scale : 1.0) : 0.0;
    t_.inverse_scale[j] = usable ? 1.0 / x_scale[j] : 0.0;
    out_.x_mean[problem_ * p_ + j] = plan_.fit_intercept ? mean : 0.0;
  }
  const double y_second = full[p_ * q_ + p_];
  t_.y_mean = plan_.fit_intercept ? t_.mean[p_] : 0.0;
  t_.y_scale = plan_.standardize && y_second > 0 ? std::sqrt(y_second) : 1.0;
  t_.yy = y_second / (t_.y_scale * t_.y_scale);
  out_.y_mean[problem_] = t_.y_mean;
  out_.y_scale[problem_] = t_.y_scale;

  t_.c.resize(p_);
  for (int64_t j = 0; j < p_; ++j) t_.c[j] = full[p_ * q_ + j] * t_.inverse_scale[j] / t_.y_scale;
  t_.gram.resize(p_ * p_);
  for (int64_t i = 0; i < p_; ++i) {
    std::copy_n(full.data() + i * q_, i + 1, t_.gram.data() + i * p_);
    multiply_row(t_.gram.data() + i * p_, t_.inverse_scale.data(), t_.inverse_scale[i], i + 1);
  }
  t_.diagonal.resize(p_);
  for (int64_t j = 0; j < p_; ++j) t_.diagonal[j] = t_.gram[j * p_ + j];
  constexpr int64_t tile = 64;
  for (int64_t i0 = 0; i0 < p_; i0 += tile)
    for (int64_t j0 = 0; j0 <= i0; j0 += tile)
      for (int64_t i = i0; i < std::min(i0 + tile, p_); ++i)
        for (int64_t j = j0; j < std::min(j0 + tile, i); ++j) t_.gram[j * p_ + i] = t_.gram[i * p_ + j];

  auto scaled = [&](const double* bound, std::vector<double>& to) {
    to.clear();
    if (!bound) return;
    to.resize(p_);
    for (int64_t j = 0; j < p_; ++j)
      to[j] = bound[j] == 0 ? 0.0 : bound[j] * (x_scale[j] > 0 ? x_scale[j] : 1.0) / t_.y_scale;
  };
  scaled(plan_.lower, t_.lower);
  scaled(plan_.upper, t_.upper);
}

Quadratic ProblemSolver::quadratic() {
  Quadratic q;
  q.m = p_;
  q.gram = t_.gram.data();
  q.stride = p_;
  q.diagonal = t_.diagonal.data();
  q.c = t_.c.data();
  q.yy = t_.yy;
  q.null_loss = t_.yy > 0 ? 0.5 * t_.yy : 1.0;
  q.factor = t_.factor.data();
  q.lower = t_.lower.empty() ? nullptr : t_.lower.data();
  q.upper = t_.upper.empty() ? nullptr : t_.upper.data();
  q.b = b_.data();
  q.g = g_.data();
  return q;
}

void ProblemSolver::descend(int64_t ratio, Control& control) {
  b_.assign(p_, 0.0);
  g_.assign(t_.c.begin(), t_.c.end());
  descent_.reset();
  Quadratic q = quadratic();
  const double l1_ratio = plan_.l1_ratio[ratio];
  Effort effort = plan_.effort;
  effort.exact |= problem_ < members_.n_kept;  // what a person will see is solved to the end
  bool ended = false;
  for (int64_t k = 0; k < plan_.n_alphas; ++k) {
    if (ended) {
      record(ratio, k, false, nan_value, 0);
      continue;
    }
    control.check();
    const double alpha = plan_.alpha[ratio * plan_.n_alphas + k];
    const Outcome outcome = descent_.solve(q, {alpha * l1_ratio, alpha * (1 - l1_ratio)}, effort, control);
    record(ratio, k, true, outcome.gap, outcome.sweeps);
    ended = out_.nonzero[cell(ratio, k)] > plan_.max_nonzero;
  }
}

bool ProblemSolver::plain_ridge() const {
  if (plan_.lower || plan_.upper) return false;
  for (int64_t k = 0; k < plan_.n_alphas; ++k)
    for (int64_t r = 0; r < plan_.n_ratios; ++r)
      if (plan_.l1_ratio[r] == 0 && !(plan_.alpha[r * plan_.n_alphas + k] > 0)) return false;
  for (int64_t j = 0; j < p_; ++j)
    if (plan_.factor[j] == 0) return false;
  return plan_.n_alphas > 3;
}

// One eigendecomposition of V^-1/2 G V^-1/2 gives every alpha.
void ProblemSolver::ridge(int64_t ratio, Control& control) {
  std::vector<int64_t> used;
  for (int64_t j = 0; j < p_; ++j)
    if (std::isfinite(t_.factor[j])) used.push_back(j);
  const int64_t m = static_cast<int64_t>(used.size());
  std::vector<double> root(m), matrix(m * m), projected(m);
  for (int64_t i = 0; i < m; ++i) root[i] = 1.0 / std::sqrt(t_.factor[used[i]]);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < m; ++j) matrix[i * m + j] = t_.gram[used[i] * p_ + used[j]] * root[i] * root[j];
  const Eigen eigen = symmetric_eigen(std::move(matrix), m, true, control);
  std::vector<double> scaled(m);
  for (int64_t i = 0; i < m; ++i) scaled[i] = t_.c[used[i]] * root[i];
  for (int64_t i = 0; i < m; ++i) projected[i] = dot(eigen.vectors.data() + i * m, scaled.data(), m);

  b_.assign(p_, 0.0);
  g_.assign(p_, 0.0);
  Quadratic q = quadratic();
  std::vector<double> solution(m);
  for (int64_t k = 0; k < plan_.n_alphas; ++k) {
    control.check();
    const double alpha = plan_.alpha[ratio * plan_.n_alphas + k];
    std::fill(solution.begin(), solution.end(), 0.0);
    for (int64_t i = 0; i < m; ++i)
      axpy(projected[i] / (std::max(eigen.values[i], 0.0) + alpha), eigen.vectors.data() + i * m, solution.data(), m);
    for (int64_t i = 0; i < m; ++i) b_[used[i]] = solution[i] * root[i];
    gradient(q, g_.data());
    double gap = 0;  // of a quadratic penalty: sum (g - alpha v b)^2 / (2 alpha v)
    for (int64_t j : used) {
      const double l2 = alpha * t_.factor[j], off = g_[j] - l2 * b_[j];
      gap += off * off / (2 * l2);
    }
    record(ratio, k, true, gap / q.null_loss, 0);
  }
}

void ProblemSolver::record(int64_t ratio, int64_t k, bool solved, double gap, int64_t sweeps) {
  const int64_t at = cell(ratio, k);
  out_.gap[at] = gap;
  out_.sweeps[at] = sweeps;
  double* beta = problem_ < members_.n_kept ? out_.beta + at * p_ : nullptr;
  const double *b = b_.data(), *g = g_.data();
  if (!solved) {
    if (beta) std::fill_n(beta, p_, nan_value);
    out_.train_error[at] = nan_value;
    out_.nonzero[at] = -1;
    for (int64_t a = 0; a < atoms_.n_atoms; ++a) out_.test_error[at * atoms_.n_atoms + a] = nan_value;
    return;
  }
  if (beta) std::copy_n(b, p_, beta);
  double residual = t_.yy;
  kept_.clear();
  original_.assign(p_, 0.0);
  intercept_ = t_.y_mean;
  for (int64_t j = 0; j < p_; ++j) {
    if (b[j] == 0) continue;
    residual -= b[j] * (t_.c[j] + g[j]);
    kept_.push_back(j);
    original_[j] = b[j] * t_.inverse_scale[j] * t_.y_scale;
    intercept_ -= original_[j] * (plan_.fit_intercept ? t_.mean[j] : 0.0);
  }
  out_.nonzero[at] = static_cast<int64_t>(kept_.size());
  out_.train_error[at] = std::max(residual, 0.0) * t_.y_scale * t_.y_scale;
  for (int64_t a = 0; a < atoms_.n_atoms; ++a)
    out_.test_error[at * atoms_.n_atoms + a] = tests(a) ? test_error(a) : nan_value;
}

// The mean squared error on an atom from its moments: S_yy - 2 b'S_xy + b'S_xx b about its own means, and the error of
// the means.
double ProblemSolver::test_error(int64_t atom) const {
  const double* scatter = atoms_.scatter + atom * packed_size(q_);
  const double* mean = atoms_.mean + atom * q_;
  const double* xy = scatter + packed_size(p_);
  double cross = 0, square = 0, offset = mean[p_] - intercept_;
  const bool dense = static_cast<int64_t>(kept_.size()) * 4 > p_;
  for (size_t n = 0; n < kept_.size(); ++n) {
    const int64_t j = kept_[n];
    const double* row = scatter + packed_size(j);
    double inner = 0;
    if (dense)
      inner = dot(row, original_.data(), j);
    else
      for (size_t k = 0; k < n; ++k) inner += row[kept_[k]] * original_[kept_[k]];
    square += original_[j] * (2 * inner + row[j] * original_[j]);
    cross += original_[j] * xy[j];
    offset -= original_[j] * mean[j];
  }
  return std::max(xy[p_] - 2 * cross + square, 0.0) / atoms_.weight[atom] + offset * offset;
}

}  // namespace

void solve_gram_paths(const AtomMoments& atoms, const Membership& members, const PathPlan& plan, PathResults out,
                      int n_threads, Control& control) {
  std::vector<std::unique_ptr<ProblemSolver>> solvers(std::max(n_threads, 1));
  parallel_for(members.n_problems, n_threads, control, [&](int64_t problem, int worker) {
    if (!solvers[worker]) solvers[worker] = std::make_unique<ProblemSolver>(atoms, members, plan, out);
    solvers[worker]->run(problem, control);
  });
}

}  // namespace bridle
