/**
 * The gradient of a 3 × 3 convolution by its filter, by Winograd's algorithm:
 *   ∂f = Gᵀ [ Σ over tiles (Bᵀ d B) ⊙ (A ∂Y Aᵀ) ] G.
 */
#pragma once
#include "winograd.h"

namespace selfmri {
namespace {

/** From 36 sums, the gradient of one channel to all channels of the result. `sums` of several parts are added. */
void joinFilter(const float* sums, int64_t point, int64_t part, int parts, int to, float* dw, int64_t tap) {
  for (int c = 0; c < to; c += LANES) {
    vec half[3][6];
    for (int j = 0; j < 6; j++) {
      vec sum[6], r[3];
      for (int i = 0; i < 6; i++) {
        const float* at = sums + (i * 6 + j) * point + c;
        sum[i] = load(at);
        for (int k = 1; k < parts; k++) sum[i] += load(at + k * part);
      }
      transformSums(sum, r);
      for (int i = 0; i < 3; i++) half[i][j] = r[i];
    }
    for (int i = 0; i < 3; i++) {
      vec r[3];
      transformSums(half[i], r);
      for (int j = 0; j < 3; j++) {
        float* at = dw + (i * 3 + j) * tap + c;
        if (to - c >= LANES) store(at, r[j]);
        else storeSome(at, r[j], to - c);
      }
    }
  }
}

void filterGradientByWinograd(Parts in, Part dy, float* dw, Size size) {
  const int from = in.channels(), to = dy.channels;
  const Parts gradient{&dy, 1};
  const int64_t inRow = rowFloats(in), outRow = rowFloats(gradient), point = from * outRow, part = POINTS * point;
  const int together = tilesTogether(inRow, outRow, widthFor(static_cast<int>(outRow)));
  const Tiles tiles = tilesOf(size);
  const int units = static_cast<int>((tiles.count() + together - 1) / together);
  const int parts = min(units, from * outRow <= 64 * 64 ? 8 : 4);
  const Scratch memory(static_cast<size_t>(parts * part));
  float* sums = memory;
  parallel(parts, false, [&](int task) {
    const Scratch windows(floatsOf(together, inRow)), gradients(floatsOf(together, outRow));
    const Points x = pointsIn(windows, together, inRow), g = pointsIn(gradients, together, outRow);
    float* own = sums + task * part;
    clear(own, part);
    for (int64_t unit = static_cast<int64_t>(units) * task / parts;
         unit < static_cast<int64_t>(units) * (task + 1) / parts; unit++) {
      const int64_t first = unit * together;
      const int count = static_cast<int>(min<int64_t>(together, tiles.count() - first));
      transformTiles<WINDOW>(in, tiles, first, count, x);
      transformTiles<TILE>(gradient, tiles, first, count, g);
      for (int i = 0; i < POINTS; i++)
        outerProducts({x.at(i, 0), x.row}, from, {g.at(i, 0), g.row}, to, count, own + i * point, outRow);
    }
  });
  parallel(from, point < 1024, [&](int a) {
    joinFilter(sums + a * outRow, point, part, parts, to, dw + static_cast<int64_t>(a) * to,
               static_cast<int64_t>(from) * to);
  });
}

}  // namespace
}  // namespace selfmri
