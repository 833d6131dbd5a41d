#include "wide_family_sparse.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"

namespace bridle {

WideFamilySparse::WideFamilySparse(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan,
                                   const FamilyPlan& family)
    : WideFamily(data, columns, members, index, plan, family), train_place_(data.n(), -1) {
  for (size_t i = 0; i < train_rows_.size(); ++i) train_place_[train_rows_[i]] = static_cast<int32_t>(i);
}

void WideFamilySparse::store(int64_t old) {
  for (size_t at = old; at < working_.size(); ++at) {
    const int64_t place = working_[at];
    columns_.push_back({!data_.thin(place), 0.0, {}, {}, 0});
    Column& own = columns_.back();
    if (own.full) {
      own.test = static_cast<int64_t>(test_.size());
      copy_column(place, own.values, test_);
      continue;
    }
    own.centre = x_mean[place] * inverse_scale[place];
    const Entries some = data_.entries(place);
    for (int64_t k = 0; k < some.count; ++k) {
      const int32_t row = train_place_[some.row[k]];
      if (row < 0) continue;
      own.rows.push_back(row);
      own.values.push_back(some.value[k] * inverse_scale[place]);
    }
  }
}

void WideFamilySparse::fit(double* eta) const {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  double shift = 0;
  for (size_t j = 0; j < columns_.size(); ++j) {
    const Column& own = columns_[j];
    if (b_[j] == 0) continue;
    if (own.full) axpy(b_[j], own.values.data(), eta, n);
    for (size_t k = 0; k < own.rows.size(); ++k) eta[own.rows[k]] += b_[j] * own.values[k];
    shift += b_[j] * own.centre;
  }
  for (int64_t i = 0; i < n; ++i) eta[i] -= shift;
}

void WideFamilySparse::fit_test(int64_t from, int64_t count, double* eta) const {
  by_row_.assign(data_.n(), 0.0);
  double shift = 0;
  for (size_t j = 0; j < columns_.size(); ++j) {
    if (b_[j] == 0) continue;
    if (columns_[j].full) {
      axpy(b_[j], test_.data() + columns_[j].test + from, eta, count);
      continue;
    }
    const double scaled = b_[j] * inverse_scale[working_[j]];
    const Entries some = data_.entries(working_[j]);
    for (int64_t k = 0; k < some.count; ++k) by_row_[some.row[k]] += scaled * some.value[k];
    shift += b_[j] * columns_[j].centre;
  }
  for (int64_t i = 0; i < count; ++i) eta[i] += by_row_[test_rows_[from + i]] - shift;
}

void WideFamilySparse::differentiate() {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  for (size_t j = 0; j < columns_.size(); ++j) {
    const Column& own = columns_[j];
    double sum = own.full ? dot(own.values.data(), slope_.data(), n) : -own.centre * sum_;
    for (size_t k = 0; k < own.rows.size(); ++k) sum += own.values[k] * slope_[own.rows[k]];
    pull_[j] = -sum;
  }
}

void WideFamilySparse::curve_columns(int64_t old) {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  const bool centred = plan_.fit_intercept && total_ > 0;
  if (old == 0) {
    root_.resize(n);
    unit_.assign(n, 0.0);
    for (int64_t i = 0; i < n; ++i) {
      root_[i] = std::sqrt(weight_of_row_[i]);
      if (centred) unit_[i] = root_[i] / std::sqrt(total_);
    }
    if (entries_.size() == 0) entries_.reset(n, unit_.data());
  }
  for (int64_t j = old; j < static_cast<int64_t>(columns_.size()); ++j) {
    const Column& own = columns_[j];
    if (j == entries_.size()) {
      entries_.begin(0.0);
      if (own.full) entries_.full(own.values.data());
      for (size_t k = 0; k < own.rows.size(); ++k) entries_.take(own.rows[k], own.values[k]);
    }
    double* values = entries_.values(j);
    double mean = 0;
    if (own.full) {
      mean = centred ? dot(own.values.data(), weight_of_row_.data(), n) / total_ : 0.0;
      for (int64_t i = 0; i < n; ++i) values[i] = (own.values[i] - mean) * root_[i];
    } else {
      double sum = 0;
      for (size_t k = 0; k < own.rows.size(); ++k) {
        values[k] = own.values[k] * root_[own.rows[k]];
        sum += values[k] * unit_[own.rows[k]];
      }
      entries_.mean[j] = sum;
      mean = centred ? sum / std::sqrt(total_) : 0.0;
    }
    mean_[j] = centred ? mean - own.centre : 0.0;
    diagonal_[j] = entries_.square(j);
  }
}

// Least squares on the weighted columns, the target such that the residual at b has their products g: the slopes over the
// roots of the curvature, less what the intercept takes.
void WideFamilySparse::minimize(Strength s, Effort effort, Control& control) {
  const int64_t n = static_cast<int64_t>(train_rows_.size());
  target_.assign(n, 0.0);
  double shift = plan_.fit_intercept && total_ > 0 ? sum_ / std::sqrt(total_) : 0.0;
  for (int64_t i = 0; i < n; ++i)
    if (root_[i] > 0) target_[i] = -slope_[i] / root_[i];
  for (size_t j = 0; j < columns_.size(); ++j) {
    if (b_[j] == 0) continue;
    entries_.add(static_cast<int64_t>(j), b_[j], target_.data());
    shift -= b_[j] * entries_.mean[j];
  }
  axpy(shift, unit_.data(), target_.data(), n);
  Penalized q;
  fill(q);
  q.g = g_.data();
  q.c = nullptr;
  q.yy = std::max(dot(target_.data(), target_.data(), n), 1e-300);
  descent_.solve(q, entries_, target_.data(), s, effort, control);
}

std::vector<double> WideFamilySparse::hessian(const std::vector<int64_t>& columns) const {
  const int64_t n = static_cast<int64_t>(train_rows_.size()), count = static_cast<int64_t>(columns.size());
  std::vector<double> out(count * count), spread(n);
  for (int64_t i = 0; i < count; ++i) {
    std::fill(spread.begin(), spread.end(), 0.0);
    entries_.add(columns[i], 1.0, spread.data());
    // The column as it stands is orthogonal to the unit vector only with its mean taken off: once is enough.
    axpy(-entries_.mean[columns[i]], unit_.data(), spread.data(), n);
    for (int64_t j = 0; j < count; ++j) out[i * count + j] = entries_.product(columns[j], spread.data(), 0.0);
  }
  return out;
}

}  // namespace bridle
