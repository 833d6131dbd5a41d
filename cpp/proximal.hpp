// The proximal map behind a step of an optimizer, in place, in one pass over memory.
#pragma once

#include <cstdint>

#include "pool.hpp"

namespace bridle {

// What the root of a step size scale / (root + offset) is made of. Flat: there is no root, and d = root + offset is 1.
enum class Root { flat, square, centered, plain };

// A parameter and its penalty, l1, l2 and group already times the step's scale: with d = root + offset,
//   b = soft(w d, l1),   e = d + l2,   u = b / e,   or b / (e + group / n) where weights are shrunk in groups,
// n the root of || b / (n e + group) || = 1, and u exactly 0 where ||b|| <= group.
template <class T>
struct Step {
  T* weights;
  const T* root = nullptr;  // squares, or the root itself where it is plain
  const T* mean = nullptr;  // of a centered root: sqrt(square - mean^2)
  Root kind = Root::flat;
  double offset = 1, l1 = 0, l2 = 0, group = 0;
};

// The axes of a parameter, merged: a group is what spanned and inner hold at one place of outer and kept.
struct Axes {
  int64_t outer = 1, spanned = 1, kept = 1, inner = 1;
  int64_t size() const { return outer * spanned * kept * inner; }
};

// Every weight for itself.
template <class T>
void shrink(const Step<T>& step, int64_t count, int threads, Control& control);

// Groups of weights together.
template <class T>
void shrink_groups(const Step<T>& step, const Axes& axes, int threads, Control& control);

}  // namespace bridle
