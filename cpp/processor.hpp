// What the processor can do.
#pragma once

namespace bridle {

// Whether it has AVX-512's 32 registers of eight doubles; not where BRIDLE_PRODUCTS is "blas".
bool has_wide_registers();

}  // namespace bridle
