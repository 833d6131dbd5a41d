#include "wide_squares_sparse.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"

namespace bridle {

WideSquaresSparse::WideSquaresSparse(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan)
    : WideSquares(data, columns, members, index, plan), train_place_(data.n(), -1) {
  for (int64_t i : train_rows_) {
    train_place_[i] = static_cast<int32_t>(root_.size());
    root_.push_back(std::sqrt(data.w[i] / weight_));
    target_.push_back((data.y[i] - y_mean) / y_scale * root_.back());
  }
  entries_.reset(static_cast<int64_t>(root_.size()), root_.data());
}

void WideSquaresSparse::take(int64_t old, Control&) {
  const int64_t m = static_cast<int64_t>(working_.size());
  for (int64_t at = old; at < m; ++at) {
    const int64_t place = working_[at];
    if (data_.thin(place) && thin_here(place)) {
      thin_.push_back(at);
      add_thin(place);
    } else {
      dense_.push_back(at);
      add_dense(place);
    }
    diagonal_.push_back(entries_.square(entries_.size() - 1));
  }
}

// A column that is zero in most rows may be zero in hardly any that this problem trains on.
bool WideSquaresSparse::thin_here(int64_t place) const {
  const Entries some = data_.entries(place);
  double share = 0;
  for (int64_t k = 0; k < some.count; ++k) {
    const int32_t row = train_place_[some.row[k]];
    if (row >= 0) share += root_[row] * root_[row];
  }
  return share <= 0.75;
}

void WideSquaresSparse::add_thin(int64_t place) {
  const double inverse = inverse_scale[place];
  entries_.begin(x_mean[place] * inverse);
  const Entries some = data_.entries(place);
  for (int64_t k = 0; k < some.count; ++k) {
    const int32_t row = train_place_[some.row[k]];
    if (row >= 0) entries_.take(row, some.value[k] * inverse * root_[row]);
  }
  c_.push_back(entries_.product(entries_.size() - 1, target_.data(), 0.0));
}

void WideSquaresSparse::add_dense(int64_t place) {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  whole_.clear();
  copy_column(place, whole_, test_);
  for (int64_t i = 0; i < n; ++i) whole_[i] *= root_[i];
  c_.push_back(dot(whole_.data(), target_.data(), n));
  entries_.begin(0.0);
  entries_.full(whole_.data());
}

Outcome WideSquaresSparse::solve(Strength strength, Effort effort, Control& control) {
  Penalized q;
  fill(q);
  return descent_.solve(q, entries_, target_.data(), strength, effort, control);
}

void WideSquaresSparse::residual(double* r) const {
  std::fill_n(r, data_.n(), 0.0);
  const std::vector<double>& rest = descent_.residual();
  for (size_t i = 0; i < train_rows_.size(); ++i) r[train_rows_[i]] = rest[i] * root_[i];
}

void WideSquaresSparse::fit_test(int64_t atom, double* fit) const {
  const int64_t first = data_.start[atom], count = data_.start[atom + 1] - first;
  const int64_t from = std::lower_bound(test_atoms_.begin(), test_atoms_.end(), atom) - test_atoms_.begin();
  std::fill_n(fit, count, 0.0);
  add_fit(1.0, dense_, test_, static_cast<int64_t>(test_rows_.size()), from, count, fit);
  by_row_.assign(data_.n(), 0.0);
  double shift = 0;
  for (int64_t j : thin_) {
    if (b_[j] == 0) continue;
    const int64_t place = working_[j];
    const double scaled = b_[j] * inverse_scale[place];
    const Entries some = data_.entries(place);
    for (int64_t k = 0; k < some.count; ++k) by_row_[some.row[k]] += scaled * some.value[k];
    shift += scaled * x_mean[place];
  }
  for (int64_t i = 0; i < count; ++i) fit[i] += by_row_[first + i] - shift;
}

}  // namespace bridle
