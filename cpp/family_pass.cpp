#include "family_pass.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "blas.hpp"
#include "kernels.hpp"

namespace bridle {

namespace {

constexpr int64_t most_rows = 512, narrow = 4;

BRIDLE_CLONES double inner(const double* a, const double* b, int64_t m) {
  double sums[8] = {0};
  int64_t i = 0;
  for (; i + 8 <= m; i += 8)
    for (int64_t lane = 0; lane < 8; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  for (; i < m; ++i) sums[0] += a[i] * b[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// A block's rows [from, from + m) as doubles somewhere in memory: in place, or converted.
struct Tile {
  const double* data;
  int64_t row_step, column_step;
};

class Worker {
 public:
  Worker(const Columns& x, const FamilyRows& rows, const Fits& fits, int64_t height)
      : x_(x), rows_(rows), fits_(fits), height_(height), eta_(fits.count * height), slope_(fits.count * height),
        curvature_(height), value_(height), weight_(height) {}

  // Adds to value (count, atoms), gradient (count, p), sum and size (count).
  void run(int64_t from, int64_t m, double* value, double* gradient, double* sum, double* size, double* curvature,
           int64_t curved) {
    predict(from, m);
    for (int64_t k = 0; k < fits_.count; ++k) {
      const double* y = rows_.y + from;
      double *eta = eta_.data() + k * height_, *slope = slope_.data() + k * height_;
      rows_.kernel.rows(m, y, eta, slope, curvature_.data(), value_.data());
      const uint8_t* train = fits_.train + k * rows_.n_atoms;
      double *own = value + k * rows_.n_atoms, total = 0, squares = 0;
      for (int64_t i = 0; i < m; ++i) {
        const int32_t atom = rows_.atom[from + i];
        const double w = rows_.weights ? rows_.weights[from + i] : 1.0;
        weight_[i] = atom >= 0 ? w : 0.0;
        if (weight_[i] > 0) own[atom] += w * value_[i];
        const double trained = atom >= 0 && train[atom] ? w : 0.0, u = trained * slope[i];
        if (trained > 0 && curvature_[i] > 0) squares += u * slope[i] / curvature_[i];
        slope[i] = trained > 0 ? u : 0.0;
        total += slope[i];
      }
      sum[k] += total;
      size[k] += squares;
      if (curvature && (k == curved || curved < 0)) {
        double* to = curvature + (curved < 0 ? k * x_.n : 0) + from;
        for (int64_t i = 0; i < m; ++i) to[i] = weight_[i] > 0 ? weight_[i] * curvature_[i] : 0.0;
      }
    }
    collect(from, m, gradient);
  }

 private:
  void predict(int64_t from, int64_t m);
  void collect(int64_t from, int64_t m, double* gradient);
  Tile tile(const Block& block, int64_t from, int64_t m);

  const Columns& x_;
  const FamilyRows& rows_;
  const Fits& fits_;
  const int64_t height_;
  std::vector<double> eta_, slope_;  // (count, height)
  std::vector<double> curvature_, value_, weight_, buffer_;
};

Tile Worker::tile(const Block& block, int64_t from, int64_t m) {
  if (block.storage == Storage::float64 && (block.row_stride == 1 || block.column_stride == 1)) {
    const double* data = static_cast<const double*>(block.data) + from * block.row_stride;
    return {data, block.row_stride, block.column_stride};
  }
  buffer_.resize(height_ * block.width);
  const auto convert = [&](auto* data) {
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < block.width; ++j)
        buffer_[i * block.width + j] =
            static_cast<double>(data[(from + i) * block.row_stride + j * block.column_stride]);
  };
  if (block.storage == Storage::float64) convert(static_cast<const double*>(block.data));
  if (block.storage == Storage::float32) convert(static_cast<const float*>(block.data));
  if (block.storage == Storage::mask) convert(static_cast<const uint8_t*>(block.data));
  return {buffer_.data(), block.width, 1};
}

void Worker::predict(int64_t from, int64_t m) {
  const int64_t count = fits_.count, p = x_.p;
  for (int64_t k = 0; k < count; ++k) {
    double* eta = eta_.data() + k * height_;
    for (int64_t i = 0; i < m; ++i) eta[i] = fits_.intercept[k] + (rows_.offset ? rows_.offset[from + i] : 0.0);
  }
  if (!fits_.any) return;
  for (const Block& block : x_.blocks) {
    const double* b = fits_.b + block.first;
    if (block.storage == Storage::one_hot) {
      for (int64_t k = 0; k < count; ++k)
        for (int64_t i = 0; i < m; ++i) {
          const int32_t level = block.indices[from + i];
          if (level >= 0) eta_[k * height_ + i] += b[k * p + level];
        }
    } else if (block.storage == Storage::sparse_rows) {
      const double* values = static_cast<const double*>(block.data);
      for (int64_t i = 0; i < m; ++i)
        for (int64_t at = block.starts[from + i]; at < block.starts[from + i + 1]; ++at)
          for (int64_t k = 0; k < count; ++k) eta_[k * height_ + i] += values[at] * b[k * p + block.indices[at]];
    } else {
      const Tile t = tile(block, from, m);
      if (block.width <= narrow && t.row_step == 1) {
        for (int64_t j = 0; j < block.width; ++j)
          for (int64_t k = 0; k < count; ++k)
            if (b[k * p + j] != 0) axpy(b[k * p + j], t.data + j * t.column_step, eta_.data() + k * height_, m);
        continue;
      }
      char yes = 'T', no = 'N';
      int rows = static_cast<int>(m), cols = static_cast<int>(count), width = static_cast<int>(block.width),
          lb = static_cast<int>(p), le = static_cast<int>(height_);
      double one = 1.0;
      int lt = static_cast<int>(t.column_step == 1 ? t.row_step : t.column_step);
      lt = std::max(lt, t.column_step == 1 ? width : rows);
      blas.dgemm(t.column_step == 1 ? &yes : &no, &no, &rows, &cols, &width, &one, const_cast<double*>(t.data), &lt,
                 const_cast<double*>(b), &lb, &one, eta_.data(), &le);
    }
  }
}

void Worker::collect(int64_t from, int64_t m, double* gradient) {
  const int64_t count = fits_.count, p = x_.p;
  for (const Block& block : x_.blocks) {
    double* g = gradient + block.first;
    if (block.storage == Storage::one_hot) {
      for (int64_t k = 0; k < count; ++k)
        for (int64_t i = 0; i < m; ++i) {
          const int32_t level = block.indices[from + i];
          if (level >= 0) g[k * p + level] += slope_[k * height_ + i];
        }
    } else if (block.storage == Storage::sparse_rows) {
      const double* values = static_cast<const double*>(block.data);
      for (int64_t i = 0; i < m; ++i)
        for (int64_t at = block.starts[from + i]; at < block.starts[from + i + 1]; ++at)
          for (int64_t k = 0; k < count; ++k) g[k * p + block.indices[at]] += values[at] * slope_[k * height_ + i];
    } else {
      const Tile t = tile(block, from, m);
      if (block.width <= narrow && t.row_step == 1) {
        for (int64_t j = 0; j < block.width; ++j)
          for (int64_t k = 0; k < count; ++k)
            g[k * p + j] += inner(t.data + j * t.column_step, slope_.data() + k * height_, m);
        continue;
      }
      char yes = 'T', no = 'N';
      int rows = static_cast<int>(m), cols = static_cast<int>(count), width = static_cast<int>(block.width),
          lg = static_cast<int>(p), le = static_cast<int>(height_);
      double one = 1.0;
      int lt = static_cast<int>(t.column_step == 1 ? t.row_step : t.column_step);
      lt = std::max(lt, t.column_step == 1 ? width : rows);
      blas.dgemm(t.column_step == 1 ? &no : &yes, &no, &width, &cols, &rows, &one, const_cast<double*>(t.data), &lt,
                 slope_.data(), &le, &one, g, &lg);
    }
  }
}

}  // namespace

void family_pass(const Columns& x, const FamilyRows& rows, Fits fits, PassResults out, int n_threads, Control& control) {
  fits.any = std::any_of(fits.b, fits.b + fits.count * x.p, [](double one) { return one != 0; });
  const int64_t count = fits.count, p = x.p, n = x.n, cells = count * rows.n_atoms;
  // Rows are cut into fixed parts, each with sums of its own, added in their order: so threads do not change the bits.
  const int64_t parts = std::clamp<int64_t>(n / 2048, 1, count * p > (1 << 20) ? 4 : 16);
  const int64_t height = std::min<int64_t>(most_rows, n);
  const int64_t stride = cells + count * (p + 2);
  std::vector<double> sums(parts * stride, 0.0);
  std::vector<std::unique_ptr<Worker>> workers(std::max(n_threads, 1));
  parallel_for(parts, n_threads, control, [&](int64_t part, int worker) {
    if (!workers[worker]) workers[worker] = std::make_unique<Worker>(x, rows, fits, height);
    double* own = sums.data() + part * stride;
    const int64_t to = n * (part + 1) / parts;
    for (int64_t from = n * part / parts; from < to; from += height) {
      control.check();
      workers[worker]->run(from, std::min(height, to - from), own, own + cells, own + cells + count * p,
                           own + cells + count * (p + 1), out.curvature, out.curved);
    }
  });
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t i = 0; i < stride; ++i) sums[i] += sums[part * stride + i];
  const double* total = sums.data();
  std::copy_n(total, cells, out.value);
  std::copy_n(total + cells, count * p, out.gradient);
  std::copy_n(total + cells + count * p, count, out.sum);
  std::copy_n(total + cells + count * (p + 1), count, out.size);
}

}  // namespace bridle
