#include "threads.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__SSE2__)
#include <pmmintrin.h>
#endif

namespace selfmri {
namespace {

/**
 * While this object exists, its thread takes denormal numbers as 0. TensorFlow's threads do so, and a thread of the
 * pool must give the same bits. Denormal numbers would also take a hundred times as long.
 */
class WithoutDenormals {
public:
  WithoutDenormals() : before(read()) { write(before | FLUSH); }
  ~WithoutDenormals() { write(before); }
  WithoutDenormals(const WithoutDenormals&) = delete;
  WithoutDenormals& operator=(const WithoutDenormals&) = delete;

private:
#if defined(__SSE2__)
  using Control = unsigned;
  static constexpr Control FLUSH = _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON;
  static Control read() { return _mm_getcsr(); }
  static void write(Control control) { _mm_setcsr(control); }
#elif defined(__aarch64__)
  using Control = uint64_t;
  static constexpr Control FLUSH = 1 << 24;
  static Control read() {
    Control control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return control;
  }
  static void write(Control control) { __asm__ volatile("msr fpcr, %0" : : "r"(control)); }
#else
  using Control = unsigned;
  static constexpr Control FLUSH = 0;
  static Control read() { return 0; }
  static void write(Control) {}
#endif
  const Control before;
};

struct Job {
  void (*const work)(void*, int);
  void* const context;
  const int count;
  std::atomic<int> next{0};
  std::atomic<int> done{0};
  std::exception_ptr failure;

  Job(int count, void (*work)(void*, int), void* context) : work(work), context(context), count(count) {}
  bool isTaken() const { return next.load() >= count; }
};

class Pool {
public:
  explicit Pool(int threads) {
    for (int i = 1; i < threads; i++) helpers.emplace_back([this] { help(); });
  }
  ~Pool() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      ends = true;
    }
    wake.notify_all();
    for (auto& helper : helpers) helper.join();
  }
  int threads() const { return static_cast<int>(helpers.size()) + 1; }

  void run(int count, void (*work)(void*, int), void* context) {
    if (count <= 1 || helpers.empty()) {
      for (int i = 0; i < count; i++) work(context, i);
      return;
    }
    const auto job = std::make_shared<Job>(count, work, context);
    {
      std::lock_guard<std::mutex> lock(mutex);
      jobs.push_back(job);
    }
    if (helpers.size() == 1) wake.notify_one();
    else wake.notify_all();
    drain(*job);
    std::unique_lock<std::mutex> lock(mutex);
    jobs.erase(std::remove(jobs.begin(), jobs.end(), job), jobs.end());
    ended.wait(lock, [&] { return job->done.load() == job->count; });
    if (job->failure) std::rethrow_exception(job->failure);
  }

private:
  std::mutex mutex;
  std::condition_variable wake, ended;
  std::deque<std::shared_ptr<Job>> jobs;
  bool ends = false;
  std::vector<std::thread> helpers;

  void drain(Job& job) {
    const WithoutDenormals flushing;
    for (int i; (i = job.next.fetch_add(1)) < job.count;) {
      try {
        job.work(job.context, i);
      } catch (...) {
        std::lock_guard<std::mutex> lock(mutex);
        job.failure = std::current_exception();
      }
      if (job.done.fetch_add(1) + 1 == job.count) {
        std::lock_guard<std::mutex> lock(mutex);
        ended.notify_all();
      }
    }
  }

  void help() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return ends || !jobs.empty(); });
      if (ends) return;
      const auto job = jobs.front();
      if (job->isTaken()) {
        jobs.pop_front();
        continue;
      }
      lock.unlock();
      drain(*job);
      lock.lock();
    }
  }
};

int wantedThreads() {
  const char* const asked = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int threads = asked ? std::atoi(asked) : 0;
  return threads > 0 ? threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

/** Never destroyed by the end of the process, because a thread may still compute then. */
Pool*& pool() {
  static Pool* made = new Pool(wantedThreads());
  return made;
}

}  // namespace

void runParallel(int count, void (*work)(void*, int), void* context) { pool()->run(count, work, context); }

int threadCount() { return pool()->threads(); }

void setThreadCount(int threads) {
  delete pool();
  pool() = new Pool(threads);
}

}  // namespace selfmri
