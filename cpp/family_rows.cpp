#include "family_rows.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels.hpp"

namespace bridle {

namespace {

constexpr double largest = 709.0, smallest = -708.0;

// 2^k exp(r) with |r| <= log(2)/2: Cody and Waite's reduction, Taylor's series to r^13 (its rest is below 1e-17).
inline double exponential(double x) {
  x = x > largest ? largest : x;
  x = x < smallest ? smallest : x;
  constexpr double shift = 0x1.8p52;
  const double scaled = x * 1.4426950408889634 + shift;
  const double k = scaled - shift;
  const double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
  double s = 1.0 / 6227020800.0;
  s = s * r + 1.0 / 479001600.0;
  s = s * r + 1.0 / 39916800.0;
  s = s * r + 1.0 / 3628800.0;
  s = s * r + 1.0 / 362880.0;
  s = s * r + 1.0 / 40320.0;
  s = s * r + 1.0 / 5040.0;
  s = s * r + 1.0 / 720.0;
  s = s * r + 1.0 / 120.0;
  s = s * r + 1.0 / 24.0;
  s = s * r + 1.0 / 6.0;
  s = s * r + 0.5;
  s = (s * r) * r + r;
  // The bits of `scaled` hold k in their last places: they become the exponent of a double.
  const int64_t exponent = (std::bit_cast<int64_t>(scaled) + 1023) << 52;
  const double power = std::bit_cast<double>(exponent);
  return s * power + power;
}

// log(1 + x) = 2 artanh(x / (2 + x)), 0 <= x <= 1: the argument is at most 1/3, and so 17 terms are enough.
inline double log1p_of_share(double x) {
  const double s = x / (2.0 + x), t = s * s;
  double sum = 1.0 / 35.0;
  sum = sum * t + 1.0 / 33.0;
  sum = sum * t + 1.0 / 31.0;
  sum = sum * t + 1.0 / 29.0;
  sum = sum * t + 1.0 / 27.0;
  sum = sum * t + 1.0 / 25.0;
  sum = sum * t + 1.0 / 23.0;
  sum = sum * t + 1.0 / 21.0;
  sum = sum * t + 1.0 / 19.0;
  sum = sum * t + 1.0 / 17.0;
  sum = sum * t + 1.0 / 15.0;
  sum = sum * t + 1.0 / 13.0;
  sum = sum * t + 1.0 / 11.0;
  sum = sum * t + 1.0 / 9.0;
  sum = sum * t + 1.0 / 7.0;
  sum = sum * t + 1.0 / 5.0;
  sum = sum * t + 1.0 / 3.0;
  return 2.0 * s + 2.0 * s * (sum * t);
}

BRIDLE_CLONES void squared_rows(int64_t m, const double* y, const double* eta, double* slope, double* curvature,
                                double* value) {
  for (int64_t i = 0; i < m; ++i) {
    const double off = eta[i] - y[i];
    slope[i] = off;
    curvature[i] = 1.0;
    value[i] = 0.5 * off * off;
  }
}

BRIDLE_CLONES void logit_rows(int64_t m, const double* y, const double* eta, double* slope, double* curvature,
                              double* value) {
  for (int64_t i = 0; i < m; ++i) {
    const double at = eta[i], e = exponential(-std::abs(at)), q = 1.0 / (1.0 + e), rest = e * q;
    const bool up = at > 0;
    slope[i] = up ? (1.0 - y[i]) - rest : rest - y[i];
    curvature[i] = rest * q;
    value[i] = (up ? 1.0 - y[i] : -y[i]) * at + log1p_of_share(e);
  }
}

BRIDLE_CLONES void poisson_rows(int64_t m, const double* y, const double* eta, double* slope, double* curvature,
                                double* value) {
  for (int64_t i = 0; i < m; ++i) {
    const double mean = exponential(eta[i]);
    slope[i] = mean - y[i];
    curvature[i] = mean;
    value[i] = mean - y[i] * eta[i];
  }
}

BRIDLE_CLONES void gamma_rows(int64_t m, const double* y, const double* eta, double* slope, double* curvature,
                              double* value) {
  for (int64_t i = 0; i < m; ++i) {
    const double ratio = y[i] * exponential(-eta[i]);
    slope[i] = 1.0 - ratio;
    curvature[i] = ratio;
    value[i] = ratio + eta[i];
  }
}

BRIDLE_CLONES void tweedie_rows(double power, int64_t m, const double* y, const double* eta, double* slope,
                                double* curvature, double* value) {
  const double one = 1.0 - power, two = 2.0 - power;
  for (int64_t i = 0; i < m; ++i) {
    const double a = y[i] * exponential(one * eta[i]), b = exponential(two * eta[i]);
    slope[i] = b - a;
    curvature[i] = power > 2.0 ? b : two * b - one * a;  // beyond 2 not convex: the expected curvature
    value[i] = b / two - a / one;
  }
}

void negative_binomial_rows(double theta, int64_t m, const double* y, const double* eta, double* slope,
                            double* curvature, double* value) {
  const double log_theta = std::log(theta);
  for (int64_t i = 0; i < m; ++i) {
    // mean / (mean + theta) and what it lacks of one, each by itself: nothing cancels far out
    const double off = eta[i] - log_theta;
    const double share = 1.0 / (1.0 + exponential(-off)), rest = 1.0 / (1.0 + exponential(off));
    slope[i] = theta * share - y[i] * rest;
    curvature[i] = (y[i] + theta) * share * rest;
    value[i] = (y[i] + theta) * (off > 0 ? off + std::log1p(exponential(-off)) : std::log1p(exponential(off))) - y[i] * eta[i];
  }
}

BRIDLE_CLONES void huber_rows(double delta, int64_t m, const double* y, const double* eta, double* slope,
                              double* curvature, double* value) {
  for (int64_t i = 0; i < m; ++i) {
    const double off = eta[i] - y[i], size = std::abs(off), near = size < delta ? size : delta;
    slope[i] = off < -delta ? -delta : (off > delta ? delta : off);
    curvature[i] = size <= delta ? 1.0 : 0.0;
    value[i] = near * (size - 0.5 * near);
  }
}

BRIDLE_CLONES void exponential_rows(int64_t m, const double* x, double* out) {
  for (int64_t i = 0; i < m; ++i) out[i] = exponential(x[i]);
}

}  // namespace

void exponentials(int64_t m, const double* x, double* out) { exponential_rows(m, x, out); }

void FamilyKernel::rows(int64_t m, const double* y, const double* eta, double* slope, double* curvature,
                        double* value) const {
  switch (family) {
    case Family::squared: return squared_rows(m, y, eta, slope, curvature, value);
    case Family::logit: return logit_rows(m, y, eta, slope, curvature, value);
    case Family::poisson: return poisson_rows(m, y, eta, slope, curvature, value);
    case Family::gamma: return gamma_rows(m, y, eta, slope, curvature, value);
    case Family::tweedie: return tweedie_rows(parameter, m, y, eta, slope, curvature, value);
    case Family::negative_binomial: return negative_binomial_rows(parameter, m, y, eta, slope, curvature, value);
    case Family::huber: return huber_rows(parameter, m, y, eta, slope, curvature, value);
  }
}

}  // namespace bridle
