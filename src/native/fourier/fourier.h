/**
 * Fourier transforms of images, centred and orthonormal (fastMRI's `fftc`), any size:
 *   X[k] = 1 / √N · Σ x[n] · exp(∓2πi · (k − ⌊N / 2⌋)(n − ⌊N / 2⌋) / N),
 * along columns and along rows. The adjoint is the other direction.
 */
#pragma once
#include "../threads.h"
#include "moves.h"

namespace selfmri {
namespace {

/** √(a² + |c|²), without squares that are too large or too small for float32. */
inline vec lengthOf(vec a, Complex c) {
  const vec re = c.re < 0 ? -c.re : c.re, im = c.im < 0 ? -c.im : c.im, larger = re > im ? re : im;
  // A power of two near the largest of the three.
  ints exponent = reinterpret_cast<ints>(larger > a ? larger : a) & 0x7f800000;
  exponent = exponent < 0x00800000 ? 0x00800000 - ints{} : exponent;
  exponent = exponent > 0x7e800000 ? 0x7e800000 - ints{} : exponent;
  const vec unit = reinterpret_cast<vec>(exponent), inverse = reinterpret_cast<vec>(0x7f000000 - exponent);
  const vec x = re * inverse, y = im * inverse, z = a * inverse, square = x * x + y * y + z * z;
  return rootOf(square) * unit;
}

void fourierColumns(const float* kspace, const int* list, int count, Grid grid, float* along, bool isAlone) {
  const Plan& plan = planOf(grid.rows);
  const int blocks = (count + LANES - 1) / LANES;
  parallel(grid.coils * blocks, isAlone, [&](int i) {
    const int64_t coil = i / blocks;
    const Columns which(list, i % blocks * LANES, count, grid.columns);
    Lines lines(plan);
    readColumns(kspace + coil * grid.rows * grid.columns * 2, grid.rows, which, lines.x);
    lines.transform(plan);
    writeColumns(plan, lines.x, true, grid.height, which, along + coil * grid.height * grid.columns * 2);
  });
}

/** The listed columns of rows [columns, 2] as lines. All other columns are 0. */
template <class RowOf>
inline void readListed(const RowOf& rowOf, const int* list, int count, int columns, float* lines) {
  memset(lines, 0, 8ll * LANES * columns);
  for (int c = 0; c < count; c++) {
    float* to = lines + 2ll * LANES * uncentred(list[c], columns);
    for (int lane = 0; lane < LANES; lane++)
      to[lane] = rowOf(lane)[2 * list[c]], to[LANES + lane] = rowOf(lane)[2 * list[c] + 1];
  }
}

void fourierRows(const float* along, const int* list, int count, Grid grid, bool isMagnitude, float* image,
                 bool isAlone) {
  const Plan& plan = planOf(grid.columns);
  const int columns = grid.columns, width = grid.width, left = (columns - width) / 2;
  parallel((grid.height + LANES - 1) / LANES, isAlone, [&](int i) {
    const int first = i * LANES, some = min(LANES, grid.height - first);
    Lines lines(plan);
    const Scratch lengths(isMagnitude ? (int64_t)width * LANES : 0);
    for (int64_t coil = 0; coil < grid.coils; coil++) {
      const int64_t row = coil * grid.height + first;
      const auto rowOf = [&](int lane) { return along + 2 * (row + min(lane, some - 1)) * columns; };
      if (count == columns) readRows(rowOf, columns, lines.x);
      else readListed(rowOf, list, count, columns, lines.x);
      lines.transform(plan);
      const auto valueOf = [&](int w) { return at(lines.x, resultOf(left + w, columns, true)) * plan.scale; };
      if (!isMagnitude) {
        writeComplexRows(valueOf, width, some, image + 2 * row * width, 2ll * width);
        continue;
      }
      const auto lengthAt = [&](int w) {
        return lengthOf(coil == 0 ? vec{} : load(lengths + (int64_t)w * LANES), valueOf(w));
      };
      if (coil + 1 == grid.coils) writeRows(lengthAt, width, some, image + (int64_t)first * width, width);
      else
        for (int w = 0; w < width; w++) store(lengths + (int64_t)w * LANES, lengthAt(w));
    }
  });
}

void maskColumns(const float* image, const uint8_t* mask, int height, int width, float* out) {
  const Plan& plan = planOf(width);
  Lines lines(plan);
  for (int first = 0; first < height; first += LANES) {
    const int some = min(LANES, height - first);
    for (int lane = 0; lane < LANES; lane++) {
      const float* row = image + (int64_t)(first + min(lane, some - 1)) * width;
      for (int w = 0; w < width; w++) {
        float* to = lines.x + 2ll * LANES * w + lane;
        to[0] = row[w], to[LANES] = 0;
      }
    }
    lines.transform(plan);
    for (int w = 0; w < width; w++)
      if (!mask[w]) memset(lines.x + 2ll * LANES * uncentred(w, width), 0, 8 * LANES);
    lines.transform(plan);
    const auto lengthAt = [&](int w) { return lengthOf(vec{}, at(lines.x, w ? width - w : 0) * (1 / (float)width)); };
    writeRows(lengthAt, width, some, out + (int64_t)first * width, width);
  }
}

void fourier(const float* x, float* y, Size size, bool isInverse, bool isAlone) {
  const Plan &alongRows = planOf(size.w), &alongColumns = planOf(size.h);
  const int64_t rows = (int64_t)size.n * size.h;
  const bool isOnOneThread = isAlone || size.pixels() < SMALL;
  parallel((int)((rows + LANES - 1) / LANES), isOnOneThread, [&](int i) {
    const int64_t first = (int64_t)i * LANES;
    const int some = (int)min<int64_t>(LANES, rows - first);
    Lines lines(alongRows);
    readRows([&](int lane) { return x + 2 * (first + min(lane, some - 1)) * size.w; }, size.w, lines.x);
    lines.transform(alongRows);
    const auto valueOf = [&](int w) { return at(lines.x, resultOf(w, size.w, isInverse)) * alongRows.scale; };
    writeComplexRows(valueOf, size.w, some, y + 2 * first * size.w, 2ll * size.w);
  });
  const int blocks = (size.w + LANES - 1) / LANES;
  parallel(size.n * blocks, isOnOneThread, [&](int i) {
    const Columns which(nullptr, i % blocks * LANES, size.w, size.w);
    float* image = y + 2ll * (i / blocks) * size.h * size.w;
    Lines lines(alongColumns);
    readColumns(image, size.h, which, lines.x);
    lines.transform(alongColumns);
    writeColumns(alongColumns, lines.x, isInverse, size.h, which, image);
  });
}

}  // namespace
}  // namespace selfmri
