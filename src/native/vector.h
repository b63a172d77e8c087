/**
 * A vector of floats, as wide as the registers of the instruction set that this unit is compiled for.
 *
 * Units that are compiled once per instruction set put everything into an unnamed namespace, and call no templates of
 * the standard library. The linker would otherwise merge equal functions of several instruction sets into one.
 */
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__SSE__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define SELF_MRI_LANES 16
#elif defined(__AVX2__)
#define SELF_MRI_LANES 8
#else
#define SELF_MRI_LANES 4
#endif

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

namespace selfmri {
namespace {

constexpr int LANES = SELF_MRI_LANES;

typedef float vec __attribute__((vector_size(4 * SELF_MRI_LANES)));
/**
 * Floats in memory, aligned as floats only. Variables have the other type: Clang expects arrays of variables to be
 * aligned as the registers are. With this type such arrays end the program.
 */
typedef float unaligned __attribute__((vector_size(4 * SELF_MRI_LANES), aligned(4), may_alias));

inline vec load(const float* from) { return *reinterpret_cast<const unaligned*>(from); }
inline void store(float* to, vec values) { *reinterpret_cast<unaligned*>(to) = values; }
inline vec all(float value) { return value - vec{}; }
inline vec rootOf(vec square) {
  vec root;
  UNROLL for (int lane = 0; lane < LANES; lane++) root[lane] = __builtin_sqrtf(square[lane]);
  return root;
}

/** The first `count` floats, fewer than LANES. All other lanes are 0. */
inline vec loadSome(const float* from, int count) {
#if SELF_MRI_LANES == 16
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1), from);
#elif SELF_MRI_LANES == 8
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes));
#else
  vec values{};
  for (int lane = 0; lane < count; lane++) values[lane] = from[lane];
  return values;
#endif
}
inline void storeSome(float* to, vec values, int count) {
#if SELF_MRI_LANES == 16
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1U << count) - 1), values);
#elif SELF_MRI_LANES == 8
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  _mm256_maskstore_ps(to, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes), values);
#else
  for (int lane = 0; lane < count; lane++) to[lane] = values[lane];
#endif
}

template <class T>
constexpr T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
constexpr T max(T a, T b) {
  return a < b ? b : a;
}

constexpr int64_t roundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace
}  // namespace selfmri
