/**
 * 3 × 3 convolutions by Winograd's F(4 × 4, 3 × 3): 36 products per channel where the definition needs 144,
 *   Y = Aᵀ [ Σ (G f Gᵀ) ⊙ (Bᵀ d B) ] A,   ∂f = Gᵀ [ Σ (Bᵀ d B) ⊙ (A ∂Y Aᵀ) ] G.
 * Some tiles at a time are transformed, multiplied and transformed back, so that they stay in a core's second cache.
 * Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
 */
#pragma once
#include "../kernels.h"
#include "../scratch.h"
#include "../threads.h"
#include "product.h"

namespace selfmri {
namespace {

inline void alongInput(const vec (&d)[6], vec (&r)[6]) {
  const vec a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
  r[0] = 4 * d[0] - 5 * d[2] + d[4];
  r[1] = a + b, r[2] = a - b, r[3] = c + e, r[4] = c - e;
  r[5] = 4 * d[1] - 5 * d[3] + d[5];
}
inline void alongOutput(const vec (&m)[6], vec (&r)[4]) {
  const vec a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  r[0] = m[0] + a + c, r[1] = b + 2 * d, r[2] = a + 4 * c, r[3] = b + 8 * d + m[5];
}
/** The transpose of alongOutput. */
inline void alongGradient(const vec (&d)[4], vec (&r)[6]) {
  const vec a = d[0] + d[2], b = d[1] + d[3], c = d[0] + 4 * d[2], e = 2 * d[1] + 8 * d[3];
  r[0] = d[0], r[1] = a + b, r[2] = a - b, r[3] = c + e, r[4] = c - e, r[5] = d[3];
}

constexpr int KINDS = 36;
struct Tiles {
  Size s;
  int rows, columns;
  int64_t count() const { return (int64_t)s.n * rows * columns; }
};
static Tiles tilesOf(Size s) { return {s, (s.h + 3) / 4, (s.w + 3) / 4}; }

/** How many tiles at a time, and floats from one of the 36 to the next: no power of two. */
int togetherFor(int from, int to) {
  const int rows = widthFor(to) == 2 ? ROWS : 2 * ROWS;
  return max(2 * ROWS, min(96, 98304 / 36 / (from + to) / rows * rows));
}
int64_t slab(int together, int channels) { return (int64_t)together * channels + 16; }

/** Windows of 6 x 6 (side 6, one pixel before), or tiles of 4 x 4 (side 4), transformed: v[36][tile][channels or more].
 */
template <int SIDE>
void transformTiles(Parts parts, const Tiles& t, int64_t first, int count, int together, float* v, int channels) {
  const int before = SIDE == 6 ? 1 : 0;
  const int64_t step = slab(together, channels);
  static const float zeros[4096] = {};
  for (int i = 0; i < count; i++) {
    const int64_t tile = first + i, n = tile / (t.rows * t.columns);
    const int rest = (int)(tile % (t.rows * t.columns)), top = rest / t.columns * 4 - before,
              left = rest % t.columns * 4 - before;
    const bool inside = top >= 0 && left >= 0 && top + SIDE <= t.s.h && left + SIDE <= t.s.w;
    int begin = 0;
    for (const Part& part : parts) {
      const float* x = part.data + n * t.s.h * t.s.w * part.stride;
      const float* at[SIDE][SIDE];
      for (int a = 0; a < SIDE; a++)
        for (int b = 0; b < SIDE; b++) {
          const int h = top + a, w = left + b;
          at[a][b] = inside || (h >= 0 && h < t.s.h && w >= 0 && w < t.s.w) ? x + ((int64_t)h * t.s.w + w) * part.stride
                                                                            : zeros;
        }
      float* to = v + (int64_t)i * channels + begin;
      for (int c = 0; c < part.channels; c += LANES) {
        vec half[6][SIDE];  // [row's kind][column]
        for (int b = 0; b < SIDE; b++) {
          vec d[SIDE], r[6];
          UNROLL for (int a = 0; a < SIDE; a++) d[a] = load(at[a][b] + c);
          if constexpr (SIDE == 6) alongInput(d, r);
          else alongGradient(d, r);
          UNROLL for (int a = 0; a < 6; a++) half[a][b] = r[a];
        }
        for (int a = 0; a < 6; a++) {
          vec r[6];
          if constexpr (SIDE == 6) alongInput(half[a], r);
          else alongGradient(half[a], r);
          UNROLL for (int b = 0; b < 6; b++) store(to + (a * 6 + b) * step + c, r[b]);
        }
      }
      begin += part.channels;
    }
  }
}

/** Products m[36][tile][c] back to maps. */
void joinTiles(const float* m, Parts parts, const Tiles& t, int64_t first, int count, int together) {
  const int channels = parts.channels();
  const int64_t step = slab(together, channels);
  for (int i = 0; i < count; i++) {
    const int64_t tile = first + i, n = tile / (t.rows * t.columns);
    const int rest = (int)(tile % (t.rows * t.columns)), top = rest / t.columns * 4, left = rest % t.columns * 4;
    const int height = min(4, t.s.h - top), width = min(4, t.s.w - left);
    int begin = 0;
    for (const Part& part : parts) {
      const float* from = m + (int64_t)i * channels + begin;
      float* y = part.data + ((n * t.s.h + top) * t.s.w + left) * part.stride;
      for (int c = 0; c < part.channels; c += LANES) {
        vec half[4][6];
        for (int b = 0; b < 6; b++) {
          vec d[6], r[4];
          UNROLL for (int a = 0; a < 6; a++) d[a] = load(from + (a * 6 + b) * step + c);
          alongOutput(d, r);
          UNROLL for (int a = 0; a < 4; a++) half[a][b] = r[a];
        }
        for (int a = 0; a < height; a++) {
          vec r[4];
          alongOutput(half[a], r);
          for (int b = 0; b < width; b++) store(y + ((int64_t)a * t.s.w + b) * part.stride + c, r[b]);
        }
      }
      begin += part.channels;
    }
  }
}

inline void alongFilter(vec p, vec q, vec r, vec (&out)[6]) {
  const vec s = (p + r) * (-1 / 6.f), d = q * (1 / 6.f), e = p * (1 / 24.f) + r * (1 / 6.f), f = q * (1 / 12.f);
  out[0] = p * .25f, out[1] = s - d, out[2] = s + d, out[3] = e + f, out[4] = e - f, out[5] = r;
}
inline void alongFilterGradient(const vec (&s)[6], vec (&r)[3]) {
  const vec p = s[1] + s[2], q = s[2] - s[1], e = s[3] + s[4], f = s[3] - s[4];
  r[0] = s[0] * .25f - p * (1 / 6.f) + e * (1 / 24.f);
  r[1] = q * (1 / 6.f) + f * (1 / 12.f);
  r[2] = (e - p) * (1 / 6.f) + s[5];
}

/** G g G' of channel `a` to LANES channels from `b` on; each of the 36 goes to u + kind * step. */
inline void transformFilterAt(const float* filter, float* u, int64_t step, int a, int b, int from, int to,
                              bool turned) {
  vec g[3][3], half[6][3];
  for (int tap = 0; tap < 9; tap++) {
    if (turned)
      for (int l = 0; l < LANES; l++) g[tap / 3][tap % 3][l] = weightOf(filter, tap, a, b + l, from, to, true);
    else g[tap / 3][tap % 3] = load(filter + ((int64_t)tap * from + a) * to + b);
  }
  for (int j = 0; j < 3; j++) {
    vec r[6];
    alongFilter(g[0][j], g[1][j], g[2][j], r);
    for (int i = 0; i < 6; i++) half[i][j] = r[i];
  }
  for (int i = 0; i < 6; i++) {
    vec r[6];
    alongFilter(half[i][0], half[i][1], half[i][2], r);
    for (int j = 0; j < 6; j++) store(u + (i * 6 + j) * step, r[j]);
  }
}

/** Of all channels: u[36][block of to][from][NV * LANES]. */
void transformFilter(const float* filter, float* u, int from, int to, bool turned) {
  const int wide = widthFor(to) * LANES;
  parallel(from, (int64_t)from * to < 1024, [&](int a) {
    for (int b = 0; b < to; b += LANES)
      transformFilterAt(filter, u + ((int64_t)(b / wide) * from + a) * wide + b % wide, (int64_t)from * to, a, b, from,
                        to, turned);
  });
}

/** From 36 sums, `parts` times `size` apart, one of the filter's rows of channels: dw at [3, 3, a, b ...]. */
inline void joinFilterAt(const float* sums, int64_t step, int64_t size, int parts, float* dw, int64_t tap) {
  vec half[3][6];
  for (int j = 0; j < 6; j++) {
    vec sum[6], r[3];
    for (int i = 0; i < 6; i++) {
      const float* at = sums + (i * 6 + j) * step;
      sum[i] = load(at);
      for (int part = 1; part < parts; part++) sum[i] += load(at + part * size);
    }
    alongFilterGradient(sum, r);
    for (int i = 0; i < 3; i++) half[i][j] = r[i];
  }
  for (int i = 0; i < 3; i++) {
    vec r[3];
    alongFilterGradient(half[i], r);
    for (int j = 0; j < 3; j++) store(dw + (i * 3 + j) * tap, r[j]);
  }
}

/** Of `count` rows of a, [from] each, by one block of weights; rows beyond are computed too, and never read. */
template <int M, int NV>
inline void productsOf(const float* a, const float* weights, float* out, int count, int from, int to) {
  for (int i = 0; i < count; i += M) {
    vec acc[M][NV] = {};
    product<M, NV>(a + (int64_t)i * from, from, weights, from, acc);
    UNROLL for (int r = 0; r < M; r++) UNROLL for (int n = 0; n < NV; n++)
        store(out + (int64_t)(i + r) * to + n * LANES, acc[r][n]);
  }
}
template <int M, int NV>
void products(const float* v, const float* u, float* m, int together, int count, int from, int to) {
  const int wide = NV * LANES, blocks = to / wide;
  for (int kind = 0; kind < KINDS; kind++)
    for (int b = 0; b < blocks; b++)
      productsOf<M, NV>(v + kind * slab(together, from), u + ((int64_t)kind * blocks + b) * from * wide,
                        m + kind * slab(together, to) + b * wide, count, from, to);
}

/** All channels multiples of LANES. */
void winograd(Parts in, Parts out, const float* filter, Size s, bool turned) {
  const int from = in.channels(), to = out.channels(), together = togetherFor(from, to);
  const Tiles t = tilesOf(s);
  const Scratch uMemory((size_t)KINDS * from * to);
  float* u = uMemory;
  transformFilter(filter, u, from, to, turned);
  const int64_t tiles = t.count();
  parallel((int)((tiles + together - 1) / together), false, [&](int i) {
    const int64_t first = (int64_t)i * together;
    const int count = (int)min<int64_t>(together, tiles - first);
    const Scratch vMemory(KINDS * slab(together, from)), mMemory(KINDS * slab(together, to));
    float *v = vMemory, *m = mMemory;
    transformTiles<6>(in, t, first, count, together, v, from);
    if (widthFor(to) == 2) products<ROWS, 2>(v, u, m, together, count, from, to);
    else products<2 * ROWS, 1>(v, u, m, together, count, from, to);
    joinTiles(m, out, t, first, count, together);
  });
}

/** s[a][b] += sum over tiles of v[tile][a] * d[tile][b], M rows at once. */
template <int M, int NV>
inline void outer(const float* v, int from, const float* d, int step, int to, int tiles, float* s) {
  vec acc[M][NV];
  UNROLL for (int m = 0; m < M; m++) UNROLL for (int n = 0; n < NV; n++) acc[m][n] =
      load(s + (int64_t)m * to + n * LANES);
  for (int i = 0; i < tiles; i++) {
    vec g[NV];
    UNROLL for (int n = 0; n < NV; n++) g[n] = load(d + (int64_t)i * step + n * LANES);
    UNROLL for (int m = 0; m < M; m++) {
      const vec x = all(v[(int64_t)i * from + m]);
      UNROLL for (int n = 0; n < NV; n++) acc[m][n] += x * g[n];
    }
  }
  UNROLL for (int m = 0; m < M; m++) UNROLL for (int n = 0; n < NV; n++)
      store(s + (int64_t)m * to + n * LANES, acc[m][n]);
}
/** The same of `rows` channels of v, `stride` floats from one tile to the next, of d `step`. */
template <int NV>
void outersOf(const float* v, int stride, int rows, const float* d, int step, int to, int tiles, float* s) {
  for (int b = 0; b < to; b += NV * LANES) {
    int i = 0;
    for (; i + 6 <= rows && rows - i != 8; i += 6)
      outer<6, NV>(v + i, stride, d + b, step, to, tiles, s + (int64_t)i * to + b);
    for (; i + 4 <= rows; i += 4) outer<4, NV>(v + i, stride, d + b, step, to, tiles, s + (int64_t)i * to + b);
    for (; i < rows; i++) outer<1, NV>(v + i, stride, d + b, step, to, tiles, s + (int64_t)i * to + b);
  }
}
template <int NV>
void outers(const float* v, const float* d, float* sums, int together, int count, int from, int to) {
  for (int kind = 0; kind < KINDS; kind++)
    outersOf<NV>(v + kind * slab(together, from), from, from, d + kind * slab(together, to), to, to, count,
                 sums + (int64_t)kind * from * to);
}

/** dw [3, 3, from, to] = G' [ sum over tiles of (B' d B) (A dy A') ] G. */
void winogradFilterGradient(Parts in, const float* dy, float* dw, Size s, int to) {
  const int from = in.channels(), together = togetherFor(from, to);
  const Tiles t = tilesOf(s);
  const int64_t tiles = t.count(), size = (int64_t)KINDS * from * to;
  const int units = (int)((tiles + together - 1) / together), parts = min(units, (int64_t)from * to <= 64 * 64 ? 8 : 4);
  const Scratch sumsMemory((size_t)parts * size);
  float* sums = sumsMemory;
  const Part gradientPart{const_cast<float*>(dy), to, to};
  const Parts gradient{&gradientPart, 1};
  parallel(parts, false, [&](int part) {
    const Scratch vMemory(KINDS * slab(together, from)), dMemory(KINDS * slab(together, to));
    float *v = vMemory, *d = dMemory, *own = sums + part * size;
    memset(own, 0, size * 4);
    for (int unit = (int)((int64_t)units * part / parts); unit < (int64_t)units * (part + 1) / parts; unit++) {
      const int64_t first = (int64_t)unit * together;
      const int count = (int)min<int64_t>(together, tiles - first);
      transformTiles<6>(in, t, first, count, together, v, from);
      transformTiles<4>(gradient, t, first, count, together, d, to);
      if (widthFor(to) == 2) outers<2>(v, d, own, together, count, from, to);
      else outers<1>(v, d, own, together, count, from, to);
    }
  });
  parallel(from, (int64_t)from * to < 1024, [&](int a) {
    for (int b = 0; b < to; b += LANES)
      joinFilterAt(sums + (int64_t)a * to + b, (int64_t)from * to, size, parts, dw + (int64_t)a * to + b,
                   (int64_t)from * to);
  });
}

}  // namespace
}  // namespace selfmri
