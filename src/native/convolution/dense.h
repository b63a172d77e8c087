/**
 * Products of pixels with a matrix, and the gradient by the matrix: the definition of a convolution.
 *   y[q, b] = Σ a[q, k] · f[k, b],   df[k, b] = Σ a[q, k] · dy[q, b],
 * where row a[q] is what the convolution's window shows at pixel q. The rows are gathered for some lines at a time.
 */
#pragma once
#include "../kernels.h"
#include "../scratch.h"
#include "../threads.h"
#include "product.h"

namespace selfmri {
namespace {

/** Pixels in the order [line, sample, column], so that the same line of all samples lies together. */
struct Order {
  int lines, samples, columns;
  int64_t perLine() const { return static_cast<int64_t>(samples) * columns; }
};

/** What windows show: for each pixel `taps` runs of `length` floats. */
struct Windows {
  int taps, length;
  /** Floats that are gathered for a line of all samples, and lines that are gathered beyond those of the results. */
  int64_t lineFloats;
  int moreLines;
  /** Whether the runs of a line's pixels overlap. Then products end with each line of a sample. */
  bool overlap;
  int floats() const { return taps * length; }
};

/**
 * Gathered windows. Run t of pixel q begins at data + t · tap + q · pixel. If runs overlap, q counts from the first
 * pixel of a line of a sample. Such lines lie `line` floats apart.
 */
struct Gathered {
  const float* data;
  int64_t tap, pixel, line;
};

/** The gradient by the results: floats from one pixel, line or sample to the next. */
struct Gradients {
  const float* data;
  int64_t pixel, line, sample;
};

/** Where results lie: pixels from one column, line or sample of results to the next. */
struct Places {
  int64_t column, line, sample;
};

/** Channels of one result that are computed at once, and their first column in the matrix. */
struct Block {
  Part result;
  int64_t column;
};

/** Blocks of at most `wide` channels. A block belongs to one result. */
int blockCount(Parts results, int wide) {
  int count = 0;
  for (const Part& each : results) count += (each.channels + wide - 1) / wide;
  return count;
}

Block blockAt(Parts results, int wide, int index) {
  int64_t column = 0;
  for (const Part& each : results) {
    const int blocks = (each.channels + wide - 1) / wide, first = index * wide;
    if (index < blocks) return {{each.data + first, min(wide, each.channels - first), each.stride}, column + first};
    index -= blocks;
    column += each.channels;
  }
  return {};
}

/** Vectors per row of results that suit all results. */
int widthFor(Parts results) {
  int width = 2;
  for (const Part& each : results) width = min(width, widthFor(each.channels));
  return width;
}

/** Copies columns of a matrix [rows, columns] to [rows, wide]. The rest is 0. */
void packColumns(const float* matrix, int64_t rows, int64_t columns, int64_t first, int count, int wide, float* to) {
  for (int64_t row = 0; row < rows; row++) {
    copy(to + row * wide, matrix + row * columns + first, count);
    for (int c = count; c < wide; c++) to[row * wide + c] = 0;
  }
}

/** Steps through the results of pixels in their order. */
struct Walk {
  Order order;
  Places places;
  int line, sample = 0, column = 0;
  int64_t pixel() const { return column * places.column + line * places.line + sample * places.sample; }
  void next() {
    if (++column < order.columns) return;
    column = 0;
    if (++sample < order.samples) return;
    sample = 0, line++;
  }
};

/** M pixels at once. Rows beyond `count` are computed, but not stored. */
template <int M, int WIDTH>
void multiplyRows(Windows windows, Gathered a, const float* weights, int count, Part result, Walk& walk) {
  vec sums[M][WIDTH] = {};
  for (int tap = 0; tap < windows.taps; tap++)
    product<M, WIDTH>(a.data + tap * a.tap, a.pixel,
                      weights + static_cast<int64_t>(tap) * windows.length * WIDTH * LANES, windows.length, sums);
  for (int m = 0; m < min(M, count); m++, walk.next()) {
    float* to = result.data + walk.pixel() * result.stride;
    for (int v = 0; v < WIDTH; v++) {
      const int rest = result.channels - v * LANES;
      if (rest >= LANES) store(to + v * LANES, sums[m][v]);
      else if (rest > 0) storeSome(to + v * LANES, sums[m][v], rest);
    }
  }
}

/** `count` pixels, whose windows lie equally far apart. */
template <int WIDTH>
void multiplyPixels(Windows windows, Gathered a, const float* weights, int64_t count, Part result, Walk& walk) {
  constexpr int M = rowsOf<WIDTH>;
  for (int64_t q = 0; q < count;) {
    const Gathered rows{a.data + q * a.pixel, a.tap, a.pixel, 0};
    const int rest = static_cast<int>(min<int64_t>(M, count - q)), taken = rest > M / 2 ? M : M / 2;
    if (taken == M) multiplyRows<M, WIDTH>(windows, rows, weights, rest, result, walk);
    else multiplyRows<M / 2, WIDTH>(windows, rows, weights, rest, result, walk);
    q += taken;
  }
}

template <int WIDTH>
void multiplyBlock(Windows windows, Gathered a, const float* weights, int64_t lines, Part result, Walk walk) {
  const Order& order = walk.order;
  if (!windows.overlap) return multiplyPixels<WIDTH>(windows, a, weights, lines * order.perLine(), result, walk);
  for (int64_t i = 0; i < lines * order.samples; i++)
    multiplyPixels<WIDTH>(windows, {a.data + i * a.line, a.tap, a.pixel, 0}, weights, order.columns, result, walk);
}

/** Lines whose windows stay in the second cache, and whose pixels are enough to use each weight often. */
int linesTogether(Order order, Windows windows) {
  const int64_t enough = (128 + order.perLine() - 1) / order.perLine();
  const int64_t most = (1 << 16) / max<int64_t>(1, windows.lineFloats);
  return static_cast<int>(max<int64_t>(1, min<int64_t>(order.lines, max(enough, most))));
}

/** Tasks of a product of windows, the same for any number of threads. Few lines are shared by their blocks of channels.
 */
constexpr int TASKS = 16;
/** Products with fewer multiplications run on one thread. */
constexpr int64_t FEW_PRODUCTS = 1 << 19;

/** Rows of results beyond the last pixel read as many floats more. */
size_t gatheredFloats(Windows windows, int lines) {
  return static_cast<size_t>((lines + windows.moreLines) * windows.lineFloats + MOST_ROWS * windows.floats());
}

/**
 * Multiplies windows by `matrix` [taps · length, all results' channels].
 * `gather(begin, end, memory)` gathers the windows of some lines.
 */
template <class Gather>
void multiplyWindows(Order order, Windows windows, const Gather& gather, const float* matrix, Parts results,
                     Places places) {
  if (order.perLine() == 0 || order.lines == 0) return;
  const int64_t columns = results.channels();
  const int width = widthFor(results), wide = width * LANES, blocks = blockCount(results, wide);
  const int lines = linesTogether(order, windows), bands = (order.lines + lines - 1) / lines;
  const int groups = min(blocks, (TASKS + bands - 1) / bands);
  const bool isFew = order.perLine() * order.lines * windows.floats() * columns < FEW_PRODUCTS;
  parallel(bands * groups, isFew, [&](int task) {
    const int band = task / groups, group = task % groups;
    const int begin = band * lines, end = min(order.lines, begin + lines);
    const Scratch gathered(gatheredFloats(windows, lines));
    const Scratch weights(static_cast<size_t>(windows.floats()) * static_cast<size_t>(wide));
    const Gathered a = gather(begin, end, gathered);
    for (int i = blocks * group / groups; i < blocks * (group + 1) / groups; i++) {
      const Block block = blockAt(results, wide, i);
      packColumns(matrix, windows.floats(), columns, block.column, block.result.channels, wide, weights);
      if (width == 2) multiplyBlock<2>(windows, a, weights, end - begin, block.result, {order, places, begin});
      else multiplyBlock<1>(windows, a, weights, end - begin, block.result, {order, places, begin});
    }
  });
}

/** Adds the products of `count` pixels to rows `begin` to `end` of the gradient. */
void addOuterProducts(Windows windows, Gathered a, Rows dy, int channels, int64_t count, int begin, int end,
                      float* sums) {
  const int64_t stride = roundUp(channels, LANES);
  for (int tap = 0; tap < windows.taps; tap++) {
    const int first = max(begin, tap * windows.length), last = min(end, (tap + 1) * windows.length);
    if (first < last)
      outerProducts({a.data + tap * a.tap + first - tap * windows.length, a.pixel}, last - first, dy, channels, count,
                    sums + (first - begin) * stride, stride);
  }
}

/** The same of some lines. */
void addLines(Order order, Windows windows, Gathered a, Gradients dy, int channels, int64_t lines, int begin, int end,
              float* sums) {
  if (!windows.overlap)
    return addOuterProducts(windows, a, {dy.data, dy.pixel}, channels, lines * order.perLine(), begin, end, sums);
  for (int64_t i = 0; i < lines * order.samples; i++) {
    const float* rows = dy.data + i / order.samples * dy.line + i % order.samples * dy.sample;
    addOuterProducts(windows, {a.data + i * a.line, a.tap, a.pixel, 0}, {rows, dy.pixel}, channels, order.columns,
                     begin, end, sums);
  }
}

/**
 * Gradient by the matrix, [taps · length, channels]. If the gradient is small, each task sums all rows over some lines;
 * else some rows over all lines. `gatherResults(begin, end, memory)` gives dy, whose channels are followed by zeros up
 * to a multiple of LANES.
 */
template <class Gather, class GatherResults>
void multiplyTransposed(Order order, Windows windows, const Gather& gather, const GatherResults& gatherResults,
                        int channels, float* dw) {
  const int rows = windows.floats();
  const int64_t stride = roundUp(channels, LANES), size = rows * stride;
  if (order.perLine() == 0 || order.lines == 0) return clear(dw, static_cast<int64_t>(rows) * channels);
  const int lines = linesTogether(order, windows), bands = (order.lines + lines - 1) / lines;
  const bool isSmall = size <= 1 << 16;
  const int parts = isSmall ? min(bands, TASKS) : 1, groups = isSmall ? 1 : min(rows, TASKS);
  const bool isDirect = parts == 1 && stride == channels;
  const Scratch memory(static_cast<size_t>(isDirect ? 0 : parts * size));
  float* sums = isDirect ? dw : memory;
  const bool isFew = order.perLine() * order.lines * size < FEW_PRODUCTS;
  parallel(parts * groups, isFew, [&](int task) {
    const int part = task / groups, group = task % groups;
    const int begin = rows * group / groups, end = rows * (group + 1) / groups;
    float* own = sums + part * size + begin * stride;
    clear(own, (end - begin) * stride);
    const Scratch gathered(gatheredFloats(windows, lines));
    const Scratch results(static_cast<size_t>(lines * order.perLine() * stride));
    for (int band = bands * part / parts; band < bands * (part + 1) / parts; band++) {
      const int first = band * lines, last = min(order.lines, first + lines);
      const Gathered a = gather(first, last, gathered);
      const Gradients dy = gatherResults(first, last, results);
      addLines(order, windows, a, dy, channels, last - first, begin, end, own);
    }
  });
  if (isDirect) return;
  parallel(rows, size < SMALL, [&](int row) {
    for (int c = 0; c < channels; c++) {
      float sum = sums[row * stride + c];
      for (int part = 1; part < parts; part++) sum += sums[part * size + row * stride + c];
      dw[static_cast<int64_t>(row) * channels + c] = sum;
    }
  });
}

}  // namespace
}  // namespace selfmri
