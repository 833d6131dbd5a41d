// The smallest test harness that does: named tests, checks that go on after a failure, one line of outcome each.
#pragma once

#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>

namespace bridle::tests {

// Called before main by TEST.
int enlist(const char* name, void (*run)());
// Notes a failure of the test that runs; only the first few of each test are printed. Only from the main thread.
void fail(const char* file, int line, const std::string& what);
// Runs all tests, or those whose name contains the filter; the number that failed.
int run_all(const char* filter);

template <class A, class B>
std::string pair_text(const char* a_text, const A& a, const char* b_text, const B& b) {
  std::ostringstream out;
  out.precision(17);
  out << a_text << " = " << a << ", " << b_text << " = " << b;
  return out.str();
}

// Equal up to a share of the larger of 1 and the expected value. NaN is near nothing, infinity only itself.
inline bool near(double value, double expected, double tolerance) {
  return value == expected || std::abs(value - expected) <= tolerance * std::fmax(1.0, std::abs(expected));
}

}  // namespace bridle::tests

#define TEST(name)                                                                            \
  static void name();                                                                         \
  [[maybe_unused]] static const int name##_enlisted = bridle::tests::enlist(#name, name);     \
  static void name()

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) bridle::tests::fail(__FILE__, __LINE__, #condition);      \
  } while (false)

#define CHECK_EQUAL(a, b)                                                                          \
  do {                                                                                             \
    const auto check_a = (a);                                                                      \
    const auto check_b = (b);                                                                      \
    if (!(check_a == check_b))                                                                     \
      bridle::tests::fail(__FILE__, __LINE__, bridle::tests::pair_text(#a, check_a, #b, check_b)); \
  } while (false)

#define CHECK_NEAR(a, b, tolerance)                                                                \
  do {                                                                                             \
    const double check_a = static_cast<double>(a), check_b = static_cast<double>(b);               \
    if (!bridle::tests::near(check_a, check_b, tolerance))                                         \
      bridle::tests::fail(__FILE__, __LINE__, bridle::tests::pair_text(#a, check_a, #b, check_b)); \
  } while (false)

#define CHECK_AT_MOST(a, b)                                                                        \
  do {                                                                                             \
    const double check_a = static_cast<double>(a), check_b = static_cast<double>(b);               \
    if (!(check_a <= check_b))                                                                     \
      bridle::tests::fail(__FILE__, __LINE__, bridle::tests::pair_text(#a, check_a, #b, check_b)); \
  } while (false)
