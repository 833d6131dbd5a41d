// The BLAS and LAPACK routines of blas.hpp as plain loops: slow, simple, and readable by sanitizers.
#pragma once

namespace bridle::tests {

// Puts them into bridle::blas.
void use_plain_blas();

}  // namespace bridle::tests
