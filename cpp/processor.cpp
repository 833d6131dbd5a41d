#include "processor.hpp"

#include <cstdlib>
#include <cstring>

namespace bridle {

bool has_wide_registers() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__)
  static const bool found = [] {
    const char* asked = std::getenv("BRIDLE_PRODUCTS");
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && (!asked || std::strcmp(asked, "blas") != 0);
  }();
  return found;
#else
  return false;
#endif
}

}  // namespace bridle
