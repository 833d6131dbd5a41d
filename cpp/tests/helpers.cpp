#include "helpers.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace bridle::tests {

uint64_t Random::bits() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

double Random::uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(6.283185307179586 * uniform());
}

bool solve_equations(std::vector<long double> a, std::vector<long double> b, std::vector<long double>& x) {
  const int64_t n = static_cast<int64_t>(b.size());
  long double largest = 0;
  for (long double value : a) largest = std::max(largest, std::abs(value));
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i)
      if (std::abs(a[i * n + k]) > std::abs(a[pivot * n + k])) pivot = i;
    if (!(std::abs(a[pivot * n + k]) > 1e-13L * largest)) return false;
    for (int64_t j = 0; j < n; ++j) std::swap(a[k * n + j], a[pivot * n + j]);
    std::swap(b[k], b[pivot]);
    for (int64_t i = k + 1; i < n; ++i) {
      const long double share = a[i * n + k] / a[k * n + k];
      for (int64_t j = k; j < n; ++j) a[i * n + j] -= share * a[k * n + j];
      b[i] -= share * b[k];
    }
  }
  x.assign(n, 0);
  for (int64_t k = n - 1; k >= 0; --k) {
    long double sum = b[k];
    for (int64_t j = k + 1; j < n; ++j) sum -= a[k * n + j] * x[j];
    x[k] = sum / a[k * n + k];
  }
  return true;
}

std::vector<long double> inverse_of(const std::vector<long double>& a, int64_t n) {
  std::vector<long double> inverse(n * n), column;
  for (int64_t j = 0; j < n; ++j) {
    std::vector<long double> unit(n, 0);
    unit[j] = 1;
    if (!solve_equations(a, unit, column)) return {};
    for (int64_t i = 0; i < n; ++i) inverse[i * n + j] = column[i];
  }
  return inverse;
}

Block dense_block(Storage storage, const void* data, int64_t width, int64_t row_stride, int64_t column_stride) {
  Block block;
  block.storage = storage;
  block.width = width;
  block.data = data;
  block.row_stride = row_stride;
  block.column_stride = column_stride;
  return block;
}

Columns Table::columns() const {
  Columns columns;
  columns.n = n;
  columns.add(dense_block(Storage::float64, x.data(), p, 1, n));
  return columns;
}

void Table::group(Random& random, const std::vector<int64_t>& sizes) {
  rows.resize(n);
  std::iota(rows.begin(), rows.end(), int64_t{0});
  for (int64_t i = n - 1; i > 0; --i) std::swap(rows[i], rows[random.below(i + 1)]);
  start.assign(1, 0);
  for (int64_t size : sizes) start.push_back(start.back() + size);
  rows.resize(start.back());
}

Table random_table(Random& random, int64_t n, int64_t p, const std::vector<int64_t>& atom_sizes) {
  Table table;
  table.n = n;
  table.p = p;
  table.x.resize(n * p);
  table.y.assign(n, 0.0);
  for (int64_t j = 0; j < p; ++j) {
    const double scale = std::exp(random.normal()), shift = 2 * random.normal();
    const double effect = j % 4 == 0 ? random.normal() : 0.0;
    for (int64_t i = 0; i < n; ++i) {
      const double value = random.normal();
      table.at(i, j) = shift + scale * value;
      table.y[i] += effect * value;
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    table.y[i] = 3 + 2 * (table.y[i] + 0.5 * random.normal());
    table.w.push_back(random.chance(0.15) ? 0.0 : 0.5 + random.uniform());
  }
  table.group(random, atom_sizes);
  return table;
}

Compressed::Compressed(const Table& table, int64_t from, int64_t width, bool by_row) : starts(1, 0) {
  const int64_t outer = by_row ? table.n : width, inner = by_row ? width : table.n;
  for (int64_t a = 0; a < outer; ++a) {
    for (int64_t b = 0; b < inner; ++b) {
      const double value = by_row ? table.at(a, from + b) : table.at(b, from + a);
      if (value == 0) continue;
      values.push_back(value);
      indices.push_back(static_cast<int32_t>(b));
    }
    starts.push_back(static_cast<int64_t>(values.size()));
  }
}

Block Compressed::block(int64_t width, bool by_row) const {
  Block block;
  block.storage = by_row ? Storage::sparse_rows : Storage::sparse_columns;
  block.width = width;
  block.data = values.data();
  block.indices = indices.data();
  block.starts = starts.data();
  return block;
}

}  // namespace bridle::tests
