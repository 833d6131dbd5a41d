// The screening pass: its integers exact, its bound never broken, however hostile the columns and residuals.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "helpers.hpp"
#include "screen.hpp"

using namespace bridle;
using namespace bridle::tests;

namespace {

using Vector = std::vector<double>;

struct Named {
  std::string name;
  Vector values;
};

// sum (x - centre) r in extended precision, in blocks so that rounding stays far below the bound's own.
long double exact_product(const Vector& x, const Vector& r, double centre) {
  long double sum = 0;
  for (size_t from = 0; from < x.size(); from += 256) {
    long double block = 0;
    for (size_t i = from; i < std::min(from + 256, x.size()); ++i)
      block += (static_cast<long double>(x[i]) - centre) * r[i];
    sum += block;
  }
  return sum;
}

Vector fill(int64_t n, const std::function<double(int64_t)>& entry) {
  Vector values(n);
  for (int64_t i = 0; i < n; ++i) values[i] = entry(i);
  return values;
}

std::vector<Named> hostile_columns(Random& random, int64_t n) {
  auto normal = [&](int64_t) { return random.normal(); };
  auto scaled = [&](double scale, double shift) {
    return fill(n, [&, scale, shift](int64_t) { return shift + scale * random.normal(); });
  };
  std::vector<Named> columns{
      {"normal", fill(n, normal)},
      {"zeros", Vector(n, 0.0)},
      {"constant", Vector(n, 3.7)},
      {"constant of 1e150", Vector(n, -1e150)},
      {"alternating", fill(n, [](int64_t i) { return i % 2 ? 1.0 : -1.0; })},
      {"indicator", fill(n, [](int64_t i) { return i % 2 ? 1.0 : 0.0; })},
      {"alternating far from zero", fill(n, [](int64_t i) { return 1e6 + (i % 2 ? 1e-3 : -1e-3); })},
      {"normal far from zero", scaled(1.0, 1e8)},
      {"denormal", scaled(1e-310, 0.0)},
      {"least denormals", fill(n, [](int64_t i) { return static_cast<double>(i % 3) * 5e-324; })},
      {"1e-160", scaled(1e-160, 0.0)},
      {"1e-200", scaled(1e-200, 0.0)},
      {"1e150", scaled(1e150, 0.0)},
      {"heavy tails", fill(n, [&](int64_t) { return std::exp(8 * random.normal()); })},
      {"ramp", fill(n, [](int64_t i) { return static_cast<double>(i); })},
      // Half codes: every entry as far from its byte as can be.
      {"half codes", fill(n, [&](int64_t i) { return i == 0 ? 0.0 : i == 1 ? 255.0 : (i % 254) + 0.5; })},
      {"one half code", fill(n, [](int64_t i) { return i == 0 ? 0.0 : i == 1 ? 255.0 : 100.5; })},
  };
  Vector outlier = fill(n, normal), two = fill(n, normal), tail = fill(n, normal), nearly = Vector(n, 1.0);
  outlier[n / 2] = 1e8;
  two[0] = 1e8;
  two[n - 1] = -1e8;
  tail[n - 1] = 1e150;
  nearly[n - 1] = 1.0 + 1e-15;
  columns.push_back({"outlier", outlier});
  columns.push_back({"two outliers", two});
  columns.push_back({"outlier of 1e150", tail});
  columns.push_back({"nearly constant", nearly});
  return columns;
}

std::vector<Named> hostile_residuals(Random& random, int64_t n) {
  auto scaled = [&](double scale) { return fill(n, [&, scale](int64_t) { return scale * random.normal(); }); };
  std::vector<Named> residuals{
      {"normal", scaled(1.0)},
      {"zeros", Vector(n, 0.0)},
      {"constant", Vector(n, 0.1)},
      {"ones", Vector(n, 1.0)},
      {"alternating", fill(n, [](int64_t i) { return i % 2 ? 1.0 : -1.0; })},
      {"rows left out", fill(n, [&](int64_t i) { return i % 3 ? random.normal() : 0.0; })},
      {"denormal", scaled(1e-310)},
      {"1e-170", scaled(1e-170)},
      {"1e150", scaled(1e150)},
      {"half integers", fill(n, [](int64_t i) { return i == 0 ? 32000.0 : (i % 2 ? 1 : -1) * ((i % 3000) + 0.5); })},
      {"heavy tails", fill(n, [&](int64_t) { return std::exp(6 * random.normal()) * (random.chance(0.5) ? 1 : -1); })},
  };
  Vector huge = scaled(1.0), single(n, 0.0), centred = scaled(1.0);
  huge[n / 3] = -1e12;
  single[n - 1] = 1.0;
  long double sum = 0;
  for (double value : centred) sum += value;
  for (double& value : centred) value -= static_cast<double>(sum / n);
  residuals.push_back({"one huge entry", huge});
  residuals.push_back({"a single entry", single});
  residuals.push_back({"centred", centred});
  return residuals;
}

struct Screen {
  QuantizedColumns columns;
  QuantizedResiduals residuals;

  Screen(int64_t n, const std::vector<Named>& xs, const std::vector<Named>& rs) {
    columns.reset(n, static_cast<int64_t>(xs.size()));
    residuals.reset(n, static_cast<int64_t>(rs.size()));
    for (size_t j = 0; j < xs.size(); ++j) columns.set(static_cast<int64_t>(j), xs[j].values.data());
    for (size_t k = 0; k < rs.size(); ++k) residuals.set(static_cast<int64_t>(k), rs[k].values.data());
  }
};

void check_bound(int64_t n, const Named& x, const Named& r, double centre, double product, double bound) {
  const long double off = std::abs(exact_product(x.values, r.values, centre) - product);
  // Products below the least normal number are all zero to whoever compares them.
  if (!(off <= bound + 1e-300L))
    fail(__FILE__, __LINE__,
         "n = " + std::to_string(n) + ", column '" + x.name + "', residual '" + r.name + "': " +
             pair_text("off", static_cast<double>(off), "bound", bound));
}

// |x'r - approximation| <= bound for every pair, of 8 and of 16 bits, also for columns that are centred as the judge of the
// paths does it.
void attack(int64_t n, const std::vector<Named>& xs, const std::vector<Named>& rs) {
  const Screen s(n, xs, rs);
  const int64_t count = static_cast<int64_t>(rs.size());
  std::vector<int64_t> products(count * tile_width);
  for (int64_t tile = 0; tile < s.columns.tiles(); ++tile) {
    s.columns.multiply(tile, s.residuals, 0, count, products.data());
    for (int64_t lane = 0; lane < tile_width; ++lane) {
      const int64_t j = tile * tile_width + lane;
      if (j >= static_cast<int64_t>(xs.size())) {  // padding
        for (int64_t k = 0; k < count; ++k) CHECK_EQUAL(products[k * tile_width + lane], int64_t{0});
        continue;
      }
      const Vector& x = xs[j].values;
      long double mean = 0;
      for (double value : x) mean += value / static_cast<long double>(n);
      for (int64_t k = 0; k < count; ++k)
        for (double centre : {0.0, static_cast<double>(mean)}) {
          const double product = (s.columns.middle[j] - centre) * s.residuals.sum[k] +
                                 s.columns.step[j] * s.residuals.unit[k] *
                                     (static_cast<double>(products[k * tile_width + lane]) -
                                      127.5 * s.residuals.sum_quantized[k]);
          const double bound =
              s.columns.error[j] * s.residuals.norm[k] + s.columns.spread[j] * s.residuals.error[k];
          check_bound(n, xs[j], rs[k], centre, product, bound);
          const ShortColumn shorter(x.data(), n);
          check_bound(n, xs[j], rs[k], centre,
                      shorter.times(rs[k].values.data(), s.residuals.sum[k], n) - centre * s.residuals.sum[k],
                      shorter.error * s.residuals.norm[k]);
        }
    }
  }
}

}  // namespace

TEST(the_environment_chooses_the_plain_kernel) {
  const char* forced = std::getenv("BRIDLE_SCREEN");
  if (forced && std::strcmp(forced, "plain") == 0) CHECK_EQUAL(screen_kernel(), std::string("plain"));
}

TEST(integer_products_equal_direct_sums) {
  Random random(41);
  // 65,536 rows fill the 32-bit sums; beyond them they are flushed to 64 bits, here up to twice. Extreme bytes first:
  // 31,872 = 125 * 256 - 128 has the least low byte there is, 31,871 the largest.
  for (int64_t n : {1, 3, 4, 5, 63, 64, 1000, 65535, 65536, 65536 + 7, 2 * 65536 + 9}) {
    const bool large = n > 60000;
    const int64_t p = large ? 5 : 37, count = large ? 3 : 19;
    std::vector<Vector> x(p), r(count);
    for (int64_t j = 0; j < p; ++j) {
      x[j] = fill(n, [&](int64_t) { return j == 0 ? 255.0 : static_cast<double>(random.below(256)); });
      x[j][0] = 0;
      if (n > 1) x[j][n - 1] = 255;  // both ends are there: the bytes are the numbers themselves
    }
    for (int64_t k = 0; k < count; ++k) {
      r[k] = fill(n, [&](int64_t) {
        return k == 0 ? 31872.0 : k == 1 ? -31871.0 : static_cast<double>(random.below(64001)) - 32000;
      });
      r[k][n - 1] = k == 1 ? -32000 : 32000;  // the largest: the unit is one
    }
    QuantizedColumns columns;
    QuantizedResiduals residuals;
    columns.reset(n, p);
    residuals.reset(n, count);
    for (int64_t j = 0; j < p; ++j) columns.set(j, x[j].data());
    for (int64_t k = 0; k < count; ++k) residuals.set(k, r[k].data());
    for (int64_t k = 0; k < count; ++k) {
      CHECK_EQUAL(residuals.unit[k], 1.0);
      int64_t sum = 0;
      for (double value : r[k]) sum += static_cast<int64_t>(value);
      CHECK_EQUAL(residuals.sum_quantized[k], static_cast<double>(sum));
    }
    // All at once, and a part in the middle: its products stand first.
    for (auto [first, last] : {std::pair<int64_t, int64_t>{0, count}, {1, count - 1}, {count - 1, count}}) {
      std::vector<int64_t> products((last - first) * tile_width, -7);
      for (int64_t tile = 0; tile < columns.tiles(); ++tile) {
        columns.multiply(tile, residuals, first, last, products.data());
        for (int64_t lane = 0; lane < tile_width; ++lane) {
          const int64_t j = tile * tile_width + lane;
          for (int64_t k = first; k < last; ++k) {
            int64_t direct = 0;
            if (j < p)
              for (int64_t i = 0; i < n; ++i) direct += static_cast<int64_t>(x[j][i]) * static_cast<int64_t>(r[k][i]);
            CHECK_EQUAL(products[(k - first) * tile_width + lane], direct);
          }
        }
      }
    }
  }
}

TEST(the_bound_holds_for_hostile_columns_and_residuals) {
  Random random(42);
  for (int64_t n : {1, 3, 4, 5, 17, 64, 257, 1000}) attack(n, hostile_columns(random, n), hostile_residuals(random, n));
}

TEST(the_bound_holds_for_more_rows_than_32_bits_can_add) {
  Random random(43);
  const int64_t n = 65536 + 7;
  attack(n, hostile_columns(random, n), hostile_residuals(random, n));
}

TEST(the_bound_holds_where_it_is_tight) {
  // Cauchy and Schwarz with equality: a residual along the column's own error, in whole units, and a column along the
  // residual's own error.
  Random random(44);
  for (int64_t n : {5, 64, 1000, 65536 + 7}) {
    std::vector<Named> xs, rs;
    for (int trial = 0; trial < 8; ++trial) {
      Vector x = fill(n, [&](int64_t) { return random.normal() * (trial % 2 ? 1.0 : 1e5); });
      if (trial > 3)
        x = fill(n, [&](int64_t i) { return i < 2 ? 255.0 * i : random.below(254) + (i % 2 ? 0.5 : 0.75); });
      const double low = *std::min_element(x.begin(), x.end()), high = *std::max_element(x.begin(), x.end());
      const double width = (high - low) / 255;
      xs.push_back({"trial " + std::to_string(trial), x});
      auto miss = [&](int64_t i) { return x[i] - (low + width * std::nearbyint((x[i] - low) / width)); };
      rs.push_back({"along the error", fill(n, miss)});
      rs.push_back({"signs of the error", fill(n, [&](int64_t i) { return miss(i) < 0 ? -1.0 : 1.0; })});
    }
    Vector r = fill(n, [&](int64_t) { return random.normal(); });
    double largest = 0;
    for (double value : r) largest = std::max(largest, std::abs(value));
    const double unit = largest / 32000;
    rs.push_back({"normal", r});
    const Vector off = fill(n, [&](int64_t i) { return r[i] - unit * std::nearbyint(r[i] / unit); });
    xs.push_back({"along the residual's error", off});
    attack(n, xs, rs);
  }
}

TEST(the_bound_is_small_for_ordinary_columns) {
  // A bound that is always infinite would hold too.
  Random random(45);
  for (int64_t n : {64, 1000, 20000}) {
    const Vector x = fill(n, [&](int64_t) { return random.normal(); });
    const Vector r = fill(n, [&](int64_t) { return random.normal(); });
    const Screen s(n, {{"x", x}}, {{"r", r}});
    const double bound = s.columns.error[0] * s.residuals.norm[0] + s.columns.spread[0] * s.residuals.error[0];
    const double norms = std::sqrt(static_cast<double>(exact_product(x, x, 0) * exact_product(r, r, 0)));
    CHECK_AT_MOST(bound, 0.02 * norms);
  }
}
