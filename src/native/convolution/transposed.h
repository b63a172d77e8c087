/**
 * Transposed 2 × 2 convolutions of stride 2, filters [2, 2, to, from]:
 *   y[n, 2h + i, 2w + j, b] = Σ x[n, h, w, a] · f[i, j, b, a].
 * Samples need no borders, so all lines count as lines of one sample. Of y, two neighbours j lie together: the window
 * of a pixel of x is two runs, one for each line i.
 */
#pragma once
#include "definition.h"
#include "transpose.h"

namespace selfmri {
namespace {

Order linesOf(Size size) { return {size.n * size.h, 1, size.w}; }

void transposed(const float* x, const float* filter, float* y, Size size, int from, int to) {
  const Scratch matrix(static_cast<size_t>(4) * from * to);
  transposeAll(filter, matrix, 1, 4 * to, from, false);
  const int64_t line = static_cast<int64_t>(size.w) * from;
  const Windows windows{1, from, line, 0, false};
  const auto gather = [=](int begin, int end, float* memory) {
    copy(memory, x + begin * line, (end - begin) * line);
    return Gathered{memory, 0, from, 0};
  };
  const Part results[] = {{y, 2 * to, to}, {y + static_cast<int64_t>(2) * size.w * to, 2 * to, to}};
  multiplyWindows(linesOf(size), windows, gather, matrix, {results, 2}, {2, 4 * static_cast<int64_t>(size.w), 0});
}

Windows windowsOf(Size size, int to) { return {2, 2 * to, static_cast<int64_t>(size.w) * 4 * to, 0, false}; }

/** Gathers the windows of lines of x in dy. */
auto windowGatherer(const float* dy, Size size, int to) {
  return [=](int begin, int end, float* memory) {
    const int64_t line = static_cast<int64_t>(size.w) * 2 * to, tap = (end - begin) * line;
    for (int i = 0; i < 2; i++)
      for (int h = begin; h < end; h++) copy(memory + i * tap + (h - begin) * line, dy + (2 * h + i) * line, line);
    return Gathered{memory, tap, 2 * to, 0};
  };
}

void transposedInput(const float* dy, const float* filter, float* dx, Size size, int from, int to) {
  const Part result{dx, from, from};
  multiplyWindows(linesOf(size), windowsOf(size, to), windowGatherer(dy, size, to), filter, {&result, 1},
                  {1, size.w, 0});
}

void transposedFilter(const float* x, const float* dy, float* dw, Size size, int from, int to) {
  const Part rows{const_cast<float*>(x), from, from};
  const Size lines{1, size.n * size.h, size.w};
  const auto gatherResults = [=](int begin, int end, float* memory) {
    return gatherGradients(rows, lines, true, begin, end, memory);
  };
  multiplyTransposed(linesOf(size), windowsOf(size, to), windowGatherer(dy, size, to), gatherResults, from, dw);
}

}  // namespace
}  // namespace selfmri
