// What the processor can do.
#pragma once

namespace bridle {

// Whether it has AVX-512's 32 registers of eight doubles, and BRIDLE_SCREEN does not ask for less.
bool has_wide_registers();

}  // namespace bridle
