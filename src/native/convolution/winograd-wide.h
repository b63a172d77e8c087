/**
 * Winograd's algorithm for many channels and few tiles. There the transformed filter, four times as large as the
 * filter, does not fit into the second cache. So all windows are transformed first. Each thread then takes some of the
 * result's channels: it transforms their part of the filter, multiplies, and transforms back.
 */
#pragma once
#include "winograd.h"

namespace selfmri {
namespace {

void transformAll(Parts parts, const Tiles& t, float* v, bool windows, int channels) {
  const int tiles = (int)t.count(), per = 4;
  parallel((tiles + per - 1) / per, false, [&](int i) {
    const int first = i * per, count = min(per, tiles - first);
    float* to = v + (int64_t)first * channels;
    if (windows) transformTiles<6>(parts, t, first, count, tiles, to, channels);
    else transformTiles<4>(parts, t, first, count, tiles, to, channels);
  });
}

void winogradWide(Parts in, Parts out, const float* filter, Size s, bool turned) {
  const int from = in.channels(), to = out.channels();
  const Tiles t = tilesOf(s);
  const int tiles = (int)t.count(), together = min((tiles + ROWS - 1) / ROWS * ROWS, 20 * ROWS);
  int nv = 2;
  for (const Part& part : out) nv = min(nv, widthFor(part.channels));
  const int wide = nv * LANES, rows = nv == 2 ? ROWS : 2 * ROWS;
  const Scratch vMemory(KINDS * slab(tiles, from) + (int64_t)rows * from);  // a product's last rows may lie beyond
  float* v = vMemory;
  transformAll(in, t, v, true, from);
  parallel(to / wide, false, [&](int block) {
    int begin = block * wide, which = 0;
    while (begin >= out.parts[which].channels) begin -= out.parts[which++].channels;
    const Part some{out.parts[which].data + begin, wide, out.parts[which].stride};
    const Scratch uMemory((int64_t)KINDS * from * wide), mMemory(KINDS * slab(together + rows, wide));
    float *u = uMemory, *m = mMemory;
    for (int a = 0; a < from; a++)
      for (int b = 0; b < wide; b += LANES)
        transformFilterAt(filter, u + (int64_t)a * wide + b, (int64_t)from * wide, a, block * wide + b, from, to,
                          turned);
    for (int first = 0; first < tiles; first += together) {
      const int count = min(together, tiles - first);
      for (int kind = 0; kind < KINDS; kind++) {
        const float* x = v + kind * slab(tiles, from) + (int64_t)first * from;
        float* y = m + kind * slab(together + rows, wide);
        if (nv == 2) productsOf<ROWS, 2>(x, u + (int64_t)kind * from * wide, y, count, from, wide);
        else productsOf<2 * ROWS, 1>(x, u + (int64_t)kind * from * wide, y, count, from, wide);
      }
      joinTiles(m, {&some, 1}, t, first, count, together + rows);
    }
  });
}

/** Floats from one tile to the next where many tiles are read at one channel: were it a power of two, they would share
 * a few places of the first cache. */
int apart(int channels) { return channels + 16; }

void winogradFilterGradientWide(Parts in, const float* dy, float* dw, Size s, int to) {
  const int from = in.channels(), some = max(6, 6144 / to / 6 * 6);
  const Tiles t = tilesOf(s);
  const int tiles = (int)t.count();
  const Scratch vMemory(KINDS * slab(tiles, apart(from))), dMemory(KINDS * slab(tiles, apart(to)));
  float *v = vMemory, *d = dMemory;
  transformAll(in, t, v, true, apart(from));
  const Part gradient{const_cast<float*>(dy), to, to};
  transformAll({&gradient, 1}, t, d, false, apart(to));
  parallel((from + some - 1) / some, false, [&](int i) {
    const int a0 = i * some, rows = min(some, from - a0);
    const Scratch sumsMemory((int64_t)KINDS * some * to);
    float* sums = sumsMemory;
    memset(sums, 0, (int64_t)KINDS * some * to * 4);
    for (int kind = 0; kind < KINDS; kind++) {
      const float *a = v + kind * slab(tiles, apart(from)) + a0, *g = d + kind * slab(tiles, apart(to));
      float* sum = sums + (int64_t)kind * some * to;
      if (widthFor(to) == 2) outersOf<2>(a, apart(from), rows, g, apart(to), to, tiles, sum);
      else outersOf<1>(a, apart(from), rows, g, apart(to), to, tiles, sum);
    }
    for (int a = 0; a < rows; a++)
      for (int b = 0; b < to; b += LANES)
        joinFilterAt(sums + (int64_t)a * to + b, (int64_t)some * to, 0, 1, dw + (int64_t)(a0 + a) * to + b,
                     (int64_t)from * to);
  });
}

}  // namespace
}  // namespace selfmri
