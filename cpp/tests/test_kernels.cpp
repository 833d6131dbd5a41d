// The kernels without Python, meant to run under sanitizers. An argument runs the tests whose name contains it.
// Run it twice, once with BRIDLE_SCREEN=plain in the environment: a process keeps to one screening kernel.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "check.hpp"
#include "plain_blas.hpp"
#include "screen.hpp"

namespace bridle::tests {

namespace {

struct Test {
  const char* name;
  void (*run)();
};

std::vector<Test>& all() {  // a function's own static: it exists before any file enlists its tests
  static std::vector<Test> tests;
  return tests;
}

int failures = 0;
constexpr int printed = 5;

}  // namespace

int enlist(const char* name, void (*run)()) {
  all().push_back({name, run});
  return 0;
}

void fail(const char* file, int line, const std::string& what) {
  const char* slash = std::strrchr(file, '/');
  if (++failures <= printed) std::printf("  %s:%d: %s\n", slash ? slash + 1 : file, line, what.c_str());
}

int run_all(const char* filter) {
  int passed = 0, failed = 0;
  for (const Test& test : all()) {
    if (filter && !std::strstr(test.name, filter)) continue;
    failures = 0;
    const auto begin = std::chrono::steady_clock::now();
    try {
      test.run();
    } catch (const std::exception& error) {
      fail(test.name, 0, std::string("threw ") + error.what());
    }
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    if (failures == 0)
      std::printf("ok      %s (%.2f s)\n", test.name, time.count());
    else
      std::printf("FAILED  %s, %d checks (%.2f s)\n", test.name, failures, time.count());
    std::fflush(stdout);
    ++(failures == 0 ? passed : failed);
  }
  std::printf("%d passed, %d failed (screening kernel: %s)\n", passed, failed, screen_kernel().c_str());
  return failed;
}

}  // namespace bridle::tests

int main(int argc, char** argv) {
  bridle::tests::use_plain_blas();
  return bridle::tests::run_all(argc > 1 ? argv[1] : nullptr) == 0 ? 0 : 1;
}
