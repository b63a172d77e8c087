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

#include "denormals.h"

namespace selfmri {
namespace {

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
    try {
      for (int i = 1; i < threads; i++) helpers.emplace_back([this] { help(); });
    } catch (const std::exception&) {
      // The system allows no more threads. Fewer threads give the same results.
    }
  }
  ~Pool() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      ends = true;
    }
    wake.notify_all();
    for (auto& helper : helpers) helper.join();
  }

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

void setThreadCount(int threads) {
  delete pool();
  pool() = new Pool(threads);
}

}  // namespace selfmri
