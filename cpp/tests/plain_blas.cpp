#include "plain_blas.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "blas.hpp"

namespace bridle::tests {

namespace {

// Column-major, as in BLAS: element (i, j) at a[i + j * stride].
int64_t at(int64_t i, int64_t j, int stride) { return i + j * static_cast<int64_t>(stride); }

// As BLAS has it: with beta = 0 what stood there is not read, so that it may be uninitialized.
double scaled(double beta, double value) { return beta == 0 ? 0.0 : beta * value; }

void dsyrk(char* uplo, char* trans, int* n, int* k, double* alpha, double* a, int* lda, double* beta, double* c,
           int* ldc) {
  for (int j = 0; j < *n; ++j) {
    const int from = *uplo == 'U' ? 0 : j, to = *uplo == 'U' ? j + 1 : *n;
    for (int i = from; i < to; ++i) {
      double sum = 0;
      for (int l = 0; l < *k; ++l)
        sum += *trans == 'N' ? a[at(i, l, *lda)] * a[at(j, l, *lda)] : a[at(l, i, *lda)] * a[at(l, j, *lda)];
      c[at(i, j, *ldc)] = *alpha * sum + scaled(*beta, c[at(i, j, *ldc)]);
    }
  }
}

void dgemm(char* transa, char* transb, int* m, int* n, int* k, double* alpha, double* a, int* lda, double* b, int* ldb,
           double* beta, double* c, int* ldc) {
  for (int j = 0; j < *n; ++j)
    for (int i = 0; i < *m; ++i) {
      double sum = 0;
      for (int l = 0; l < *k; ++l)
        sum += (*transa == 'N' ? a[at(i, l, *lda)] : a[at(l, i, *lda)]) *
               (*transb == 'N' ? b[at(l, j, *ldb)] : b[at(j, l, *ldb)]);
      c[at(i, j, *ldc)] = *alpha * sum + scaled(*beta, c[at(i, j, *ldc)]);
    }
}

// The triangle in use as the upper one: element (i, j), i <= j.
double& upper(char* uplo, double* a, int64_t i, int64_t j, int stride) {
  return *uplo == 'U' ? a[at(i, j, stride)] : a[at(j, i, stride)];
}

void dpotrf(char* uplo, int* n, double* a, int* lda, int* info) {
  *info = 0;
  for (int j = 0; j < *n; ++j) {
    for (int i = 0; i <= j; ++i) {
      double sum = upper(uplo, a, i, j, *lda);
      for (int l = 0; l < i; ++l) sum -= upper(uplo, a, l, i, *lda) * upper(uplo, a, l, j, *lda);
      if (i < j) {
        upper(uplo, a, i, j, *lda) = sum / upper(uplo, a, i, i, *lda);
        continue;
      }
      if (!(sum > 0)) {
        *info = j + 1;
        return;
      }
      upper(uplo, a, j, j, *lda) = std::sqrt(sum);
    }
  }
}

// From A = U'U: the inverse of U first, then A^-1 = U^-1 U^-T.
void dpotri(char* uplo, int* n, double* a, int* lda, int* info) {
  *info = 0;
  const int64_t m = *n;
  std::vector<double> inverse(m * m, 0.0);
  for (int64_t j = 0; j < m; ++j) {
    if (upper(uplo, a, j, j, *lda) == 0) {
      *info = static_cast<int>(j + 1);
      return;
    }
    inverse[j * m + j] = 1.0 / upper(uplo, a, j, j, *lda);
    for (int64_t i = j - 1; i >= 0; --i) {
      double sum = 0;
      for (int64_t l = i + 1; l <= j; ++l) sum -= upper(uplo, a, i, l, *lda) * inverse[l * m + j];
      inverse[i * m + j] = sum / upper(uplo, a, i, i, *lda);
    }
  }
  for (int64_t j = 0; j < m; ++j)
    for (int64_t i = 0; i <= j; ++i) {
      double sum = 0;
      for (int64_t l = j; l < m; ++l) sum += inverse[i * m + l] * inverse[j * m + l];
      upper(uplo, a, i, j, *lda) = sum;
    }
}

void dsymm(char*, char* uplo, int* m, int* n, double* alpha, double* a, int* lda, double* b, int* ldb, double* beta,
           double* c, int* ldc) {
  for (int j = 0; j < *n; ++j)
    for (int i = 0; i < *m; ++i) {
      double sum = 0;
      for (int l = 0; l < *m; ++l) sum += upper(uplo, a, std::min(i, l), std::max(i, l), *lda) * b[at(l, j, *ldb)];
      c[at(i, j, *ldc)] = *alpha * sum + scaled(*beta, c[at(i, j, *ldc)]);
    }
}

// Jacobi's rotations instead of divide and conquer; eigenvalues in ascending order, as LAPACK hands them out.
void dsyevd(char* jobz, char* uplo, int* n, double* a, int* lda, double* w, double* work, int* lwork, int* iwork,
            int* liwork, int* info) {
  *info = 0;
  const int64_t m = *n;
  if (*lwork == -1 || *liwork == -1) {  // a question for the sizes of the work space
    *work = static_cast<double>(2 * m * m + 1);
    *iwork = static_cast<int>(m + 1);
    return;
  }
  if (*lwork < 2 * m * m + 1 || *liwork < m + 1) {
    *info = -8;
    return;
  }
  double *s = work, *v = work + m * m;
  for (int64_t j = 0; j < m; ++j)
    for (int64_t i = 0; i <= j; ++i) s[i * m + j] = s[j * m + i] = upper(uplo, a, i, j, *lda);
  std::fill_n(v, m * m, 0.0);
  for (int64_t i = 0; i < m; ++i) v[i * m + i] = 1.0;
  for (int round = 0; round < 60; ++round) {
    double off = 0, on = 0;
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < m; ++j) (i == j ? on : off) += s[i * m + j] * s[i * m + j];
    if (off <= 1e-34 * on) break;
    for (int64_t p = 0; p < m; ++p)
      for (int64_t q = p + 1; q < m; ++q) {
        if (s[p * m + q] == 0) continue;
        const double theta = (s[q * m + q] - s[p * m + p]) / (2 * s[p * m + q]);
        const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::hypot(theta, 1.0));
        const double cosine = 1.0 / std::hypot(t, 1.0), sine = t * cosine;
        auto rotate = [&](double& x, double& y) {
          const double old = x;
          x = cosine * old - sine * y;
          y = sine * old + cosine * y;
        };
        for (int64_t k = 0; k < m; ++k) rotate(s[k * m + p], s[k * m + q]);
        for (int64_t k = 0; k < m; ++k) rotate(s[p * m + k], s[q * m + k]);
        for (int64_t k = 0; k < m; ++k) rotate(v[p * m + k], v[q * m + k]);  // rows of v: the eigenvectors
      }
  }
  std::iota(iwork, iwork + m, 0);
  std::sort(iwork, iwork + m, [&](int x, int y) { return s[x * m + x] < s[y * m + y]; });
  for (int64_t j = 0; j < m; ++j) {
    const int64_t from = iwork[j];
    w[j] = s[from * m + from];
    if (*jobz == 'V')
      for (int64_t i = 0; i < m; ++i) a[at(i, j, *lda)] = v[from * m + i];
  }
}

}  // namespace

void use_plain_blas() {
  blas.dsyrk = dsyrk;
  blas.dgemm = dgemm;
  blas.dsymm = dsymm;
  blas.dpotrf = dpotrf;
  blas.dpotri = dpotri;
  blas.dsyevd = dsyevd;
}

}  // namespace bridle::tests
