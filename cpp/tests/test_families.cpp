// Losses, the pass over the rows and Newton's steps of generalized linear models, against plain sums in extended precision.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "check.hpp"
#include "family_pass.hpp"
#include "few_sides.hpp"
#include "helpers.hpp"
#include "moments.hpp"
#include "newton_steps.hpp"

using namespace bridle;
using namespace bridle::tests;

namespace {

struct Passed {
  std::vector<double> value, gradient, sum, size, curvature;
};

struct Given {
  std::vector<double> b, intercept, offset;
  std::vector<uint8_t> train;
  std::vector<int32_t> atom;
  int64_t count = 0;
};

Given given_for(Random& random, const Table& t, int64_t p, int64_t count) {
  Given g;
  g.count = count;
  g.atom.assign(t.n, -1);
  for (int64_t a = 0; a < t.n_atoms(); ++a)
    for (int64_t i = t.start[a]; i < t.start[a + 1]; ++i) g.atom[t.rows[i]] = static_cast<int32_t>(a);
  for (int64_t k = 0; k < count * p; ++k) g.b.push_back(random.chance(0.4) ? 0.0 : 0.2 * random.normal());
  for (int64_t k = 0; k < count; ++k) g.intercept.push_back(random.normal());
  for (int64_t i = 0; i < t.n; ++i) g.offset.push_back(0.3 * random.normal());
  for (int64_t k = 0; k < count * t.n_atoms(); ++k) g.train.push_back(k < t.n_atoms() || random.chance(0.7));
  return g;
}

Passed pass(const Columns& x, const Table& t, const std::vector<double>& y, const Given& g, FamilyKernel kernel,
            int threads) {
  Passed out;
  out.value.assign(g.count * t.n_atoms(), -7.0);
  out.gradient.assign(g.count * x.p, -7.0);
  out.sum.assign(g.count, -7.0);
  out.size.assign(g.count, -7.0);
  out.curvature.assign(t.n, -7.0);
  FamilyRows rows{kernel, y.data(), t.w.data(), g.offset.data(), g.atom.data(), t.n_atoms()};
  Fits fits{g.count, g.b.data(), g.intercept.data(), g.train.data()};
  Control control;
  family_pass(x, rows, fits, {out.value.data(), out.gradient.data(), out.sum.data(), out.size.data(), out.curvature.data(), 0},
              threads, control);
  return out;
}

// What a family's loss is, its derivatives taken by hand.
void by_hand(FamilyKernel kernel, long double y, long double eta, long double& slope, long double& curvature,
             long double& value) {
  const long double theta = kernel.parameter;
  switch (kernel.family) {
    case Family::squared:
      slope = eta - y, curvature = 1, value = (eta - y) * (eta - y) / 2;
      return;
    case Family::logit: {
      const long double mean = 1 / (1 + std::exp(-eta));
      slope = mean - y, curvature = mean * (1 - mean), value = std::log1p(std::exp(eta)) - y * eta;
      return;
    }
    case Family::poisson:
      slope = std::exp(eta) - y, curvature = std::exp(eta), value = std::exp(eta) - y * eta;
      return;
    case Family::gamma:
      slope = 1 - y * std::exp(-eta), curvature = y * std::exp(-eta), value = y * std::exp(-eta) + eta;
      return;
    case Family::tweedie: {
      const long double a = y * std::exp((1 - theta) * eta), b = std::exp((2 - theta) * eta);
      slope = b - a, curvature = theta > 2 ? b : (2 - theta) * b - (1 - theta) * a;
      value = b / (2 - theta) - a / (1 - theta);
      return;
    }
    case Family::negative_binomial: {
      const long double mean = std::exp(eta);
      slope = (mean - y) * theta / (mean + theta);
      curvature = theta * mean * (y + theta) / ((mean + theta) * (mean + theta));
      value = (y + theta) * std::log1p(mean / theta) - y * eta;
      return;
    }
    case Family::huber: {
      const long double off = eta - y, size = std::abs(off);
      slope = size <= theta ? off : std::copysign(theta, off);
      curvature = size <= theta, value = size <= theta ? off * off / 2 : theta * (size - theta / 2);
      return;
    }
  }
}

const std::vector<FamilyKernel> kernels_of_all = {
    {Family::squared, 0},     {Family::logit, 0},       {Family::poisson, 0},           {Family::gamma, 0},
    {Family::tweedie, 1.5},   {Family::tweedie, 2.5},   {Family::negative_binomial, 2}, {Family::huber, 0.8}};

double target_of(FamilyKernel kernel, Random& random) {
  if (kernel.family == Family::logit) return random.chance(0.5) ? 1.0 : random.chance(0.5) ? 0.0 : random.uniform();
  if (kernel.family == Family::squared || kernel.family == Family::huber) return 2 * random.normal();
  const bool zero = kernel.family != Family::gamma && !(kernel.parameter > 2);
  return zero && random.chance(0.3) ? 0.0 : 0.1 + 3 * random.uniform();
}

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

}  // namespace

TEST(family_rows_equal_the_formulas) {
  Random random(11);
  for (const FamilyKernel& kernel : kernels_of_all) {
    const int64_t n = 1000;
    std::vector<double> y(n), eta(n), slope(n), curvature(n), value(n);
    for (int64_t i = 0; i < n; ++i) {
      y[i] = target_of(kernel, random);
      eta[i] = (i % 10 == 0 ? 25.0 : 3.0) * random.normal();
    }
    kernel.rows(n, y.data(), eta.data(), slope.data(), curvature.data(), value.data());
    for (int64_t i = 0; i < n; ++i) {
      long double s, c, v;
      by_hand(kernel, y[i], eta[i], s, c, v);
      const double scale = static_cast<double>(std::abs(s) + std::abs(c) + std::abs(y[i] * eta[i]));
      CHECK_AT_MOST(std::abs(slope[i] - static_cast<double>(s)), 1e-14 * (scale + 1));
      CHECK_AT_MOST(std::abs(curvature[i] - static_cast<double>(c)), 1e-14 * (scale + 1));
      CHECK_AT_MOST(std::abs(value[i] - static_cast<double>(v)), 4e-14 * (scale + std::abs(static_cast<double>(v)) + 1));
    }
  }
}

TEST(exponentials_are_right_to_the_last_bits_and_never_overflow) {
  Random random(12);
  std::vector<double> x, out;
  for (int i = 0; i < 20000; ++i) x.push_back(708.0 * (2 * random.uniform() - 1) * (i % 2 ? 1.0 : 1e-3));
  x.insert(x.end(), {0.0, -0.0, 1e-320, 709.0, 800.0, 1e300, -708.0, -800.0, -1e300});
  out.resize(x.size());
  exponentials(static_cast<int64_t>(x.size()), x.data(), out.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const double right = static_cast<double>(std::exp(static_cast<long double>(std::clamp(x[i], -708.0, 709.0))));
    CHECK_AT_MOST(std::abs(out[i] - right), 4e-16 * right);
  }
}

TEST(a_pass_equals_plain_sums_for_every_storage) {
  Random random(13);
  for (int64_t n : {1, 7, 700, 5000}) {
    Table t = random_table(random, n, 7, {n / 3, n / 3, n - 2 * (n / 3) - (n > 100 ? 3 : 0)});
    const int64_t p = 7;
    std::vector<double> by_row(n * p);
    std::vector<float> floats(n * p);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < p; ++j) {
        floats[j * n + i] = static_cast<float>(t.at(i, j));
        t.at(i, j) = static_cast<double>(floats[j * n + i]);
        by_row[i * p + j] = t.at(i, j);
      }
    std::vector<int32_t> codes(n);
    std::vector<uint8_t> mask(n * 2);
    for (int64_t i = 0; i < n; ++i) codes[i] = static_cast<int32_t>(random.below(5)) - 1;
    for (uint8_t& one : mask) one = random.chance(0.3);
    const Compressed sparse(t, 0, p, true);
    Block one_hot;
    one_hot.storage = Storage::one_hot;
    one_hot.width = 4;
    one_hot.indices = codes.data();
    const std::vector<Block> wide = {dense_block(Storage::float64, t.x.data(), p, 1, n),
                                     dense_block(Storage::float64, by_row.data(), p, p, 1),
                                     dense_block(Storage::float32, floats.data(), p, 1, n), sparse.block(p, true)};
    const int64_t sides[] = {3, 1, 11, 9};  // a few, one alone, eight and a few, eight and one
    int64_t at = n % 4;
    for (const Block& block : wide) {
      Columns x;
      x.n = n;
      x.add(dense_block(Storage::float64, t.x.data(), 2, 1, n));  // narrow: column by column
      x.add(block);
      x.add(one_hot);
      x.add(dense_block(Storage::mask, mask.data(), 2, 2, 1));
      auto entry = [&](int64_t i, int64_t j) -> double {
        if (j < 2) return t.at(i, j);
        if (j < 2 + p) return t.at(i, j - 2);
        if (j < 6 + p) return codes[i] == j - 2 - p;
        return mask[i * 2 + j - 6 - p];
      };
      const FamilyKernel kernel = kernels_of_all[random.below(static_cast<int64_t>(kernels_of_all.size()))];
      std::vector<double> y(n);
      for (double& one : y) one = target_of(kernel, random);
      const Given g = given_for(random, t, x.p, sides[at++ % 4]);
      const Passed found = pass(x, t, y, g, kernel, 1);
      for (int threads : {2, 4}) {
        const Passed again = pass(x, t, y, g, kernel, threads);
        CHECK(same(found.value, again.value) && same(found.gradient, again.gradient) && same(found.sum, again.sum));
        CHECK(same(found.size, again.size) && same(found.curvature, again.curvature));
      }
      for (int64_t k = 0; k < g.count; ++k) {
        std::vector<long double> gradient(x.p, 0), scale(x.p, 1), value(t.n_atoms(), 0);
        long double sum = 0, size = 0;
        for (int64_t i = 0; i < n; ++i) {
          long double eta = g.intercept[k] + g.offset[i], s, c, v;
          for (int64_t j = 0; j < x.p; ++j) eta += g.b[k * x.p + j] * entry(i, j);
          by_hand(kernel, y[i], eta, s, c, v);
          const int32_t atom = g.atom[i];
          if (k == 0) CHECK_NEAR(found.curvature[i], atom < 0 ? 0.0 : t.w[i] * static_cast<double>(c), 1e-9);
          if (atom < 0) continue;
          value[atom] += t.w[i] * v;
          if (!g.train[k * t.n_atoms() + atom]) continue;
          sum += t.w[i] * s;
          size += c > 0 ? t.w[i] * s * s / c : 0;
          for (int64_t j = 0; j < x.p; ++j) {
            gradient[j] += t.w[i] * s * entry(i, j);
            scale[j] += std::abs(t.w[i] * s * entry(i, j));
          }
        }
        for (int64_t j = 0; j < x.p; ++j)
          CHECK_AT_MOST(std::abs(found.gradient[k * x.p + j] - static_cast<double>(gradient[j])),
                        1e-10 * static_cast<double>(scale[j]));
        for (int64_t a = 0; a < t.n_atoms(); ++a) CHECK_NEAR(found.value[k * t.n_atoms() + a], value[a], 1e-9);
        CHECK_AT_MOST(std::abs(found.sum[k] - static_cast<double>(sum)), 1e-9 * (1 + static_cast<double>(size)));
        if (kernel.family != Family::huber) CHECK_NEAR(found.size[k], size, 1e-7);
      }
    }
  }
}

TEST(products_with_a_few_sides_equal_plain_sums) {
  Random random(43);
  for (int64_t width : {1, 5, 8, 24, 37, 61})
    for (int64_t m : {1, 7, 8, 19}) {
      for (bool by_row : {false, true}) {
        // What stands behind the tile is looked ahead at, but never used.
        std::vector<double> x(width * m), b(width * lanes);
        for (double& one : x) one = random.normal();
        for (double& one : b) one = random.normal();
        const Tile tile{x.data(), by_row ? width : 1, by_row ? 1 : m};
        std::vector<int32_t> columns;
        for (int64_t j = 0; j < width; ++j)
          if (random.chance(0.7)) columns.push_back(static_cast<int32_t>(j));
        if (columns.empty()) columns.push_back(0);
        std::vector<double> fits(m * lanes, 0.25);
        times_sides(tile, m, columns, b.data(), fits.data());
        for (int64_t i = 0; i < m; ++i)
          for (int64_t k = 0; k < lanes; ++k) {
            double sum = 0;
            for (int32_t j : columns) sum += x[i * tile.row_step + j * tile.column_step] * b[j * lanes + k];
            CHECK_NEAR(fits[i * lanes + k], 0.25 + sum, 1e-12);
          }
        for (int64_t count = 2; count <= lanes; ++count) {
          std::vector<double> sides(m * lanes), sums(width * lanes, 0.25);
          for (double& one : sides) one = random.normal();
          sides_by_columns(tile, m, width, sides.data(), count, sums.data());
          for (int64_t j = 0; j < width; ++j)
            for (int64_t k = 0; k < count; ++k) {
              double sum = 0;
              for (int64_t i = 0; i < m; ++i) sum += x[i * tile.row_step + j * tile.column_step] * sides[i * lanes + k];
              CHECK_NEAR(sums[j * lanes + k], 0.25 + sum, 1e-12);
            }
        }
      }
    }
}

// With squared error one step from anywhere ends at the minimum: its conditions of optimality hold there.
TEST(a_step_on_squared_error_is_the_whole_way) {
  Random random(14);
  for (bool with_intercept : {true, false}) {
    const int64_t n = 400, p = 9, count = 3;
    const Table t = random_table(random, n, p, {130, 130, 140});
    const Columns x = t.columns();
    Given g = given_for(random, t, p, count);
    std::fill(g.offset.begin(), g.offset.end(), 0.0);
    if (!with_intercept) std::fill(g.intercept.begin(), g.intercept.end(), 0.0);
    std::vector<double> weight(count, 0.0), scale(count * p), null_loss(count, 1.0), factor(p, 1.0);
    for (int64_t k = 0; k < count; ++k)
      for (int64_t i = 0; i < n; ++i)
        if (g.train[k * 3 + g.atom[i]]) weight[k] += t.w[i];
    for (double& one : scale) one = 0.5 + random.uniform();
    scale[p + 4] = 0.0;  // the second problem leaves a column out
    factor[1] = 0.0;
    factor[2] = infinity;
    for (int64_t k = 0; k < count; ++k) g.b[k * p + 2] = 0.0;
    g.b[p + 4] = 0.0;
    const Membership members{count, g.train.data(), nullptr, 0};
    NewtonSteps steps(p, members, 3, weight.data(), scale.data(), null_loss.data(), factor.data(), nullptr, nullptr,
                      with_intercept, true);
    std::vector<double> atom_weight(3), mean(3 * (p + 1)), scatter(3 * packed_size(p + 1));
    Control control;
    accumulate_moments(x, t.y.data(), t.w.data(), t.rows.data(), t.start.data(), 3,
                       {atom_weight.data(), mean.data(), scatter.data()}, 1, control);
    steps.curvature({3, p + 1, atom_weight.data(), mean.data(), scatter.data()}, -1, 2, control);
    auto read = [&](Given& at) {
      Passed out = pass(x, t, t.y, at, {Family::squared, 0}, 1);
      for (int64_t k = 0; k < count; ++k) {
        for (int64_t j = 0; j < p; ++j) out.gradient[k * p + j] /= weight[k];
        out.sum[k] /= weight[k], out.size[k] /= weight[k];
      }
      return out;
    };
    const Passed before = read(g);
    const double l1 = 0.05, l2 = 0.02;
    const std::vector<uint8_t> which = {1, 1, 0};
    const std::vector<Strength> strengths(count, {l1, l2});
    std::vector<double> b = g.b, change(count, 0.0), expected(count, 0.0);
    steps.step(which.data(), g.b.data(), g.intercept.data(), before.gradient.data(), before.sum.data(),
               before.size.data(), strengths.data(), {1e-13, true, 10000}, b.data(), change.data(), expected.data(), 2, control);
    auto objective = [&](const Passed& at, const std::vector<double>& own, int64_t k) {
      double out = 0;
      for (int64_t a = 0; a < 3; ++a)
        if (g.train[k * 3 + a]) out += at.value[k * 3 + a] / weight[k];
      for (int64_t j = 0; j < p; ++j) {
        const double scaled = own[k * p + j] * scale[k * p + j], v = std::isfinite(factor[j]) ? factor[j] : 0.0;
        out += v * (l1 * std::abs(scaled) + 0.5 * l2 * scaled * scaled);
      }
      return out;
    };
    Given there = g;
    there.b = b;
    for (int64_t k = 0; k < count; ++k) there.intercept[k] += change[k];
    const Passed after = read(there);
    for (int64_t k = 0; k < 2; ++k) {
      CHECK_NEAR(objective(before, g.b, k) - objective(after, b, k), expected[k], 1e-9);
      if (with_intercept) CHECK_AT_MOST(std::abs(after.sum[k]), 1e-9);
      for (int64_t j = 0; j < p; ++j) {
        if (factor[j] == infinity || scale[k * p + j] == 0) {
          CHECK_EQUAL(b[k * p + j], 0.0);
          continue;
        }
        const double pull = -after.gradient[k * p + j] / scale[k * p + j], scaled = b[k * p + j] * scale[k * p + j];
        const double limit = l1 * factor[j];
        if (scaled == 0)
          CHECK_AT_MOST(std::abs(pull), limit + 1e-9);
        else
          CHECK_NEAR(pull, std::copysign(limit, scaled) + l2 * factor[j] * scaled, 1e-8);
      }
    }
    for (int64_t j = 0; j < p; ++j) CHECK_EQUAL(b[2 * p + j], g.b[2 * p + j]);  // not asked for
  }
}

// Given the curvature of other weights, a problem that learns comes to the minimum in fewer steps; and along its last move
// its curvature then says how the gradient has changed.
TEST(steps_learn_how_the_gradient_changes) {
  Random random(15);
  const int64_t n = 600, p = 7;
  const Table t = random_table(random, n, p, {n});
  const Columns x = t.columns();
  std::vector<double> other = t.w;
  for (double& one : other) one *= 0.5 * std::exp(random.normal());
  for (bool with_intercept : {true, false}) {
    double off[2];
    for (bool learns : {false, true}) {
      Given g = given_for(random, t, p, 1);
      std::fill(g.b.begin(), g.b.end(), 0.0);
      std::fill(g.offset.begin(), g.offset.end(), 0.0);
      g.intercept[0] = 0;
      double weight = 0;
      for (double one : t.w) weight += one;
      std::vector<double> scale(p), null_loss{1.0}, factor(p, 1.0);
      for (int64_t j = 0; j < p; ++j) {
        double square = 0;
        for (int64_t i = 0; i < n; ++i) square += t.at(i, j) * t.at(i, j);
        scale[j] = std::sqrt(square / static_cast<double>(n));
      }
      NewtonSteps steps(p, {1, g.train.data(), nullptr, 0}, 1, &weight, scale.data(), null_loss.data(), factor.data(),
                        nullptr, nullptr, with_intercept, learns);
      double sum_of_weights;
      std::vector<double> mean(p + 1), scatter(packed_size(p + 1));
      Control control;
      accumulate_moments(x, t.y.data(), other.data(), t.rows.data(), t.start.data(), 1,
                         {&sum_of_weights, mean.data(), scatter.data()}, 1, control);
      steps.curvature({1, p + 1, &sum_of_weights, mean.data(), scatter.data()}, -1, 1, control);
      std::vector<double> last_b, last_gradient;
      for (int turn = 0; turn < 9; ++turn) {
        Passed at = pass(x, t, t.y, g, {Family::squared, 0}, 1);
        for (double& one : at.gradient) one /= weight;
        at.sum[0] /= weight, at.size[0] /= weight;
        off[learns] = with_intercept ? std::abs(at.sum[0]) : 0.0;
        for (int64_t j = 0; j < p; ++j) off[learns] = std::max(off[learns], std::abs(at.gradient[j] / scale[j]));
        const uint8_t which = 1;
        const Strength none;
        std::vector<double> b = g.b;
        double change, expected;
        steps.step(&which, g.b.data(), g.intercept.data(), at.gradient.data(), at.sum.data(), at.size.data(), &none,
                   {1e-14, true, 10000}, b.data(), &change, &expected, 1, control);
        if (learns && !with_intercept && turn == 4) {  // before it takes its step
          const std::vector<double>& gram = steps.gram(0);
          for (int64_t i = 0; i < p; ++i) {
            double product = 0;
            for (int64_t j = 0; j < p; ++j) product += gram[i * p + j] * scale[j] * (g.b[j] - last_b[j]);
            const double found = (at.gradient[i] - last_gradient[i]) / scale[i];
            CHECK_AT_MOST(std::abs(product - found), 1e-6 * std::abs(found) + 1e-14);
          }
        }
        last_b = g.b, last_gradient = at.gradient;
        g.b = b;
        g.intercept[0] += change;
      }
    }
    CHECK_AT_MOST(off[1], 1e-3 * off[0]);
  }
}
