/**
 * The inner loop of all convolutions: products of some rows by vectors of weights, which stay in registers.
 */
#pragma once
#include "../vector.h"

namespace selfmri {
namespace {

#if SELF_MRI_LANES == 16
constexpr int ROWS = 12;
#else
constexpr int ROWS = 6;
#endif

/** Vectors of results that one pass computes. */
inline int widthFor(int to) { return to % (2 * LANES) == 0 ? 2 : 1; }

/** Results of M rows at once, NV vectors wide: sums over k of a[m * stride + k] * b[k * NV * LANES ...]. */
template <int M, int NV>
inline void product(const float* a, int64_t stride, const float* b, int k, vec (&acc)[M][NV]) {
  for (int i = 0; i < k; i++) {
    vec w[NV];
    UNROLL for (int v = 0; v < NV; v++) w[v] = load(b + (i * NV + v) * LANES);
    UNROLL for (int m = 0; m < M; m++) {
      const vec x = all(a[m * stride + i]);
      UNROLL for (int v = 0; v < NV; v++) acc[m][v] += x * w[v];
    }
  }
}

}  // namespace
}  // namespace selfmri
