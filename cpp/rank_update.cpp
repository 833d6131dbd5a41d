#include "rank_update.hpp"

#include "kernels.hpp"
#include "lanes.hpp"

namespace bridle {

namespace {

constexpr int64_t most_runs = 3;  // times eight sums, of 32 registers

// `runs` runs of columns at `a` with the run at `b`.
template <int64_t runs>
[[gnu::always_inline]] inline void add_block(const double* a, const double* b, int64_t step, int64_t m, double* out) {
  Lanes sums[run][runs] = {};
  for (int64_t i = 0; i < m; ++i) {
    const Lanes* columns = reinterpret_cast<const Lanes*>(a + i * step);
    const double* row = b + i * step;
    for (int64_t k = 0; k < run; ++k)
      for (int64_t c = 0; c < runs; ++c) sums[k][c] += columns[c] * row[k];
  }
  for (int64_t k = 0; k < run; ++k)
    for (int64_t c = 0; c < runs; ++c) reinterpret_cast<Lanes*>(out + k * step)[c] += sums[k][c];
}

}  // namespace

BRIDLE_CLONES void add_products(const double* tile, int64_t m, int64_t q, double* scatter) {
  const int64_t step = padded(q), runs = step / run;
  for (int64_t from = 0; from < runs; from += most_runs)
    for (int64_t k = from; k < runs; ++k) {
      const double *a = tile + from * run, *b = tile + k * run;
      double* out = scatter + k * run * step + from * run;
      switch (k - from) {
        case 0: add_block<1>(a, b, step, m, out); break;
        case 1: add_block<2>(a, b, step, m, out); break;
        default: add_block<most_runs>(a, b, step, m, out);
      }
    }
}

}  // namespace bridle
