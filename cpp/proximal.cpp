#include "proximal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels.hpp"

#if defined(__GNUC__)
#define BRIDLE_INLINE inline __attribute__((always_inline))  // into every clone, compiled for its instruction set
#define BRIDLE_FLAT __attribute__((always_inline))
#if defined(__clang__)
#define BRIDLE_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define BRIDLE_INDEPENDENT _Pragma("GCC ivdep")
#endif
#else
#define BRIDLE_INLINE inline
#define BRIDLE_FLAT
#define BRIDLE_INDEPENDENT
#endif

namespace bridle {

namespace {

constexpr int64_t task_size = 1 << 16;  // weights of a task: enough to pay for taking it
constexpr int lanes = 32;               // that sums run over, on every machine
constexpr int64_t short_sum = 64;       // terms that are added in the weights' own precision
constexpr int64_t few = 8;              // columns that are not worth lanes of their own
constexpr int newton_steps = 16;

template <class T>
BRIDLE_INLINE T soft(T v, T threshold) {  // exactly 0 inside, and what is no number stays none
  T inside = v > threshold ? threshold : v;
  inside = inside < -threshold ? -threshold : inside;
  return v - inside;
}

template <Root kind, class T>
BRIDLE_INLINE T curvature(const T* root, const T* mean, T offset, int64_t i) {
  if constexpr (kind == Root::flat) return T(1);
  if constexpr (kind == Root::square) return std::sqrt(root[i]) + offset;
  if constexpr (kind == Root::centered) return std::sqrt(root[i] - mean[i] * mean[i]) + offset;
  return root[i] + offset;
}

template <Root kind, class T>
BRIDLE_INLINE void shrink_each(const Step<T>& step, int64_t from, int64_t to) {
  T* __restrict w = step.weights;
  const T *__restrict root = step.root, *__restrict mean = step.mean;
  const T offset = T(step.offset), l1 = T(step.l1), l2 = T(step.l2), flat = T(1 + step.l2);
  for (int64_t i = from; i < to; ++i) {
    if constexpr (kind == Root::flat) {
      w[i] = soft(w[i], l1) / flat;
    } else {
      const T d = curvature<kind>(root, mean, offset, i);
      w[i] = soft(w[i] * d, l1) / (d + l2);
    }
  }
}

// Groups in the cache: `rows` of lanes, either all of one group or every lane one.
template <class T>
struct Block {
  T *x, *d, *q, *y;  // weights, curvatures, and of the last step: b / (n e + group), n e / (n e + group)
  int64_t rows;
  bool one = true;
  T l1 = 0, l2 = 0;

  int groups() const { return one ? 1 : lanes; }
};

using Sums = double[lanes];

// Adds three terms of every weight: over a few rows in T, from there in doubles.
template <class T, class Terms>
BRIDLE_INLINE void add_up(const Block<T>& block, Sums& a, Sums& b, Sums& c, const Terms& terms) {
  std::fill_n(a, lanes, 0.0), std::fill_n(b, lanes, 0.0), std::fill_n(c, lanes, 0.0);
  for (int64_t first = 0; first < block.rows; first += short_sum) {
    const int64_t last = std::min(first + short_sum, block.rows);
    T p[lanes] = {0}, q[lanes] = {0}, t[lanes] = {0};
    int64_t i = first;
    for (; i + 4 <= last; i += 4)  // four rows at a time: the sums so far come from memory and go back there
BRIDLE_INDEPENDENT
      for (int k = 0; k < lanes; ++k) {
        T u = 0, v = 0, w = 0;
        const int64_t at = i * lanes + k;
        terms(at, k, u, v, w), terms(at + lanes, k, u, v, w);
        terms(at + 2 * lanes, k, u, v, w), terms(at + 3 * lanes, k, u, v, w);
        p[k] += u, q[k] += v, t[k] += w;
      }
    for (; i < last; ++i)
BRIDLE_INDEPENDENT
      for (int k = 0; k < lanes; ++k) terms(i * lanes + k, k, p[k], q[k], t[k]);
    for (int k = 0; k < lanes; ++k) a[k] += p[k], b[k] += q[k], c[k] += t[k];
  }
  if (!block.one) return;
  for (int k = 1; k < lanes; ++k) a[0] += a[k], b[0] += b[k], c[0] += c[k];
}

// ||b||^2 and ||b / e||^2.
template <class T>
BRIDLE_INLINE void measure(const Block<T>& block, Sums& size, Sums& free, Sums& unused) {
  const T *__restrict x = block.x, *__restrict d = block.d;
  const T l1 = block.l1, l2 = block.l2;
  if (l1 == 0 && l2 == 0) {  // b / e is the weight itself
    add_up(block, size, free, unused, [=](int64_t at, int, T& p, T& q, T&) BRIDLE_FLAT {
      const T b = x[at] * d[at];
      p += b * b, q += x[at] * x[at];
    });
    return;
  }
  add_up(block, size, free, unused, [=](int64_t at, int, T& p, T& q, T&) BRIDLE_FLAT {
    const T b = soft(x[at] * d[at], l1), u = b / (d[at] + l2);
    p += b * b, q += u * u;
  });
}

// The mean of e, by b^2; `share` is 1 / ||b||.
template <class T>
BRIDLE_INLINE void weigh(const Block<T>& block, const T* share, Sums& mean, Sums& unused, Sums& too) {
  const T *__restrict x = block.x, *__restrict d = block.d;
  const T l1 = block.l1, l2 = block.l2;
  add_up(block, mean, unused, too, [=](int64_t at, int k, T& p, T&, T&) BRIDLE_FLAT {
    const T b = soft(x[at] * d[at], l1) * share[k];
    p += b * b * (d[at] + l2);
  });
}

// With q = b / (n e + group) and y = n e / (n e + group), which are written down: the sums of q^2, q^2 y and q^2 y^2.
template <bool thresholded, class T>
BRIDLE_INLINE void differentiate(const Block<T>& block, const T* n, T group, Sums& a, Sums& b, Sums& c) {
  const T *__restrict x = block.x, *__restrict d = block.d;
  T *__restrict q = block.q, *__restrict y = block.y;
  const T l1 = block.l1, l2 = block.l2;
  add_up(block, a, b, c, [=](int64_t at, int k, T& first, T& second, T& third) BRIDLE_FLAT {
    const T b = thresholded ? soft(x[at] * d[at], l1) : x[at] * d[at], ne = n[k] * (d[at] + l2);
    const T share = T(1) / (ne + group), one = b * share, part = ne * share, square = one * one;
    q[at] = one;
    y[at] = part;
    first += square, second += square * part, third += square * part * part;
  });
}

// u = n q, the q of the norm before put right to the second order for a norm larger by a share `change`. Groups with
// n = 0 are exactly 0, but what is no number stays none.
template <class T>
BRIDLE_INLINE void finish(const Block<T>& block, const T* __restrict n, const T* __restrict change) {
  T* __restrict x = block.x;
  const T *__restrict q = block.q, *__restrict y = block.y;
  for (int64_t i = 0; i < block.rows; ++i)
    for (int k = 0; k < lanes; ++k) {
      const int64_t at = i * lanes + k;
      const T off = change[k] * y[at], u = n[k] * q[at];
      x[at] = u - u * off * (T(1) - off);
    }
}

template <class T>
BRIDLE_INLINE void clear(const Block<T>& block) {
  for (int64_t at = 0; at < block.rows * lanes; ++at) {
    const T b = block.x[at] * block.d[at];
    block.x[at] = b - b;
  }
}

// The norms of the groups in a block, on their way to the root.
template <class T>
class Norms {
 public:
  BRIDLE_INLINE Norms(const Block<T>& block, double group, double flat) : block_(block), group_(group) {
    Sums size, free, unused;
    measure(block, size, free, unused);
    bool vanishing = false;
    for (int k = 0; k < block.groups(); ++k) {
      size_[k] = std::sqrt(size[k]);
      alive_[k] = size_[k] > group;
      n_[k] = 1;
      low_[k] = 0;
      if (!alive_[k]) continue;
      any_ = true;
      // From above the root, where it would be for group = 0; or the root itself where all curvatures are 1.
      n_[k] = flat > 0 ? (size_[k] - group) / flat : std::sqrt(free[k]);
      vanishing = vanishing || !(free[k] > std::numeric_limits<T>::min());
    }
    if (vanishing) look_below();
  }

  bool any() const { return any_; }

  // Newton's step for 1/h - 1, h = ||q||, which is concave and grows: it lands below the root wherever it starts, and
  // then rises. A small step is the last: with the second derivative, what it leaves is of the order of its cube.
  BRIDLE_INLINE bool move() {
    const double near = 0.1 * std::cbrt(static_cast<double>(std::numeric_limits<T>::epsilon()));
    Sums a, b, c;
    for (int k = 0; k < lanes; ++k) used_[k] = std::max(T(n_[block_.one ? 0 : k]), std::numeric_limits<T>::min());
    if (block_.l1 == 0) differentiate<false>(block_, used_, T(group_), a, b, c);
    else differentiate<true>(block_, used_, T(group_), a, b, c);
    bool done = true, lost = false;
    for (int k = 0; k < block_.groups(); ++k) {
      if (!alive_[k]) continue;
      double step = a[k] * (std::sqrt(a[k]) - 1) / b[k];
      if (std::abs(step) > near) done = false;
      else step *= 1 + 1.5 * step * (c[k] / b[k] - b[k] / a[k]);
      lost = lost || !(step > -0.5);
      n_[k] = std::max(used_[k] * (1 + step), low_[k]);
    }
    if (lost && !looked_) look_below();
    return done;
  }

  // Where all curvatures are 1, so that the norm is known: b n / (n e + group).
  BRIDLE_INLINE void scale(double flat) const {
    T factor[lanes];
    for (int k = 0; k < lanes; ++k) {
      const int of = block_.one ? 0 : k;
      factor[k] = alive_[of] ? T(n_[of] / (n_[of] * flat + group_)) : T(0);
    }
    T* __restrict x = block_.x;
    const T l1 = block_.l1;
    for (int64_t i = 0; i < block_.rows; ++i)
      for (int k = 0; k < lanes; ++k) x[i * lanes + k] = soft(x[i * lanes + k], l1) * factor[k];
  }

  BRIDLE_INLINE void apply() const {
    T n[lanes], change[lanes];
    for (int k = 0; k < lanes; ++k) {
      const int of = block_.one ? 0 : k;
      n[k] = alive_[of] ? T(n_[of]) : T(0);
      change[k] = alive_[of] ? T(n_[of] / used_[k] - 1) : T(0);
    }
    finish(block_, n, change);
  }

 private:
  // Newton's step from n = 0, below the root as well: (||b|| - group) / (the mean of e by b^2).
  BRIDLE_INLINE void look_below() {
    T share[lanes];
    Sums mean, unused, too;
    for (int k = 0; k < lanes; ++k) share[k] = T(1 / size_[block_.one ? 0 : k]);
    weigh(block_, share, mean, unused, too);
    for (int k = 0; k < block_.groups(); ++k) {
      if (!alive_[k]) continue;
      low_[k] = (size_[k] - group_) / mean[k];
      n_[k] = std::max(n_[k], low_[k]);
    }
    looked_ = true;
  }

  const Block<T>& block_;
  double group_;
  double size_[lanes], n_[lanes], low_[lanes];
  T used_[lanes];
  bool alive_[lanes], any_ = false, looked_ = false;
};

template <class T>
BRIDLE_INLINE void shrink_block(const Block<T>& block, double group, bool flat) {
  const double curvature = flat ? 1.0 + block.l2 : 0.0;
  Norms<T> norms(block, group, curvature);
  if (!norms.any()) return clear(block);
  if (flat) return norms.scale(curvature);
  for (int step = 0; step < newton_steps && !norms.move(); ++step) {
  }
  norms.apply();
}

// Where a group, or one for each lane, lies: segments of `length` weights that follow each other at `stride`.
struct Place {
  int64_t start, segments, length, stride;
};

template <Root kind, class T>
BRIDLE_INLINE void load(const Step<T>& step, const Place& place, int64_t step_in, const Block<T>& block) {
  const T offset = T(step.offset);
  T *__restrict x = block.x, *__restrict d = block.d;
  for (int64_t s = 0; s < place.segments; ++s, x += step_in, d += step_in) {
    const int64_t from = place.start + s * place.stride;
    const T* __restrict w = step.weights + from;
    const T* __restrict root = step.root ? step.root + from : nullptr;
    const T* __restrict mean = step.mean ? step.mean + from : nullptr;
    for (int64_t i = 0; i < place.length; ++i) {
      x[i] = w[i];
      d[i] = curvature<kind>(root, mean, offset, i);
    }
  }
}

template <class T>
BRIDLE_INLINE void load(const Step<T>& step, const Place& place, int64_t step_in, const Block<T>& block) {
  switch (step.kind) {
    case Root::flat: return load<Root::flat>(step, place, step_in, block);
    case Root::square: return load<Root::square>(step, place, step_in, block);
    case Root::centered: return load<Root::centered>(step, place, step_in, block);
    case Root::plain: return load<Root::plain>(step, place, step_in, block);
  }
}

template <class T>
BRIDLE_INLINE void store(const Block<T>& block, const Place& place, int64_t step_in, T* weights) {
  for (int64_t s = 0; s < place.segments; ++s)
    std::copy_n(block.x + s * step_in, place.length, weights + place.start + s * place.stride);
}

// One group, its weights one after the other.
template <class T>
BRIDLE_INLINE void shrink_one(const Step<T>& step, const Place& place, Block<T>& block) {
  const int64_t count = place.segments * place.length;
  block.one = true;
  block.rows = (count + lanes - 1) / lanes;
  load(step, place, place.length, block);
  std::fill(block.x + count, block.x + block.rows * lanes, T(0));
  std::fill(block.d + count, block.d + block.rows * lanes, T(1));
  shrink_block(block, step.group, step.kind == Root::flat);
  store(block, place, place.length, step.weights);
}

// Groups beside each other, each in a lane.
template <class T>
BRIDLE_INLINE void shrink_columns(const Step<T>& step, const Place& place, Block<T>& block) {
  block.one = false;
  block.rows = place.segments;
  if (place.length < lanes) {
    std::fill_n(block.x, block.rows * lanes, T(0));
    std::fill_n(block.d, block.rows * lanes, T(1));
  }
  load(step, place, lanes, block);
  shrink_block(block, step.group, step.kind == Root::flat);
  store(block, place, lanes, step.weights);
}

template <class T>
BRIDLE_INLINE void shrink_range(const Step<T>& step, int64_t from, int64_t to) {
  switch (step.kind) {
    case Root::flat: return shrink_each<Root::flat>(step, from, to);
    case Root::square: return shrink_each<Root::square>(step, from, to);
    case Root::centered: return shrink_each<Root::centered>(step, from, to);
    case Root::plain: return shrink_each<Root::plain>(step, from, to);
  }
}

bool side_by_side(const Axes& axes) { return axes.inner == 1 && axes.spanned > 1 && axes.kept >= few; }

// Groups, or blocks of lanes, at one place of the outer axis.
int64_t pieces(const Axes& axes) { return side_by_side(axes) ? (axes.kept + lanes - 1) / lanes : axes.kept; }

template <class T>
BRIDLE_INLINE void shrink_pieces(const Step<T>& step, const Axes& axes, int64_t from, int64_t to, Block<T>& block) {
  const int64_t each = pieces(axes), row = axes.kept * axes.inner;
  const bool beside = side_by_side(axes);
  for (int64_t piece = from; piece < to; ++piece) {
    const int64_t start = piece / each * axes.spanned * row, at = piece % each;
    const int64_t first = at * lanes, width = std::min<int64_t>(lanes, axes.kept - first);
    if (beside)
      shrink_columns(step, {start + first, axes.spanned, width, row}, block);
    else if (axes.kept == 1)
      shrink_one(step, {start, 1, axes.spanned * axes.inner, 0}, block);
    else
      shrink_one(step, {start + at * axes.inner, axes.spanned, axes.inner, row}, block);
  }
}

// One function for each type, compiled for several instruction sets.
BRIDLE_CLONES void run(const Step<float>& step, int64_t from, int64_t to) { shrink_range(step, from, to); }
BRIDLE_CLONES void run(const Step<double>& step, int64_t from, int64_t to) { shrink_range(step, from, to); }
BRIDLE_CLONES void run(const Step<float>& step, const Axes& axes, int64_t from, int64_t to, Block<float>& block) {
  shrink_pieces(step, axes, from, to, block);
}
BRIDLE_CLONES void run(const Step<double>& step, const Axes& axes, int64_t from, int64_t to, Block<double>& block) {
  shrink_pieces(step, axes, from, to, block);
}

// At the start of a cache line: wide loads across two of them take twice as long. The four parts lie a line or two off
// each other's, since places a page apart share few ways of the cache.
template <class T>
Block<T> block_in(std::vector<T>& memory, int64_t rows) {
  constexpr int64_t line = 64 / sizeof(T);
  const int64_t each = (rows + 1) * lanes;
  memory.resize(4 * each + line);
  T* x = memory.data() + (line - reinterpret_cast<uintptr_t>(memory.data()) / sizeof(T) % line) % line;
  return {x, x + each, x + 2 * each, x + 3 * each, rows};
}

}  // namespace

template <class T>
void shrink(const Step<T>& step, int64_t count, int threads, Control& control) {
  parallel_for((count + task_size - 1) / task_size, threads, control, [&](int64_t task, int) {
    run(step, task * task_size, std::min((task + 1) * task_size, count));
  });
}

template <class T>
void shrink_groups(const Step<T>& step, const Axes& axes, int threads, Control& control) {
  if (axes.size() == 0) return;
  const int64_t count = axes.outer * pieces(axes), in_piece = std::max<int64_t>(axes.size() / count, 1);
  const int64_t together = std::max<int64_t>(task_size / in_piece, 1), tasks = (count + together - 1) / together;
  const int64_t rows = side_by_side(axes) ? axes.spanned : (axes.spanned * axes.inner + lanes - 1) / lanes;
  threads = static_cast<int>(std::clamp<int64_t>(threads, 1, tasks));
  std::vector<std::vector<T>> memory(threads);
  parallel_for(tasks, threads, control, [&](int64_t task, int worker) {
    Block<T> block = block_in(memory[worker], rows);
    block.l1 = T(step.l1);
    block.l2 = T(step.l2);
    run(step, axes, task * together, std::min((task + 1) * together, count), block);
  });
}

template void shrink(const Step<float>&, int64_t, int, Control&);
template void shrink(const Step<double>&, int64_t, int, Control&);
template void shrink_groups(const Step<float>&, const Axes&, int, Control&);
template void shrink_groups(const Step<double>&, const Axes&, int, Control&);

}  // namespace bridle
