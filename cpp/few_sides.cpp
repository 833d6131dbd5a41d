#include "few_sides.hpp"

#include "kernels.hpp"
#include "lanes.hpp"
#include "processor.hpp"

namespace bridle {

namespace {

constexpr int64_t at_once = 4;  // rows, or columns, whose sums are kept in registers

// Rows lie together: four of them along all columns.
BRIDLE_CLONES void along_rows(const double* x, int64_t row_step, int64_t m, const int32_t* columns, int64_t count,
                              const double* b, double* out) {
  Lanes* to = reinterpret_cast<Lanes*>(out);
  const Lanes* sides = reinterpret_cast<const Lanes*>(b);
  int64_t i = 0;
  for (; i + at_once <= m; i += at_once) {
    Lanes s0 = {}, s1 = {}, s2 = {}, s3 = {};
    const double* row = x + i * row_step;
    for (int64_t c = 0; c < count; ++c) {
      const double* at = row + columns[c];
      const Lanes side = sides[columns[c]];
      s0 += at[0] * side;
      s1 += at[row_step] * side;
      s2 += at[2 * row_step] * side;
      s3 += at[3 * row_step] * side;
    }
    to[i] += s0, to[i + 1] += s1, to[i + 2] += s2, to[i + 3] += s3;
  }
  for (; i < m; ++i) {
    Lanes sum = {};
    for (int64_t c = 0; c < count; ++c) sum += x[i * row_step + columns[c]] * sides[columns[c]];
    to[i] += sum;
  }
}

// The same with as many sums as AVX-512 has registers for.
BRIDLE_CLONES void along_eight_rows(const double* x, int64_t row_step, int64_t m, const int32_t* columns, int64_t count,
                                    const double* b, double* out) {
  Lanes* to = reinterpret_cast<Lanes*>(out);
  const Lanes* sides = reinterpret_cast<const Lanes*>(b);
  int64_t i = 0;
  for (; i + 8 <= m; i += 8) {
    Lanes sums[8] = {};
    const double* row = x + i * row_step;
    for (int64_t c = 0; c < count; ++c) {
      const double* at = row + columns[c];
      const Lanes side = sides[columns[c]];
      for (int64_t k = 0; k < 8; ++k) sums[k] += at[k * row_step] * side;
    }
    for (int64_t k = 0; k < 8; ++k) to[i + k] += sums[k];
  }
  along_rows(x + i * row_step, row_step, m - i, columns, count, b, out + i * lanes);
}

// Columns lie together: four of them along all rows.
BRIDLE_CLONES void along_columns(const double* x, int64_t column_step, int64_t m, const int32_t* columns,
                                 const double* b, double* out) {
  const double *x0 = x + columns[0] * column_step, *x1 = x + columns[1] * column_step,
               *x2 = x + columns[2] * column_step, *x3 = x + columns[3] * column_step;
  const Lanes* sides = reinterpret_cast<const Lanes*>(b);
  const Lanes b0 = sides[columns[0]], b1 = sides[columns[1]], b2 = sides[columns[2]], b3 = sides[columns[3]];
  Lanes* to = reinterpret_cast<Lanes*>(out);
  for (int64_t i = 0; i < m; ++i) to[i] += (x0[i] * b0 + x1[i] * b1) + (x2[i] * b2 + x3[i] * b3);
}

BRIDLE_CLONES void along_column(const double* x, int64_t m, const double* b, double* out) {
  const Lanes side = *reinterpret_cast<const Lanes*>(b);
  Lanes* to = reinterpret_cast<Lanes*>(out);
  for (int64_t i = 0; i < m; ++i) to[i] += x[i] * side;
}

BRIDLE_CLONES void of_four(const double* x, int64_t row_step, int64_t column_step, int64_t m, const double* sides,
                           double* out) {
  Lanes s0 = {}, s1 = {}, s2 = {}, s3 = {};
  const Lanes* side = reinterpret_cast<const Lanes*>(sides);
  for (int64_t i = 0; i < m; ++i) {
    const double* at = x + i * row_step;
    s0 += at[0] * side[i];
    s1 += at[column_step] * side[i];
    s2 += at[2 * column_step] * side[i];
    s3 += at[3 * column_step] * side[i];
  }
  Lanes* to = reinterpret_cast<Lanes*>(out);
  to[0] += s0, to[1] += s1, to[2] += s2, to[3] += s3;
}

BRIDLE_CLONES void of_one(const double* x, int64_t row_step, int64_t m, const double* sides, double* out) {
  Lanes sum = {};
  const Lanes* side = reinterpret_cast<const Lanes*>(sides);
  for (int64_t i = 0; i < m; ++i) sum += x[i * row_step] * side[i];
  *reinterpret_cast<Lanes*>(out) += sum;
}

// Rows lie together: `runs` times eight columns and `count` sides along all rows, every sum in a register.
template <int64_t runs, int64_t count>
[[gnu::always_inline]] inline void of_runs(const double* x, int64_t row_step, int64_t m, const double* sides, double* out) {
  Lanes sums[runs][count] = {};
  for (int64_t i = 0; i < m; ++i) {
    const Lanes* at = reinterpret_cast<const Lanes*>(x + i * row_step);
    const double* side = sides + i * lanes;
    for (int64_t c = 0; c < runs; ++c) __builtin_prefetch(x + (i + m) * row_step + c * lanes, 0, 2);  // of the next tile
    for (int64_t k = 0; k < count; ++k)
      for (int64_t c = 0; c < runs; ++c) sums[c][k] += at[c] * side[k];
  }
  for (int64_t c = 0; c < runs; ++c)
    for (int64_t k = 0; k < count; ++k)
      for (int64_t j = 0; j < lanes; ++j) out[(c * lanes + j) * lanes + k] += sums[c][k][j];
}

template <int64_t runs>
[[gnu::always_inline]] inline void of_runs(const double* x, int64_t row_step, int64_t m, const double* sides, int64_t count,
                                           double* out) {
  switch (count) {
    case 2: return of_runs<runs, 2>(x, row_step, m, sides, out);
    case 3: return of_runs<runs, 3>(x, row_step, m, sides, out);
    case 4: return of_runs<runs, 4>(x, row_step, m, sides, out);
    case 5: return of_runs<runs, 5>(x, row_step, m, sides, out);
    case 6: return of_runs<runs, 6>(x, row_step, m, sides, out);
    case 7: return of_runs<runs, 7>(x, row_step, m, sides, out);
    default: return of_runs<runs, 8>(x, row_step, m, sides, out);
  }
}

BRIDLE_CLONES void of_three_runs(const double* x, int64_t row_step, int64_t m, const double* sides, int64_t count,
                                 double* out) {
  of_runs<3>(x, row_step, m, sides, count, out);
}

BRIDLE_CLONES void of_one_run(const double* x, int64_t row_step, int64_t m, const double* sides, int64_t count, double* out) {
  of_runs<1>(x, row_step, m, sides, count, out);
}

}  // namespace

void times_sides(const Tile& x, int64_t m, const std::vector<int32_t>& columns, const double* b, double* out) {
  const int64_t count = static_cast<int64_t>(columns.size());
  if (x.column_step == 1) {
    const auto along = has_wide_registers() ? along_eight_rows : along_rows;
    return along(x.data, x.row_step, m, columns.data(), count, b, out);
  }
  int64_t c = 0;
  for (; c + at_once <= count; c += at_once) along_columns(x.data, x.column_step, m, columns.data() + c, b, out);
  for (; c < count; ++c) along_column(x.data + columns[c] * x.column_step, m, b + columns[c] * lanes, out);
}

void sides_by_columns(const Tile& x, int64_t m, int64_t width, const double* sides, int64_t count, double* sums) {
  int64_t j = 0;
  if (x.column_step == 1 && has_wide_registers()) {
    for (; j + 3 * lanes <= width; j += 3 * lanes) of_three_runs(x.data + j, x.row_step, m, sides, count, sums + j * lanes);
    for (; j + lanes <= width; j += lanes) of_one_run(x.data + j, x.row_step, m, sides, count, sums + j * lanes);
  }
  for (; j + at_once <= width; j += at_once)
    of_four(x.data + j * x.column_step, x.row_step, x.column_step, m, sides, sums + j * lanes);
  for (; j < width; ++j) of_one(x.data + j * x.column_step, x.row_step, m, sides, sums + j * lanes);
}

BRIDLE_CLONES void add_levels(const int32_t* levels, int64_t m, const double* b, double* out) {
  const Lanes* side = reinterpret_cast<const Lanes*>(b);
  Lanes* to = reinterpret_cast<Lanes*>(out);
  for (int64_t i = 0; i < m; ++i)
    if (levels[i] >= 0) to[i] += side[levels[i]];
}

BRIDLE_CLONES void add_to_levels(const int32_t* levels, int64_t m, const double* sides, double* sums) {
  const Lanes* side = reinterpret_cast<const Lanes*>(sides);
  Lanes* to = reinterpret_cast<Lanes*>(sums);
  for (int64_t i = 0; i < m; ++i)
    if (levels[i] >= 0) to[levels[i]] += side[i];
}

BRIDLE_CLONES void add_entries(const double* values, const int32_t* columns, const int64_t* starts, int64_t m,
                               const double* b, double* out) {
  const Lanes* side = reinterpret_cast<const Lanes*>(b);
  Lanes* to = reinterpret_cast<Lanes*>(out);
  for (int64_t i = 0; i < m; ++i) {
    Lanes sum = {};
    for (int64_t at = starts[i]; at < starts[i + 1]; ++at) sum += values[at] * side[columns[at]];
    to[i] += sum;
  }
}

BRIDLE_CLONES void add_to_entries(const double* values, const int32_t* columns, const int64_t* starts, int64_t m,
                                  const double* sides, double* sums) {
  const Lanes* side = reinterpret_cast<const Lanes*>(sides);
  Lanes* to = reinterpret_cast<Lanes*>(sums);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t at = starts[i]; at < starts[i + 1]; ++at) to[columns[at]] += values[at] * side[i];
}

}  // namespace bridle
