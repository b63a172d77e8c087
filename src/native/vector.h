/**
 * A vector of floats, as wide as the registers of the instruction set that this unit is compiled for.
 *
 * Units that are compiled once per instruction set put everything into an unnamed namespace, and call no templates of
 * the standard library. The linker would otherwise merge equal functions of several instruction sets into one.
 */
#pragma once
#include <cstdint>
#include <cstring>

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

typedef float vec __attribute__((vector_size(4 * SELF_MRI_LANES), aligned(4), may_alias));

inline vec load(const float* from) { return *reinterpret_cast<const vec*>(from); }
inline void store(float* to, vec values) { *reinterpret_cast<vec*>(to) = values; }
inline vec all(float value) { return value - vec{}; }

/** The first `count` lanes. All other lanes are 0. */
inline vec loadSome(const float* from, int count) {
  vec values{};
  for (int lane = 0; lane < count; lane++) values[lane] = from[lane];
  return values;
}
inline void storeSome(float* to, vec values, int count) {
  for (int lane = 0; lane < count; lane++) to[lane] = values[lane];
}

template <class T>
constexpr T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
constexpr T max(T a, T b) {
  return a < b ? b : a;
}

}  // namespace
}  // namespace selfmri
