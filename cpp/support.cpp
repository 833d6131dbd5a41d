#include "support.hpp"

#include <algorithm>
#include <cmath>

#include "blas.hpp"
#include "dense_products.hpp"
#include "kernels.hpp"
#include "processor.hpp"
#include "quadratic.hpp"

namespace bridle {

namespace {
// A column of which less than this share is left beside the others depends on them.
constexpr double dependent = 1e-11;
// So many columns come at once; more only cost memory.
constexpr int64_t most_at_once = 64;

// Of one row of a symmetric matrix up to its diagonal: others_j += own |row_j|; returns the sum of weight_j |row_j|.
BRIDLE_CLONES double add_sizes(const double* row, const double* weight, double own, double* others, int64_t n) {
  double lanes[8] = {0};
  int64_t j = 0;
  for (; j + 8 <= n; j += 8)
    for (int64_t lane = 0; lane < 8; ++lane) {
      const double size = std::abs(row[j + lane]);
      lanes[lane] += weight[j + lane] * size;
      others[j + lane] += own * size;
    }
  double sum = 0;
  for (; j < n; ++j) {
    const double size = std::abs(row[j]);
    sum += weight[j] * size;
    others[j] += own * size;
  }
  for (double lane : lanes) sum += lane;
  return sum;
}
}  // namespace

void SupportInverse::clear() {
  columns.clear();
  signs.clear();
  place_.clear();
}

bool SupportInverse::append(const Quadratic& q, int64_t column, double sign, double strength) {
  if (size() == 0) a2 = strength;
  return append_some(q, &column, &sign, 1).empty();
}

std::vector<int64_t> SupportInverse::append(const Quadratic& q, const std::vector<int64_t>& fresh,
                                            const std::vector<double>& fresh_signs, double strength) {
  if (size() == 0) a2 = strength;
  std::vector<int64_t> out;
  const int64_t count = static_cast<int64_t>(fresh.size());
  for (int64_t from = 0; from < count; from += most_at_once) {
    const auto some =
        append_some(q, fresh.data() + from, fresh_signs.data() + from, std::min(most_at_once, count - from));
    out.insert(out.end(), some.begin(), some.end());
  }
  return out;
}

// With H the old columns' entries beside the new ones, U = inverse H and S = what is left of the new ones' own entries,
// S = L L': the inverse grows by V'V, V = L^-1 U', and below it by -L^-T V and L^-T L^-1.
std::vector<int64_t> SupportInverse::append_some(const Quadratic& q, const int64_t* fresh, const double* fresh_signs,
                                                 int64_t count) {
  const int64_t n = size();
  places(q.m);
  work_.resize(count * n);
  left_.resize(count * n);
  factor_.resize(count * count);
  double *h = work_.data(), *u = left_.data(), *l = factor_.data();
  for (int64_t k = 0; k < count; ++k) q.gather(fresh[k], columns, h + k * n);
  times(h, count, u);
  std::vector<int64_t> out, in;  // in: those taken, by number
  for (int64_t k = 0; k < count; ++k) {
    const int64_t row = static_cast<int64_t>(in.size());
    double* mine = l + row * count;
    for (int64_t i = 0; i < row; ++i) {
      const int64_t other = in[i];
      const double entry = q.entry(fresh[k], fresh[other]) - dot(h + k * n, u + other * n, n);
      mine[i] = (entry - dot(mine, l + i * count, i)) / l[i * count + i];
    }
    const double diagonal = q.diagonal[fresh[k]] + a2 * q.factor[fresh[k]];
    const double left = diagonal - dot(h + k * n, u + k * n, n) - dot(mine, mine, row);
    if (left > dependent * diagonal) {
      mine[row] = std::sqrt(left);
      in.push_back(k);
    } else {
      out.push_back(fresh[k]);
    }
  }
  const int64_t taken = static_cast<int64_t>(in.size());
  if (taken == 0) return out;
  inverse_.reserve(n + taken);
  for (int64_t i = 0; i < taken; ++i) {  // U becomes V, rows closed up
    double* row = u + i * n;
    if (in[i] != i) std::copy_n(u + in[i] * n, n, row);
    for (int64_t j = 0; j < i; ++j) axpy(-l[i * count + j], u + j * n, row, n);
    scale(1.0 / l[i * count + i], row, n);
  }
  add_products(1.0, left_, taken, n);
  // The new rows: [-L^-T V, L^-T L^-1], from the last one up.
  for (int64_t i = taken - 1; i >= 0; --i) {
    double* row = inverse_.row(n + i);
    for (int64_t k = 0; k < n; ++k) row[k] = -u[i * n + k];
    for (int64_t j = i + 1; j < taken; ++j) axpy(-l[j * count + i], inverse_.row(n + j), row, n);
    scale(1.0 / l[i * count + i], row, n);
  }
  for (int64_t c = 0; c < taken; ++c) {  // column c of L^-1, then of L^-T L^-1
    std::vector<double> x(taken, 0.0);
    x[c] = 1.0 / l[c * count + c];
    for (int64_t i = c + 1; i < taken; ++i) x[i] = -dot(l + i * count + c, x.data() + c, i - c) / l[i * count + i];
    for (int64_t i = taken - 1; i >= c; --i) {
      for (int64_t j = i + 1; j < taken; ++j) x[i] -= l[j * count + i] * x[j];
      x[i] /= l[i * count + i];
      inverse_.row(n + i)[n + c] = x[i];
    }
  }
  for (int64_t i = 0; i < taken; ++i) {
    const int64_t column = fresh[in[i]];
    columns.push_back(column);
    signs.push_back(fresh_signs[in[i]]);
    place_[column] = n + i;
  }
  return out;
}

void SupportInverse::times(const double* h, int64_t count, double* u) {
  const int64_t n = size();
  if (n == 0) return;
  if (count == 1) return apply(h, u);
  if (has_wide_registers()) {
    for (int64_t from = 0; from < count; from += 2 * run) {
      const int64_t some = std::min(2 * run, count - from), width = padded(some);
      tile_.assign(n * width, 0.0);
      products_.resize(n * width);
      for (int64_t k = 0; k < some; ++k)
        for (int64_t i = 0; i < n; ++i) tile_[i * width + k] = h[(from + k) * n + i];
      symmetric_times(inverse_, n, tile_.data(), width / run, products_.data());
      for (int64_t k = 0; k < some; ++k)
        for (int64_t i = 0; i < n; ++i) u[(from + k) * n + i] = products_[i * width + k];
    }
    return;
  }
  // By blocks of rows: what stands left of the diagonal serves twice.
  std::fill_n(u, n * count, 0.0);
  char yes = 'T', no = 'N', left = 'L', upper = 'U';
  double one = 1.0;
  int order = static_cast<int>(n), width = static_cast<int>(count);
  double* right = const_cast<double*>(h);
  for (int64_t at = 0; at < n; at += Triangle::block) {
    int rows = static_cast<int>(std::min(Triangle::block, n - at)), before = static_cast<int>(at),
        step = static_cast<int>(Triangle::step(at));
    if (at > 0) {
      blas.dgemm(&no, &no, &before, &width, &rows, &one, inverse_.row(at), &step, right + at, &order, &one, u, &order);
      blas.dgemm(&yes, &no, &rows, &width, &before, &one, inverse_.row(at), &step, right, &order, &one, u + at, &order);
    }
    blas.dsymm(&left, &upper, &rows, &width, &one, inverse_.row(at) + at, &step, right + at, &order, &one, u + at, &order);
  }
}

void SupportInverse::add_products(double factor, const std::vector<double>& rows, int64_t count, int64_t n) {
  if (n == 0) return;
  if (count == 1) {
    for (int64_t i = 0; i < n; ++i) axpy(factor * rows[i], rows.data(), inverse_.row(i), i + 1);
    return;
  }
  if (has_wide_registers()) {
    const int64_t step = padded(n);
    tile_.assign(count * step, 0.0);
    for (int64_t k = 0; k < count; ++k) std::copy_n(rows.data() + k * n, n, tile_.data() + k * step);
    return bridle::add_products(factor, tile_.data(), count, n, inverse_);
  }
  char upper = 'U', yes = 'T', no = 'N';
  double one = 1.0;
  int width = static_cast<int>(count), from = static_cast<int>(n);
  double* given = const_cast<double*>(rows.data());
  for (int64_t at = 0; at < n; at += Triangle::block) {
    int some = static_cast<int>(std::min(Triangle::block, n - at)), before = static_cast<int>(at),
        step = static_cast<int>(Triangle::step(at));
    if (at > 0)
      blas.dgemm(&no, &yes, &before, &some, &width, &factor, given, &from, given + at, &from, &one, inverse_.row(at), &step);
    blas.dsyrk(&upper, &no, &some, &width, &factor, given + at, &from, &one, inverse_.row(at) + at, &step);
  }
}

// Two columns of the support change places.
void SupportInverse::exchange(int64_t at, int64_t last) {
  if (at == last) return;
  double *one = inverse_.row(at), *other = inverse_.row(last);
  std::swap_ranges(one, one + at, other);
  for (int64_t j = at + 1; j < last; ++j) std::swap(inverse_.row(j)[at], other[j]);
  for (int64_t i = last + 1; i < size(); ++i) std::swap(inverse_.row(i)[at], inverse_.row(i)[last]);
  std::swap(one[at], other[last]);
  std::swap(columns[at], columns[last]);
  std::swap(signs[at], signs[last]);
  place_[columns[at]] = at;
  place_[columns[last]] = last;
}

// With the places that go at the end, the inverse [A, B'; B, D] becomes A - B' D^-1 B.
void SupportInverse::remove(std::vector<int64_t> places) {
  const int64_t n = size(), count = static_cast<int64_t>(places.size()), rest = n - count;
  if (count == 0) return;
  std::sort(places.begin(), places.end());
  for (int64_t k = count - 1; k >= 0; --k) exchange(places[k], rest + k);
  left_.resize(count * rest);
  for (int64_t i = 0; i < count; ++i) {  // D = L L', and B becomes L^-1 B
    double *row = inverse_.row(rest + i), *mine = left_.data() + i * rest;
    for (int64_t j = 0; j < i; ++j) {
      const double* other = inverse_.row(rest + j);
      row[rest + j] = (row[rest + j] - dot(row + rest, other + rest, j)) / other[rest + j];
    }
    row[rest + i] = std::sqrt(row[rest + i] - dot(row + rest, row + rest, i));
    std::copy_n(row, rest, mine);
    for (int64_t j = 0; j < i; ++j) axpy(-row[rest + j], left_.data() + j * rest, mine, rest);
    scale(1.0 / row[rest + i], mine, rest);
  }
  add_products(-1.0, left_, count, rest);
  for (int64_t i = rest; i < n; ++i) place_[columns[i]] = -1;
  columns.resize(rest);
  signs.resize(rest);
}

void SupportInverse::apply(const double* right, double* step) const {
  const int64_t n = size();
  for (int64_t i = 0; i < n; ++i) {
    const double* row = inverse_.row(i);
    step[i] = dot(row, right, i + 1);
    axpy(right[i], row, step, i);
  }
}

// The largest sum of a row's sizes (Gershgorin 1931).
double SupportInverse::leaves(const Quadratic& q) const {
  const int64_t n = size();
  std::vector<double> sums(n), factor(n);
  for (int64_t i = 0; i < n; ++i) factor[i] = q.factor[columns[i]];
  for (int64_t i = 0; i < n; ++i) {
    const double* row = inverse_.row(i);
    sums[i] += add_sizes(row, factor.data(), factor[i], sums.data(), i) + std::abs(row[i]) * factor[i];
  }
  return n > 0 ? *std::max_element(sums.begin(), sums.end()) : 0.0;
}

bool SupportInverse::rebuild(const Quadratic& q, double strength) {
  const int64_t n = size();
  a2 = strength;
  if (n == 0) return true;
  inverse_.reserve(n);
  std::vector<double> square(n * n);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) square[i * n + j] = q.entry(columns[i], columns[j]);
    square[i * n + i] += a2 * q.factor[columns[i]];
  }
  char uplo = 'U';
  int order = static_cast<int>(n), info = 0;
  blas.dpotrf(&uplo, &order, square.data(), &order, &info);
  if (info != 0) return false;
  for (int64_t i = 0; i < n; ++i) {
    const double pivot = square[i * n + i];
    if (!(pivot * pivot > dependent * q.diagonal[columns[i]])) return false;
  }
  blas.dpotri(&uplo, &order, square.data(), &order, &info);
  if (info != 0) return false;
  for (int64_t i = 0; i < n; ++i) std::copy_n(square.data() + i * n, i + 1, inverse_.row(i));
  return true;
}

}  // namespace bridle
