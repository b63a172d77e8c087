/**
 * Fourier transforms of images, centred and orthonormal (fastMRI's `fftc`), any size:
 *   X[k] = 1 / √N · Σ x[n] · exp(∓2πi · (k − ⌊N / 2⌋)(n − ⌊N / 2⌋) / N),
 * along columns and along rows. The adjoint is the other direction.
 */
#pragma once
#include "../threads.h"
#include "passes.h"

namespace selfmri {
namespace {

/** Where the sample that is `index`-th in a centred line is in a line whose origin is at 0. */
inline int uncentred(int index, int length) {
  const int shifted = index - length / 2;
  return shifted < 0 ? shifted + length : shifted;
}
/** As `uncentred`, for results. The inverse transform is the forward transform, read backwards. */
inline int resultOf(int index, int length, bool inverse) {
  const int found = uncentred(index, length);
  return inverse && found ? length - found : found;
}

/** The first sample of the middle `size` of a line. */
inline int middle(int length, int size) { return (length - size) / 2; }

/** √(a² + |c|²), without squares that are too large or too small for float32. */
inline vec lengthOf(vec a, Complex c) {
  typedef int32_t ints __attribute__((vector_size(4 * LANES)));
  const vec re = c.re < 0 ? -c.re : c.re, im = c.im < 0 ? -c.im : c.im, larger = re > im ? re : im;
  ints exponent = reinterpret_cast<ints>(larger > a ? larger : a) & 0x7f800000;
  exponent = exponent < 0x00800000 ? 0x00800000 - ints{} : exponent;
  exponent = exponent > 0x7e800000 ? 0x7e800000 - ints{} : exponent;
  const vec unit = reinterpret_cast<vec>(exponent), inverse = reinterpret_cast<vec>(0x7f000000 - exponent);
  const vec x = re * inverse, y = im * inverse, z = a * inverse, square = x * x + y * y + z * z;
  vec root;
  UNROLL for (int lane = 0; lane < LANES; lane++) root[lane] = __builtin_sqrtf(square[lane]);
  return root * unit;
}

/** LANES columns of x [rows, columns, 2], whose places `columnOf(lane)` are, as lines. */
template <class ColumnOf>
inline void readColumns(const float* x, int rows, int columns, const ColumnOf& columnOf, float* lines) {
  int64_t places[LANES];
  for (int lane = 0; lane < LANES; lane++) places[lane] = 2 * columnOf(lane);
  for (int row = 0; row < rows; row++) {
    const float* from = x + 2ll * row * columns;
    float* to = lines + 2ll * LANES * uncentred(row, rows);
    for (int lane = 0; lane < LANES; lane++) to[lane] = from[places[lane]], to[LANES + lane] = from[places[lane] + 1];
  }
}

/** The middle `height` samples of transformed lines, as some columns of y [height, columns, 2]. */
template <class ColumnOf>
inline void writeColumns(const Plan& plan, const float* lines, int height, int columns, bool inverse, int count,
                         const ColumnOf& columnOf, float* y) {
  const int top = middle(plan.length, height);
  for (int row = 0; row < height; row++) {
    const float* from = lines + 2ll * LANES * resultOf(top + row, plan.length, inverse);
    float* to = y + 2ll * row * columns;
    for (int lane = 0; lane < count; lane++) {
      to[2 * columnOf(lane)] = plan.scale * from[lane];
      to[2 * columnOf(lane) + 1] = plan.scale * from[LANES + lane];
    }
  }
}

void fourierColumns(const float* kspace, const int* list, int count, Grid grid, float* along, bool isAlone) {
  const Plan& plan = planOf(grid.rows);
  const int blocks = (count + LANES - 1) / LANES;
  parallel(grid.coils * blocks, isAlone, [&](int i) {
    const int64_t coil = i / blocks;
    const int first = i % blocks * LANES, some = min(LANES, count - first);
    const auto columnOf = [&](int lane) { return list[first + min(lane, some - 1)]; };
    Lines lines(plan);
    readColumns(kspace + coil * grid.rows * grid.columns * 2, grid.rows, grid.columns, columnOf, lines.x);
    lines.transform(plan);
    writeColumns(plan, lines.x, grid.height, grid.columns, true, some, columnOf,
                 along + coil * grid.height * grid.columns * 2);
  });
}

void fourierRows(const float* along, const int* list, int count, Grid grid, bool isMagnitude, float* image,
                 bool isAlone) {
  const Plan& plan = planOf(grid.columns);
  const int left = middle(grid.columns, grid.width);
  parallel((grid.height + LANES - 1) / LANES, isAlone, [&](int i) {
    const int first = i * LANES, some = min(LANES, grid.height - first);
    Lines lines(plan);
    const Scratch squares(isMagnitude ? (int64_t)grid.width * LANES : 0);
    for (int64_t coil = 0; coil < grid.coils; coil++) {
      if (count < grid.columns) memset(lines.x, 0, 8ll * LANES * grid.columns);
      for (int lane = 0; lane < LANES; lane++) {
        const float* row = along + 2 * (coil * grid.height + first + min(lane, some - 1)) * grid.columns;
        for (int c = 0; c < count; c++) {
          float* to = lines.x + 2ll * LANES * uncentred(list[c], grid.columns) + lane;
          to[0] = row[2 * list[c]], to[LANES] = row[2 * list[c] + 1];
        }
      }
      lines.transform(plan);
      for (int w = 0; w < grid.width; w++) {
        const Complex c = at(lines.x, resultOf(left + w, grid.columns, true));
        if (isMagnitude) {
          float* sum = squares + (int64_t)w * LANES;
          const vec length = lengthOf(coil == 0 ? vec{} : load(sum), {c.re * plan.scale, c.im * plan.scale});
          if (coil + 1 < grid.coils) store(sum, length);
          else
            for (int lane = 0; lane < some; lane++) image[(int64_t)(first + lane) * grid.width + w] = length[lane];
        } else
          for (int lane = 0; lane < some; lane++) {
            float* to = image + 2 * ((coil * grid.height + first + lane) * grid.width + w);
            to[0] = plan.scale * c.re[lane], to[1] = plan.scale * c.im[lane];
          }
      }
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
    for (int w = 0; w < width; w++) {
      const Complex c = at(lines.x, w ? width - w : 0);
      const vec length = lengthOf(vec{}, {c.re / (float)width, c.im / (float)width});
      for (int lane = 0; lane < some; lane++) out[(int64_t)(first + lane) * width + w] = length[lane];
    }
  }
}

void fourier(const float* x, float* y, Size size, bool inverse) {
  const Plan &alongRows = planOf(size.w), &alongColumns = planOf(size.h);
  const int64_t rows = (int64_t)size.n * size.h;
  const bool isSmall = size.pixels() < SMALL;
  parallel((int)((rows + LANES - 1) / LANES), isSmall, [&](int i) {
    const int64_t first = (int64_t)i * LANES;
    const int some = (int)min<int64_t>(LANES, rows - first);
    Lines lines(alongRows);
    for (int lane = 0; lane < LANES; lane++) {
      const float* row = x + 2 * (first + min(lane, some - 1)) * size.w;
      for (int w = 0; w < size.w; w++) {
        float* to = lines.x + 2ll * LANES * uncentred(w, size.w) + lane;
        to[0] = row[2 * w], to[LANES] = row[2 * w + 1];
      }
    }
    lines.transform(alongRows);
    for (int w = 0; w < size.w; w++) {
      const float* from = lines.x + 2ll * LANES * resultOf(w, size.w, inverse);
      for (int lane = 0; lane < some; lane++) {
        float* to = y + 2 * ((first + lane) * size.w + w);
        to[0] = alongRows.scale * from[lane], to[1] = alongRows.scale * from[LANES + lane];
      }
    }
  });
  const int blocks = (size.w + LANES - 1) / LANES;
  parallel(size.n * blocks, isSmall, [&](int i) {
    const int first = i % blocks * LANES, some = min(LANES, size.w - first);
    const auto columnOf = [&](int lane) { return first + min(lane, some - 1); };
    float* image = y + 2ll * (i / blocks) * size.h * size.w;
    Lines lines(alongColumns);
    readColumns(image, size.h, size.w, columnOf, lines.x);
    lines.transform(alongColumns);
    writeColumns(alongColumns, lines.x, size.h, size.w, inverse, some, columnOf, image);
  });
}

}  // namespace
}  // namespace selfmri
