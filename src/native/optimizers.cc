/**
 * The updates of optimizers for one instruction set, each in one pass over memory. The order of operations is core's
 * order (src/core/training/updates.ts), and the compiler may not join a product with a sum. So the bits are core's
 * bits.
 * - SGD, as torch.optim.SGD: v ← momentum · v + g,  p ← p − rate · v  (Nesterov: p ← p − rate · (momentum · v + g))
 * - RMSprop (Hinton 2012): s ← s + (g² − s)(1 − α),  p ← p − rate · g / (√s + ε)
 * - Adam (Kingma and Ba 2015, arXiv:1412.6980): m ← m + (g − m)(1 − β₁),  s likewise,  p ← p − rate · m / (√s + ε)
 */
#include "kernels.h"
#include "threads.h"
#include "vector.h"

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace selfmri {
namespace {

/** Parameters that one thread takes at a time, and parameters whose results are collected before they are written. */
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

/**
 * Calls next(p, g, slots) for each parameter, with references to its slots. The call changes the slots to their next
 * values, and returns the next parameter.
 */
template <int SLOTS, class Next>
void updateEach(const Update& update, const Next& next) {
  parallel((int)((update.size + CHUNK - 1) / CHUNK), update.size < SMALL, [&](int chunk) {
    alignas(64) float parameters[BLOCK], slots[SLOTS + 1][BLOCK];
    const int64_t end = min(update.size, (chunk + 1) * CHUNK);
    for (int64_t first = chunk * CHUNK; first < end; first += BLOCK) {
      const int64_t count = min(BLOCK, end - first);
      for (int64_t i = 0; i < count; i++) {
        float values[SLOTS + 1];
        for (int slot = 0; slot < SLOTS; slot++) values[slot] = update.slots[slot][first + i];
        parameters[i] = next(update.parameters[first + i], update.gradients[first + i], values);
        for (int slot = 0; slot < SLOTS; slot++) slots[slot][i] = values[slot];
      }
      writeThrough(update.nextParameters + first, parameters, count);
      for (int slot = 0; slot < SLOTS; slot++) writeThrough(update.nextSlots[slot] + first, slots[slot], count);
    }
#if defined(__AVX__)
    _mm_sfence();
#endif
  });
}

/** average + (value − average) · weight */
inline float follow(float average, float value, float weight) { return average + (value - average) * weight; }

void sgd(const Update& update) {
  const float rate = update.rate;
  updateEach<0>(update, [=](float p, float g, float*) { return p - g * rate; });
}

void momentum(const Update& update) {
  const float rate = update.rate, decay = update.momentum;
  updateEach<1>(update, [=](float p, float g, float* velocity) {
    *velocity = *velocity * decay + g;
    return p - *velocity * rate;
  });
}

void nesterov(const Update& update) {
  const float rate = update.rate, decay = update.momentum;
  updateEach<1>(update, [=](float p, float g, float* velocity) {
    *velocity = *velocity * decay + g;
    return p - (*velocity * decay + g) * rate;
  });
}

void rmsprop(const Update& update) {
  const float rate = update.rate, epsilon = update.epsilon, weight = update.followSquare;
  updateEach<1>(update, [=](float p, float g, float* square) {
    *square = follow(*square, g * g, weight);
    return p - g * rate / (__builtin_sqrtf(*square) + epsilon);
  });
}

void rmspropMomentum(const Update& update) {
  const float rate = update.rate, epsilon = update.epsilon, weight = update.followSquare, decay = update.momentum;
  updateEach<2>(update, [=](float p, float g, float* slots) {
    slots[0] = follow(slots[0], g * g, weight);
    slots[1] = slots[1] * decay + g / (__builtin_sqrtf(slots[0]) + epsilon);
    return p - slots[1] * rate;
  });
}

void adam(const Update& update) {
  const float rate = update.rate, epsilon = update.epsilon;
  const float weight = update.followMean, squareWeight = update.followSquare;
  updateEach<2>(update, [=](float p, float g, float* slots) {
    slots[0] = follow(slots[0], g, weight);
    slots[1] = follow(slots[1], g * g, squareWeight);
    return p - slots[0] * rate / (__builtin_sqrtf(slots[1]) + epsilon);
  });
}

}  // namespace

extern const Optimizers SELF_MRI_OF_SET(optimizers_);
const Optimizers SELF_MRI_OF_SET(optimizers_) = {sgd, momentum, nesterov, rmsprop, rmspropMomentum, adam};

}  // namespace selfmri
