/** Moves rows and columns of images to lines beside each other ([sample][re, im][lane]), and back. */
#pragma once
#include <utility>

#include "passes.h"

namespace selfmri {
namespace {

/** Where the sample that is `index`-th in a centred line is in a line whose origin is at 0. */
inline int uncentred(int index, int length) {
  const int shifted = index - length / 2;
  return shifted < 0 ? shifted + length : shifted;
}
/** As `uncentred`, for results. The inverse transform is the forward transform, read backwards. */
inline int resultOf(int index, int length, bool isInverse) {
  const int found = uncentred(index, length);
  return isInverse && found ? length - found : found;
}

using Lanes = std::make_integer_sequence<int, LANES>;

/** The lanes PLACES of a and b, where b's lanes follow a's. */
template <int... PLACES>
inline vec picked(vec a, vec b) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, PLACES...);
#else
  return __builtin_shuffle(a, b, ints{PLACES...});
#endif
}

template <int STEP, int... L>
inline void exchange(vec& a, vec& b, std::integer_sequence<int, L...>) {
  const vec low = picked<(L & STEP ? LANES + L - STEP : L)...>(a, b);
  b = picked<(L & STEP ? LANES + L : L + STEP)...>(a, b);
  a = low;
}
/** x[i][j] becomes x[j][i]. */
template <int STEP = 1>
inline void transpose(vec (&x)[LANES]) {
  UNROLL for (int i = 0; i < LANES; i++) if (!(i & STEP)) exchange<STEP>(x[i], x[i + STEP], Lanes());
  if constexpr (2 * STEP < LANES) transpose<2 * STEP>(x);
}

/** LANES complex numbers that lie beside each other. */
template <int... L>
inline Complex loadComplex(const float* from, std::integer_sequence<int, L...>) {
  const vec a = load(from), b = load(from + LANES);
  return {picked<(2 * L)...>(a, b), picked<(2 * L + 1)...>(a, b)};
}
template <int... L>
inline void storeComplex(float* to, Complex c, std::integer_sequence<int, L...>) {
  store(to, picked<(L / 2 + L % 2 * LANES)...>(c.re, c.im));
  store(to + LANES, picked<((LANES + L) / 2 + L % 2 * LANES)...>(c.re, c.im));
}

/** Up to LANES columns of an image [rows, columns, 2], ascending. `list`: null if they are adjacent. */
struct Columns {
  Columns(const int* list, int first, int count, int columns)
      : count(min(LANES, count - first)), rowLength(2ll * columns) {
    for (int lane = 0; lane < LANES; lane++) {
      const int i = first + min(lane, this->count - 1);
      places[lane] = 2 * (list ? list[i] : i);  // lanes beyond `count` repeat the last column
    }
    areAdjacent = this->count == LANES && places[LANES - 1] - places[0] == 2 * (LANES - 1);
  }
  const int count;
  const int64_t rowLength;
  int64_t places[LANES];
  bool areAdjacent;
};

inline void readColumns(const float* x, int rows, const Columns& which, float* lines) {
  for (int row = 0; row < rows; row++) {
    const float* from = x + row * which.rowLength;
    float* to = lines + 2ll * LANES * uncentred(row, rows);
    if (which.areAdjacent) put(to, 0, loadComplex(from + which.places[0], Lanes()));
    else
      for (int lane = 0; lane < LANES; lane++)
        to[lane] = from[which.places[lane]], to[LANES + lane] = from[which.places[lane] + 1];
  }
}

/** The middle `height` samples of transformed lines as columns of y [height, columns, 2]. */
inline void writeColumns(const Plan& plan, const float* lines, bool isInverse, int height, const Columns& which,
                         float* y) {
  const int top = (plan.length - height) / 2;
  for (int row = 0; row < height; row++) {
    const Complex c = at(lines, resultOf(top + row, plan.length, isInverse)) * plan.scale;
    float* to = y + row * which.rowLength;
    if (which.areAdjacent) storeComplex(to + which.places[0], c, Lanes());
    else
      for (int lane = 0; lane < which.count; lane++)
        to[which.places[lane]] = c.re[lane], to[which.places[lane] + 1] = c.im[lane];
  }
}

/** LANES rows [width, 2] as lines. `rowOf(lane)`: the first number of a row. */
template <class RowOf>
inline void readRows(const RowOf& rowOf, int width, float* lines) {
  int w = 0;
  for (; w + LANES <= width; w += LANES) {
    vec re[LANES], im[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      const Complex c = loadComplex(rowOf(lane) + 2 * w, Lanes());
      re[lane] = c.re, im[lane] = c.im;
    }
    transpose(re), transpose(im);
    for (int i = 0; i < LANES; i++) put(lines, uncentred(w + i, width), {re[i], im[i]});
  }
  for (; w < width; w++)
    for (int lane = 0; lane < LANES; lane++) {
      float* to = lines + 2ll * LANES * uncentred(w, width) + lane;
      to[0] = rowOf(lane)[2 * w], to[LANES] = rowOf(lane)[2 * w + 1];
    }
}

/** Values of `width` pixels, `valueOf(w)` those of LANES rows, as `count` rows [width] that lie `stride` floats apart.
 */
template <class ValueOf>
inline void writeRows(const ValueOf& valueOf, int width, int count, float* rows, int64_t stride) {
  int w = 0;
  for (; w + LANES <= width; w += LANES) {
    vec values[LANES];
    for (int i = 0; i < LANES; i++) values[i] = valueOf(w + i);
    transpose(values);
    for (int lane = 0; lane < count; lane++) store(rows + lane * stride + w, values[lane]);
  }
  for (; w < width; w++) {
    const vec values = valueOf(w);
    for (int lane = 0; lane < count; lane++) rows[lane * stride + w] = values[lane];
  }
}

/** As `writeRows`, of complex values, as rows [width, 2]. */
template <class ValueOf>
inline void writeComplexRows(const ValueOf& valueOf, int width, int count, float* rows, int64_t stride) {
  int w = 0;
  for (; w + LANES <= width; w += LANES) {
    vec re[LANES], im[LANES];
    for (int i = 0; i < LANES; i++) {
      const Complex c = valueOf(w + i);
      re[i] = c.re, im[i] = c.im;
    }
    transpose(re), transpose(im);
    for (int lane = 0; lane < count; lane++) storeComplex(rows + lane * stride + 2 * w, {re[lane], im[lane]}, Lanes());
  }
  for (; w < width; w++) {
    const Complex c = valueOf(w);
    for (int lane = 0; lane < count; lane++) {
      float* to = rows + lane * stride + 2 * w;
      to[0] = c.re[lane], to[1] = c.im[lane];
    }
  }
}

}  // namespace
}  // namespace selfmri
