#include "entry_columns.hpp"

#include <algorithm>

namespace bridle {

void EntryColumns::begin(double mean_of_column) {
  mean.push_back(mean_of_column);
  start_.push_back(static_cast<int64_t>(value_.size()));
  end_.push_back(start_.back());
  full_.push_back(0);
}

void EntryColumns::full(const double* values) {
  full_.back() = 1;
  value_.insert(value_.end(), values, values + n_);
  row_.resize(value_.size());
  end_.back() = static_cast<int64_t>(value_.size());
}

double EntryColumns::square(int64_t j) const {
  const double* value = value_.data() + start_[j];
  return std::max(dot(value, value, entries(j)) - mean[j] * mean[j], 0.0);
}

}  // namespace bridle
