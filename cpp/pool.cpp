#include "pool.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <vector>

namespace bridle {

bool Control::poll_now() {
  try {
    check();
    return true;
  } catch (const Cancelled&) {
    return false;
  }
}

void parallel_for(int64_t n_tasks, int n_threads, Control& control,
                  const std::function<void(int64_t, int)>& task) {
  n_threads = static_cast<int>(std::min<int64_t>(std::max(n_threads, 1), n_tasks));
  if (n_threads <= 1) {
    for (int64_t i = 0; i < n_tasks; ++i) {
      control.check();
      task(i, 0);
    }
    return;
  }

  std::atomic<int64_t> next{0};
  std::atomic<bool> stop{false};
  std::exception_ptr failure;
  std::mutex mutex;
  std::condition_variable finished;
  int running = n_threads - 1;

  auto work = [&](int worker) {
    try {
      for (int64_t i; !stop.load(std::memory_order_relaxed) && (i = next.fetch_add(1)) < n_tasks;) {
        control.check();
        task(i, worker);
      }
    } catch (...) {
      stop = true;
      std::lock_guard<std::mutex> lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };

  std::vector<std::thread> threads;
  threads.reserve(n_threads - 1);
  for (int worker = 1; worker < n_threads; ++worker) {
    threads.emplace_back([&, worker] {
      work(worker);
      std::lock_guard<std::mutex> lock(mutex);
      --running;
      finished.notify_one();
    });
  }
  work(0);
  {
    // The others may be deep in a task of their own: keep answering Ctrl-C while they finish.
    std::unique_lock<std::mutex> lock(mutex);
    while (running > 0) {
      if (!finished.wait_for(lock, std::chrono::milliseconds(30), [&] { return running == 0; })) {
        lock.unlock();
        std::exception_ptr own;
        try {
          if (!control.poll_now()) stop = true;
        } catch (...) {  // whatever the poll throws, the threads are joined first
          own = std::current_exception();
          stop = true;
          control.cancel();
        }
        lock.lock();
        if (own && !failure) failure = own;
      }
    }
  }
  for (auto& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  control.check();
}

}  // namespace bridle
