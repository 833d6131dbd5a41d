// Threads for the length of one call, and the answer to Ctrl-C.
//
// Tasks are fixed by the problem, never by the number of threads, and every task writes only what is its own: so 1, 2
// or 4 threads give the same bits. No thread outlives the call, so none is alive when the process forks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <thread>

namespace bridle {

struct Cancelled : std::runtime_error {
  Cancelled() : std::runtime_error("cancelled") {}
};

// Long loops call check() every few milliseconds, from any thread. The thread that made the Control asks `poll` at most
// every 30 ms (the Python module lets Python handle its signals there); false means stop.
class Control {
 public:
  explicit Control(std::function<bool(double)> poll = nullptr)
      : poll_(std::move(poll)), owner_(std::this_thread::get_id()), last_(std::chrono::steady_clock::now()) {}

  void check() {
    if (cancelled_.load(std::memory_order_relaxed)) throw Cancelled();
    if (poll_ && std::this_thread::get_id() == owner_) ask();
  }
  void advance(double share) {  // progress, as a share of the whole
    double seen = progress_.load(std::memory_order_relaxed);
    while (!progress_.compare_exchange_weak(seen, seen + share, std::memory_order_relaxed)) {
    }
  }
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool poll_now();  // asks without throwing; false when cancelled

 private:
  void ask() {
    auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(30)) return;
    last_ = now;
    if (!poll_(progress_.load(std::memory_order_relaxed))) {
      cancel();
      throw Cancelled();
    }
  }

  std::function<bool(double)> poll_;
  std::thread::id owner_;
  std::chrono::steady_clock::time_point last_;
  std::atomic<bool> cancelled_{false};
  std::atomic<double> progress_{0.0};
};

// Runs task(i, worker) for i in [0, n_tasks), worker in [0, n_threads), the caller being worker 0. The first exception
// of any task stops the rest and is thrown here.
void parallel_for(int64_t n_tasks, int n_threads, Control& control,
                  const std::function<void(int64_t task, int worker)>& task);

}  // namespace bridle
