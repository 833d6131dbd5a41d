#include "wide_squares_dense.hpp"

#include <algorithm>

#include "kernels.hpp"
#include "lanes.hpp"

namespace bridle {

namespace {

constexpr int64_t side = 4;      // columns of either side whose products stay in registers
constexpr int64_t at_once = 32;  // new columns; more only cost memory

// out += the products of four columns with four others, these a step apart.
BRIDLE_CLONES void four_by_four(const double* const* x, const double* others, int64_t step, int64_t n, double* out) {
  Lanes sums[side][side] = {};
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    Lanes given[side];
    for (int64_t k = 0; k < side; ++k) given[k] = *reinterpret_cast<const Lanes*>(others + k * step + i);
    for (int64_t c = 0; c < side; ++c) {
      const Lanes one = *reinterpret_cast<const Lanes*>(x[c] + i);
      for (int64_t k = 0; k < side; ++k) sums[c][k] += one * given[k];
    }
  }
  for (int64_t c = 0; c < side; ++c)
    for (int64_t k = 0; k < side; ++k) {
      double total = 0;
      for (int64_t lane = 0; lane < lanes; ++lane) total += sums[c][k][lane];
      for (int64_t rest = i; rest < n; ++rest) total += x[c][rest] * others[k * step + rest];
      out[c * side + k] += total;
    }
}

}  // namespace

WideSquaresDense::WideSquaresDense(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan)
    : WideSquares(data, columns, members, index, plan), fitted_(data.n()), constant_(data.n_atoms()) {
  for (int64_t i : train_rows_) {
    if (trained_.empty() || trained_.back().to != i) trained_.push_back({i, i});
    trained_.back().to = i + 1;
  }
}

void WideSquaresDense::forget() {
  descent_.reset();
  std::fill(fitted_.begin(), fitted_.end(), 0.0);
}

// The column standardized, times the rows' shares of the weight, zero off the training rows; and its sums over each atom.
void WideSquaresDense::weigh(int64_t place, double* column, double* sums) const {
  const int64_t atoms = data_.n_atoms();
  const double *values = shared_.kept(place), *means = data_.mean.data() + place * atoms;
  int64_t a = 0;
  for (const Rows& rows : trained_)
    for (int64_t i = rows.from; i < rows.to; ++i) {
      while (i >= data_.start[a + 1]) ++a;
      column[i] = data_.w[i] / weight_ * (values[i] + (means[a] - x_mean[place])) * inverse_scale[place];
      sums[a] += column[i];
    }
}

// Rows of the Gram of the columns that are new. The products are made of columns about the means of each atom's rows, and
// what is left to the problem's own mean comes with the sums: no fold's outlier is ever added and taken off again.
void WideSquaresDense::take(int64_t old, Control& control) {
  const int64_t m = static_cast<int64_t>(working_.size()), n = data_.n(), atoms = data_.n_atoms();
  gram_.reserve(m);
  std::vector<double> weighed, sums;
  for (int64_t first = old; first < m; first += at_once) {
    control.check();
    const int64_t count = std::min(at_once, m - first);
    weighed.assign((count + side - 1) / side * side * n, 0.0);
    sums.assign(count * atoms, 0.0);
    for (int64_t k = 0; k < count; ++k) {
      weigh(working_[first + k], weighed.data() + k * n, sums.data() + k * atoms);
      values_.push_back(shared_.kept(working_[first + k]));
    }
    multiply(first, count, weighed.data(), sums.data());
  }
  for (int64_t i = old; i < m; ++i) {
    diagonal_.push_back(gram_.row(i)[i]);
    c_.push_back(c[working_[i]]);
    g_[i] = c_[i] - dot(gram_.row(i), b_.data(), i);
  }
}

void WideSquaresDense::multiply(int64_t first, int64_t count, const double* weighed, const double* sums) {
  const int64_t n = data_.n(), atoms = data_.n_atoms();
  for (int64_t from = 0; from < first + count; from += side) {
    const double* x[side];
    for (int64_t c = 0; c < side; ++c) x[c] = values_[std::min(from + c, first + count - 1)];
    // The Gram is symmetric: of the new columns those that stand before these have them in their rows already.
    for (int64_t k = std::max<int64_t>(0, from - first) / side * side; k < count; k += side) {
      double block[side * side] = {0};
      for (const Rows& rows : trained_) {
        const double* moved[side];
        for (int64_t c = 0; c < side; ++c) moved[c] = x[c] + rows.from;
        four_by_four(moved, weighed + k * n + rows.from, n, rows.to - rows.from, block);
      }
      for (int64_t c = 0; c < side && from + c < first + count; ++c) {
        const int64_t place = working_[from + c];
        const double* means = data_.mean.data() + place * atoms;
        for (int64_t r = 0; r < side && k + r < count; ++r) {
          double sum = block[c * side + r];
          for (int64_t a = 0; a < atoms; ++a) sum += (means[a] - x_mean[place]) * sums[(k + r) * atoms + a];
          if (from + c <= first + k + r) gram_.row(first + k + r)[from + c] = sum * inverse_scale[place];
        }
      }
    }
  }
}

Outcome WideSquaresDense::solve(Strength strength, Effort effort, Control& control) {
  Quadratic q;
  fill(q);
  q.triangle = &gram_;
  const Outcome outcome = descent_.solve(q, strength, effort, control);
  fit();
  return outcome;
}

void WideSquaresDense::fit() {
  const int64_t atoms = data_.n_atoms();
  scales_.clear();
  std::vector<const double*> used;
  std::fill(constant_.begin(), constant_.end(), 0.0);
  for (size_t j = 0; j < working_.size(); ++j) {
    if (b_[j] == 0) continue;
    const int64_t place = working_[j];
    scales_.push_back(b_[j] * inverse_scale[place]);
    used.push_back(values_[j]);
    for (int64_t a = 0; a < atoms; ++a) constant_[a] += scales_.back() * (data_.mean[place * atoms + a] - x_mean[place]);
  }
  for (int64_t a = 0; a < atoms; ++a) std::fill(fitted_.begin() + data_.start[a], fitted_.begin() + data_.start[a + 1], constant_[a]);
  axpys(static_cast<int64_t>(scales_.size()), scales_.data(), used.data(), fitted_.data(), data_.n());
}

void WideSquaresDense::residual(double* r) const {
  std::fill_n(r, data_.n(), 0.0);
  for (int64_t i : train_rows_) r[i] = data_.w[i] / weight_ * ((data_.y[i] - y_mean) / y_scale - fitted_[i]);
}

void WideSquaresDense::fit_test(int64_t atom, double* fit) const {
  std::copy(fitted_.begin() + data_.start[atom], fitted_.begin() + data_.start[atom + 1], fit);
}

}  // namespace bridle
