// The pass X'R over many residuals at once on columns quantized to 8 bits, with a proven error bound.
//
// A column is kept as x_i = middle + step * (q_i - 127.5) + e_i, q_i an unsigned byte and ||e|| known. A residual is
// r_i = unit * s_i + d_i, s_i a 16-bit integer (two signed bytes) and ||d|| known. The integer product q's is exact on
// every machine, and by Cauchy and Schwarz
//     |x'r - (middle sum r + step unit (q - 127.5)'s)| <= ||e|| ||r|| + step ||q - 127.5|| ||d||,
// up to a rounding term that `bound` adds. What the bound cannot decide is computed in doubles: so no decision is
// approximate, whichever kernel made it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bridle {

constexpr int64_t tile_width = 16;   // columns that one vector register carries
constexpr int64_t group_width = 8;   // residuals in one sweep of the registers

// Residuals as bytes: for each, all quads of four rows, high part and low part side by side.
struct QuantizedResiduals {
  int64_t n = 0, count = 0, quads = 0;
  std::vector<int32_t> high, low;          // (count, quads): four signed bytes in each
  std::vector<int32_t> pairs;              // (count, 2 quads): rows 0 and 2 of a quad, rows 1 and 3, 16 bits each
  std::vector<double> unit, sum, sum_quantized, norm, error;  // (count)

  void reset(int64_t n, int64_t count);
  void set(int64_t k, const double* r);
};

// Columns as bytes, sixteen side by side, four rows at a time.
class QuantizedColumns {
 public:
  void reset(int64_t n, int64_t n_columns);
  void set(int64_t column, const double* x);  // safe from several threads for columns of different tiles
  int64_t tiles() const { return tiles_; }
  int64_t bytes() const { return static_cast<int64_t>(codes_.size()); }
  // products[k * tile_width + lane] = q's for the residuals k of [first, last), the columns of the tile.
  void multiply(int64_t tile, const QuantizedResiduals& r, int64_t first, int64_t last, int64_t* products) const;

  // Per column: x'r = middle * sum r + step * unit * ((q - 127.5)'s) +- (error ||r|| + spread * ||d||)
  std::vector<double> middle, step, error, spread;

 private:
  int64_t n_ = 0, quads_ = 0, tiles_ = 0;
  std::vector<uint8_t> codes_;
};

// One column in 16 bits: for those near their thresholds, where 8 bits cannot tell. The same bound, ||d|| being zero: the
// residual stays as it is, and the rounding of the sum is in `error`.
struct ShortColumn {
  double middle = 0, step = 0, error = 0;
  std::unique_ptr<int16_t[]> codes;

  ShortColumn(const double* x, int64_t n);
  // x'r up to error ||r||
  double times(const double* r, double sum, int64_t n) const;
};

// "vnni", "avx2", "neon" or "plain": the kernel in use; BRIDLE_SCREEN in the environment forces one where there is that.
std::string screen_kernel();

}  // namespace bridle
