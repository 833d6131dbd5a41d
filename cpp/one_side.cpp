#include "one_side.hpp"

#include "kernels.hpp"

namespace bridle {

namespace {

constexpr int64_t at_once = 32;

// y += sum_k scale_k x_k, the x_k a step apart.
void add_all(const double* x, int64_t step, int64_t count, const double* scale, double* y, int64_t n) {
  const double* rows[at_once];
  for (int64_t from = 0; from < count; from += at_once) {
    const int64_t some = count - from < at_once ? count - from : at_once;
    for (int64_t k = 0; k < some; ++k) rows[k] = x + (from + k) * step;
    axpys(some, scale + from, rows, y, n);
  }
}

void add_dots(const double* x, int64_t step, int64_t count, const double* y, double* out, int64_t n) {
  for (int64_t k = 0; k < count; ++k) out[k] += dot(x + k * step, y, n);
}

}  // namespace

void times_side(const Tile& x, int64_t m, int64_t width, const double* b, double* out) {
  if (x.column_step == 1) return add_dots(x.data, x.row_step, m, b, out, width);
  add_all(x.data, x.column_step, width, b, out, m);
}

void side_by_columns(const Tile& x, int64_t m, int64_t width, const double* side, double* sums) {
  if (x.column_step == 1) return add_all(x.data, x.row_step, m, side, sums, width);
  add_dots(x.data, x.column_step, width, side, sums, m);
}

void add_level(const int32_t* levels, int64_t m, const double* b, double* out) {
  for (int64_t i = 0; i < m; ++i)
    if (levels[i] >= 0) out[i] += b[levels[i]];
}

void add_to_level(const int32_t* levels, int64_t m, const double* side, double* sums) {
  for (int64_t i = 0; i < m; ++i)
    if (levels[i] >= 0) sums[levels[i]] += side[i];
}

void add_entry(const double* values, const int32_t* columns, const int64_t* starts, int64_t m, const double* b, double* out) {
  for (int64_t i = 0; i < m; ++i) {
    double sum = 0;
    for (int64_t at = starts[i]; at < starts[i + 1]; ++at) sum += values[at] * b[columns[at]];
    out[i] += sum;
  }
}

void add_to_entry(const double* values, const int32_t* columns, const int64_t* starts, int64_t m, const double* side,
                  double* sums) {
  for (int64_t i = 0; i < m; ++i)
    for (int64_t at = starts[i]; at < starts[i + 1]; ++at) sums[columns[at]] += values[at] * side[i];
}

}  // namespace bridle
