#include "newton_steps.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"
#include "moments.hpp"

namespace bridle {

namespace {

// Of the null loss. Of smaller moves rounding makes columns that are exact opposites look different, and both would be kept.
constexpr double smallest_move = 1e-9;
constexpr double twins = 1e-12;  // squared correlations beyond one less this are one

BRIDLE_CLONES void add_row(const double* scatter, double scale, double shift, const double* distance, double* row,
                           int64_t n) {
  for (int64_t j = 0; j < n; ++j) row[j] += scale * scatter[j] + shift * distance[j];
}

}  // namespace

NewtonSteps::NewtonSteps(int64_t p, Membership members, int64_t n_atoms, const double* weight, const double* scale,
                         const double* null_loss, const double* factor, const double* lower, const double* upper,
                         bool fit_intercept, bool learns)
    : p_(p), n_problems_(members.n_problems), n_atoms_(n_atoms),
      train_(members.train, members.train + members.n_problems * n_atoms),
      weight_(weight, weight + members.n_problems), scale_(scale, scale + members.n_problems * p),
      inverse_(members.n_problems * p), null_loss_(null_loss, null_loss + members.n_problems),
      fit_intercept_(fit_intercept), learns_(learns), bounded_below_(lower), bounded_above_(upper), problems_(members.n_problems) {
  if (lower) lower_.assign(lower, lower + p);
  if (upper) upper_.assign(upper, upper + p);
  for (int64_t k = 0; k < n_problems_; ++k) {
    Problem& problem = problems_[k];
    problem.factor.assign(factor, factor + p);
    for (int64_t j = 0; j < p; ++j) {
      const double s = scale_[k * p + j];
      inverse_[k * p + j] = s > 0 ? 1.0 / s : 0.0;
      if (!(s > 0)) problem.factor[j] = infinity;
      if (lower) problem.lower.push_back(lower[j] == 0 ? 0.0 : lower[j] * (s > 0 ? s : 1.0));
      if (upper) problem.upper.push_back(upper[j] == 0 ? 0.0 : upper[j] * (s > 0 ? s : 1.0));
    }
    problem.b.assign(p, 0.0);
    problem.last.assign(p, 0.0);
    problem.c.resize(p);
    problem.g.resize(p);
    problem.mean.assign(p, 0.0);
    problem.diagonal.resize(p);
  }
}

void NewtonSteps::curvature(const AtomMoments& atoms, int64_t only, int n_threads, Control& control) {
  parallel_for(only >= 0 ? 1 : n_problems_, n_threads, control,
               [&](int64_t k, int) { assemble(only >= 0 ? only : k, atoms, false); });
}

void NewtonSteps::own_curvature(const uint8_t* which, const Columns& x, const double* curvature, const int64_t* rows,
                                const int64_t* start, int n_threads, Control& control) {
  std::vector<int64_t> flagged;
  for (int64_t k = 0; k < n_problems_; ++k)
    if (which[k]) flagged.push_back(k);
  const int64_t q = p_ + 1;
  const std::vector<double> nothing(x.n, 0.0);  // the target's row is not looked at
  parallel_for(static_cast<int64_t>(flagged.size()), n_threads, control, [&](int64_t at, int) {
    const int64_t k = flagged[at];
    std::vector<int64_t> own_rows, own_start{0};  // only the atoms that it trains on, as one
    for (int64_t a = 0; a < n_atoms_; ++a)
      if (train_[k * n_atoms_ + a]) own_rows.insert(own_rows.end(), rows + start[a], rows + start[a + 1]);
    own_start.push_back(static_cast<int64_t>(own_rows.size()));
    double weight = 0;
    std::vector<double> mean(q), scatter(packed_size(q));
    Control inner;  // a matter of milliseconds each; the caller's may only be asked from its own thread
    accumulate_moments(x, nothing.data(), curvature + k * x.n, own_rows.data(), own_start.data(), 1,
                       {&weight, mean.data(), scatter.data()}, 1, inner);
    assemble(k, {1, q, &weight, mean.data(), scatter.data()}, true);
  });
}

// A lasso may share a weight among columns that say the same, or the opposite, in any way, and rounding would decide it anew
// at every strength: what is learnt tells them apart. Of those, a column that is in use stays, else the first one.
void NewtonSteps::find_twins(Problem& problem) const {
  problem.twin.assign(p_, -1);
  for (int64_t j = 0; j < p_; ++j) {
    const double* row = problem.gram.data() + j * p_;
    for (int64_t i = 0; i < j && problem.twin[j] < 0; ++i)
      if (problem.factor[i] == problem.factor[j] && problem.diagonal[i] > 0 &&
          row[i] * row[i] > (1 - twins) * problem.diagonal[i] * problem.diagonal[j])
        problem.twin[j] = i;
  }
}

const double* NewtonSteps::held(Problem& problem, Strength strength) const {
  if (strength.a2 > 0 || bounded_below_ || bounded_above_) return problem.factor.data();
  problem.held = problem.factor;
  for (int64_t j = 0; j < p_; ++j) {
    const int64_t i = problem.twin[j];
    if (i < 0) continue;
    if (problem.b[j] == 0) problem.held[j] = infinity;
    else if (problem.b[i] == 0) problem.held[i] = infinity;
  }
  return problem.held.data();
}

void NewtonSteps::assemble(int64_t k, const AtomMoments& atoms, bool alone) {
  Problem& problem = problems_[k];
  const int64_t q = p_ + 1;
  const double* inverse = inverse_.data() + k * p_;
  double total = 0;
  std::vector<double> mean(q, 0.0), distance(q);
  const auto trains = [&](int64_t a) { return (alone || train_[k * n_atoms_ + a]) && atoms.weight[a] > 0; };
  for (int64_t a = 0; a < atoms.n_atoms; ++a) {
    if (!trains(a)) continue;
    total += atoms.weight[a];
    for (int64_t j = 0; j < q; ++j) mean[j] += atoms.weight[a] / total * (atoms.mean[a * q + j] - mean[j]);
  }
  problem.gram.assign(p_ * p_, 0.0);
  for (int64_t a = 0; a < atoms.n_atoms; ++a) {
    if (!trains(a)) continue;
    for (int64_t j = 0; j < p_; ++j) distance[j] = atoms.mean[a * q + j] - (fit_intercept_ ? mean[j] : 0.0);
    const double* scatter = atoms.scatter + a * packed_size(q);
    for (int64_t i = 0; i < p_; ++i)
      add_row(scatter + packed_size(i), 1.0 / weight_[k], atoms.weight[a] / weight_[k] * distance[i], distance.data(),
              problem.gram.data() + i * p_, i + 1);
  }
  for (int64_t i = 0; i < p_; ++i)
    for (int64_t j = 0; j <= i; ++j) problem.gram[i * p_ + j] *= inverse[i] * inverse[j];
  for (int64_t i = 0; i < p_; ++i)
    for (int64_t j = 0; j < i; ++j) problem.gram[j * p_ + i] = problem.gram[i * p_ + j];
  for (int64_t j = 0; j < p_; ++j) {
    problem.diagonal[j] = problem.gram[j * p_ + j];
    problem.mean[j] = fit_intercept_ ? mean[j] : 0.0;
  }
  problem.total = total / weight_[k];
  problem.descent.reset();
  problem.seen.clear();
  find_twins(problem);
}

// The update of Broyden, Fletcher, Goldfarb and Shanno (Nocedal and Wright, Numerical Optimization, 2006, equation 6.19) of
// the curvature by columns and intercept, so that along the last move it says how the gradient has really changed. The
// move from one strength to the next points nearly where the last one did, so what is learnt holds for the next one too.
void NewtonSteps::learn(int64_t k, std::vector<double> here, std::vector<double> gradient) {
  Problem& problem = problems_[k];
  std::swap(problem.seen, here);
  std::swap(problem.pulled, gradient);
  if (here.empty()) return;
  const double *inverse = inverse_.data() + k * p_, *scale = scale_.data() + k * p_;
  const int64_t p = p_;
  std::vector<double> move(p + 1), change(p + 1), expected(p + 1, 0.0), mean(p);
  for (int64_t j = 0; j <= p; ++j) move[j] = problem.seen[j] - here[j], change[j] = problem.pulled[j] - gradient[j];
  if (!fit_intercept_) move[p] = change[p] = 0;
  // The whole curvature is [G + t m m', t m; t m', t], G what the intercept leaves of it.
  const double t = fit_intercept_ ? problem.total : 0.0;
  double along = move[p];
  for (int64_t j = 0; j < p; ++j) mean[j] = problem.mean[j] * inverse[j], along += mean[j] * move[j];
  for (int64_t j = 0; j < p; ++j)
    if (move[j] != 0) axpy(move[j], problem.gram.data() + j * p, expected.data(), p);
  expected[p] = t * along;
  for (int64_t j = 0; j < p; ++j) expected[j] += mean[j] * expected[p];
  const double found = dot(move.data(), change.data(), p + 1), thought = dot(move.data(), expected.data(), p + 1);
  // Where the two differ by much, or by no more than rounding, there is nothing to learn.
  if (!(thought > smallest_move * null_loss_[k]) || !(found > 0.2 * thought) || !(found < 5.0 * thought)) return;
  const double total = t + change[p] * change[p] / found - expected[p] * expected[p] / thought;
  if (fit_intercept_ && !(total > 0.1 * t)) return;
  std::vector<double> moved(p, 0.0);
  if (fit_intercept_)
    for (int64_t j = 0; j < p; ++j)
      moved[j] = (t * mean[j] + change[j] * (change[p] / found) - expected[j] * (expected[p] / thought)) / total;
  for (int64_t i = 0; i < p; ++i) {
    double* row = problem.gram.data() + i * p;
    axpy(change[i] / found, change.data(), row, p);
    axpy(-expected[i] / thought, expected.data(), row, p);
    if (fit_intercept_) {
      axpy(t * mean[i], mean.data(), row, p);
      axpy(-total * moved[i], moved.data(), row, p);
    }
  }
  for (int64_t i = 0; i < p; ++i)
    for (int64_t j = 0; j < i; ++j) problem.gram[i * p + j] = problem.gram[j * p + i];
  for (int64_t j = 0; j < p; ++j) {
    problem.diagonal[j] = problem.gram[j * p + j];
    problem.mean[j] = moved[j] * scale[j];
  }
  if (fit_intercept_) problem.total = total;
  problem.descent.reset();
}

void NewtonSteps::step(const uint8_t* which, const double* b, const double* intercept, const double* gradient,
                       const double* sum, const double* size, const Strength* strengths, Effort effort, double* b_out,
                       double* intercept_change, double* expected, int n_threads, Control& control) {
  std::vector<int64_t> flagged;
  for (int64_t k = 0; k < n_problems_; ++k)
    if (which[k]) flagged.push_back(k);
  parallel_for(static_cast<int64_t>(flagged.size()), n_threads, control, [&](int64_t at, int) {
    const int64_t k = flagged[at];
    Problem& problem = problems_[k];
    const Strength strength = strengths[k];
    const double *inverse = inverse_.data() + k * p_, *scale = scale_.data() + k * p_;
    const double slope = fit_intercept_ ? sum[k] : 0.0;
    if (learns_) {
      std::vector<double> here(p_ + 1), there(p_ + 1);
      for (int64_t j = 0; j < p_; ++j) here[j] = b[k * p_ + j] * scale[j], there[j] = gradient[k * p_ + j] * inverse[j];
      here[p_] = intercept[k], there[p_] = slope;
      learn(k, std::move(here), std::move(there));
    }
    bool moved = false;
    std::vector<double> start(p_), pull(p_);
    for (int64_t j = 0; j < p_; ++j) {
      start[j] = b[k * p_ + j] * scale[j];
      if (problem.lower.size() && start[j] < problem.lower[j]) start[j] = problem.lower[j];
      if (problem.upper.size() && start[j] > problem.upper[j]) start[j] = problem.upper[j];
      moved |= std::abs(start[j] - problem.last[j]) > 1e-12 * std::abs(start[j]);
      pull[j] = -(gradient[k * p_ + j] - problem.mean[j] * slope) * inverse[j];
    }
    if (moved) problem.descent.reset();  // its support and signs are those of another point
    problem.b = start;
    problem.g = pull;
    // c = pull + H b, so that the gradient of the quadratic at b is the true one
    problem.c = pull;
    double square = size[k] > 0 ? size[k] : 0.0;
    for (int64_t j = 0; j < p_; ++j)
      if (start[j] != 0) axpy(start[j], problem.gram.data() + j * p_, problem.c.data(), p_);
    for (int64_t j = 0; j < p_; ++j) square += start[j] * (problem.c[j] + pull[j]);
    Quadratic q;
    q.m = p_;
    q.gram = problem.gram.data();
    q.stride = p_;
    q.diagonal = problem.diagonal.data();
    q.c = problem.c.data();
    q.yy = std::max(square, 1e-300);
    q.null_loss = null_loss_[k];
    q.factor = held(problem, strength);
    q.lower = bounded_below_ ? problem.lower.data() : nullptr;
    q.upper = bounded_above_ ? problem.upper.data() : nullptr;
    q.b = problem.b.data();
    q.g = problem.g.data();
    problem.descent.solve(q, strength, effort, control);
    double shift = 0, decrease = 0;
    for (int64_t j = 0; j < p_; ++j) {
      const double change = problem.b[j] - start[j], v = std::isfinite(problem.factor[j]) ? problem.factor[j] : 0.0;
      shift += problem.mean[j] * inverse[j] * change;
      // q(b) - q(start) = -(pull + g) change / 2, and what the penalty changes by
      decrease += 0.5 * (pull[j] + problem.g[j]) * change;
      decrease -= v * (strength.a1 * (std::abs(problem.b[j]) - std::abs(start[j])) +
                       0.5 * strength.a2 * change * (problem.b[j] + start[j]));
      double original = problem.b[j] == start[j] ? b[k * p_ + j] : problem.b[j] * inverse[j];
      // On a bound to the last bit: whoever looks at the conditions of optimality there must see it.
      if (bounded_below_ && problem.b[j] <= problem.lower[j] && scale[j] > 0) original = lower_[j];
      if (bounded_above_ && problem.b[j] >= problem.upper[j] && scale[j] > 0) original = upper_[j];
      b_out[k * p_ + j] = original;
    }
    problem.last = problem.b;
    intercept_change[k] = fit_intercept_ && problem.total > 0 ? -slope / problem.total - shift : 0.0;
    if (fit_intercept_ && problem.total > 0) decrease += 0.5 * slope * slope / problem.total;
    expected[k] = decrease;
  });
}

}  // namespace bridle
