// The pool of threads: every task once, exceptions and cancellation from everywhere, progress.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"
#include "pool.hpp"

using namespace bridle;
using namespace bridle::tests;

namespace {

using clock_type = std::chrono::steady_clock;

void pause(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

// Checks until it is cancelled; gives up after ten seconds, so that a bug does not hang the program.
void work_until_cancelled(Control& control) {
  const auto begin = clock_type::now();
  while (clock_type::now() - begin < std::chrono::seconds(10)) {
    control.check();
    pause(1);
  }
}

}  // namespace

TEST(every_task_runs_exactly_once) {
  for (int threads : {-1, 0, 1, 2, 4, 7})
    for (int64_t tasks : {0, 1, 3, 100}) {
      std::vector<std::atomic<int>> runs(tasks);
      std::atomic<bool> worker_in_range{true};
      Control control;
      parallel_for(tasks, threads, control, [&](int64_t task, int worker) {
        ++runs[task];
        if (worker < 0 || worker >= std::max(threads, 1)) worker_in_range = false;
      });
      for (auto& count : runs) CHECK_EQUAL(count.load(), 1);
      CHECK(worker_in_range);
    }
}

TEST(the_first_exception_stops_the_rest_and_arrives) {
  for (int threads : {1, 2, 4}) {
    Control control;
    std::atomic<int> runs{0};
    bool caught = false;
    try {
      parallel_for(1000, threads, control, [&](int64_t task, int) {
        ++runs;
        if (task == 5) throw std::out_of_range("task five");
        pause(1);
      });
    } catch (const std::out_of_range& error) {
      caught = std::string(error.what()) == "task five";
    }
    CHECK(caught);
    CHECK(runs < 900);
    // The control is none the worse for it.
    int64_t after = 0;
    parallel_for(3, 1, control, [&](int64_t, int) { ++after; });
    CHECK_EQUAL(after, int64_t{3});
  }
}

TEST(an_exception_of_every_task_arrives_once) {
  Control control;
  int caught = 0;
  try {
    parallel_for(64, 4, control, [](int64_t, int) { throw std::runtime_error("each"); });
  } catch (const std::runtime_error&) {
    ++caught;
  }
  CHECK_EQUAL(caught, 1);
}

TEST(cancel_from_another_thread) {
  for (int threads : {1, 2, 4}) {
    Control control;
    std::thread canceller([&] {
      pause(20);
      control.cancel();
    });
    bool caught = false;
    const auto begin = clock_type::now();
    try {
      parallel_for(8, threads, control, [&](int64_t, int) { work_until_cancelled(control); });
    } catch (const Cancelled&) {
      caught = true;
    }
    canceller.join();
    CHECK(caught);
    CHECK(clock_type::now() - begin < std::chrono::seconds(5));
    CHECK(!control.poll_now());
  }
}

TEST(a_poll_that_says_no_cancels) {
  for (int threads : {1, 2, 4}) {
    std::atomic<int> polls{0};
    const auto owner = std::this_thread::get_id();
    std::atomic<bool> only_owner{true};
    Control control([&](double) {
      if (std::this_thread::get_id() != owner) only_owner = false;
      return ++polls < 3;
    });
    bool caught = false;
    try {
      parallel_for(8, threads, control, [&](int64_t, int) { work_until_cancelled(control); });
    } catch (const Cancelled&) {
      caught = true;
    }
    CHECK(caught);
    CHECK(only_owner);
    CHECK_EQUAL(polls.load(), 3);
  }
}

TEST(the_owner_polls_while_it_waits_for_others) {
  // Two tasks: the owner's ends as soon as the other has begun, the other works on, and only the owner may ask.
  std::atomic<int> polls{0};
  std::atomic<bool> begun{false};
  Control control([&](double) { return ++polls < 2; });
  const auto owner = std::this_thread::get_id();
  bool caught = false;
  const auto begin = clock_type::now();
  try {
    parallel_for(2, 2, control, [&](int64_t, int) {
      if (std::this_thread::get_id() != owner) {
        begun = true;
        work_until_cancelled(control);
      }
      for (int wait = 0; wait < 5000 && !begun; ++wait) pause(1);
    });
  } catch (const Cancelled&) {
    caught = true;
  }
  CHECK(caught);
  CHECK(clock_type::now() - begin < std::chrono::seconds(5));
}

TEST(polls_are_rare_and_see_the_progress) {
  std::atomic<int> polls{0};
  double last = -1;
  Control control([&](double share) {
    ++polls;
    last = share;
    return true;
  });
  const auto begin = clock_type::now();
  parallel_for(64, 4, control, [&](int64_t, int) {
    for (int i = 0; i < 100; ++i) control.check();
    control.advance(1.0 / 64);
    pause(1);
  });
  pause(40);
  control.check();
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(clock_type::now() - begin).count();
  CHECK_EQUAL(last, 1.0);
  CHECK_AT_MOST(polls.load(), elapsed / 30);
  CHECK(control.poll_now());
}
