#include "working_columns.hpp"

#include <algorithm>

namespace bridle {

namespace {
constexpr int64_t least_room = int64_t{1} << 24;  // bytes
}

void WorkingColumns::read(int64_t place, double* out) const {
  if (kept_[place]) {
    std::copy_n(kept_[place].get(), data_.n(), out);
    return;
  }
  data_.column(place, out);
  for (int64_t a = 0; a < data_.n_atoms(); ++a) {
    const double centre = data_.mean[place * data_.n_atoms() + a];
    for (int64_t i = data_.start[a]; i < data_.start[a + 1]; ++i) out[i] -= centre;
  }
}

const double* WorkingColumns::keep(int64_t place) {
  if (!kept_[place]) {
    std::unique_ptr<double[]> values(new double[data_.n()]);
    read(place, values.get());
    kept_[place] = std::move(values);
  }
  return kept_[place].get();
}

const double* WorkingColumns::keep_if_room(int64_t place) {
  if (kept_[place] || has_room(kept_numbers_, sizeof(double))) return keep(place);
  return nullptr;
}

const ShortColumn* WorkingColumns::keep_short(int64_t place) {
  if (!short_[place] && has_room(short_numbers_, sizeof(int16_t))) {
    std::vector<double> values(data_.n());
    data_.column(place, values.data());
    short_[place] = std::make_unique<ShortColumn>(values.data(), data_.n());
  }
  return short_[place].get();
}

bool WorkingColumns::has_room(std::atomic<int64_t>& numbers, size_t each) const {
  const int64_t held = numbers.fetch_add(data_.n(), std::memory_order_relaxed) * static_cast<int64_t>(each);
  return held < std::max(data_.places() * data_.n(), least_room);
}

}  // namespace bridle
