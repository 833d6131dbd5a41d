#include "moments.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <vector>

#include "blas.hpp"
#include "dense_products.hpp"
#include "kernels.hpp"
#include "level_moments.hpp"
#include "processor.hpp"

namespace bridle {

namespace {

struct Part {  // the moments of a part of an atom
  double weight = 0;
  std::vector<double> mean, scatter;
};

BRIDLE_CLONES void add_row(const double* row, double weight, double* sum, int64_t q) {
  for (int64_t j = 0; j < q; ++j) sum[j] += weight * row[j];
}

BRIDLE_CLONES void centre_row(double* row, const double* mean, double root_weight, int64_t q) {
  for (int64_t j = 0; j < q; ++j) row[j] = (row[j] - mean[j]) * root_weight;
}

BRIDLE_CLONES void centre_column(double* column, double mean, const double* root_weight, int64_t m) {
  for (int64_t i = 0; i < m; ++i) column[i] = (column[i] - mean) * root_weight[i];
}

// A tile of rows, packed, centred at its own weighted mean and scaled by the roots of the weights. One more row carries
// the distance of its mean from the mean so far, so that the rank-one term of the merge rides along in the same product.
class Tile {
 public:
  Tile(int64_t q, bool by_row)
      : q_(q), by_row_(by_row || has_wide_registers()), step_(has_wide_registers() ? padded(q) : q),
        capacity_(has_wide_registers() ? rows_at_once : std::clamp<int64_t>((int64_t{1} << 17) / q, 128, 1024)),
        buffer_((capacity_ + 1) * step_), mean_(q), root_(capacity_ + 1), scatter_(step_ * step_) {}

  int64_t capacity() const { return capacity_; }

  void start() {
    weight_ = 0;
    mean_so_far_.assign(q_, 0.0);
    fresh_ = true;
  }

  void add(const Columns& x, const double* y, const double* weights, const int64_t* rows, int64_t m) {
    int64_t row_step = by_row_ ? step_ : 1, column_step = by_row_ ? 1 : capacity_ + 1;
    x.pack(rows, m, buffer_.data(), row_step, column_step);
    double total = 0;
    for (int64_t i = 0; i < m; ++i) {
      buffer_[i * row_step + (q_ - 1) * column_step] = y[rows[i]];
      double weight = weights ? weights[rows[i]] : 1.0;
      root_[i] = std::sqrt(weight);
      total += weight;
    }
    if (total <= 0) return;
    centre(m, total, weights != nullptr);
    double merged = weight_ + total;
    double root = weight_ > 0 ? std::sqrt(weight_ * (total / merged)) : 0.0;
    for (int64_t j = 0; j < q_; ++j) {
      double distance = mean_[j] - mean_so_far_[j];
      buffer_[m * row_step + j * column_step] = root > 0 ? root * distance : 0.0;
      mean_so_far_[j] += distance * (total / merged);
    }
    weight_ = merged;
    multiply(m + 1);
  }

  void finish(Part& part) {
    part.weight = weight_;
    part.mean = mean_so_far_;
    part.scatter.assign(packed_size(q_), 0.0);
    if (fresh_) return;
    for (int64_t i = 0; i < q_; ++i)
      std::copy_n(scatter_.data() + i * step_, i + 1, part.scatter.data() + packed_size(i));
  }

 private:
  void centre(int64_t m, double total, bool weighted) {
    if (by_row_) {
      std::fill(mean_.begin(), mean_.end(), 0.0);
      for (int64_t i = 0; i < m; ++i)
        add_row(buffer_.data() + i * step_, weighted ? root_[i] * root_[i] : 1.0, mean_.data(), q_);
      for (int64_t j = 0; j < q_; ++j) mean_[j] /= total;
      for (int64_t i = 0; i < m; ++i) centre_row(buffer_.data() + i * step_, mean_.data(), root_[i], q_);
    } else {
      std::vector<double> weight(m);
      for (int64_t i = 0; i < m; ++i) weight[i] = weighted ? root_[i] * root_[i] : 1.0;
      for (int64_t j = 0; j < q_; ++j) {
        double* column = buffer_.data() + j * (capacity_ + 1);
        mean_[j] = dot(column, weight.data(), m) / total;
        centre_column(column, mean_[j], root_.data(), m);
      }
    }
  }

  void multiply(int64_t m) {
    if (has_wide_registers()) {
      if (fresh_) std::fill(scatter_.begin(), scatter_.end(), 0.0);
      fresh_ = false;
      return add_products(1.0, buffer_.data(), m, q_, scatter_.data(), step_);
    }
    char uplo = 'U', trans = by_row_ ? 'N' : 'T';  // column-major upper = row-major lower
    int n = static_cast<int>(q_), k = static_cast<int>(m), lda = static_cast<int>(by_row_ ? q_ : capacity_ + 1);
    double one = 1.0, beta = fresh_ ? 0.0 : 1.0;
    blas.dsyrk(&uplo, &trans, &n, &k, &one, buffer_.data(), &lda, &beta, scatter_.data(), &n);
    fresh_ = false;
  }

  static constexpr int64_t rows_at_once = 128;

  int64_t q_;
  bool by_row_;
  int64_t step_, capacity_;
  std::vector<double> buffer_, mean_, root_, scatter_, mean_so_far_;
  double weight_ = 0;
  bool fresh_ = true;
};

}  // namespace

void merge_moments(int64_t q, double& weight, double* mean, double* scatter, double other_weight,
                   const double* other_mean, const double* other_scatter) {
  if (other_weight <= 0) return;
  double merged = weight + other_weight;
  double share = weight * (other_weight / merged);
  if (!(weight < other_weight)) share = other_weight * (weight / merged);  // the same bits whichever comes first
  std::vector<double> distance(q);
  for (int64_t j = 0; j < q; ++j) distance[j] = other_mean[j] - mean[j];
  for (int64_t i = 0; i < q; ++i) {
    double* row = scatter + packed_size(i);
    const double* other = other_scatter + packed_size(i);
    for (int64_t j = 0; j <= i; ++j) row[j] = (row[j] + other[j]) + share * (distance[i] * distance[j]);
  }
  for (int64_t j = 0; j < q; ++j) {
    // From the heavier side, so that the order of the two does not matter.
    if (weight < other_weight)
      mean[j] = other_mean[j] - distance[j] * (weight / merged);
    else if (weight > other_weight)
      mean[j] = mean[j] + distance[j] * (other_weight / merged);
    else
      mean[j] = 0.5 * mean[j] + 0.5 * other_mean[j];
  }
  weight = merged;
}

void accumulate_moments(const Columns& x, const double* y, const double* weights, const int64_t* rows,
                        const int64_t* start, int64_t n_atoms, MomentArrays out, int n_threads, Control& control) {
  const int64_t q = x.p + 1, size = packed_size(q);
  const bool by_row = x.row_major();
  // Each atom is cut into fixed parts, merged in a fixed tree: the bits do not depend on the number of threads.
  const int64_t parts = n_atoms >= 3 ? 2 : 4;
  std::vector<std::vector<Part>> results(n_atoms, std::vector<Part>(parts));
  std::vector<int64_t> left(n_atoms, parts);
  const bool by_level = LevelMoments::suits(x);
  std::vector<std::unique_ptr<Tile>> tiles(std::max(n_threads, 1));
  std::vector<std::unique_ptr<LevelMoments>> tables(std::max(n_threads, 1));
  std::mutex mutex;

  parallel_for(n_atoms * parts, n_threads, control, [&](int64_t task, int worker) {
    const int64_t atom = task / parts, part = task % parts;
    const int64_t count = start[atom + 1] - start[atom];
    const int64_t from = start[atom] + count * part / parts, to = start[atom] + count * (part + 1) / parts;
    Part& found = results[atom][part];
    if (by_level) {
      if (!tables[worker]) tables[worker] = std::make_unique<LevelMoments>(x);
      found.mean.resize(q);
      found.scatter.resize(size);
      tables[worker]->run(y, weights, rows + from, to - from, control, found.weight, found.mean.data(),
                          found.scatter.data());
    } else {
      if (!tiles[worker]) tiles[worker] = std::make_unique<Tile>(q, by_row);
      Tile& tile = *tiles[worker];
      tile.start();
      for (int64_t i = from; i < to; i += tile.capacity()) {
        control.check();
        tile.add(x, y, weights, rows + i, std::min(tile.capacity(), to - i));
      }
      tile.finish(found);
    }
    control.advance(1.0 / static_cast<double>(n_atoms * parts));
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (--left[atom] > 0) return;
    }
    std::vector<Part>& own = results[atom];
    for (int64_t step = 1; step < parts; step *= 2) {
      for (int64_t k = 0; k + step < parts; k += 2 * step) {
        merge_moments(q, own[k].weight, own[k].mean.data(), own[k].scatter.data(), own[k + step].weight,
                      own[k + step].mean.data(), own[k + step].scatter.data());
        own[k + step] = Part{};
      }
    }
    out.weight[atom] = own[0].weight;
    std::copy_n(own[0].mean.data(), q, out.mean + atom * q);
    std::copy_n(own[0].scatter.data(), size, out.scatter + atom * size);
    own[0] = Part{};
  });
}

}  // namespace bridle
