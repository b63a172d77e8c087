/**
 * Instance norm (epsilon in the root, no affine) and leaky rectifier as one operation, and its gradient:
 *   y = leaky((x − mean) / √(variance + ε)),   dx = (g − mean(g) − z · mean(g · z)) / √(variance + ε),
 * with g = dy · leaky′(z), and z = y where y > 0, else y / slope. So the gradient needs y, not x.
 * Ulyanov et al. 2016, arXiv:1607.08022.
 */
#pragma once
#include "kernels.h"
#include "scratch.h"
#include "threads.h"
#include "vector.h"

namespace selfmri {
namespace {

/** Elements of a chunk. */
constexpr int CHUNK = 1 << 14;
struct Chunks {
  int64_t n, pixels;
  int c;
  int per() const { return max(1, CHUNK / c); }
  int chunks() const { return (int)((pixels + per() - 1) / per()); }
  bool small() const { return n * pixels * c < SMALL; }
};

/** Calls f(p, c, width) over channels by the widest steps that fit. */
template <class Wide, class Single>
inline void byChannels(int channels, const Wide& wide, const Single& single) {
  int c = 0;
  for (; c + LANES <= channels; c += LANES) wide(c);
  for (; c < channels; c++) single(c);
}

/** Sums of each channel over a chunk: of x and of its squared distance from the chunk's mean. */
void momentsOf(const float* x, int64_t pixels, int C, float* mean, float* m2) {
  byChannels(
      C,
      [&](int c) {
        vec s0{}, s1{}, q0{}, q1{};
        int64_t p = 0;
        for (; p + 2 <= pixels; p += 2) s0 += load(x + p * C + c), s1 += load(x + (p + 1) * C + c);
        if (p < pixels) s0 += load(x + p * C + c);
        const vec m = (s0 + s1) / (float)pixels;
        for (p = 0; p + 2 <= pixels; p += 2) {
          const vec a = load(x + p * C + c) - m, b = load(x + (p + 1) * C + c) - m;
          q0 += a * a, q1 += b * b;
        }
        if (p < pixels) {
          const vec a = load(x + p * C + c) - m;
          q0 += a * a;
        }
        store(mean + c, m);
        store(m2 + c, q0 + q1);
      },
      [&](int c) {
        float s = 0, q = 0;
        for (int64_t p = 0; p < pixels; p++) s += x[p * C + c];
        const float m = s / pixels;
        for (int64_t p = 0; p < pixels; p++) q += (x[p * C + c] - m) * (x[p * C + c] - m);
        mean[c] = m, m2[c] = q;
      });
}

/** y = leaky((x - mean) * inverse); `inverse` [n, c] = 1 / sqrt(variance + epsilon). */
void normalise(const float* x, float* y, float* inverse, Chunks s, float slope, float epsilon) {
  const int chunks = s.chunks(), per = s.per(), C = s.c;
  const Scratch parts((size_t)s.n * chunks * C * 2), means((size_t)s.n * C);
  auto lengthOf = [&](int k) { return min<int64_t>(per, s.pixels - (int64_t)k * per); };
  parallel((int)s.n * chunks, s.small(), [&](int i) {
    const int64_t at = ((i / chunks) * s.pixels + (int64_t)(i % chunks) * per) * C;
    momentsOf(x + at, lengthOf(i % chunks), C, parts + (size_t)i * C * 2, parts + (size_t)i * C * 2 + C);
  });
  for (int64_t n = 0; n < s.n; n++)
    for (int c = 0; c < C; c++) {
      double sum = 0, m2 = 0;
      for (int k = 0; k < chunks; k++) sum += (double)parts[((size_t)n * chunks + k) * C * 2 + c] * lengthOf(k);
      const double mean = sum / s.pixels;
      for (int k = 0; k < chunks; k++) {
        const float* part = parts + ((size_t)n * chunks + k) * C * 2 + c;
        m2 += part[C] + (part[0] - mean) * (part[0] - mean) * lengthOf(k);
      }
      means[n * C + c] = (float)mean;
      inverse[n * C + c] = (float)(1 / __builtin_sqrt(m2 / s.pixels + epsilon));
    }
  parallel((int)s.n * chunks, s.small(), [&](int i) {
    const int64_t n = i / chunks, at = (n * s.pixels + (int64_t)(i % chunks) * per) * C, pixels = lengthOf(i % chunks);
    const float *from = x + at, *mean = means + n * C, *inv = inverse + n * C;
    float* to = y + at;
    byChannels(
        C,
        [&](int c) {
          const vec m = load(mean + c), r = load(inv + c);
          for (int64_t p = 0; p < pixels; p++) {
            const vec z = (load(from + p * C + c) - m) * r;
            store(to + p * C + c, z > 0 ? z : z * slope);
          }
        },
        [&](int c) {
          for (int64_t p = 0; p < pixels; p++) {
            const float z = (from[p * C + c] - mean[c]) * inv[c];
            to[p * C + c] = z > 0 ? z : z * slope;
          }
        });
  });
}

/** From y alone: what was normalised is y, or y / slope where y < 0. dx may be dy's memory. */
void normaliseGradient(const float* dy, const float* y, const float* inverse, float* dx, Chunks s, float slope) {
  const int chunks = s.chunks(), per = s.per(), C = s.c;
  const float steep = 1 / slope;
  const Scratch parts((size_t)s.n * chunks * C * 2), sums((size_t)s.n * C * 2);
  auto lengthOf = [&](int k) { return min<int64_t>(per, s.pixels - (int64_t)k * per); };
  parallel((int)s.n * chunks, s.small(), [&](int i) {
    const int64_t at = ((i / chunks) * s.pixels + (int64_t)(i % chunks) * per) * C, pixels = lengthOf(i % chunks);
    const float *d = dy + at, *v = y + at;
    float* part = parts + (size_t)i * C * 2;
    byChannels(
        C,
        [&](int c) {
          vec g0{}, g1{}, h0{}, h1{};
          int64_t p = 0;
          for (; p + 2 <= pixels; p += 2) {
            const vec a = load(d + p * C + c), b = load(d + (p + 1) * C + c);
            const vec ya = load(v + p * C + c), yb = load(v + (p + 1) * C + c);
            g0 += ya > 0 ? a : a * slope, g1 += yb > 0 ? b : b * slope;
            h0 += a * ya, h1 += b * yb;  // g times what was normalised: the slopes cancel
          }
          if (p < pixels) {
            const vec a = load(d + p * C + c), ya = load(v + p * C + c);
            g0 += ya > 0 ? a : a * slope, h0 += a * ya;
          }
          store(part + c, g0 + g1), store(part + C + c, h0 + h1);
        },
        [&](int c) {
          float g = 0, h = 0;
          for (int64_t p = 0; p < pixels; p++) {
            const float a = d[p * C + c], ya = v[p * C + c];
            g += ya > 0 ? a : a * slope, h += a * ya;
          }
          part[c] = g, part[C + c] = h;
        });
  });
  for (int64_t n = 0; n < s.n; n++)
    for (int c = 0; c < 2 * C; c++) {
      double sum = 0;
      for (int k = 0; k < chunks; k++) sum += parts[((size_t)n * chunks + k) * C * 2 + c];
      sums[n * C * 2 + c] = (float)(sum / s.pixels);
    }
  parallel((int)s.n * chunks, s.small(), [&](int i) {
    const int64_t n = i / chunks, at = (n * s.pixels + (int64_t)(i % chunks) * per) * C, pixels = lengthOf(i % chunks);
    const float *d = dy + at, *v = y + at, *r = inverse + n * C, *g = sums + n * C * 2, *h = g + C;
    float* to = dx + at;
    byChannels(
        C,
        [&](int c) {
          const vec rc = load(r + c), gc = load(g + c), hc = load(h + c);
          for (int64_t p = 0; p < pixels; p++) {
            const vec a = load(d + p * C + c), ya = load(v + p * C + c);
            const vec z = ya > 0 ? ya : ya * steep;
            store(to + p * C + c, ((ya > 0 ? a : a * slope) - gc - z * hc) * rc);
          }
        },
        [&](int c) {
          for (int64_t p = 0; p < pixels; p++) {
            const float a = d[p * C + c], ya = v[p * C + c], z = ya > 0 ? ya : ya * steep;
            to[p * C + c] = ((ya > 0 ? a : a * slope) - g[c] - z * h[c]) * r[c];
          }
        });
  });
}

}  // namespace
}  // namespace selfmri
