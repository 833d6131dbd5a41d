// Columns of every storage and the moments of atoms, against sums in extended precision.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "check.hpp"
#include "dense_products.hpp"
#include "helpers.hpp"
#include "level_moments.hpp"
#include "moments.hpp"

using namespace bridle;
using namespace bridle::tests;

namespace {

struct Moments {
  std::vector<double> weight, mean, scatter;
};

Moments moments_of(const Columns& x, const Table& table, bool weighted, int threads = 1) {
  const int64_t q = x.p + 1, atoms = table.n_atoms();
  Moments m;
  // Whatever stands there before must not show.
  m.weight.assign(atoms, -7.0);
  m.mean.assign(atoms * q, -7.0);
  m.scatter.assign(atoms * packed_size(q), -7.0);
  Control control;
  accumulate_moments(x, table.y.data(), weighted ? table.w.data() : nullptr, table.rows.data(), table.start.data(),
                     atoms, {m.weight.data(), m.mean.data(), m.scatter.data()}, threads, control);
  return m;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

bool same_bits(const Moments& a, const Moments& b) {
  return same_bits(a.weight, b.weight) && same_bits(a.mean, b.mean) && same_bits(a.scatter, b.scatter);
}

// Two passes over the rows in extended precision.
void check_against_rows(const Moments& m, const Table& t, bool weighted) {
  const int64_t q = t.p + 1;
  auto value = [&](int64_t row, int64_t j) { return static_cast<long double>(j < t.p ? t.at(row, j) : t.y[row]); };
  for (int64_t a = 0; a < t.n_atoms(); ++a) {
    std::vector<long double> mean(q, 0), scatter(packed_size(q), 0);
    long double weight = 0;
    for (int64_t i = t.start[a]; i < t.start[a + 1]; ++i) {
      const long double w = weighted ? t.w[t.rows[i]] : 1.0;
      weight += w;
      for (int64_t j = 0; j < q; ++j) mean[j] += w * value(t.rows[i], j);
    }
    CHECK_NEAR(m.weight[a], weight, 1e-13);
    if (weight > 0)
      for (long double& entry : mean) entry /= weight;
    for (int64_t i = t.start[a]; i < t.start[a + 1]; ++i) {
      const long double w = weighted ? t.w[t.rows[i]] : 1.0;
      for (int64_t j = 0; j < q; ++j)
        for (int64_t k = 0; k <= j; ++k)
          scatter[packed_size(j) + k] += w * (value(t.rows[i], j) - mean[j]) * (value(t.rows[i], k) - mean[k]);
    }
    for (int64_t j = 0; j < q; ++j) {
      CHECK_NEAR(m.mean[a * q + j], mean[j], 1e-12);
      for (int64_t k = 0; k <= j; ++k) {
        const long double scale =
            std::sqrt(scatter[packed_size(j) + j] * scatter[packed_size(k) + k]) + 1e-10L;
        const long double off = m.scatter[a * packed_size(q) + packed_size(j) + k] - scatter[packed_size(j) + k];
        CHECK_AT_MOST(std::abs(off), 1e-12L * scale);
      }
    }
  }
}

}  // namespace

TEST(moments_equal_two_passes_over_the_rows) {
  Random random(1);
  // Atoms of no row, one row, two and more; some rows in no atom; all weights of an atom may be zero.
  for (const std::vector<int64_t>& sizes : std::vector<std::vector<int64_t>>{
           {40}, {0, 1, 2, 17, 20}, {13, 27}, {0}, {1}, {3, 4, 5, 6, 7, 8}, {1, 1, 1, 1}}) {
    Table table = random_table(random, 43, 5, sizes);
    for (int64_t i = table.start[0]; i < table.start[1] && sizes.size() > 3; ++i) table.w[table.rows[i]] = 0;
    for (bool weighted : {false, true})
      check_against_rows(moments_of(table.columns(), table, weighted), table, weighted);
  }
}

TEST(products_of_a_tile_equal_plain_sums) {
  Random random(41);
  for (int64_t q : {1, 7, 8, 9, 16, 23, 24, 25, 41, 64}) {
    const int64_t step = padded(q);
    for (int64_t m : {1, 2, 130}) {
      const double factor = m == 2 ? -1.0 : 1.0;
      std::vector<double> tile(m * step, 0.0), scatter(step * step, 0.5);
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < q; ++j) tile[i * step + j] = random.normal();
      add_products(factor, tile.data(), m, q, scatter.data(), step);
      Triangle triangle;
      triangle.reserve(q);
      for (int64_t j = 0; j < q; ++j) std::fill_n(triangle.row(j), j + 1, 0.5);
      add_products(factor, tile.data(), m, q, triangle);
      for (int64_t j = 0; j < q; ++j)
        for (int64_t k = 0; k <= j; ++k) {
          double sum = 0;
          for (int64_t i = 0; i < m; ++i) sum += tile[i * step + j] * tile[i * step + k];
          CHECK_EQUAL(scatter[j * step + k], 0.5 + factor * sum);  // in the same order
          CHECK_EQUAL(triangle.row(j)[k], scatter[j * step + k]);
        }
    }
  }
}

TEST(products_with_a_symmetric_matrix_equal_plain_sums) {
  Random random(42);
  for (int64_t n : {1, 5, 6, 7, 12, 40, 70})
    for (int64_t runs : {1, 2}) {
      const int64_t width = runs * run;
      std::vector<double> x(n * width), out(n * width, std::nan(""));
      Triangle lower;
      lower.reserve(n);
      for (int64_t i = 0; i < n; ++i) {
        std::fill_n(lower.row(i), Triangle::step(i), std::nan(""));
        for (int64_t j = 0; j <= i; ++j) lower.row(i)[j] = random.normal();
      }
      for (double& one : x) one = random.normal();
      symmetric_times(lower, n, x.data(), runs, out.data());
      for (int64_t i = 0; i < n; ++i)
        for (int64_t c = 0; c < width; ++c) {
          double sum = 0;
          for (int64_t j = 0; j < n; ++j) sum += lower.at(i, j) * x[j * width + c];
          CHECK_NEAR(out[i * width + c], sum, 1e-12);
        }
    }
}

TEST(moments_at_the_boundaries_of_tiles) {
  Random random(2);
  // A tile holds 1024 rows of this few columns, or 128 with AVX-512; an atom is cut into four parts (two with three atoms
  // or more).
  for (int64_t n : {127, 128, 129, 4 * 128 - 1, 4 * 128, 4 * 128 + 1, 8 * 128 + 5, 4 * 1024 - 1, 4 * 1024, 4 * 1024 + 1,
                    8 * 1024 + 5}) {
    Table table = random_table(random, n, 3, {n});
    check_against_rows(moments_of(table.columns(), table, true), table, true);
  }
  for (int64_t n : {2 * 1024 - 1, 2 * 1024, 2 * 1024 + 1, 4 * 1024 + 3}) {
    Table table = random_table(random, n + 21, 3, {n, 10, 10});
    check_against_rows(moments_of(table.columns(), table, false), table, false);
  }
  // Wider than 1024 columns: tiles of 128 rows, the smallest.
  Table wide = random_table(random, 4 * 128 + 1, 2, {4 * 128 + 1});
  Table padded = wide;
  padded.p = 1030;
  padded.x.resize(padded.n * padded.p, 0.0);
  const Moments narrow = moments_of(wide.columns(), wide, true), full = moments_of(padded.columns(), padded, true);
  for (int64_t j = 0; j < 2; ++j)
    for (int64_t k = 0; k <= j; ++k)
      CHECK_NEAR(full.scatter[packed_size(j) + k], narrow.scatter[packed_size(j) + k], 1e-11);
  CHECK_NEAR(full.scatter[packed_size(padded.p) + padded.p], narrow.scatter[packed_size(2) + 2], 1e-11);
  for (int64_t j = 2; j < padded.p; ++j) CHECK_EQUAL(full.scatter[packed_size(padded.p) + j], 0.0);
}

TEST(moments_of_levels_are_those_of_their_columns) {
  Random random(8);
  // Categories on both sides of columns that are no levels, one of them off zero; rows without a level, a level
  // without rows, one that nearly every row has.
  const std::vector<int64_t> widths{30, 1, 25, 1};
  Table table = random_table(random, 3000, 57, {1200, 0, 700, 1, 800});
  std::vector<std::vector<int32_t>> levels;
  int64_t first = 0;
  for (int64_t width : widths) {
    if (width > 1) {
      std::vector<int32_t>& own = levels.emplace_back();
      for (int64_t i = 0; i < table.n; ++i) {
        own.push_back(random.chance(0.9) ? 0 : static_cast<int32_t>(random.below(width)) - 1);
        for (int64_t j = 0; j < width; ++j) table.at(i, first + j) = own[i] == j ? 1.0 : 0.0;
      }
    } else {
      for (int64_t i = 0; i < table.n; ++i) table.at(i, first) += 1e4;
    }
    first += width;
  }
  Columns x;
  x.n = table.n;
  Block block{Storage::one_hot};
  block.width = 30, block.indices = levels[0].data();
  x.add(block);
  x.add(dense_block(Storage::float64, table.x.data() + 30 * table.n, 1, 1, table.n));
  block.width = 25, block.indices = levels[1].data();
  x.add(block);
  x.add(dense_block(Storage::float64, table.x.data() + 56 * table.n, 1, 1, table.n));
  CHECK(LevelMoments::suits(x));
  CHECK(!LevelMoments::suits(table.columns()));
  for (bool weighted : {false, true}) {
    const Moments one = moments_of(x, table, weighted);
    check_against_rows(one, table, weighted);
    CHECK(same_bits(one, moments_of(x, table, weighted, 3)));
  }
}

TEST(moments_of_constants_and_shifts) {
  Random random(3);
  Table table = random_table(random, 3000, 3, {1000, 1500, 500});
  for (int64_t i = 0; i < table.n; ++i) {
    table.at(i, 1) = 7.25;                      // exact in every sum: no deviation may be invented
    table.at(i, 2) = 1e9 + (i % 2 ? 1.0 : -1.0);  // a mean a billion spreads away
  }
  const Moments m = moments_of(table.columns(), table, false);
  const int64_t size = packed_size(4);
  for (int64_t a = 0; a < 3; ++a) {
    CHECK_EQUAL(m.mean[a * 4 + 1], 7.25);
    CHECK_EQUAL(m.scatter[a * size + packed_size(1) + 1], 0.0);
    CHECK_EQUAL(m.scatter[a * size + packed_size(3) + 1], 0.0);
    long double odd = 0;
    const int64_t count = table.start[a + 1] - table.start[a];
    for (int64_t i = table.start[a]; i < table.start[a + 1]; ++i) odd += table.rows[i] % 2 ? 1.0L : -1.0L;
    const long double exact = count - odd * odd / count;
    CHECK_NEAR(m.scatter[a * size + packed_size(2) + 2], exact, 1e-6);  // rounding of the means: 1e-7 a row
  }
}

TEST(moments_do_not_depend_on_threads) {
  Random random(4);
  for (const std::vector<int64_t>& sizes :
       std::vector<std::vector<int64_t>>{{5000}, {2500, 2400}, {1200, 1300, 0, 1, 2000}}) {
    Table table = random_table(random, 5000, 6, sizes);
    const Moments one = moments_of(table.columns(), table, true, 1);
    for (int threads : {2, 4, 9}) CHECK(same_bits(one, moments_of(table.columns(), table, true, threads)));
  }
}

TEST(an_outlier_in_one_atom_leaves_the_others_untouched) {
  Random random(5);
  Table table = random_table(random, 600, 4, {200, 200, 200});
  const Moments before = moments_of(table.columns(), table, true);
  const int64_t row = table.rows[table.start[1] + 17];
  table.w[row] = 1.0;
  const Moments plain = moments_of(table.columns(), table, true);
  table.at(row, 2) = 1e8;
  const Moments after = moments_of(table.columns(), table, true);
  const int64_t q = 5, size = packed_size(q);
  for (int64_t a : {0, 2}) {
    CHECK_EQUAL(before.weight[a], after.weight[a]);
    CHECK(std::equal(before.mean.begin() + a * q, before.mean.begin() + (a + 1) * q, after.mean.begin() + a * q));
    CHECK(std::equal(before.scatter.begin() + a * size, before.scatter.begin() + (a + 1) * size,
                     after.scatter.begin() + a * size));
  }
  // Within the atom only what involves the column changes.
  for (int64_t j = 0; j < q; ++j) {
    if (j != 2) CHECK_EQUAL(plain.mean[q + j], after.mean[q + j]);
    for (int64_t k = 0; k <= j; ++k) {
      const int64_t at = size + packed_size(j) + k;
      if (j != 2 && k != 2) CHECK_NEAR(after.scatter[at], plain.scatter[at], 1e-13);
    }
  }
  check_against_rows(after, table, true);
}

TEST(merging_is_symmetric_to_the_last_bit) {
  Random random(6);
  const int64_t q = 5, size = packed_size(q);
  for (int trial = 0; trial < 200; ++trial) {
    auto draw = [&](double weight) {
      Moments m;
      m.weight = {weight};
      for (int64_t j = 0; j < q; ++j) m.mean.push_back(1e3 * random.normal());
      for (int64_t j = 0; j < size; ++j) m.scatter.push_back(random.normal());
      return m;
    };
    const double w = std::exp(3 * random.normal());
    const double other = trial % 3 == 0 ? w : trial % 3 == 1 ? w * (1 + 1e-15) : std::exp(random.normal());
    const Moments a = draw(w), b = draw(other);
    Moments ab = a, ba = b;
    merge_moments(q, ab.weight[0], ab.mean.data(), ab.scatter.data(), b.weight[0], b.mean.data(), b.scatter.data());
    merge_moments(q, ba.weight[0], ba.mean.data(), ba.scatter.data(), a.weight[0], a.mean.data(), a.scatter.data());
    CHECK(same_bits(ab, ba));
    // And right: the formula in extended precision.
    const long double share = static_cast<long double>(a.weight[0]) * b.weight[0] / (a.weight[0] + b.weight[0]);
    for (int64_t j = 0; j < q; ++j)
      for (int64_t k = 0; k <= j; ++k) {
        const int64_t at = packed_size(j) + k;
        const long double distance_j = static_cast<long double>(b.mean[j]) - a.mean[j];
        const long double distance_k = static_cast<long double>(b.mean[k]) - a.mean[k];
        const long double within = static_cast<long double>(a.scatter[at]) + b.scatter[at];
        CHECK_NEAR(ab.scatter[at], within + share * distance_j * distance_k, 1e-14);
      }
  }
  // Nothing merged with something is something, either way.
  Random again(7);
  Moments none{{0.0}, std::vector<double>(q, 0.0), std::vector<double>(size, 0.0)}, some;
  some.weight = {2.5};
  for (int64_t j = 0; j < q; ++j) some.mean.push_back(again.normal());
  for (int64_t j = 0; j < size; ++j) some.scatter.push_back(again.normal());
  Moments left = none, right = some;
  merge_moments(q, left.weight[0], left.mean.data(), left.scatter.data(), 2.5, some.mean.data(), some.scatter.data());
  merge_moments(q, right.weight[0], right.mean.data(), right.scatter.data(), 0.0, none.mean.data(),
                none.scatter.data());
  CHECK(same_bits(left, some));
  CHECK(same_bits(right, some));
}

namespace {

// The same table in one storage after another. Values are chosen so that each can hold them exactly.
struct Mixed {
  Table table;
  std::vector<float> floats;
  std::vector<uint8_t> flags;
  std::vector<int32_t> levels;

  explicit Mixed(Random& random) {
    table = random_table(random, 90, 11, {30, 0, 1, 50});
    floats.resize(90 * 3);
    flags.resize(90 * 2);
    levels.resize(90);
    for (int64_t i = 0; i < 90; ++i) {
      for (int64_t j = 0; j < 3; ++j) {  // columns 2..4: in single precision
        floats[i * 3 + j] = static_cast<float>(table.at(i, 2 + j));
        table.at(i, 2 + j) = static_cast<double>(floats[i * 3 + j]);
      }
      for (int64_t j = 0; j < 2; ++j) table.at(i, 5 + j) = flags[j * 90 + i] = random.chance(0.4);
      levels[i] = static_cast<int32_t>(random.below(4)) - 1;  // columns 7..9: one-hot, -1 for none
      for (int64_t j = 0; j < 3; ++j) table.at(i, 7 + j) = levels[i] == j ? 1.0 : 0.0;
      if (random.chance(0.7)) table.at(i, 10) = table.at(i, 0) = 0.0;
    }
  }

  Columns columns(const Compressed* by_row, bool sparse_by_row) const {
    Columns columns;
    columns.n = 90;
    columns.add(dense_block(Storage::float64, table.x.data(), 2, 1, 90));
    columns.add(dense_block(Storage::float32, floats.data(), 3, 3, 1));
    columns.add(dense_block(Storage::mask, flags.data(), 2, 1, 90));
    Block one_hot;
    one_hot.storage = Storage::one_hot;
    one_hot.width = 3;
    one_hot.indices = levels.data();
    columns.add(one_hot);
    if (by_row)
      columns.add(by_row->block(1, sparse_by_row));
    else
      columns.add(dense_block(Storage::float64, table.x.data() + 90 * 10, 1, 1, 90));
    return columns;
  }
};

}  // namespace

TEST(every_storage_gives_the_moments_of_its_doubles) {
  Random random(8);
  const Mixed mixed(random);
  const Table& table = mixed.table;
  const Compressed sparse(table, 10, 1, true);
  for (bool weighted : {false, true}) {
    check_against_rows(moments_of(mixed.columns(&sparse, true), table, weighted), table, weighted);
    check_against_rows(moments_of(mixed.columns(nullptr, false), table, weighted), table, weighted);
  }
  // One storage for everything: by row, by row with gaps between rows, single precision, compressed rows. These are
  // packed row by row, where columns above were packed column by column.
  std::vector<double> rows(90 * 20, 1e300);
  for (int64_t i = 0; i < 90; ++i)
    for (int64_t j = 0; j < 11; ++j) rows[i * 20 + j] = table.at(i, j);
  Columns strided;
  strided.n = 90;
  strided.add(dense_block(Storage::float64, rows.data(), 11, 20, 1));
  CHECK(strided.row_major());
  CHECK(!table.columns().row_major());
  check_against_rows(moments_of(strided, table, true), table, true);
  const Compressed all(table, 0, 11, true);
  Columns compressed;
  compressed.n = 90;
  compressed.add(all.block(11, true));
  CHECK(compressed.row_major());
  check_against_rows(moments_of(compressed, table, true), table, true);
  // Rows and columns both apart, and a view that walks backwards.
  std::vector<double> apart(90 * 3 * 11 * 2, 1e300);
  for (int64_t i = 0; i < 90; ++i)
    for (int64_t j = 0; j < 11; ++j) apart[i * 66 + j * 3] = table.at(i, j);
  Columns gaps, backwards;
  gaps.n = backwards.n = 90;
  gaps.add(dense_block(Storage::float64, apart.data(), 11, 66, 3));
  check_against_rows(moments_of(gaps, table, true), table, true);
  std::vector<double> reversed(table.x.rbegin(), table.x.rend());
  backwards.add(dense_block(Storage::float64, reversed.data() + reversed.size() - 1, 11, -1, -90));
  check_against_rows(moments_of(backwards, table, true), table, true);
}

TEST(pack_and_entries_agree_in_every_storage) {
  Random random(9);
  const Mixed mixed(random);
  const Compressed sparse(mixed.table, 10, 1, true);
  const Columns columns = mixed.columns(&sparse, true), dense = mixed.columns(nullptr, false);
  CHECK_EQUAL(columns.p, int64_t{11});
  const std::vector<int64_t> rows{89, 0, 3, 3, 41};
  const int64_t m = 5;
  std::vector<double> by_row(m * 11, -7.0), by_column(m * 11, -7.0), entries(m, -7.0);
  columns.pack(rows.data(), m, by_row.data(), 11, 1);
  columns.pack(rows.data(), m, by_column.data(), 1, m);
  for (int64_t j = 0; j < 11; ++j) {
    dense.entries(j, rows.data(), m, entries.data());
    for (int64_t i = 0; i < m; ++i) {
      CHECK_EQUAL(by_row[i * 11 + j], mixed.table.at(rows[i], j));
      CHECK_EQUAL(by_column[j * m + i], mixed.table.at(rows[i], j));
      CHECK_EQUAL(entries[i], mixed.table.at(rows[i], j));
    }
  }
}
