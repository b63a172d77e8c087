/**
 * Optimizers of one instruction set, each in one pass over memory. The order of operations is core's order
 * (src/core/training/optimizers.ts), and the compiler may not join a product with a sum. So the bits are core's bits.
 */
#include "kernels.h"
#include "threads.h"
#include "vector.h"

#if defined(__AVX__)
#include <immintrin.h>
#endif

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)

namespace selfmri {
namespace {

/** Elements that one thread takes at a time, and elements whose results are collected before they are written. */
constexpr int64_t CHUNK = 1 << 15, BLOCK = 1 << 10;

/** Writes past the caches, because nothing reads the results until the next step. */
void writeThrough(float* to, const float* from, int64_t count) {
  int64_t i = 0;
#if defined(__AVX__)
  if (reinterpret_cast<uintptr_t>(to) % 32 == 0)
    for (; i + 8 <= count; i += 8) _mm256_stream_ps(to + i, _mm256_loadu_ps(from + i));
#endif
  memcpy(to + i, from + i, (count - i) * 4);
}

/** Calls work(first, count, results) for some elements at a time, then writes the results to `outputs`. */
template <int OUTPUTS, class Work>
void byBlocks(int64_t size, float* const (&outputs)[OUTPUTS], const Work& work) {
  parallel((int)((size + CHUNK - 1) / CHUNK), size < SMALL, [&](int chunk) {
    alignas(64) float results[OUTPUTS][BLOCK];
    const int64_t end = min(size, (chunk + 1) * CHUNK);
    for (int64_t first = chunk * CHUNK; first < end; first += BLOCK) {
      const int64_t count = min(BLOCK, end - first);
      work(first, count, results);
      for (int i = 0; i < OUTPUTS; i++) writeThrough(outputs[i] + first, results[i], count);
    }
#if defined(__AVX__)
    _mm_sfence();
#endif
  });
}

void rmsprop(int64_t size, const float* p, const float* g, const float* v, float* nextP, float* nextV, float rate,
             float followSquare, float epsilon) {
  byBlocks<2>(size, {nextP, nextV}, [&](int64_t first, int64_t count, float(&next)[2][BLOCK]) {
    for (int64_t i = 0; i < count; i++) {
      const float gradient = g[first + i], square = gradient * gradient;
      const float mean = v[first + i] + (square - v[first + i]) * followSquare;
      next[1][i] = mean;
      next[0][i] = p[first + i] - gradient * rate / (__builtin_sqrtf(mean) + epsilon);
    }
  });
}

void adam(int64_t size, const float* p, const float* g, const float* m, const float* v, float* nextP, float* nextM,
          float* nextV, float rate, float epsilon, float followMean, float followSquare) {
  byBlocks<3>(size, {nextP, nextM, nextV}, [&](int64_t first, int64_t count, float(&next)[3][BLOCK]) {
    for (int64_t i = 0; i < count; i++) {
      const float gradient = g[first + i], square = gradient * gradient;
      const float mean = m[first + i] + (gradient - m[first + i]) * followMean;
      const float meanSquare = v[first + i] + (square - v[first + i]) * followSquare;
      next[1][i] = mean;
      next[2][i] = meanSquare;
      next[0][i] = p[first + i] - mean * rate / (__builtin_sqrtf(meanSquare) + epsilon);
    }
  });
}

}  // namespace

extern const Optimizers NAMED(optimizers_, SELF_MRI_SET);
const Optimizers NAMED(optimizers_, SELF_MRI_SET) = {rmsprop, adam};

}  // namespace selfmri
