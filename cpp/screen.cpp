#include "screen.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "kernels.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define BRIDLE_X86 1
#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#define BRIDLE_NEON 1
#endif

namespace bridle {

namespace {

// 255 * 128 * 4 a quad: 32-bit sums hold 16,384 quads, 65,536 rows; longer columns are flushed to 64 bits.
constexpr int64_t flush_quads = 16384;

BRIDLE_CLONES void plain_product(const uint8_t* codes, const int8_t* part, int64_t quads, int32_t* sums) {
  int32_t lane[tile_width] = {0};
  for (int64_t i = 0; i < quads; ++i) {
    const uint8_t* q = codes + i * 4 * tile_width;
    const int32_t r0 = part[4 * i], r1 = part[4 * i + 1], r2 = part[4 * i + 2], r3 = part[4 * i + 3];
    for (int64_t c = 0; c < tile_width; ++c)
      lane[c] += q[4 * c] * r0 + q[4 * c + 1] * r1 + q[4 * c + 2] * r2 + q[4 * c + 3] * r3;
  }
  std::memcpy(sums, lane, sizeof lane);
}

// Codes and residuals as 16-bit integers, two rows a product: nothing saturates, as 8-bit products would. Even rows and
// odd rows of a quad apart; at most 4 * 255 * 32,000 a quad: 32-bit sums hold `wide_quads` of them. AVX2 and NEON.
[[maybe_unused]] constexpr int64_t wide_quads = 64;

#ifdef BRIDLE_X86
// Sixteen columns a register, one residual's four bytes broadcast to all of them: no sums across lanes.
template <int count>
__attribute__((target("avx512f,avx512bw,avx512vnni"))) void vnni_product(const uint8_t* codes,
                                                                         const int32_t* const* high,
                                                                         const int32_t* const* low, int64_t quads,
                                                                         int32_t* sums) {
  __m512i upper[count], lower[count];
  for (int k = 0; k < count; ++k) upper[k] = lower[k] = _mm512_setzero_si512();
  for (int64_t i = 0; i < quads; ++i) {
    const __m512i q = _mm512_loadu_si512(codes + i * 4 * tile_width);
    for (int k = 0; k < count; ++k) {
      upper[k] = _mm512_dpbusd_epi32(upper[k], q, _mm512_set1_epi32(high[k][i]));
      lower[k] = _mm512_dpbusd_epi32(lower[k], q, _mm512_set1_epi32(low[k][i]));
    }
  }
  for (int k = 0; k < count; ++k) {
    _mm512_storeu_si512(sums + 2 * k * tile_width, upper[k]);
    _mm512_storeu_si512(sums + (2 * k + 1) * tile_width, lower[k]);
  }
}

void vnni_products(int64_t count, const uint8_t* codes, const int32_t* const* high, const int32_t* const* low,
                   int64_t quads, int32_t* sums) {
  switch (count) {
    case 1: return vnni_product<1>(codes, high, low, quads, sums);
    case 2: return vnni_product<2>(codes, high, low, quads, sums);
    case 3: return vnni_product<3>(codes, high, low, quads, sums);
    case 4: return vnni_product<4>(codes, high, low, quads, sums);
    case 5: return vnni_product<5>(codes, high, low, quads, sums);
    case 6: return vnni_product<6>(codes, high, low, quads, sums);
    case 7: return vnni_product<7>(codes, high, low, quads, sums);
    default: return vnni_product<8>(codes, high, low, quads, sums);
  }
}

constexpr int64_t avx2_group = 4;

template <int count>
__attribute__((target("avx2"))) void avx2_product(const uint8_t* codes, const int32_t* const* pairs, int64_t quads,
                                                  int64_t* products) {
  const __m256i low_bytes = _mm256_set1_epi16(0xff);
  for (int64_t start = 0; start < quads; start += wide_quads) {
    const int64_t end = std::min(start + wide_quads, quads);
    __m256i left[count], right[count];  // columns 0 to 7 and 8 to 15 of the tile
    for (int k = 0; k < count; ++k) left[k] = right[k] = _mm256_setzero_si256();
    for (int64_t i = start; i < end; ++i) {
      const __m256i* from = reinterpret_cast<const __m256i*>(codes + i * 4 * tile_width);
      const __m256i q0 = _mm256_loadu_si256(from), q1 = _mm256_loadu_si256(from + 1);
      const __m256i even0 = _mm256_and_si256(q0, low_bytes), odd0 = _mm256_srli_epi16(q0, 8);
      const __m256i even1 = _mm256_and_si256(q1, low_bytes), odd1 = _mm256_srli_epi16(q1, 8);
      for (int k = 0; k < count; ++k) {
        const __m256i even = _mm256_set1_epi32(pairs[k][2 * i]), odd = _mm256_set1_epi32(pairs[k][2 * i + 1]);
        left[k] = _mm256_add_epi32(left[k], _mm256_add_epi32(_mm256_madd_epi16(even0, even), _mm256_madd_epi16(odd0, odd)));
        right[k] = _mm256_add_epi32(right[k], _mm256_add_epi32(_mm256_madd_epi16(even1, even), _mm256_madd_epi16(odd1, odd)));
      }
    }
    for (int k = 0; k < count; ++k) {
      int32_t sums[tile_width];
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums), left[k]);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + tile_width / 2), right[k]);
      for (int64_t c = 0; c < tile_width; ++c) products[k * tile_width + c] += sums[c];
    }
  }
}

void avx2_products(int64_t count, const uint8_t* codes, const int32_t* const* pairs, int64_t quads, int64_t* products) {
  switch (count) {
    case 1: return avx2_product<1>(codes, pairs, quads, products);
    case 2: return avx2_product<2>(codes, pairs, quads, products);
    case 3: return avx2_product<3>(codes, pairs, quads, products);
    default: return avx2_product<4>(codes, pairs, quads, products);
  }
}
#endif

#ifdef BRIDLE_NEON
constexpr int64_t neon_group = 2;

template <int count>
void neon_product(const uint8_t* codes, const int32_t* const* pairs, int64_t quads, int64_t* products) {
  const uint16x8_t low_bytes = vdupq_n_u16(0xff);
  for (int64_t start = 0; start < quads; start += wide_quads) {
    const int64_t end = std::min(start + wide_quads, quads);
    int32x4_t sums[count][8];  // two columns each, two sums a column
    for (int k = 0; k < count; ++k)
      for (int32x4_t& one : sums[k]) one = vdupq_n_s32(0);
    for (int64_t i = start; i < end; ++i)
      for (int v = 0; v < 4; ++v) {  // four columns
        const uint16x8_t q = vreinterpretq_u16_u8(vld1q_u8(codes + i * 4 * tile_width + 16 * v));
        const int16x8_t even = vreinterpretq_s16_u16(vandq_u16(q, low_bytes));
        const int16x8_t odd = vreinterpretq_s16_u16(vshrq_n_u16(q, 8));
        for (int k = 0; k < count; ++k) {
          const int16x8_t evens = vreinterpretq_s16_s32(vdupq_n_s32(pairs[k][2 * i]));
          const int16x8_t odds = vreinterpretq_s16_s32(vdupq_n_s32(pairs[k][2 * i + 1]));
          int32x4_t &one = sums[k][2 * v], &other = sums[k][2 * v + 1];
          one = vmlal_s16(vmlal_s16(one, vget_low_s16(even), vget_low_s16(evens)), vget_low_s16(odd), vget_low_s16(odds));
          other = vmlal_high_s16(vmlal_high_s16(other, even, evens), odd, odds);
        }
      }
    for (int k = 0; k < count; ++k)
      for (int v = 0; v < 4; ++v) {
        int32_t four[4];
        vst1q_s32(four, vpaddq_s32(sums[k][2 * v], sums[k][2 * v + 1]));
        for (int c = 0; c < 4; ++c) products[k * tile_width + 4 * v + c] += four[c];
      }
  }
}

void neon_products(int64_t count, const uint8_t* codes, const int32_t* const* pairs, int64_t quads, int64_t* products) {
  if (count == 1) return neon_product<1>(codes, pairs, quads, products);
  neon_product<2>(codes, pairs, quads, products);
}
#endif

// Below the least normal number products underflow: added to every bound.
constexpr double least_normal = std::numeric_limits<double>::min();
// Roots of sums of squares are taken in units of the largest entry, so that none over- or underflows. Sums of n terms
// may be off by a share of n roundings; `room` covers that and the few roundings after it.
double room(int64_t n) { return 1 + 1e-12 + 2.3e-16 * static_cast<double>(n); }

BRIDLE_CLONES double short_product(const int16_t* codes, const double* r, int64_t n) {
  double lane[8] = {0};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int64_t k = 0; k < 8; ++k) lane[k] += codes[i + k] * r[i + k];
  for (int64_t k = 0; i < n; ++i, ++k) lane[k] += codes[i] * r[i];
  return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

enum class Kernel { plain, neon, avx2, vnni };

// The widest that this processor has, or what BRIDLE_SCREEN asks for where it has that.
Kernel choose_kernel() {
  const char* asked = std::getenv("BRIDLE_SCREEN");
  [[maybe_unused]] auto allowed = [&](const char* name) { return !asked || !*asked || std::strcmp(asked, name) == 0; };
#ifdef BRIDLE_NEON
  if (allowed("neon")) return Kernel::neon;
#endif
#ifdef BRIDLE_X86
  __builtin_cpu_init();
  if (allowed("vnni") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw")) return Kernel::vnni;
  if (allowed("avx2") && __builtin_cpu_supports("avx2")) return Kernel::avx2;
#endif
  return Kernel::plain;
}

}  // namespace

std::string screen_kernel() {
  const Kernel kernel = choose_kernel();
  return kernel == Kernel::vnni ? "vnni" : kernel == Kernel::avx2 ? "avx2" : kernel == Kernel::neon ? "neon" : "plain";
}

void QuantizedResiduals::reset(int64_t rows, int64_t n_residuals) {
  n = rows;
  count = n_residuals;
  quads = (n + 3) / 4;
  high.assign(count * quads, 0);
  low.assign(count * quads, 0);
  pairs.assign(2 * count * quads, 0);
  unit.assign(count, 0.0);
  sum.assign(count, 0.0);
  sum_quantized.assign(count, 0.0);
  norm.assign(count, 0.0);
  error.assign(count, 0.0);
}

void QuantizedResiduals::set(int64_t k, const double* r) {
  double largest = 0, total = 0, lost = 0;
  for (int64_t i = 0; i < n; ++i) {
    largest = std::max(largest, std::abs(r[i]));
    const double next = total + r[i];  // Neumaier: what the addition loses is kept beside
    lost += std::abs(total) >= std::abs(r[i]) ? (total - next) + r[i] : (r[i] - next) + total;
    total = next;
  }
  int8_t* upper = reinterpret_cast<int8_t*>(high.data() + k * quads);
  int8_t* lower = reinterpret_cast<int8_t*>(low.data() + k * quads);
  int16_t* paired = reinterpret_cast<int16_t*>(pairs.data() + 2 * k * quads);
  sum[k] = total + lost;
  const double scale = largest / 32000.0, inverse = 1.0 / scale;
  if (!(scale > 0 && std::isfinite(inverse))) {  // zeros, or too small to be told apart: all of it is error
    std::fill_n(high.data() + k * quads, quads, 0);
    std::fill_n(low.data() + k * quads, quads, 0);
    std::fill_n(pairs.data() + 2 * k * quads, 2 * quads, 0);
    unit[k] = sum_quantized[k] = 0;
    norm[k] = error[k] = largest * std::sqrt(static_cast<double>(n)) * room(n) + (largest > 0 ? least_normal : 0);
    return;
  }
  double squares = 0, off = 0;
  int64_t integers = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double ratio = r[i] * inverse;
    const int32_t value = static_cast<int32_t>(std::lrint(ratio));
    const int32_t bottom = static_cast<int8_t>(value & 0xff);
    upper[i] = static_cast<int8_t>((value - bottom) / 256);
    lower[i] = static_cast<int8_t>(bottom);
    paired[i / 4 * 4 + i % 2 * 2 + i % 4 / 2] = static_cast<int16_t>(value);
    const double miss = (r[i] - scale * value) * inverse;
    squares += ratio * ratio;
    off += miss * miss;
    integers += value;
  }
  unit[k] = scale;
  sum_quantized[k] = static_cast<double>(integers);
  norm[k] = scale * std::sqrt(squares) * room(n);
  error[k] = scale * std::sqrt(off) * room(n) + 1e-15 * norm[k] + least_normal;
}

void QuantizedColumns::reset(int64_t rows, int64_t n_columns) {
  n_ = rows;
  quads_ = (rows + 3) / 4;
  tiles_ = (n_columns + tile_width - 1) / tile_width;
  codes_.assign(tiles_ * quads_ * 4 * tile_width, 0);
  middle.assign(tiles_ * tile_width, 0.0);
  step.assign(tiles_ * tile_width, 0.0);
  error.assign(tiles_ * tile_width, 0.0);
  spread.assign(tiles_ * tile_width, 0.0);
}

void QuantizedColumns::set(int64_t column, const double* x) {
  const auto [least, most] = std::minmax_element(x, x + n_);
  const double low = *least, range = *most - low, width = range / 255.0;
  const bool usable = width > 0 && std::isfinite(1.0 / width);
  const double inverse = usable ? 1.0 / width : 0.0, per = usable ? inverse : 1.0;
  uint8_t* codes = codes_.data() + (column / tile_width) * quads_ * 4 * tile_width + (column % tile_width) * 4;
  const double centre = low + 127.5 * width;
  double off = 0, squares = 0;
  for (int64_t i = 0; i < n_; ++i) {
    const double code = std::min(255.0, std::max(0.0, std::nearbyint((x[i] - low) * inverse)));
    codes[(i / 4) * 4 * tile_width + i % 4] = static_cast<uint8_t>(code);
    const double miss = (x[i] - (centre + width * (code - 127.5))) * per;
    off += miss * miss;
    squares += (code - 127.5) * (code - 127.5);
  }
  const double root = std::sqrt(static_cast<double>(n_));
  middle[column] = centre;
  step[column] = width;
  // The last terms cover the rounding of these very sums.
  error[column] = (usable ? width * std::sqrt(off) : range * root) * room(n_) +
                  1e-14 * root * std::max(std::abs(low), std::abs(low + range)) + least_normal;
  spread[column] = width * std::sqrt(squares) * room(n_);
}

ShortColumn::ShortColumn(const double* x, int64_t n) : codes(new int16_t[n]) {
  const auto [least, most] = std::minmax_element(x, x + n);
  const double range = *most - *least, width = range / 65534.0;
  const bool usable = width > 0 && std::isfinite(1.0 / width);
  const double inverse = usable ? 1.0 / width : 0.0, per = usable ? inverse : 1.0;
  middle = *least + 32767 * width;
  step = width;
  double off = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double code = std::min(32767.0, std::max(-32767.0, std::nearbyint((x[i] - middle) * inverse)));
    codes[i] = static_cast<int16_t>(code);
    const double miss = (x[i] - (middle + width * code)) * per;
    off += miss * miss;
    squares += code * code;
  }
  // As in QuantizedColumns::set; and a sum of n products is off by n roundings of |code|'|r| <= ||code|| ||r|| at most.
  error = ((usable ? width * std::sqrt(off) : range * std::sqrt(static_cast<double>(n))) +
           width * std::sqrt(squares) * 2.3e-16 * static_cast<double>(n)) * room(n) +
          1e-14 * std::sqrt(static_cast<double>(n)) * std::max(std::abs(*least), std::abs(*most)) + least_normal;
}

double ShortColumn::times(const double* r, double sum, int64_t n) const {
  return middle * sum + step * short_product(codes.get(), r, n);
}

void QuantizedColumns::multiply(int64_t tile, const QuantizedResiduals& r, int64_t first, int64_t last,
                                int64_t* products) const {
  static const Kernel kernel = choose_kernel();
  const uint8_t* codes = codes_.data() + tile * quads_ * 4 * tile_width;
  std::fill_n(products, (last - first) * tile_width, int64_t{0});
#if defined(BRIDLE_X86) || defined(BRIDLE_NEON)
  if (kernel == Kernel::avx2 || kernel == Kernel::neon) {
#ifdef BRIDLE_X86
    constexpr int64_t at_once = avx2_group;
    constexpr auto multiply_some = avx2_products;
#else
    constexpr int64_t at_once = neon_group;
    constexpr auto multiply_some = neon_products;
#endif
    for (int64_t k0 = first; k0 < last; k0 += at_once) {
      const int64_t count = std::min(at_once, last - k0);
      const int32_t* pairs[at_once];
      for (int64_t k = 0; k < count; ++k) pairs[k] = r.pairs.data() + 2 * (k0 + k) * quads_;
      multiply_some(count, codes, pairs, quads_, products + (k0 - first) * tile_width);
    }
    return;
  }
#endif
  int32_t sums[2 * group_width * tile_width];
  for (int64_t start = 0; start < quads_; start += flush_quads) {
    const int64_t length = std::min(flush_quads, quads_ - start);
    for (int64_t k0 = first; k0 < last; k0 += group_width) {
      const int64_t count = std::min(group_width, last - k0);
      const int32_t *upper[group_width], *lower[group_width];
      for (int64_t k = 0; k < count; ++k) {
        upper[k] = r.high.data() + (k0 + k) * quads_ + start;
        lower[k] = r.low.data() + (k0 + k) * quads_ + start;
      }
      const uint8_t* from = codes + start * 4 * tile_width;
#ifdef BRIDLE_X86
      if (kernel == Kernel::vnni) {
        vnni_products(count, from, upper, lower, length, sums);
      } else
#endif
      {
        (void)kernel;
        for (int64_t k = 0; k < count; ++k) {
          plain_product(from, reinterpret_cast<const int8_t*>(upper[k]), length, sums + 2 * k * tile_width);
          plain_product(from, reinterpret_cast<const int8_t*>(lower[k]), length, sums + (2 * k + 1) * tile_width);
        }
      }
      for (int64_t k = 0; k < count; ++k)
        for (int64_t c = 0; c < tile_width; ++c)
          products[(k0 - first + k) * tile_width + c] +=
              256 * static_cast<int64_t>(sums[2 * k * tile_width + c]) + sums[(2 * k + 1) * tile_width + c];
    }
  }
}

}  // namespace bridle
