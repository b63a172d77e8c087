/**
 * 3 × 3 convolutions by the definition, for few channels and for few pixels:
 *   y[n, h, w, d] = Σ x[n, h + i − 1, w + j − 1, c] · f[i, j, c, d],  i, j = 0 … 2, x = 0 outside.
 */
#pragma once
#include "../kernels.h"
#include "../scratch.h"
#include "../threads.h"
#include "product.h"

namespace selfmri {
namespace {

/** A filter's weight, or of its gradient by the input: turned about, from and to exchanged. `from` and `to` are those
 * of the convolution that is computed. */
inline float weightOf(const float* f, int tap, int a, int b, int from, int to, bool turned) {
  return turned ? f[((int64_t)(8 - tap) * to + b) * from + a] : f[((int64_t)tap * from + a) * to + b];
}

template <int M, int NV>
void directRows(const float* x, float* y, const float* packed, Size s, int from, int to, int64_t row0, int64_t row1) {
  const int padded = (s.w + M - 1) / M * M + 2, wide = NV * LANES, blocks = (to + wide - 1) / wide;
  const int64_t row = (int64_t)padded * from;
  const Scratch rowsMemory(3 * row);
  float* rows = rowsMemory;
  int64_t held[3] = {-1, -1, -1};
  for (int64_t r = row0; r < row1; r++) {
    const int64_t n = r / s.h, h = r % s.h;
    const float* at[3];
    for (int i = 0; i < 3; i++) {
      const int64_t line = h + i - 1, key = line < 0 || line >= s.h ? -2 : n * s.h + line;
      const int slot = (int)((h + i) % 3);
      float* to_ = rows + slot * row;
      if (held[slot] != key || key == -2) {
        if (key == -2) memset(to_, 0, row * 4);
        else {
          memset(to_, 0, from * 4);
          memcpy(to_ + from, x + key * s.w * from, (size_t)s.w * from * 4);
          memset(to_ + (int64_t)(s.w + 1) * from, 0, (row - (int64_t)(s.w + 1) * from) * 4);
        }
        held[slot] = key;
      }
      at[i] = to_;
    }
    for (int b = 0; b < blocks; b++)
      for (int w = 0; w < s.w; w += M) {
        vec acc[M][NV] = {};
        for (int i = 0; i < 3; i++)
          product<M, NV>(at[i] + (int64_t)w * from, from, packed + ((int64_t)b * 9 + i * 3) * from * wide, 3 * from,
                         acc);
        const int count = min(M, s.w - w), width = min(wide, to - b * wide);
        float* out = y + (r * s.w + w) * to + b * wide;
        if (width == wide) {
          for (int m = 0; m < count; m++)
            for (int v = 0; v < NV; v++) store(out + (int64_t)m * to + v * LANES, acc[m][v]);
        } else
          for (int m = 0; m < count; m++)
            for (int c = 0; c < width; c++) out[(int64_t)m * to + c] = acc[m][c / LANES][c % LANES];
      }
  }
}

void direct(const float* x, const float* filter, float* y, Size s, int from, int to, bool turned) {
  const int nv = widthFor(to), wide = nv * LANES, blocks = (to + wide - 1) / wide;
  const Scratch packed((size_t)blocks * 9 * from * wide + 64);
  for (int b = 0; b < blocks; b++)
    for (int tap = 0; tap < 9; tap++)
      for (int a = 0; a < from; a++)
        for (int c = 0; c < wide; c++)
          packed[(((size_t)b * 9 + tap) * from + a) * wide + c] =
              b * wide + c < to ? weightOf(filter, tap, a, b * wide + c, from, to, turned) : 0;
  const int64_t rows = (int64_t)s.n * s.h, per = max<int64_t>(1, min<int64_t>(16, rows / 16));
  parallel((int)((rows + per - 1) / per), rows * s.w * to < SMALL, [&](int i) {
    const int64_t r0 = i * per, r1 = min(rows, r0 + per);
    if (nv == 2) directRows<ROWS, 2>(x, y, packed, s, from, to, r0, r1);
    else directRows<2 * ROWS, 1>(x, y, packed, s, from, to, r0, r1);
  });
}

/** dw [3, 3, from, to] of few channels `from`, each by itself. */
template <int NV>
void directFilterRows(const float* x, const float* dy, float* dw, Size s, int from, int to, int64_t row0,
                      int64_t row1) {
  const int padded = s.w + 2;
  const Scratch lineMemory(padded);
  float* line = lineMemory;
  for (int64_t r = row0; r < row1; r++)
    for (int i = 0; i < 3; i++) {
      const int64_t n = r / s.h, h = r % s.h + i - 1;
      if (h < 0 || h >= s.h) continue;
      for (int a = 0; a < from; a++) {
        line[0] = line[s.w + 1] = 0;
        const float* in = x + ((n * s.h + h) * s.w) * from + a;
        for (int w = 0; w < s.w; w++) line[w + 1] = in[(int64_t)w * from];
        for (int b = 0; b < to; b += NV * LANES) {
          vec acc[2][3][NV] = {};
          const float* g = dy + r * s.w * to + b;
          for (int w = 0; w < s.w; w++) UNROLL for (int v = 0; v < NV; v++) {
              const vec d = load(g + (int64_t)w * to + v * LANES);
              UNROLL for (int j = 0; j < 3; j++) acc[0][j][v] += line[w + j] * d;
            }
          for (int j = 0; j < 3; j++)
            for (int v = 0; v < NV; v++) {
              float* sum = dw + (((int64_t)i * 3 + j) * from + a) * to + b + v * LANES;
              store(sum, load(sum) + acc[0][j][v]);
            }
        }
      }
    }
}
void directFilterGradient(const float* x, const float* dy, float* dw, Size s, int from, int to) {
  const int64_t rows = (int64_t)s.n * s.h, size = 9ll * from * to, per = (rows + 15) / 16;
  const int parts = (int)((rows + per - 1) / per);
  const Scratch sums((size_t)parts * size);
  memset(sums, 0, parts * size * 4);
  parallel(parts, rows * s.w * to < SMALL, [&](int i) {
    const int64_t r0 = i * per, r1 = min(rows, r0 + per);
    if (widthFor(to) == 2) directFilterRows<2>(x, dy, sums + i * size, s, from, to, r0, r1);
    else directFilterRows<1>(x, dy, sums + i * size, s, from, to, r0, r1);
  });
  for (int64_t k = 0; k < size; k++) {
    float sum = 0;
    for (int i = 0; i < parts; i++) sum += sums[i * size + k];
    dw[k] = sum;
  }
}

}  // namespace
}  // namespace selfmri
