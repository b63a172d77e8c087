/**
 * Maps cut into tiles of 4 × 4 pixels, and the tiles transformed for Winograd's algorithm. A transformed tile has
 * 6 × 6 = 36 points. Each point is a product by itself.
 */
#pragma once
#include "../kernels.h"
#include "transforms.h"

namespace selfmri {
namespace {

constexpr int TILE = 4, WINDOW = 6, POINTS = WINDOW * WINDOW;

struct Tiles {
  Size size;
  int rows, columns;
  int64_t count() const { return static_cast<int64_t>(size.n) * rows * columns; }
};
Tiles tilesOf(Size size) { return {size, (size.h + TILE - 1) / TILE, (size.w + TILE - 1) / TILE}; }

/** The first pixel of a tile. */
struct Corner {
  int sample, top, left;
};
Corner cornerOf(const Tiles& tiles, int64_t tile) {
  const int perSample = tiles.rows * tiles.columns, rest = static_cast<int>(tile % perSample);
  return {static_cast<int>(tile / perSample), rest / tiles.columns * TILE, rest % tiles.columns * TILE};
}

/** Transformed tiles [point, tile, channel]. `row`: floats from one tile to the next, `point`: from one point. */
struct Points {
  float* data;
  int64_t row, point;
  float* at(int i, int64_t tile) const { return data + i * point + tile * row; }
};

/** No power of two lies between two points, because these would share few places of the first cache. */
int64_t pointFloats(int64_t tiles, int64_t row) { return tiles * row + 16; }
Points pointsIn(float* data, int64_t tiles, int64_t row) { return {data, row, pointFloats(tiles, row)}; }
size_t floatsOf(int64_t tiles, int64_t row) { return static_cast<size_t>(POINTS * pointFloats(tiles, row)); }

/** Floats per tile that hold all maps, whose last vectors are whole. */
int64_t rowFloats(Parts parts) {
  int64_t begin = 0, most = 0;
  for (const Part& part : parts) {
    most = max(most, begin + roundUp(part.channels, LANES));
    begin += part.channels;
  }
  return roundUp(most, LANES);
}

/** Both transforms of one window of 6 × 6 pixels (SIDE 6), or of a tile of 4 × 4 (SIDE 4), of LANES channels. */
template <int SIDE>
inline void transformPixels(const float* const (&pixels)[SIDE][SIDE], int channel, float* to, int64_t point) {
  vec half[6][SIDE];
  for (int column = 0; column < SIDE; column++) {
    vec d[SIDE], r[6];
    UNROLL for (int row = 0; row < SIDE; row++) d[row] = load(pixels[row][column] + channel);
    if constexpr (SIDE == WINDOW) transformWindow(d, r);
    else transformGradient(d, r);
    UNROLL for (int i = 0; i < 6; i++) half[i][column] = r[i];
  }
  for (int i = 0; i < 6; i++) {
    vec r[6];
    if constexpr (SIDE == WINDOW) transformWindow(half[i], r);
    else transformGradient(half[i], r);
    UNROLL for (int j = 0; j < 6; j++) store(to + (i * 6 + j) * point, r[j]);
  }
}

/** The same of a window that maps end in, or of a vector that channels end in. The rest is 0. */
template <int SIDE>
void transformSomePixels(const float* const (&pixels)[SIDE][SIDE], int channel, int channels, float* to,
                         int64_t point) {
  vec copies[SIDE][SIDE];
  const float* places[SIDE][SIDE];
  for (int row = 0; row < SIDE; row++)
    for (int column = 0; column < SIDE; column++) {
      const float* from = pixels[row][column];
      if (!from) copies[row][column] = vec{};
      else if (channels >= LANES) copies[row][column] = load(from + channel);
      else copies[row][column] = loadSome(from + channel, channels);
      places[row][column] = reinterpret_cast<const float*>(&copies[row][column]);
    }
  transformPixels<SIDE>(places, 0, to, point);
}

/** Transforms one tile of one part. `to`: its first channel at the tile's first point. */
template <int SIDE>
void transformTile(const Part& part, Size size, Corner corner, float* to, int64_t point) {
  const int before = SIDE == WINDOW ? 1 : 0, top = corner.top - before, left = corner.left - before;
  const bool isInside = top >= 0 && left >= 0 && top + SIDE <= size.h && left + SIDE <= size.w;
  const float* x = part.data + static_cast<int64_t>(corner.sample) * size.h * size.w * part.stride;
  const float* pixels[SIDE][SIDE];  // nullptr: outside
  for (int row = 0; row < SIDE; row++)
    for (int column = 0; column < SIDE; column++) {
      const int h = top + row, w = left + column;
      const bool has = isInside || (h >= 0 && h < size.h && w >= 0 && w < size.w);
      pixels[row][column] = has ? x + (static_cast<int64_t>(h) * size.w + w) * part.stride : nullptr;
    }
  for (int c = 0; c < part.channels; c += LANES) {
    const int rest = part.channels - c;
    if (isInside && rest >= LANES) transformPixels<SIDE>(pixels, c, to + c, point);
    else transformSomePixels<SIDE>(pixels, c, rest, to + c, point);
  }
}

/**
 * Transforms windows of 6 × 6 pixels that begin one pixel before their tiles (SIDE 6), or tiles (SIDE 4). `to` begins
 * with tile `first`. The zeros behind the last channels of a part are overwritten by the next part.
 */
template <int SIDE>
void transformTiles(Parts parts, const Tiles& tiles, int64_t first, int count, Points to) {
  for (int i = 0; i < count; i++) {
    const Corner corner = cornerOf(tiles, first + i);
    int begin = 0;
    for (const Part& part : parts) {
      transformTile<SIDE>(part, tiles.size, corner, to.at(0, i) + begin, to.point);
      begin += part.channels;
    }
  }
}

/** Transforms the products of one tile back, and stores those of its pixels that lie in the maps. */
void joinTile(const float* products, int64_t point, const Part& part, Size size, Corner corner) {
  const int height = min(TILE, size.h - corner.top), width = min(TILE, size.w - corner.left);
  const int64_t pixel = (static_cast<int64_t>(corner.sample) * size.h + corner.top) * size.w + corner.left;
  float* y = part.data + pixel * part.stride;
  for (int c = 0; c < part.channels; c += LANES) {
    const int rest = part.channels - c;
    vec half[TILE][6];
    for (int j = 0; j < 6; j++) {
      vec d[6], r[TILE];
      UNROLL for (int i = 0; i < 6; i++) d[i] = load(products + (i * 6 + j) * point + c);
      transformProducts(d, r);
      UNROLL for (int row = 0; row < TILE; row++) half[row][j] = r[row];
    }
    for (int row = 0; row < height; row++) {
      vec r[TILE];
      transformProducts(half[row], r);
      float* to = y + static_cast<int64_t>(row) * size.w * part.stride + c;
      for (int column = 0; column < width; column++, to += part.stride)
        if (rest >= LANES) store(to, r[column]);
        else storeSome(to, r[column], rest);
    }
  }
}

/** Transforms products back to maps. `products` begins with tile `first`. */
void joinTiles(Points products, Parts parts, const Tiles& tiles, int64_t first, int count) {
  for (int i = 0; i < count; i++) {
    const Corner corner = cornerOf(tiles, first + i);
    int begin = 0;
    for (const Part& part : parts) {
      joinTile(products.at(0, i) + begin, products.point, part, tiles.size, corner);
      begin += part.channels;
    }
  }
}

}  // namespace
}  // namespace selfmri
