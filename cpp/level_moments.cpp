#include "level_moments.hpp"

#include <algorithm>
#include <cmath>

#include "blas.hpp"
#include "moments.hpp"

namespace bridle {

namespace {

constexpr int64_t height = 512;
// What an addition somewhere in memory costs, in multiplications of a dense tile.
constexpr int64_t addition = 32;

}  // namespace

bool LevelMoments::suits(const Columns& x) {
  int64_t categories = 0, others = 1;
  for (const Block& block : x.blocks) {
    if (block.storage == Storage::sparse_rows || block.storage == Storage::sparse_columns) return false;
    if (block.storage == Storage::one_hot)
      ++categories;
    else
      others += block.width;
  }
  const int64_t q = x.p + 1;
  return categories > 0 && addition * categories * (categories + 1) / 2 + 4 * categories * others + others * others < q * q / 2;
}

LevelMoments::LevelMoments(const Columns& x) : x_(x), q_(x.p + 1) {
  others_.n = x.n;
  for (const Block& block : x.blocks) {
    if (block.storage == Storage::one_hot) {
      levels_.push_back(&block);
      continue;
    }
    others_.add(block);
    for (int64_t j = 0; j < block.width; ++j) place_.push_back(block.first + j);
  }
  place_.push_back(q_ - 1);
  d_ = static_cast<int64_t>(place_.size());
  table_.resize(q_ * q_);
  by_level_.resize(q_ * d_);
  products_.resize(d_ * d_);
  others_at_.resize(height * d_);
  scaled_.resize(height * d_);
  weight_.resize(height);
  level_at_.resize(levels_.size() * height);
}

void LevelMoments::read(const double* y, const double* weights, const int64_t* rows, int64_t m) {
  others_.pack(rows, m, others_at_.data(), d_, 1);
  for (int64_t i = 0; i < m; ++i) {
    others_at_[i * d_ + d_ - 1] = y[rows[i]];
    weight_[i] = weights ? weights[rows[i]] : 1.0;
  }
}

void LevelMoments::run(const double* y, const double* weights, const int64_t* rows, int64_t count,
                       Control& control, double& weight, double* mean, double* scatter) {
  std::fill(table_.begin(), table_.end(), 0.0);
  std::fill(by_level_.begin(), by_level_.end(), 0.0);
  std::fill(products_.begin(), products_.end(), 0.0);
  centre_.assign(d_, 0.0);
  rest_.assign(d_, 0.0);
  total_ = 0;
  for (int64_t from = 0; from < count; from += height) {  // the others' means first: nothing cancels then
    control.check();
    const int64_t m = std::min(height, count - from);
    read(y, weights, rows + from, m);
    for (int64_t i = 0; i < m; ++i) {
      total_ += weight_[i];
      if (weight_[i] > 0)
        for (int64_t j = 0; j < d_; ++j) centre_[j] += weight_[i] / total_ * (others_at_[i * d_ + j] - centre_[j]);
    }
  }
  weight = total_;
  std::fill_n(mean, q_, 0.0);
  std::fill_n(scatter, packed_size(q_), 0.0);
  if (!(total_ > 0)) return;
  for (int64_t from = 0; from < count; from += height) {
    control.check();
    const int64_t m = std::min(height, count - from);
    read(y, weights, rows + from, m);
    for (size_t a = 0; a < levels_.size(); ++a)
      for (int64_t i = 0; i < m; ++i) level_at_[a * height + i] = levels_[a]->indices[rows[from + i]];
    add(m);
  }
  finish(mean, scatter);
}

void LevelMoments::add(int64_t m) {
  for (int64_t i = 0; i < m; ++i) {
    double* at = others_at_.data() + i * d_;
    const double root = std::sqrt(weight_[i]);
    for (int64_t j = 0; j < d_; ++j) {
      at[j] -= centre_[j];
      scaled_[i * d_ + j] = at[j] * root;
      at[j] *= weight_[i];
      rest_[j] += at[j];
    }
  }
  char uplo = 'U', trans = 'N';  // column-major upper = row-major lower
  int n = static_cast<int>(d_), k = static_cast<int>(m);
  double one = 1.0;
  blas.dsyrk(&uplo, &trans, &n, &k, &one, scaled_.data(), &n, &one, products_.data(), &n);
  for (size_t a = 0; a < levels_.size(); ++a) {
    const int32_t* own = level_at_.data() + a * height;
    const int64_t first = levels_[a]->first;
    for (int64_t i = 0; i < m; ++i) {
      if (own[i] < 0) continue;
      const int64_t row = first + own[i];
      table_[row * q_ + row] += weight_[i];
      for (int64_t j = 0; j < d_; ++j) by_level_[row * d_ + j] += others_at_[i * d_ + j];
    }
    for (size_t b = 0; b < a; ++b) {
      const int32_t* other = level_at_.data() + b * height;
      double* table = table_.data() + first * q_ + levels_[b]->first;
      for (int64_t i = 0; i < m; ++i)
        if ((own[i] | other[i]) >= 0) table[own[i] * q_ + other[i]] += weight_[i];
    }
  }
}

void LevelMoments::finish(double* mean, double* scatter) const {
  for (int64_t j = 0; j < d_; ++j) mean[place_[j]] = centre_[j] + rest_[j] / total_;
  for (const Block* block : levels_)
    for (int64_t j = block->first; j < block->first + block->width; ++j) mean[j] = table_[j * q_ + j] / total_;
  const auto put = [&](int64_t i, int64_t j, double value) { scatter[packed_size(std::max(i, j)) + std::min(i, j)] = value; };
  for (int64_t i = 0; i < d_; ++i)
    for (int64_t j = 0; j <= i; ++j) put(place_[i], place_[j], products_[i * d_ + j] - rest_[i] * (rest_[j] / total_));
  for (size_t a = 0; a < levels_.size(); ++a)
    for (int64_t i = levels_[a]->first; i < levels_[a]->first + levels_[a]->width; ++i) {
      for (int64_t j = 0; j < d_; ++j) put(i, place_[j], by_level_[i * d_ + j] - mean[i] * rest_[j]);
      for (size_t b = 0; b <= a; ++b)
        for (int64_t j = levels_[b]->first; j < levels_[b]->first + levels_[b]->width && j <= i; ++j)
          put(i, j, i == j ? table_[i * q_ + i] * (1.0 - mean[i]) : table_[i * q_ + j] - total_ * (mean[i] * mean[j]));
    }
}

}  // namespace bridle
