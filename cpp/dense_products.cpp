#include "dense_products.hpp"

#include <algorithm>

#include "kernels.hpp"
#include "lanes.hpp"

namespace bridle {

namespace {

constexpr int64_t most_runs = 3;  // times eight sums, of 32 registers

// `runs` runs of columns at `a` with the run at `b`.
template <int64_t runs>
[[gnu::always_inline]] inline void add_block(double factor, const double* a, const double* b, int64_t step, int64_t m,
                                             double* out, int64_t out_step) {
  Lanes sums[run][runs] = {};
  for (int64_t i = 0; i < m; ++i) {
    const Lanes* columns = reinterpret_cast<const Lanes*>(a + i * step);
    const double* row = b + i * step;
    for (int64_t k = 0; k < run; ++k)
      for (int64_t c = 0; c < runs; ++c) sums[k][c] += columns[c] * row[k];
  }
  for (int64_t k = 0; k < run; ++k)
    for (int64_t c = 0; c < runs; ++c) reinterpret_cast<Lanes*>(out + k * out_step)[c] += factor * sums[k][c];
}

// `rows` rows of S from `at` on, what stands left of the diagonal read once for both halves, with `runs` runs of x.
template <int64_t rows, int64_t runs>
[[gnu::always_inline]] inline void times_rows(const Triangle& lower, int64_t at, const double* x, double* out) {
  const Lanes* given = reinterpret_cast<const Lanes*>(x);
  Lanes* to = reinterpret_cast<Lanes*>(out);
  const double* s[rows];
  for (int64_t k = 0; k < rows; ++k) s[k] = lower.row(at + k);
  Lanes sums[rows][runs] = {}, own[rows][runs];
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t c = 0; c < runs; ++c) own[k][c] = given[(at + k) * runs + c];
  for (int64_t j = 0; j < at; ++j)
    for (int64_t c = 0; c < runs; ++c) {
      const Lanes there = given[j * runs + c];
      Lanes sum = to[j * runs + c];
      for (int64_t k = 0; k < rows; ++k) {
        sums[k][c] += there * s[k][j];
        sum += own[k][c] * s[k][j];
      }
      to[j * runs + c] = sum;
    }
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t j = 0; j < rows; ++j) {
      const double corner = j <= k ? s[k][at + j] : s[j][at + k];
      for (int64_t c = 0; c < runs; ++c) sums[k][c] += own[j][c] * corner;
    }
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t c = 0; c < runs; ++c) to[(at + k) * runs + c] += sums[k][c];
}

template <int64_t runs>
[[gnu::always_inline]] inline void times_all(const Triangle& lower, int64_t n, const double* x, double* out) {
  int64_t at = 0;
  for (; at + 6 <= n; at += 6) times_rows<6, runs>(lower, at, x, out);
  for (; at < n; ++at) times_rows<1, runs>(lower, at, x, out);
}

// The blocks of eight rows at `place(row)`, rows `step(row)` apart.
template <class Place, class Step>
[[gnu::always_inline]] inline void add_all(double factor, const double* tile, int64_t m, int64_t n, Place place, Step step_at) {
  const int64_t step = padded(n), runs = step / run;
  for (int64_t from = 0; from < runs; from += most_runs)
    for (int64_t k = from; k < runs; ++k) {
      const double *a = tile + from * run, *b = tile + k * run;
      double* to = place(k * run) + from * run;
      const int64_t out_step = step_at(k * run);
      switch (k - from) {
        case 0: add_block<1>(factor, a, b, step, m, to, out_step); break;
        case 1: add_block<2>(factor, a, b, step, m, to, out_step); break;
        default: add_block<most_runs>(factor, a, b, step, m, to, out_step);
      }
    }
}

}  // namespace

BRIDLE_CLONES void add_products(double factor, const double* tile, int64_t m, int64_t n, double* out, int64_t out_step) {
  add_all(factor, tile, m, n, [=](int64_t i) { return out + i * out_step; },
          [=](int64_t) { return out_step; });
}

static_assert(Triangle::block % run == 0);

BRIDLE_CLONES void add_products(double factor, const double* tile, int64_t m, int64_t n, Triangle& out) {
  add_all(factor, tile, m, n, [&](int64_t i) { return out.row(i); },
          [](int64_t i) { return Triangle::step(i); });
}

BRIDLE_CLONES void symmetric_times(const Triangle& s, int64_t n, const double* x, int64_t runs, double* out) {
  std::fill_n(out, n * runs * run, 0.0);
  if (runs == 1) return times_all<1>(s, n, x, out);
  times_all<2>(s, n, x, out);
}

}  // namespace bridle
