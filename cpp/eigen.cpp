#include "eigen.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "blas.hpp"

namespace bridle {

namespace {

constexpr int64_t short_work = 250;  // up to here LAPACK is done within a few milliseconds

struct Job {
  std::vector<double> matrix, values, work;
  std::vector<int> iwork;
  char kind = 'V', uplo = 'U';
  int order = 0, info = 0;
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;

  void run() {
    int lwork = -1, liwork = -1, liwork_best = 0;
    double lwork_best = 0;
    blas.dsyevd(&kind, &uplo, &order, matrix.data(), &order, values.data(), &lwork_best, &lwork, &liwork_best, &liwork,
                &info);
    lwork = static_cast<int>(lwork_best);
    liwork = liwork_best;
    work.resize(lwork);
    iwork.resize(liwork);
    blas.dsyevd(&kind, &uplo, &order, matrix.data(), &order, values.data(), work.data(), &lwork, iwork.data(), &liwork,
                &info);
  }
};

}  // namespace

Eigen symmetric_eigen(std::vector<double> matrix, int64_t n, bool vectors, Control& control) {
  if (n == 0) return {};
  auto job = std::make_shared<Job>();
  job->matrix = std::move(matrix);
  job->values.resize(n);
  job->kind = vectors ? 'V' : 'N';
  job->order = static_cast<int>(n);
  if (n <= short_work) {
    job->run();
  } else {
    std::thread([job] {
      job->run();
      std::lock_guard<std::mutex> lock(job->mutex);
      job->done = true;
      job->changed.notify_one();
    }).detach();
    std::unique_lock<std::mutex> lock(job->mutex);
    while (!job->changed.wait_for(lock, std::chrono::milliseconds(20), [&] { return job->done; })) {
      lock.unlock();
      control.check();
      lock.lock();
    }
  }
  if (job->info != 0) throw std::runtime_error("LAPACK found no eigenvalues");
  Eigen out;
  out.values = std::move(job->values);
  if (vectors) out.vectors = std::move(job->matrix);
  return out;
}

}  // namespace bridle
