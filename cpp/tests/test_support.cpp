// The inverse on the support after any sequence of changes, against the inverse computed directly.
#include <algorithm>
#include <cmath>
#include <vector>

#include "check.hpp"
#include "helpers.hpp"
#include "quadratic.hpp"
#include "support.hpp"

using namespace bridle;
using namespace bridle::tests;

namespace {

// A Gram of n rows and m columns with the factors beside it. Column `copy` repeats column 0 when it is given.
struct Hessian {
  std::vector<double> gram, factor, diagonal;
  Quadratic q;

  Hessian(Random& random, int64_t n, int64_t m, int64_t copy = -1) : gram(m * m), factor(m, 1.0) {
    std::vector<double> x(n * m);
    for (double& value : x) value = random.normal();
    for (int64_t j = 0; j < m; ++j) factor[j] = j % 5 == 3 ? 0.0 : 0.5 + random.uniform();
    if (copy >= 0) {
      for (int64_t i = 0; i < n; ++i) x[i * m + copy] = x[i * m];
      factor[0] = factor[copy] = 0.0;
    }
    for (int64_t j = 0; j < m; ++j)
      for (int64_t k = 0; k < m; ++k)
        for (int64_t i = 0; i < n; ++i) gram[j * m + k] += x[i * m + j] * x[i * m + k] / static_cast<double>(n);
    q.m = m;
    q.gram = gram.data();
    q.stride = m;
    for (int64_t j = 0; j < m; ++j) diagonal.push_back(gram[j * m + j]);
    q.diagonal = diagonal.data();
    q.factor = factor.data();
  }
};

// What apply does to every unit vector, against elimination.
void check_inverse(const SupportInverse& support, const Hessian& h, double a2, double tolerance) {
  const int64_t n = support.size();
  std::vector<long double> hessian(n * n);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) hessian[i * n + j] = h.gram[support.columns[i] * h.q.m + support.columns[j]];
    hessian[i * n + i] += a2 * h.factor[support.columns[i]];
    CHECK(support.holds(support.columns[i]));
  }
  int64_t held = 0;
  for (int64_t j = 0; j < h.q.m; ++j) held += support.holds(j);
  CHECK_EQUAL(held, n);
  CHECK_EQUAL(static_cast<int64_t>(support.signs.size()), n);
  const std::vector<long double> inverse = inverse_of(hessian, n);
  CHECK_EQUAL(static_cast<int64_t>(inverse.size()), n * n);
  std::vector<double> unit(n, 0.0), step(n);
  for (int64_t j = 0; j < n; ++j) {
    unit[j] = 1;
    support.apply(unit.data(), step.data());
    unit[j] = 0;
    for (int64_t i = 0; i < n; ++i) CHECK_NEAR(step[i], inverse[i * n + j], tolerance);
  }
  double largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    long double sum = 0;
    for (int64_t j = 0; j < n; ++j) sum += std::abs(inverse[i * n + j]) * h.factor[support.columns[j]];
    largest = std::max(largest, static_cast<double>(sum));
  }
  CHECK_NEAR(support.leaves(h.q), largest, tolerance * std::max(1.0, largest));
}

}  // namespace

TEST(inverse_after_random_changes) {
  Random random(11);
  for (int trial = 0; trial < 6; ++trial) {
    const Hessian h(random, 120, 40);
    SupportInverse support;
    double a2 = trial % 2 ? 0.0 : 0.3;
    for (int step = 0; step < 160; ++step) {
      const double draw = random.uniform();
      if (draw < 0.6) {
        const int64_t j = random.below(40);
        if (support.holds(j)) continue;
        if (support.size() == 0) a2 = support.a2 = random.uniform();
        CHECK(support.append(h.q, j, j % 2 ? 1.0 : -1.0, a2));
        CHECK_EQUAL(support.columns.back(), j);
      } else if (draw < 0.95 && support.size() > 0) {
        // The first, the last and those between are different cases.
        const int64_t n = support.size(), at = random.chance(0.3) ? 0 : random.chance(0.4) ? n - 1 : random.below(n);
        const int64_t j = support.columns[at];
        support.remove(at);
        CHECK(!support.holds(j));
      } else if (support.size() > 0) {
        a2 = random.uniform();
        CHECK(support.rebuild(h.q, a2));
        CHECK_EQUAL(support.a2, a2);
      }
      for (int64_t i = 0; i < support.size(); ++i)
        CHECK_EQUAL(support.signs[i], support.columns[i] % 2 ? 1.0 : -1.0);
      if (step % 10 == 9) check_inverse(support, h, a2, 1e-10);
    }
  }
}

TEST(inverse_after_random_changes_of_several_columns) {
  Random random(15);
  for (int trial = 0; trial < 6; ++trial) {
    const int64_t m = trial % 2 ? 40 : 150;  // more than come at once
    const Hessian h(random, 3 * m, m, m - 1);
    SupportInverse support;
    const double a2 = trial % 3 ? 0.3 : 0.0;
    for (int step = 0; step < 60; ++step) {
      std::vector<int64_t> some;
      std::vector<double> signs;
      if (random.chance(0.5)) {
        for (int64_t j = 0; j < m; ++j)
          if (!support.holds(j) && random.chance(step == 0 ? 0.7 : 0.2)) some.push_back(j), signs.push_back(j % 2 ? 1 : -1);
        const std::vector<int64_t> out = support.append(h.q, some, signs, a2);
        CHECK(!(support.holds(0) && support.holds(m - 1)));  // they are the same
        CHECK(out.size() <= 1);
        for (int64_t j : some) CHECK(support.holds(j) == (std::find(out.begin(), out.end(), j) == out.end()));
      } else {
        for (int64_t i = 0; i < support.size(); ++i)
          if (random.chance(step % 7 == 6 ? 0.9 : 0.2)) some.push_back(i);
        std::vector<int64_t> gone;
        for (int64_t i : some) gone.push_back(support.columns[i]);
        support.remove(some);
        for (int64_t j : gone) CHECK(!support.holds(j));
      }
      for (int64_t i = 0; i < support.size(); ++i)
        CHECK_EQUAL(support.signs[i], support.columns[i] % 2 ? 1.0 : -1.0);
      if (step % 4 == 3) check_inverse(support, h, support.size() ? support.a2 : a2, 1e-9);
    }
  }
}

TEST(inverse_of_all_columns_and_back_to_none) {
  Random random(12);
  const Hessian h(random, 150, 60);
  SupportInverse support;
  for (int64_t j = 0; j < 60; ++j) CHECK(support.append(h.q, j, 1.0, 0.1));
  check_inverse(support, h, 0.1, 1e-11);
  while (support.size() > 1) support.remove(support.size() / 2);
  check_inverse(support, h, 0.1, 1e-11);
  support.remove(0);
  CHECK_EQUAL(support.size(), int64_t{0});
  CHECK(support.rebuild(h.q, 0.2));
  CHECK(support.append(h.q, 7, 1.0, 0.7));  // the first column brings its own ridge part
  CHECK_EQUAL(support.a2, 0.7);
  check_inverse(support, h, 0.7, 1e-12);
  support.clear();
  CHECK_EQUAL(support.size(), int64_t{0});
  CHECK(!support.holds(7));
}

TEST(dependent_columns_are_refused) {
  Random random(13);
  const Hessian h(random, 80, 10, 6);  // columns 0 and 6 are the same, without a ridge part of their own
  SupportInverse support;
  for (int64_t j = 0; j < 6; ++j) CHECK(support.append(h.q, j, 1.0, 0.5));
  CHECK(!support.append(h.q, 6, 1.0, 0.5));
  CHECK(!support.holds(6));
  check_inverse(support, h, 0.5, 1e-10);  // as if nothing had been tried
  support.remove(0);
  CHECK(support.append(h.q, 6, 1.0, 0.5));
  check_inverse(support, h, 0.5, 1e-10);
  CHECK(!support.append(h.q, 0, 1.0, 0.5));

  // More columns than rows: no more than the rank get in without a ridge part, all with one.
  const Hessian flat(random, 8, 20);
  SupportInverse narrow, ridged;
  for (int64_t j = 0; j < 20; ++j) narrow.append(flat.q, j, 1.0, 0.0);
  CHECK_EQUAL(narrow.size(), int64_t{8});
  check_inverse(narrow, flat, 0.0, 1e-7);
  for (int64_t j = 0; j < 20; ++j)
    if (flat.factor[j] > 0) CHECK(ridged.append(flat.q, j, 1.0, 0.4));
  check_inverse(ridged, flat, 0.4, 1e-10);
  CHECK(!ridged.rebuild(flat.q, 0.0));  // without it they depend on each other
}

TEST(problems_that_grow_keep_their_support) {
  Random random(14);
  Hessian h(random, 100, 30);
  SupportInverse support;
  h.q.m = 5;
  for (int64_t j = 0; j < 5; ++j) CHECK(support.append(h.q, j, 1.0, 0.2));
  CHECK(!support.holds(29));  // a column that joined later is not held, and asking is safe
  h.q.m = 30;
  CHECK(support.append(h.q, 29, 1.0, 0.2));
  CHECK(support.append(h.q, 17, 1.0, 0.2));
  support.remove(2);
  check_inverse(support, h, 0.2, 1e-11);
}
