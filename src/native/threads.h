/** Threads that share the work of one operation. */
#pragma once

namespace selfmri {

/**
 * Calls work(context, i) for each i from 0 to count − 1, and returns when all calls have returned. The calling thread
 * works too, so a busy helper delays nobody. Rethrows an exception of a call.
 */
void runParallel(int count, void (*work)(void* context, int i), void* context);

/** For tests: threads that work, with the calling thread. No operation may be running. */
void setThreadCount(int threads);

namespace {

/**
 * Calls work(i) for each i from 0 to count − 1. Chunks of work have a fixed size and a fixed order of sums, so results
 * do not depend on the number of threads. `isSmall`: waking a thread would take longer than the work.
 */
template <class Work>
inline void parallel(int count, bool isSmall, const Work& work) {
  if (isSmall || count <= 1) {
    for (int i = 0; i < count; i++) work(i);
    return;
  }
  runParallel(count, [](void* context, int i) { (*static_cast<const Work*>(context))(i); }, const_cast<Work*>(&work));
}

/** Operations with fewer elements than this run on one thread. */
constexpr int SMALL = 1 << 14;

}  // namespace
}  // namespace selfmri
