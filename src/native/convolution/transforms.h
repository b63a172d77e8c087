/**
 * The transforms of Winograd's F(4 × 4, 3 × 3), along one axis: Bᵀ of a window, Aᵀ of products and its transpose, G of
 * a filter and its transpose. Two axes take a transform twice.
 * Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
 */
#pragma once
#include "../vector.h"

namespace selfmri {
namespace {

/** Bᵀ · window */
inline void transformWindow(const vec (&d)[6], vec (&r)[6]) {
  const vec a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
  r[0] = 4 * d[0] - 5 * d[2] + d[4];
  r[1] = a + b, r[2] = a - b, r[3] = c + e, r[4] = c - e;
  r[5] = 4 * d[1] - 5 * d[3] + d[5];
}

/** Aᵀ · products */
inline void transformProducts(const vec (&m)[6], vec (&r)[4]) {
  const vec a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  r[0] = m[0] + a + c, r[1] = b + 2 * d, r[2] = a + 4 * c, r[3] = b + 8 * d + m[5];
}

/** A · gradient by the results */
inline void transformGradient(const vec (&d)[4], vec (&r)[6]) {
  const vec a = d[0] + d[2], b = d[1] + d[3], c = d[0] + 4 * d[2], e = 2 * d[1] + 8 * d[3];
  r[0] = d[0], r[1] = a + b, r[2] = a - b, r[3] = c + e, r[4] = c - e, r[5] = d[3];
}

/** G · filter */
inline void transformWeights(const vec (&g)[3], vec (&r)[6]) {
  const vec a = (g[0] + g[2]) * (-1 / 6.f), b = g[1] * (1 / 6.f), c = g[0] * (1 / 24.f) + g[2] * (1 / 6.f),
            d = g[1] * (1 / 12.f);
  r[0] = g[0] * .25f, r[1] = a - b, r[2] = a + b, r[3] = c + d, r[4] = c - d, r[5] = g[2];
}

/** Gᵀ · sums of products */
inline void transformSums(const vec (&s)[6], vec (&r)[3]) {
  const vec a = s[1] + s[2], b = s[2] - s[1], c = s[3] + s[4], d = s[3] - s[4];
  r[0] = s[0] * .25f - a * (1 / 6.f) + c * (1 / 24.f);
  r[1] = b * (1 / 6.f) + d * (1 / 12.f);
  r[2] = (c - a) * (1 / 6.f) + s[5];
}

}  // namespace
}  // namespace selfmri
