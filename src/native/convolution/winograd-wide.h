/**
 * Winograd's algorithm for many channels and few tiles. There the transformed filter, four times as large as the
 * filter, does not fit into the second cache. So all windows are transformed first. Each task then takes some of the
 * result's channels: it transforms their part of the filter, multiplies, and transforms back.
 */
#pragma once
#include "dense.h"
#include "winograd-filter.h"

namespace selfmri {
namespace {

template <int SIDE>
void transformAll(Parts parts, const Tiles& tiles, Points to) {
  const int count = static_cast<int>(tiles.count()), some = 4;
  parallel((count + some - 1) / some, false, [&](int task) {
    const int first = task * some;
    transformTiles<SIDE>(parts, tiles, first, min(some, count - first), {to.at(0, first), to.row, to.point});
  });
}

void convolveByWideWinograd(Parts in, const float* filter, Parts out, Size size) {
  const int from = in.channels(), to = out.channels(), width = widthFor(out), wide = width * LANES;
  const Tiles tiles = tilesOf(size);
  const int count = static_cast<int>(tiles.count());
  const int together = static_cast<int>(min<int64_t>(roundUp(count, MOST_ROWS), 20 * ROWS));
  const int64_t row = rowFloats(in), rows = roundUp(count, MOST_ROWS);
  const Scratch windows(floatsOf(rows, row));
  const Points x = pointsIn(windows, rows, row);
  transformAll<WINDOW>(in, tiles, x);
  parallel(blockCount(out, wide), false, [&](int task) {
    const Block block = blockAt(out, wide, task);
    Weights u{nullptr, from, 1, wide};
    const Scratch weights(floatsOf(u)), products(floatsOf(together, wide));
    u.data = weights;
    for (int a = 0; a < from; a++) transformBlock(filter, a, to, block.column, block.result.channels, u, 0);
    const Points y = pointsIn(products, together, wide);
    for (int first = 0; first < count; first += together) {
      const int some = min(together, count - first);
      const Points rest{x.at(0, first), x.row, x.point};
      if (width == 2) multiplyPoints<2>(rest, u, y, some);
      else multiplyPoints<1>(rest, u, y, some);
      joinTiles(y, {&block.result, 1}, tiles, first, some);
    }
  });
}

/** Many tiles are read at one channel. Were `row` a power of two, these floats would share few places of the cache. */
int64_t apart(int64_t row) { return row + 16; }

void filterGradientByWideWinograd(Parts in, Part dy, float* dw, Size size) {
  const int from = in.channels(), to = dy.channels, some = max(ROWS, 6144 / to / ROWS * ROWS);
  const Tiles tiles = tilesOf(size);
  const Parts gradient{&dy, 1};
  const int64_t count = tiles.count(), inRow = apart(rowFloats(in)), outRow = apart(rowFloats(gradient));
  const Scratch windows(floatsOf(count, inRow)), gradients(floatsOf(count, outRow));
  const Points x = pointsIn(windows, count, inRow), g = pointsIn(gradients, count, outRow);
  transformAll<WINDOW>(in, tiles, x);
  transformAll<TILE>(gradient, tiles, g);
  parallel((from + some - 1) / some, false, [&](int task) {
    const int first = task * some, rows = min(some, from - first);
    const int64_t row = rowFloats(gradient), point = some * row;
    const Scratch memory(static_cast<size_t>(POINTS * point));
    float* sums = memory;
    clear(sums, POINTS * point);
    for (int i = 0; i < POINTS; i++)
      outerProducts({x.at(i, 0) + first, x.row}, rows, {g.at(i, 0), g.row}, to, static_cast<int>(count),
                    sums + i * point, row);
    for (int a = 0; a < rows; a++)
      joinFilter(sums + a * row, point, 0, 1, to, dw + static_cast<int64_t>(first + a) * to,
                 static_cast<int64_t>(from) * to);
  });
}

}  // namespace
}  // namespace selfmri
