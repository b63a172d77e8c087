/** Matrices with rows and columns exchanged: filters for the gradient by the input. */
#pragma once
#include "../threads.h"
#include "../vector.h"

namespace selfmri {
namespace {

/** Rows and columns that stay in the first cache while they are exchanged. */
constexpr int SQUARE = 16;

/** to[column, row] = from[row, column], 4 × 4. */
inline void transposeFour(const float* from, int64_t columns, float* to, int64_t rows) {
#if defined(__SSE__)
  __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + columns), c = _mm_loadu_ps(from + 2 * columns),
         d = _mm_loadu_ps(from + 3 * columns);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(to, a), _mm_storeu_ps(to + rows, b), _mm_storeu_ps(to + 2 * rows, c), _mm_storeu_ps(to + 3 * rows, d);
#else
  for (int column = 0; column < 4; column++)
    for (int row = 0; row < 4; row++) to[column * rows + row] = from[row * columns + column];
#endif
}

/** to [columns, rows] of from [rows, columns]: at most SQUARE columns of `from`. */
void transposeColumns(const float* from, float* to, int64_t rows, int64_t columns, int64_t begin, int64_t end) {
  for (int64_t top = 0; top < rows; top += SQUARE) {
    const int64_t bottom = min(rows, top + SQUARE);
    for (int64_t column = begin; column < end; column += 4)
      for (int64_t row = top; row < bottom; row += 4) {
        if (row + 4 <= bottom && column + 4 <= end) {
          transposeFour(from + row * columns + column, columns, to + column * rows + row, rows);
          continue;
        }
        for (int64_t i = column; i < min(end, column + 4); i++)
          for (int64_t j = row; j < min(bottom, row + 4); j++) to[i * rows + j] = from[j * columns + i];
      }
  }
}

/** `count` matrices, one after the other. The results lie in reverse order if `isReversed`. */
void transposeAll(const float* from, float* to, int count, int64_t rows, int64_t columns, bool isReversed) {
  const int64_t size = rows * columns;
  const int strips = static_cast<int>((columns + SQUARE - 1) / SQUARE);
  parallel(count * strips, count * size < SMALL, [&](int i) {
    const int matrix = i / strips;
    const int64_t begin = static_cast<int64_t>(i % strips) * SQUARE;
    transposeColumns(from + matrix * size, to + (isReversed ? count - 1 - matrix : matrix) * size, rows, columns, begin,
                     min(columns, begin + SQUARE));
  });
}

}  // namespace
}  // namespace selfmri
