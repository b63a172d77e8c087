/**
 * The normal operator of coils with maps S and a mask M of k-space: y = Σ conj(S_c) · F⁻¹ M F (S_c · x).
 * Coils are added in their order. A mask of columns does not change the other axis, so only rows are transformed.
 */
#pragma once
#include "fourier.h"

namespace selfmri {
namespace {

/** LANES rows of an image and of one map, and the sum over coils of those rows. Samples are where `uncentred` says. */
struct CoilRows {
  CoilRows(int columns, int64_t first, int64_t rows)
      : columns(columns), first(first), some(static_cast<int>(min<int64_t>(LANES, rows - first))),
        memory(6ll * LANES * columns), image(memory), map(image + 2ll * LANES * columns),
        sum(map + 2ll * LANES * columns) {}
  const int columns;
  const int64_t first;
  const int some;
  const Scratch memory;
  float *const image, *const map, *const sum;

  void read(const float* images, float* to) const {
    readRows([&](int lane) { return images + 2 * (first + min(lane, some - 1)) * columns; }, columns, to);
  }
  void write(const float* from, float* images) const {
    writeComplexRows([&](int w) { return at(from, uncentred(w, columns)); }, columns, some,
                     images + 2 * first * columns, 2ll * columns);
  }
  /** Into `lines`: S · x. */
  void see(float* lines) const {
    for (int i = 0; i < columns; i++) put(lines, i, at(map, i) * at(image, i));
  }
  /** Adds conj(S) · `lines` · scale. The transform back is the transform, read backwards. */
  void add(const float* lines, float scale) const {
    for (int i = 0; i < columns; i++)
      put(sum, i, at(sum, i) + conjugate(at(map, i)) * at(lines, i ? columns - i : 0) * scale);
  }
};

/** `mask` [columns]. */
void normalOfColumns(const float* x, const float* maps, const uint8_t* mask, Size size, float* y, bool isAlone) {
  const Plan& plan = planOf(size.w);
  const int64_t pixels = (int64_t)size.h * size.w;
  parallel((size.h + LANES - 1) / LANES, isAlone, [&](int block) {
    const CoilRows rows(size.w, (int64_t)block * LANES, size.h);
    Lines lines(plan);
    rows.read(x, rows.image);
    memset(rows.sum, 0, 8ll * LANES * size.w);
    for (int coil = 0; coil < size.n; coil++) {
      rows.read(maps + 2 * coil * pixels, rows.map);
      rows.see(lines.x);
      lines.transform(plan);
      for (int w = 0; w < size.w; w++)
        if (!mask[w]) memset(lines.x + 2ll * LANES * uncentred(w, size.w), 0, 8 * LANES);
      lines.transform(plan);
      rows.add(lines.x, plan.scale * plan.scale);
    }
    rows.write(rows.sum, y);
  });
}

/** `mask` [height, width]. Coils go through memory in groups that a cache holds. */
void normalOfPoints(const float* x, const float* maps, const uint8_t* mask, Size size, float* y, bool isAlone) {
  const Plan &alongRows = planOf(size.w), &alongColumns = planOf(size.h);
  const int64_t pixels = (int64_t)size.h * size.w;
  const int group = (int)max<int64_t>(1, min<int64_t>(size.n, (1 << 18) / pixels));
  const int rowBlocks = (size.h + LANES - 1) / LANES, columnBlocks = (size.w + LANES - 1) / LANES;
  const Scratch kspace(2 * group * pixels), measured(pixels + LANES);
  memset(measured + pixels, 0, 4 * LANES);  // the last block of columns reads behind its row
  for (int64_t i = 0; i < pixels; i++) measured[i] = mask[i] ? alongColumns.scale : 0;
  for (int first = 0; first < size.n; first += group) {
    const int coils = min(group, size.n - first);
    const float* const mapsHere = maps + 2 * first * pixels;
    parallel(coils * rowBlocks, isAlone, [&](int i) {
      const int64_t coil = i / rowBlocks;
      const CoilRows rows(size.w, (int64_t)(i % rowBlocks) * LANES, size.h);
      Lines lines(alongRows);
      rows.read(x, rows.image);
      rows.read(mapsHere + 2 * coil * pixels, rows.map);
      rows.see(lines.x);
      lines.transform(alongRows);
      rows.write(lines.x, kspace + 2 * coil * pixels);
    });
    parallel(coils * columnBlocks, isAlone, [&](int i) {
      float* const coil = kspace + 2 * (i / columnBlocks) * pixels;
      const Columns which(nullptr, i % columnBlocks * LANES, size.w, size.w);
      Lines lines(alongColumns);
      readColumns(coil, size.h, which, lines.x);
      lines.transform(alongColumns);
      for (int h = 0; h < size.h; h++) {
        float* const sample = lines.x + 2ll * LANES * uncentred(h, size.h);
        const Complex c = at(sample);
        const vec factor = load(measured + (int64_t)h * size.w + which.places[0] / 2);
        put(sample, 0, {c.re * factor, c.im * factor});
      }
      lines.transform(alongColumns);
      writeColumns(alongColumns, lines.x, true, size.h, which, coil);
    });
    parallel(rowBlocks, isAlone, [&](int block) {
      const CoilRows rows(size.w, (int64_t)block * LANES, size.h);
      Lines lines(alongRows);
      if (first) rows.read(y, rows.sum);
      else memset(rows.sum, 0, 8ll * LANES * size.w);
      for (int coil = 0; coil < coils; coil++) {
        rows.read(mapsHere + 2 * coil * pixels, rows.map);
        rows.read(kspace + 2 * coil * pixels, lines.x);
        lines.transform(alongRows);
        rows.add(lines.x, alongRows.scale * alongRows.scale);
      }
      rows.write(rows.sum, y);
    });
  }
}

void normal(const float* x, const float* maps, const uint8_t* mask, bool isOfColumns, Size size, float* y,
            bool isAlone) {
  const bool isSmall = isAlone || size.pixels() < SMALL;
  (isOfColumns ? normalOfColumns : normalOfPoints)(x, maps, mask, size, y, isSmall);
}

}  // namespace
}  // namespace selfmri
