/**
 * The inner loops of all convolutions: products of rows by vectors of weights, and sums of outer products. The results
 * stay in registers until a loop ends.
 */
#pragma once
#include "../vector.h"

namespace selfmri {
namespace {

/** Rows of results, each two vectors wide, that the registers hold beside the operands. */
#if SELF_MRI_LANES == 16 || defined(__aarch64__)
constexpr int ROWS = 12;
#else
constexpr int ROWS = 6;
#endif

/** Rows of results, each `WIDTH` vectors wide. */
template <int WIDTH>
constexpr int rowsOf = 2 * ROWS / WIDTH;
constexpr int MOST_ROWS = 2 * ROWS;

/** Vectors per row of results: two, unless the second vector would be empty in the last block. */
inline int widthFor(int channels) { return roundUp(channels, 2 * LANES) == roundUp(channels, LANES) ? 2 : 1; }

/** sums[m] += Σ a[m · stride + i] · b[i], i from 0 to length − 1. Each b[i] is a row of `WIDTH` vectors. */
template <int M, int WIDTH>
inline void product(const float* a, int64_t stride, const float* b, int length, vec (&sums)[M][WIDTH]) {
  for (int i = 0; i < length; i++) {
    vec weights[WIDTH];
    UNROLL for (int v = 0; v < WIDTH; v++) weights[v] = load(b + (i * WIDTH + v) * LANES);
    UNROLL for (int m = 0; m < M; m++) {
      const vec x = all(a[m * stride + i]);
      UNROLL for (int v = 0; v < WIDTH; v++) sums[m][v] += x * weights[v];
    }
  }
}

/** Some rows of a matrix in memory. `stride`: floats from one row to the next. */
struct Rows {
  const float* data;
  int64_t stride;
};

/** sums[m] += Σ a[i][m] · b[i], i from 0 to count − 1, for M floats of a's rows and `WIDTH` vectors of b's rows. */
template <int M, int WIDTH>
inline void outerProduct(Rows a, Rows b, int64_t count, float* sums, int64_t stride) {
  vec held[M][WIDTH];
  UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < WIDTH; v++) held[m][v] =
      load(sums + m * stride + v * LANES);
  for (int64_t i = 0; i < count; i++) {
    vec row[WIDTH];
    UNROLL for (int v = 0; v < WIDTH; v++) row[v] = load(b.data + i * b.stride + v * LANES);
    UNROLL for (int m = 0; m < M; m++) {
      const vec x = all(a.data[i * a.stride + m]);
      UNROLL for (int v = 0; v < WIDTH; v++) held[m][v] += x * row[v];
    }
  }
  UNROLL for (int m = 0; m < M; m++) UNROLL for (int v = 0; v < WIDTH; v++)
      store(sums + m * stride + v * LANES, held[m][v]);
}

/** A number that is known to the compiler. */
template <int VALUE>
struct Count {
  static constexpr int value = VALUE;
};

template <int WIDTH>
void outerProductsOf(Rows a, int floats, Rows b, int channels, int64_t count, float* sums, int64_t stride) {
  for (int c = 0; c < channels; c += WIDTH * LANES) {
    const Rows some{b.data + c, b.stride};
    int m = 0;
    const auto rest = [&] { return floats - m; };
    const auto take = [&](auto rows) {
      constexpr int M = decltype(rows)::value;
      outerProduct<M, WIDTH>({a.data + m, a.stride}, some, count, sums + m * stride + c, stride);
      m += M;
    };
    while (rest() >= ROWS && rest() != 8) take(Count<ROWS>{});
    if (ROWS > 6)
      while (rest() >= 6 && rest() != 8) take(Count<6>{});
    while (rest() >= 4) take(Count<4>{});
    while (rest() >= 3) take(Count<3>{});
    while (rest() >= 1) take(Count<1>{});
  }
}

/**
 * sums[m][c] += Σ a[i][m] · b[i][c], i from 0 to count − 1, for `floats` of a's rows. The rows of b and of the sums are
 * read and written up to a multiple of LANES.
 */
void outerProducts(Rows a, int floats, Rows b, int channels, int64_t count, float* sums, int64_t stride) {
  if (widthFor(channels) == 2) outerProductsOf<2>(a, floats, b, channels, count, sums, stride);
  else outerProductsOf<1>(a, floats, b, channels, count, sums, stride);
}

/** Copies a few floats or many. */
inline void copy(float* to, const float* from, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, load(from + i));
  for (; i < count; i++) to[i] = from[i];
}

inline void clear(float* to, int64_t count) {
  if (count > 0) memset(to, 0, static_cast<size_t>(count) * sizeof(float));
}

}  // namespace
}  // namespace selfmri
