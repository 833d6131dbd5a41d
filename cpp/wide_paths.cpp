#include "wide_paths.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "kernels.hpp"
#include "wide_squares.hpp"

namespace bridle {

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
// A column joins the working set for the next alpha when its gradient, followed along a straight line, comes this near.
constexpr double foresight = 0.99;
// ... but no further than this many times the last step: a short step says little about a long one.
constexpr double farthest = 4.0;
// Relative gap of the folds of a sparse table for each of its rows: there digits cost sweeps, and an error on other rows, whose
// own spread falls with their number, needs few.
constexpr double of_sparse_folds = 1e-10, most_of_sparse_folds = 1e-6;
// ... and of all its problems as long as columns still join: there another solve follows anyway.
constexpr double while_columns_join = 1e-5;
// An error on other rows has turned when its least lies this many alphas back, and it exceeds that by this share of what
// the path had gained, and by this share of itself.
constexpr int64_t turned_for = 5;
constexpr double turned_of_gain = 0.05, turned_of_least = 0.01;
// A gradient outside the working set may exceed its threshold by this share: rounding, not a violation.
constexpr double slack = 1e-10;
constexpr int64_t few_numbers = 1 << 16;  // to copy: not worth waking another thread

struct Find {
  int64_t place;
  bool violates;
};

struct Limits {  // of one problem at one alpha, for the pass
  double now, next, slope;
};

// What one residual decides about the sixteen columns of a tile. flags: 1 may violate, 2 expected to join.
BRIDLE_CLONES void judge(const int64_t* products, const double* middle, const double* step, const double* error,
                         const double* spread, const double* x_mean, const double* inverse, const double* factor,
                         const float* before, float* now, double unit, double sum, double sum_quantized, double norm,
                         double off, Limits limits, uint8_t* flags) {
  for (int64_t c = 0; c < tile_width; ++c) {
    const double product = (middle[c] - x_mean[c]) * sum +
                           step[c] * unit * (static_cast<double>(products[c]) - 127.5 * sum_quantized);
    const double g = product * inverse[c];
    const double width = (error[c] * norm + spread[c] * off) * inverse[c];
    const double ahead = g + limits.slope * (g - before[c]);
    now[c] = static_cast<float>(g);
    const int may = std::abs(g) + width > limits.now * factor[c];
    const int will = std::abs(ahead) > limits.next * factor[c];
    flags[c] = static_cast<uint8_t>((may | (will << 1)) * (inverse[c] > 0));
  }
}

// Columns that a path begins with, at most: so many, or one for so many rows.
constexpr int64_t fewest_first = 64, rows_for_each_first = 4;
constexpr int64_t sparse_chunk = 512;  // products that wait to be judged

// x'r for eight residuals side by side.
BRIDLE_CLONES void sparse_products(Entries x, const double* residuals, double* out) {
  double sums[group_width] = {0};
  for (int64_t k = 0; k < x.count; ++k) {
    const double* row = residuals + x.row[k] * group_width;
    const double value = x.value[k];
    for (int64_t r = 0; r < group_width; ++r) sums[r] += value * row[r];
  }
  for (int64_t r = 0; r < group_width; ++r) out[r] = sums[r];
}

class WidePaths {
 public:
  WidePaths(const WideData& data, const Membership& members, const PathPlan& plan, const FamilyPlan* family,
            int n_threads, Control& control)
      : data_(data), members_(members), plan_(plan), threads_(std::max(n_threads, 1)), control_(control), columns_(data),
        share_columns_(!family && !data.sparse()), joining_(members.n_problems) {
    factor_.resize(data.places());
    for (int64_t place = 0; place < data.places(); ++place)
      factor_[place] = data.id[place] < 0 ? 1.0 : plan.factor[data.id[place]];
    problems_.resize(members.n_problems);
    parallel_for(members.n_problems, threads_, control, [&](int64_t k, int) {
      if (family)
        problems_[k] = wide_family(data, columns_, members, k, plan, *family);
      else
        problems_[k] = wide_squares(data, columns_, members, k, plan);
    });
    residuals_.resize(members.n_problems * data.n());
    sums_.resize(members.n_problems * data.n_atoms());
    finds_.resize(members.n_problems);
    buffers_.resize(threads_);
  }

  WideResults run();

 private:
  void start_ratio(int64_t ratio);
  void solve_alpha(int64_t ratio, int64_t k);
  void join(const std::vector<int64_t>& pending);
  void pass(const std::vector<int64_t>& pending, const std::vector<Limits>& limits);
  void tile_pass(int64_t tile, const std::vector<int64_t>& pending, const std::vector<Limits>& limits, int worker,
                 std::vector<std::vector<Find>>& found);
  void sparse_pass(int64_t from, int64_t to, const std::vector<int64_t>& pending, const std::vector<Limits>& limits,
                   std::vector<std::vector<Find>>& found);
  void consider(int64_t problem, int64_t at, int64_t place, uint8_t flags, double limit, int worker,
                std::vector<std::vector<Find>>& found);
  void record(int64_t ratio, int64_t k);
  void keep();
  bool turned(int64_t ratio, int64_t k) const;
  int64_t cell(int64_t problem, int64_t ratio, int64_t k) const {
    return (problem * plan_.n_ratios + ratio) * plan_.n_alphas + k;
  }
  double alpha(int64_t ratio, int64_t k) const { return plan_.alpha[ratio * plan_.n_alphas + k]; }

  const WideData& data_;
  const Membership& members_;
  const PathPlan& plan_;
  const int threads_;
  Control& control_;
  WorkingColumns columns_;
  std::vector<double> factor_;  // by place
  std::vector<std::unique_ptr<WideProblem>> problems_;
  const bool share_columns_;
  std::vector<std::vector<int64_t>> joining_;  // of each problem: places
  std::vector<double> residuals_, interleaved_;
  std::vector<double> sums_;  // (problems, atoms) of the residuals
  QuantizedResiduals quantized_;
  std::vector<std::vector<Find>> finds_;  // by problem
  std::vector<std::vector<double>> buffers_;
  std::vector<Outcome> outcomes_;
  std::vector<int64_t> sweeps_;
  std::vector<char> rough_;  // of each problem: columns may still join at this strength
  std::atomic<int64_t> exact_{0};
  WideResults results_;
  bool ended_ = false;
};

void WidePaths::start_ratio(int64_t ratio) {
  const double l1_ratio = plan_.l1_ratio[ratio];
  ended_ = false;
  for (int64_t k = 0; k < members_.n_problems; ++k) {
    WideProblem& problem = *problems_[k];
    problem.restart();
    finds_[k].clear();
    double largest = 0;
    for (int64_t place = 0; place < data_.places(); ++place) {
      if (problem.inverse_scale[place] == 0) continue;
      if (factor_[place] == 0)
        finds_[k].push_back({place, false});
      else if (l1_ratio > 0)
        largest = std::max(largest, std::abs(problem.c[place]) / (l1_ratio * factor_[place]));
    }
    problem.alpha_before = std::max(largest, alpha(ratio, 0));
    const double limit = foresight * alpha(ratio, 0) * l1_ratio;
    std::vector<Find> strong;
    for (int64_t place = 0; place < data_.places(); ++place)
      if (problem.inverse_scale[place] > 0 && factor_[place] > 0 && std::abs(problem.c[place]) > limit * factor_[place])
        strong.push_back({place, false});
    // Far below alpha_max the gradients at zero say little about who stays: the strongest begin, the pass finds the rest.
    const int64_t most = std::max(fewest_first, data_.n() / rows_for_each_first);
    if (static_cast<int64_t>(strong.size()) > most) {
      std::nth_element(strong.begin(), strong.begin() + most, strong.end(), [&](const Find& one, const Find& other) {
        const double a = std::abs(problem.c[one.place]) / factor_[one.place], b = std::abs(problem.c[other.place]) / factor_[other.place];
        return a != b ? a > b : one.place < other.place;
      });
      strong.resize(most);
    }
    finds_[k].insert(finds_[k].end(), strong.begin(), strong.end());
  }
}

void WidePaths::solve_alpha(int64_t ratio, int64_t k) {
  const double l1_ratio = plan_.l1_ratio[ratio], here = alpha(ratio, k);
  const Strength strength{here * l1_ratio, here * (1 - l1_ratio)};
  const double next = k + 1 < plan_.n_alphas ? alpha(ratio, k + 1) : here;
  std::vector<int64_t> pending;
  for (int64_t i = 0; i < members_.n_problems; ++i) {
    pending.push_back(i);
    sweeps_[i] = 0;
    rough_[i] = data_.sparse();
  }
  while (!pending.empty()) {
    quantized_.reset(data_.n(), static_cast<int64_t>(pending.size()));
    std::vector<Limits> limits(pending.size());
    join(pending);
    parallel_for(static_cast<int64_t>(pending.size()), threads_, control_, [&](int64_t at, int) {
      const int64_t i = pending[at];
      WideProblem& problem = *problems_[i];
      problem.add_columns(joining_[i], control_);
      Effort effort = plan_.effort;
      if (rough_[i])
        effort.tolerance = std::max(effort.tolerance, while_columns_join);
      else if (i < members_.n_kept)
        effort.exact = true;  // what a person will see is solved to the end
      else if (data_.sparse())
        effort.tolerance = std::max(effort.tolerance, std::min(of_sparse_folds * static_cast<double>(data_.n()), most_of_sparse_folds));
      outcomes_[i] = problem.solve(strength, effort, control_);
      sweeps_[i] += outcomes_[i].sweeps;
      problem.residual(residuals_.data() + i * data_.n());
      quantized_.set(at, residuals_.data() + i * data_.n());
      for (int64_t a = 0; a < data_.n_atoms(); ++a)
        sums_[i * data_.n_atoms() + a] = std::accumulate(residuals_.begin() + i * data_.n() + data_.start[a],
                                                         residuals_.begin() + i * data_.n() + data_.start[a + 1], 0.0);
      const double past = problem.alpha_before - here;
      limits[at] = {strength.a1 * (1 + slack), foresight * next * l1_ratio, past > 0 ? std::min((here - next) / past, farthest) : 0.0};
    });
    pass(pending, limits);
    std::vector<int64_t> again;
    for (int64_t i : pending) {
      const bool violated = std::any_of(finds_[i].begin(), finds_[i].end(), [](const Find& find) { return find.violates; });
      if (violated || rough_[i]) again.push_back(i);
      rough_[i] = rough_[i] && violated;
    }
    pending.swap(again);
  }
  for (auto& problem : problems_) {
    problem->before.swap(problem->now);
    problem->alpha_before = here;
  }
}

// What the passes found comes into joining_. Columns that the problems share are kept here, each by one task.
void WidePaths::join(const std::vector<int64_t>& pending) {
  std::vector<int64_t> all;
  for (int64_t i : pending) {
    joining_[i].clear();
    for (const Find& find : finds_[i])
      if (!problems_[i]->inside[find.place]) joining_[i].push_back(find.place);
    finds_[i].clear();
    std::sort(joining_[i].begin(), joining_[i].end());
    if (share_columns_) all.insert(all.end(), joining_[i].begin(), joining_[i].end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  const int64_t count = static_cast<int64_t>(all.size());
  parallel_for(count, count * data_.n() < few_numbers ? 1 : threads_, control_, [&](int64_t at, int) { columns_.keep(all[at]); });
}

void WidePaths::pass(const std::vector<int64_t>& pending, const std::vector<Limits>& limits) {
  ++results_.passes;
  const int64_t count = static_cast<int64_t>(pending.size());
  const int64_t dense_chunk = std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(1, data_.n()));
  const int64_t dense_tasks = (data_.dense().tiles() + dense_chunk - 1) / dense_chunk;
  const int64_t n_sparse = data_.places() - data_.dense_places(), sparse_chunk_places = 512;
  const int64_t sparse_tasks = (n_sparse + sparse_chunk_places - 1) / sparse_chunk_places;
  if (n_sparse > 0) {
    // Groups of eight residuals side by side, the last one filled up with zeros.
    const int64_t groups = (count + group_width - 1) / group_width;
    interleaved_.assign(groups * group_width * data_.n(), 0.0);
    for (int64_t at = 0; at < count; ++at) {
      double* to = interleaved_.data() + at / group_width * group_width * data_.n() + at % group_width;
      const double* residual = residuals_.data() + pending[at] * data_.n();
      for (int64_t i = 0; i < data_.n(); ++i) to[i * group_width] = residual[i];
    }
  }
  std::vector<std::vector<std::vector<Find>>> found(threads_, std::vector<std::vector<Find>>(members_.n_problems));
  parallel_for(dense_tasks + sparse_tasks, threads_, control_, [&](int64_t task, int worker) {
    if (task < dense_tasks) {
      const int64_t end = std::min((task + 1) * dense_chunk, data_.dense().tiles());
      for (int64_t tile = task * dense_chunk; tile < end; ++tile)
        tile_pass(tile, pending, limits, worker, found[worker]);
    } else {
      const int64_t from = data_.dense_places() + (task - dense_tasks) * sparse_chunk_places;
      sparse_pass(from, std::min(from + sparse_chunk_places, data_.places()), pending, limits, found[worker]);
    }
  });
  for (auto& of_worker : found)
    for (int64_t i : pending) finds_[i].insert(finds_[i].end(), of_worker[i].begin(), of_worker[i].end());
}

void WidePaths::tile_pass(int64_t tile, const std::vector<int64_t>& pending, const std::vector<Limits>& limits,
                          int worker, std::vector<std::vector<Find>>& found) {
  const QuantizedColumns& x = data_.dense();
  const int64_t place = tile * tile_width, count = static_cast<int64_t>(pending.size());
  int64_t products[group_width * tile_width];
  for (int64_t first = 0; first < count; first += group_width) {
    const int64_t last = std::min(first + group_width, count);
    x.multiply(tile, quantized_, first, last, products);
    for (int64_t at = first; at < last; ++at) {
      WideProblem& problem = *problems_[pending[at]];
      uint8_t flags[tile_width];
      judge(products + (at - first) * tile_width, x.middle.data() + place, x.step.data() + place,
            x.error.data() + place, x.spread.data() + place, problem.x_mean.data() + place,
            problem.inverse_scale.data() + place, factor_.data() + place, problem.before.data() + place,
            problem.now.data() + place, quantized_.unit[at], quantized_.sum[at], quantized_.sum_quantized[at],
            quantized_.norm[at], quantized_.error[at], limits[at], flags);
      for (int64_t c = 0; c < tile_width; ++c)
        if (flags[c]) consider(pending[at], at, place + c, flags[c], limits[at].now, worker, found);
    }
  }
}

// `at`: the number of the problem's residual in this pass.
void WidePaths::consider(int64_t index, int64_t at, int64_t place, uint8_t flags, double limit, int worker,
                         std::vector<std::vector<Find>>& found) {
  WideProblem& problem = *problems_[index];
  if (problem.inside[place]) return;
  bool violates = false;
  if (flags & 1) {  // the bound of 8 bits cannot tell: that of 16 does nearly always, the exact product in the end
    const double wall = limit * factor_[place], *r = residuals_.data() + index * data_.n();
    double g = 0, width = infinity;
    const ShortColumn* column = columns_.kept(place) ? nullptr : columns_.keep_short(place);
    if (column) {
      const double inverse = problem.inverse_scale[place], sum = quantized_.sum[at];
      g = (column->times(r, sum, data_.n()) - problem.x_mean[place] * sum) * inverse;
      width = column->error * quantized_.norm[at] * inverse;
    }
    if (!(std::abs(std::abs(g) - wall) > width)) {
      g = problem.exact_gradient(place, r, sums_.data() + index * data_.n_atoms(), buffers_[worker]);
      exact_.fetch_add(1, std::memory_order_relaxed);
    }
    problem.now[place] = static_cast<float>(g);
    violates = std::abs(g) > wall;
  }
  if (violates || (flags & 2)) found[index].push_back({place, violates});
}

void WidePaths::sparse_pass(int64_t from, int64_t to, const std::vector<int64_t>& pending,
                            const std::vector<Limits>& limits, std::vector<std::vector<Find>>& found) {
  const int64_t count = static_cast<int64_t>(pending.size());
  double products[sparse_chunk];
  for (int64_t first = 0; first < count; first += group_width) {
    const double* residuals = interleaved_.data() + first * data_.n();
    const int64_t last = std::min(first + group_width, count);
    for (int64_t start = from; start < to; start += sparse_chunk / group_width) {
      const int64_t end = std::min(start + sparse_chunk / group_width, to);
      for (int64_t place = start; place < end; ++place)
        sparse_products(data_.entries(place), residuals, products + (place - start) * group_width);
      for (int64_t at = first; at < last; ++at) {
        WideProblem& problem = *problems_[pending[at]];
        const Limits& limit = limits[at];
        const double sum = quantized_.sum[at];
        for (int64_t place = start; place < end; ++place) {
          const double inverse = problem.inverse_scale[place];
          const double g = (products[(place - start) * group_width + at - first] - problem.x_mean[place] * sum) * inverse;
          const double ahead = g + limit.slope * (g - problem.before[place]);
          problem.now[place] = static_cast<float>(g);
          const bool violates = std::abs(g) > limit.now * factor_[place];
          if ((violates || std::abs(ahead) > limit.next * factor_[place]) && !problem.inside[place] && inverse != 0)
            found[pending[at]].push_back({place, violates});
        }
      }
    }
  }
}

void WidePaths::record(int64_t ratio, int64_t k) {
  for (int64_t i = 0; i < members_.n_problems; ++i) {
    WideProblem& problem = *problems_[i];
    const int64_t at = cell(i, ratio, k);
    results_.gap[at] = outcomes_[i].gap;
    results_.sweeps[at] = sweeps_[i];
    results_.nonzero[at] = problem.nonzero();
    results_.train_error[at] = problem.train_error();
    results_.intercept[at] = problem.intercept();
    for (int64_t a = 0; a < data_.n_atoms(); ++a) results_.test_error[at * data_.n_atoms() + a] = problem.test_error(a);
  }
  const double l1_ratio = plan_.l1_ratio[ratio], here = alpha(ratio, k);
  results_.degrees[ratio * plan_.n_alphas + k] = problems_[0]->degrees({here * l1_ratio, here * (1 - l1_ratio)});
}

// Whether the error of every problem on the rows that it is tested on has clearly turned.
bool WidePaths::turned(int64_t ratio, int64_t k) const {
  bool tested = false;
  for (int64_t i = 0; i < members_.n_problems; ++i) {
    const uint8_t* test = members_.test + i * data_.n_atoms();
    double weight = 0;
    for (int64_t a = 0; a < data_.n_atoms(); ++a) weight += test[a] ? data_.weight[a] : 0.0;
    if (!(weight > 0)) continue;
    tested = true;
    std::vector<double> error(k + 1, 0.0);
    for (int64_t at = 0; at <= k; ++at)
      for (int64_t a = 0; a < data_.n_atoms(); ++a)
        if (test[a] && data_.weight[a] > 0)
          error[at] += data_.weight[a] / weight * results_.test_error[cell(i, ratio, at) * data_.n_atoms() + a];
    const auto least = std::min_element(error.begin(), error.end());
    const double rise = std::max(turned_of_gain * (error[0] - *least), turned_of_least * *least);
    if (error.end() - least <= turned_for) return false;
    if (!std::all_of(error.end() - turned_for, error.end(), [&](double one) { return one > *least + rise; })) return false;
  }
  return tested;
}

// The coefficients of the kept problems as they stand; rows behind the end of a path have none.
void WidePaths::keep() {
  for (int64_t i = 0; i < members_.n_kept; ++i) {
    const WideProblem& problem = *problems_[i];
    SparseCoefficients& out = results_.kept[i];
    for (size_t j = 0; !ended_ && j < problem.working().size(); ++j) {
      if (problem.coefficients()[j] == 0) continue;
      out.columns.push_back(data_.id[problem.working()[j]]);
      out.values.push_back(problem.coefficients()[j]);
    }
    out.starts.push_back(static_cast<int64_t>(out.columns.size()));
  }
}

WideResults WidePaths::run() {
  const int64_t cells = members_.n_problems * plan_.n_ratios * plan_.n_alphas, p = data_.p();
  results_.kept.resize(members_.n_kept);
  results_.gap.assign(cells, nan_value);
  results_.train_error.assign(cells, nan_value);
  results_.test_error.assign(cells * data_.n_atoms(), nan_value);
  results_.intercept.assign(cells, 0.0);
  results_.degrees.assign(plan_.n_ratios * plan_.n_alphas, 0.0);
  results_.nonzero.assign(cells, -1);
  results_.sweeps.assign(cells, 0);
  outcomes_.resize(members_.n_problems);
  sweeps_.resize(members_.n_problems);
  rough_.resize(members_.n_problems);
  for (int64_t ratio = 0; ratio < plan_.n_ratios; ++ratio) {
    start_ratio(ratio);
    for (int64_t k = 0; k < plan_.n_alphas; ++k) {
      if (!ended_) {
        solve_alpha(ratio, k);
        record(ratio, k);
      }
      keep();
      ended_ = ended_ || results_.nonzero[cell(0, ratio, k)] > plan_.max_nonzero || (plan_.stop_turned && turned(ratio, k));
      control_.advance(1.0 / static_cast<double>(plan_.n_ratios * plan_.n_alphas));
    }
  }
  results_.x_mean.assign(members_.n_kept * p, 0.0);
  results_.x_scale.assign(members_.n_kept * p, 0.0);
  for (int64_t i = 0; i < members_.n_kept; ++i)
    for (int64_t place = 0; place < data_.places(); ++place) {
      if (data_.id[place] < 0) continue;
      results_.x_mean[i * p + data_.id[place]] = problems_[i]->x_mean[place];
      results_.x_scale[i * p + data_.id[place]] = problems_[i]->x_scale[place];
    }
  for (const auto& problem : problems_) {
    results_.y_mean.push_back(problem->y_mean);
    results_.y_scale.push_back(problem->y_scale);
  }
  results_.exact_products = exact_.load();
  return std::move(results_);
}

}  // namespace

WideResults solve_wide_paths(const WideData& data, const Membership& members, const PathPlan& plan,
                             const FamilyPlan* family, int n_threads, Control& control) {
  WideResults out = WidePaths(data, members, plan, family, n_threads, control).run();
#ifdef __GLIBC__
  malloc_trim(0);  // what was freed lies between what was not: the C library would keep it
#endif
  return out;
}

}  // namespace bridle
