// The few BLAS and LAPACK routines that the kernels call, as pointers that whoever loads the kernels fills in
// (the Python module: SciPy's own; the sanitizer program: plain loops). Column-major, 32-bit integers.
#pragma once

namespace bridle {

struct Blas {
  // C <- alpha A A' + beta C (trans 'N') or alpha A' A + beta C (trans 'T'); one triangle.
  void (*dsyrk)(char* uplo, char* trans, int* n, int* k, double* alpha, double* a, int* lda, double* beta, double* c,
                int* ldc);
  void (*dgemm)(char* transa, char* transb, int* m, int* n, int* k, double* alpha, double* a, int* lda, double* b,
                int* ldb, double* beta, double* c, int* ldc);
  // C <- alpha A B + beta C (side 'L'), A symmetric, one triangle given.
  void (*dsymm)(char* side, char* uplo, int* m, int* n, double* alpha, double* a, int* lda, double* b, int* ldb,
                double* beta, double* c, int* ldc);
  // Cholesky factor of one triangle, in place; info > 0: not positive definite.
  void (*dpotrf)(char* uplo, int* n, double* a, int* lda, int* info);
  void (*dpotri)(char* uplo, int* n, double* a, int* lda, int* info);  // the inverse from the factor
  // All eigenvalues and eigenvectors of a symmetric matrix (divide and conquer).
  void (*dsyevd)(char* jobz, char* uplo, int* n, double* a, int* lda, double* w, double* work, int* lwork, int* iwork,
                 int* liwork, int* info);
};

inline Blas blas{};

}  // namespace bridle
