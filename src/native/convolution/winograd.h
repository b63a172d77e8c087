/**
 * 3 × 3 convolutions by Winograd's F(4 × 4, 3 × 3): 36 products per channel where the definition needs 144,
 *   Y = Aᵀ [ Σ (G f Gᵀ) ⊙ (Bᵀ d B) ] A.
 * Some tiles at a time are transformed, multiplied and transformed back, so that they stay in a core's second cache.
 * Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
 */
#pragma once
#include "../scratch.h"
#include "../threads.h"
#include "product.h"
#include "tiles.h"

namespace selfmri {
namespace {

/** Tiles at a time: a multiple of the rows that a product of `width` vectors computes at once. */
int tilesTogether(int64_t from, int64_t to, int width) {
  const int rows = width == 2 ? ROWS : MOST_ROWS;
  const int64_t fitting = 98304 / POINTS / (from + to) / rows * rows;
  return static_cast<int>(max<int64_t>(MOST_ROWS, min<int64_t>(96, fitting)));
}

/** G f Gᵀ of one channel to at most LANES channels of the result. Each point goes to u + i · point. */
inline void transformFilter(const float* filter, int64_t tap, int channels, float* u, int64_t point) {
  vec half[6][3];
  for (int j = 0; j < 3; j++) {
    vec g[3], r[6];
    for (int i = 0; i < 3; i++) {
      const float* at = filter + (i * 3 + j) * tap;
      g[i] = channels >= LANES ? load(at) : loadSome(at, channels);
    }
    transformWeights(g, r);
    for (int i = 0; i < 6; i++) half[i][j] = r[i];
  }
  for (int i = 0; i < 6; i++) {
    vec r[6];
    transformWeights(half[i], r);
    for (int j = 0; j < 6; j++) store(u + (i * 6 + j) * point, r[j]);
  }
}

/** Transformed weights [point, block of `wide` channels of the result, from, wide]. */
struct Weights {
  float* data;
  int from, blocks, wide;
  float* at(int point, int block) const { return data + (static_cast<int64_t>(point) * blocks + block) * from * wide; }
};
size_t floatsOf(const Weights& u) { return static_cast<size_t>(POINTS) * u.from * u.blocks * u.wide; }

/** Of channels `first` to `first + count` of the result to block `block`. Lanes beyond are 0. */
inline void transformBlock(const float* filter, int a, int64_t to, int64_t first, int count, const Weights& u,
                           int block) {
  const int64_t tap = u.from * to, point = u.at(1, 0) - u.at(0, 0);
  for (int c = 0; c < u.wide; c += LANES)
    transformFilter(filter + a * to + first + c, tap, max(0, min(LANES, count - c)), u.at(0, block) + a * u.wide + c,
                    point);
}

/** y[tile] = x[tile] · weights, of `count` rows. Rows up to a multiple of M are computed too, and never read. */
template <int M, int WIDTH>
inline void multiplyTiles(Rows x, const float* weights, float* y, int64_t stride, int count, int from) {
  for (int i = 0; i < count; i += M) {
    vec sums[M][WIDTH] = {};
    product<M, WIDTH>(x.data + i * x.stride, x.stride, weights, from, sums);
    UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < WIDTH; v++)
        store(y + (i + m) * stride + v * LANES, sums[m][v]);
  }
}

template <int WIDTH>
void multiplyPoints(Points x, const Weights& u, Points y, int count) {
  for (int point = 0; point < POINTS; point++)
    for (int block = 0; block < u.blocks; block++)
      multiplyTiles<rowsOf<WIDTH>, WIDTH>({x.at(point, 0), x.row}, u.at(point, block), y.at(point, 0) + block * u.wide,
                                          y.row, count, u.from);
}

void convolveByWinograd(Parts in, const float* filter, Parts out, Size size) {
  const int from = in.channels(), to = out.channels(), width = widthFor(to), wide = width * LANES;
  const int64_t inRow = rowFloats(in), outRow = max(rowFloats(out), roundUp(to, wide));
  const int together = tilesTogether(inRow, outRow, width);
  const Tiles tiles = tilesOf(size);
  Weights u{nullptr, from, (to + wide - 1) / wide, wide};
  const Scratch weights(floatsOf(u));
  u.data = weights;
  parallel(from, static_cast<int64_t>(from) * to < 1024, [&](int a) {
    for (int block = 0; block < u.blocks; block++)
      transformBlock(filter, a, to, static_cast<int64_t>(block) * wide, to - block * wide, u, block);
  });
  parallel(static_cast<int>((tiles.count() + together - 1) / together), false, [&](int task) {
    const int64_t first = static_cast<int64_t>(task) * together;
    const int count = static_cast<int>(min<int64_t>(together, tiles.count() - first));
    const Scratch windows(floatsOf(together, inRow)), products(floatsOf(together, outRow));
    const Points x = pointsIn(windows, together, inRow), y = pointsIn(products, together, outRow);
    transformTiles<WINDOW>(in, tiles, first, count, x);
    if (width == 2) multiplyPoints<2>(x, u, y, count);
    else multiplyPoints<1>(x, u, y, count);
    joinTiles(y, out, tiles, first, count);
  });
}

}  // namespace
}  // namespace selfmri
