#include "columns.hpp"

#include <algorithm>

#include "kernels.hpp"

namespace bridle {

BRIDLE_CLONES double dot(const double* a, const double* b, int64_t n) {
  double lane[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int k = 0; k < 8; ++k) lane[k] += a[i + k] * b[i + k];
  for (int k = 0; i < n; ++i, ++k) lane[k] += a[i] * b[i];
  return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

BRIDLE_CLONES void axpy(double scale, const double* x, double* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += scale * x[i];
}

BRIDLE_CLONES void scale(double factor, double* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] *= factor;
}

BRIDLE_CLONES void axpys(int64_t count, const double* scale, const double* const* x, double* y, int64_t n) {
  int64_t k = 0;
  for (; k + 4 <= count; k += 4) {
    const double s0 = scale[k], s1 = scale[k + 1], s2 = scale[k + 2], s3 = scale[k + 3];
    const double *x0 = x[k], *x1 = x[k + 1], *x2 = x[k + 2], *x3 = x[k + 3];
    for (int64_t i = 0; i < n; ++i) y[i] += (s0 * x0[i] + s1 * x1[i]) + (s2 * x2[i] + s3 * x3[i]);
  }
  for (; k < count; ++k) axpy(scale[k], x[k], y, n);
}

namespace {

constexpr int64_t rows_ahead = 4, line = 64;

template <class T>
void pack_dense(const Block& block, const int64_t* rows, int64_t m, double* out, int64_t row_step,
                int64_t column_step) {
  const T* data = static_cast<const T*>(block.data);
  if (block.column_stride == 1 && column_step == 1) {
    for (int64_t i = 0; i < m; ++i) {
      const T* row = data + rows[i] * block.row_stride;
      double* to = out + i * row_step;
      if (i + rows_ahead < m) {  // rows of an atom lie anywhere
        const T* later = data + rows[i + rows_ahead] * block.row_stride;
        for (int64_t j = 0; j < block.width; j += line / sizeof(T)) __builtin_prefetch(later + j);
      }
      for (int64_t j = 0; j < block.width; ++j) to[j] = static_cast<double>(row[j]);
    }
  } else if (row_step == 1 || block.row_stride <= block.column_stride) {
    for (int64_t j = 0; j < block.width; ++j) {
      const T* column = data + j * block.column_stride;
      double* to = out + j * column_step;
      for (int64_t i = 0; i < m; ++i) to[i * row_step] = static_cast<double>(column[rows[i] * block.row_stride]);
    }
  } else {
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < block.width; ++j)
        out[i * row_step + j * column_step] =
            static_cast<double>(data[rows[i] * block.row_stride + j * block.column_stride]);
  }
}

void clear(const Block& block, int64_t m, double* out, int64_t row_step, int64_t column_step) {
  if (column_step == 1) {
    for (int64_t i = 0; i < m; ++i) std::fill_n(out + i * row_step, block.width, 0.0);
  } else {
    for (int64_t j = 0; j < block.width; ++j)
      for (int64_t i = 0; i < m; ++i) out[i * row_step + j * column_step] = 0.0;
  }
}

}  // namespace

bool Columns::row_major() const {
  int64_t by_row = 0;
  for (const Block& block : blocks) {
    bool rows = block.storage == Storage::sparse_rows ||
                ((block.storage == Storage::float64 || block.storage == Storage::float32) &&
                 block.column_stride == 1 && block.width > 1);
    if (rows) by_row += block.width;
  }
  return 2 * by_row >= p;
}

void Columns::pack(const int64_t* rows, int64_t m, double* out, int64_t row_step, int64_t column_step) const {
  for (const Block& block : blocks) {
    double* to = out + block.first * column_step;
    switch (block.storage) {
      case Storage::float64:
        pack_dense<double>(block, rows, m, to, row_step, column_step);
        break;
      case Storage::float32:
        pack_dense<float>(block, rows, m, to, row_step, column_step);
        break;
      case Storage::mask:
        pack_dense<uint8_t>(block, rows, m, to, row_step, column_step);
        break;
      case Storage::one_hot:
        clear(block, m, to, row_step, column_step);
        for (int64_t i = 0; i < m; ++i) {
          int32_t level = block.indices[rows[i]];
          if (level >= 0) to[i * row_step + level * column_step] = 1.0;
        }
        break;
      case Storage::sparse_rows: {
        clear(block, m, to, row_step, column_step);
        const double* values = static_cast<const double*>(block.data);
        for (int64_t i = 0; i < m; ++i)
          for (int64_t k = block.starts[rows[i]]; k < block.starts[rows[i] + 1]; ++k)
            to[i * row_step + block.indices[k] * column_step] += values[k];
        break;
      }
      case Storage::sparse_columns:
        break;  // a design offers its rows where tiles are packed
    }
  }
}

const Block& Columns::block_of(int64_t j) const {
  auto after = std::upper_bound(blocks.begin(), blocks.end(), j,
                                [](int64_t value, const Block& block) { return value < block.first; });
  return *(after - 1);
}

void Columns::entries(int64_t j, const int64_t* rows, int64_t m, double* out) const {
  const Block& block = block_of(j);
  const int64_t local = j - block.first, stride = block.row_stride, offset = local * block.column_stride;
  switch (block.storage) {
    case Storage::float64: {
      const double* data = static_cast<const double*>(block.data) + offset;
      for (int64_t i = 0; i < m; ++i) out[i] = data[rows[i] * stride];
      break;
    }
    case Storage::float32: {
      const float* data = static_cast<const float*>(block.data) + offset;
      for (int64_t i = 0; i < m; ++i) out[i] = static_cast<double>(data[rows[i] * stride]);
      break;
    }
    case Storage::mask: {
      const uint8_t* data = static_cast<const uint8_t*>(block.data) + offset;
      for (int64_t i = 0; i < m; ++i) out[i] = data[rows[i] * stride];
      break;
    }
    case Storage::one_hot:
      for (int64_t i = 0; i < m; ++i) out[i] = block.indices[rows[i]] == local ? 1.0 : 0.0;
      break;
    case Storage::sparse_columns:
    case Storage::sparse_rows:
      break;  // WideData walks the non-zeros itself
  }
}

}  // namespace bridle
