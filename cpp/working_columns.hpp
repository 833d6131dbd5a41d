// Columns of a wide table that are read again and again while paths are solved: those of the working sets, kept once for all
// problems, and those near their thresholds.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "screen.hpp"
#include "wide_data.hpp"

namespace bridle {

// Nothing is locked: of several threads each has places of its own (a pass), or all only look (problems side by side).
class WorkingColumns {
 public:
  explicit WorkingColumns(const WideData& data) : data_(data), kept_(data.places()), short_(data.places()) {}

  // A column about the mean of each atom's rows, rows grouped by atom.
  void read(int64_t place, double* out) const;
  // The same, kept from now on.
  const double* keep(int64_t place);
  // ... and these only while there is room: as much as the quantized copy takes, for either. Null where there is none.
  const double* keep_if_room(int64_t place);
  const ShortColumn* keep_short(int64_t place);
  const double* kept(int64_t place) const { return kept_[place].get(); }  // null: it is not

 private:
  bool has_room(std::atomic<int64_t>& numbers, size_t each) const;

  const WideData& data_;
  std::vector<std::unique_ptr<double[]>> kept_;      // by place
  std::vector<std::unique_ptr<ShortColumn>> short_;  // by place
  std::atomic<int64_t> kept_numbers_{0}, short_numbers_{0};
};

}  // namespace bridle
