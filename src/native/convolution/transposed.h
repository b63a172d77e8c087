/**
 * Transposed 2 × 2 convolutions of stride 2, filters [2, 2, to, from]:
 *   y[n, 2h + i, 2w + j, d] = Σ x[n, h, w, c] · f[i, j, d, c].
 */
#pragma once
#include "winograd.h"

namespace selfmri {
namespace {

/** y [n, 2h, 2w, to] of x [n, h, w, from]. */
template <int M, int NV>
void upRow(const float* x, float* y, const float* packed, Size s, int from, int to, int64_t row) {
  const int wide = NV * LANES, blocks = to / wide;
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++)
      for (int b = 0; b < blocks; b++)
        for (int w = 0; w < s.w; w += M) {
          const int begin = max(0, min(w, s.w - M)), count = min(M, s.w);
          vec acc[M][NV] = {};
          const float* weights = packed + ((int64_t)(i * 2 + j) * blocks + b) * from * wide;
          const float* in = x + (row * s.w + begin) * from;
          if (count == M) product<M, NV>(in, from, weights, from, acc);
          else
            for (int m = 0; m < count; m++) {
              vec one[1][NV] = {};
              product<1, NV>(in + (int64_t)m * from, from, weights, from, one);
              for (int v = 0; v < NV; v++) acc[m][v] = one[0][v];
            }
          float* out = y + ((row * 2 + i) * 2 * s.w + 2 * begin + j) * to + b * wide;
          for (int m = 0; m < count; m++)
            for (int v = 0; v < NV; v++) store(out + (int64_t)m * 2 * to + v * LANES, acc[m][v]);
        }
}
void up(const float* x, const float* filter, float* y, Size s, int from, int to) {
  const int nv = widthFor(to), wide = nv * LANES, blocks = to / wide;
  const Scratch packedMemory(4ll * from * to);
  float* packed = packedMemory;
  parallel(4 * blocks, (int64_t)from * to < 4096, [&](int i) {
    const int tap = i / blocks, b = i % blocks;
    for (int a = 0; a < from; a++)
      for (int c = 0; c < wide; c++)
        packed[((int64_t)i * from + a) * wide + c] = filter[((int64_t)tap * to + b * wide + c) * from + a];
  });
  const int64_t rows = (int64_t)s.n * s.h;
  parallel((int)rows, rows * s.w * to * 4 < SMALL, [&](int row) {
    if (nv == 2) upRow<ROWS, 2>(x, y, packed, s, from, to, row);
    else upRow<2 * ROWS, 1>(x, y, packed, s, from, to, row);
  });
}

/** dx [n, h, w, from] of dy [n, 2h, 2w, to]. */
template <int M, int NV>
void downRow(const float* dy, float* dx, const float* packed, Size s, int from, int to, int64_t row) {
  const int wide = NV * LANES, blocks = from / wide;
  for (int b = 0; b < blocks; b++)
    for (int w = 0; w < s.w; w += M) {
      const int begin = max(0, min(w, s.w - M)), count = min(M, s.w);
      vec acc[M][NV] = {};
      for (int tap = 0; tap < 4; tap++) {
        const float* in = dy + ((row * 2 + tap / 2) * 2 * s.w + 2 * begin + tap % 2) * to;
        const float* weights = packed + ((int64_t)tap * blocks + b) * to * wide;
        if (count == M) product<M, NV>(in, 2 * to, weights, to, acc);
        else
          for (int m = 0; m < count; m++) {
            vec one[1][NV] = {};
            product<1, NV>(in + (int64_t)m * 2 * to, 0, weights, to, one);
            for (int v = 0; v < NV; v++) acc[m][v] += one[0][v];
          }
      }
      float* out = dx + (row * s.w + begin) * from + b * wide;
      for (int m = 0; m < count; m++)
        for (int v = 0; v < NV; v++) store(out + (int64_t)m * from + v * LANES, acc[m][v]);
    }
}
void upInput(const float* dy, const float* filter, float* dx, Size s, int from, int to) {
  const int nv = widthFor(from), wide = nv * LANES, blocks = from / wide;
  const Scratch packedMemory(4ll * from * to);
  float* packed = packedMemory;
  parallel(4 * blocks, (int64_t)from * to < 4096, [&](int i) {
    const int tap = i / blocks, b = i % blocks;
    for (int c = 0; c < to; c++)
      memcpy(packed + ((int64_t)i * to + c) * wide, filter + ((int64_t)tap * to + c) * from + b * wide, wide * 4);
  });
  const int64_t rows = (int64_t)s.n * s.h;
  parallel((int)rows, rows * s.w * to * 4 < SMALL, [&](int row) {
    if (nv == 2) downRow<ROWS, 2>(dy, dx, packed, s, from, to, row);
    else downRow<2 * ROWS, 1>(dy, dx, packed, s, from, to, row);
  });
}

/** dw [2, 2, to, from]. Of few weights each worker sums all over some rows, else some of them over all rows. */
void upFilter(const float* x, const float* dy, float* dw, Size s, int from, int to) {
  const int64_t rows = (int64_t)s.n * s.h, size = 4ll * from * to;
  const int some = to % 16 == 0 ? 16 : 8, kinds = 4 * (to / some), together = min(128, max(32, 4096 / from));
  const bool few = size <= 1 << 16;
  const int parts = few ? (int)min<int64_t>(rows, 16) : 1, groups = few ? 1 : kinds;
  const Scratch sumsMemory(parts > 1 ? parts * size : 0);
  float* sums = parts > 1 ? sumsMemory : dw;
  memset(sums, 0, parts * size * 4);
  parallel(groups * parts, size * rows * s.w < 64 * SMALL, [&](int i) {
    const int part = i / groups, group = i % groups;
    float gathered[128 * 16];  // dy's every other pixel, close together
    for (int64_t row = rows * part / parts; row < rows * (part + 1) / parts; row++)
      for (int w = 0; w < s.w; w += together)
        for (int kind = few ? 0 : group; kind < (few ? kinds : group + 1); kind++) {
          const int tap = kind % 4, b = kind / 4 * some, count = min(together, s.w - w);
          const float* g = dy + ((row * 2 + tap / 2) * 2 * s.w + 2 * w + tap % 2) * to + b;
          for (int k = 0; k < count; k++) memcpy(gathered + k * some, g + (int64_t)k * 2 * to, some * 4);
          const float* in = x + (row * s.w + w) * from;
          float* sum = sums + part * size + ((int64_t)tap * to + b) * from;
          if (widthFor(from) == 2) outersOf<2>(gathered, some, some, in, from, from, count, sum);
          else outersOf<1>(gathered, some, some, in, from, from, count, sum);
        }
  });
  if (parts == 1) return;
  for (int64_t k = 0; k < size; k++) {
    float sum = 0;
    for (int part = 0; part < parts; part++) sum += sums[part * size + k];
    dw[k] = sum;
  }
}

}  // namespace
}  // namespace selfmri
