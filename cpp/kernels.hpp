// The innermost loops. Sums run over eight fixed lanes, so that every instruction set adds in the same order.
#pragma once

#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define BRIDLE_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define BRIDLE_CLONES
#endif

namespace bridle {

double dot(const double* a, const double* b, int64_t n);
void axpy(double scale, const double* x, double* y, int64_t n);  // y += scale x
void scale(double factor, double* x, int64_t n);                      // x *= factor
// y += sum_k scale_k x_k: one pass over y for several x.
void axpys(int64_t count, const double* scale, const double* const* x, double* y, int64_t n);

}  // namespace bridle
