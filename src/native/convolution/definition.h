/**
 * 3 × 3 convolutions by the definition, for few channels and for few pixels:
 *   y[n, h, w, b] = Σ x[n, h + i − 1, w + j − 1, a] · f[i, j, a, b],  i, j = 0 … 2, x = 0 outside.
 * A pixel's window is three runs, one for each line i. A run is the pixel's three neighbours j in this line.
 */
#pragma once
#include "dense.h"

namespace selfmri {
namespace {

/** From this many columns on, a line's windows overlap in a copy of the line. Else each window is a copy. */
constexpr int MANY_COLUMNS = 32;

/** A line of one sample between two pixels of zeros. Returns its end. */
float* gatherPadded(Parts in, Size size, int sample, int line, float* to) {
  const int channels = in.channels();
  const int64_t columns = size.w + 2;
  float* const end = to + columns * channels;
  if (line < 0 || line >= size.h) return clear(to, end - to), end;
  clear(to, channels);
  clear(end - channels, channels);
  int begin = channels;
  for (const Part& part : in) {
    const float* x = part.data + (static_cast<int64_t>(sample) * size.h + line) * size.w * part.stride;
    if (part.channels == channels && part.stride == channels)
      copy(to + begin, x, static_cast<int64_t>(size.w) * channels);
    else
      for (int w = 0; w < size.w; w++) copy(to + begin + w * channels, x + w * part.stride, part.channels);
    begin += part.channels;
  }
  return end;
}

/** A line of one sample as [column, 3, channels]: each pixel's left neighbour, the pixel, the right. */
float* gatherCopies(Parts in, Size size, int sample, int line, float* to) {
  const int channels = in.channels(), run = 3 * channels;
  float* const end = to + static_cast<int64_t>(size.w) * run;
  if (line < 0 || line >= size.h) return clear(to, end - to), end;
  int begin = 0;
  for (const Part& part : in) {
    const float* x = part.data + (static_cast<int64_t>(sample) * size.h + line) * size.w * part.stride;
    for (int w = 0; w < size.w; w++)
      for (int j = 0; j < 3; j++) {
        float* at = to + w * run + j * channels + begin;
        const int column = w + j - 1;
        if (column < 0 || column >= size.w) clear(at, part.channels);
        else copy(at, x + column * part.stride, part.channels);
      }
    begin += part.channels;
  }
  return end;
}

Order orderOf(Size size) { return {size.h, size.n, size.w}; }

Windows neighboursOf(Parts in, Size size) {
  const int channels = in.channels();
  const bool overlap = size.w >= MANY_COLUMNS;
  const int64_t perSample = overlap ? size.w + 2 : int64_t{3} * size.w;
  return {3, 3 * channels, size.n * perSample * channels, 2, overlap};
}

/** Gathers the neighbours of some lines' pixels. */
auto neighbourGatherer(Parts in, Size size) {
  return [=](int begin, int end, float* memory) {
    const Windows windows = neighboursOf(in, size);
    float* to = memory;
    for (int line = begin - 1; line <= end; line++)
      for (int sample = 0; sample < size.n; sample++)
        to = windows.overlap ? gatherPadded(in, size, sample, line, to) : gatherCopies(in, size, sample, line, to);
    const int64_t pixel = windows.overlap ? in.channels() : windows.length;
    return Gathered{memory, windows.lineFloats, pixel, (size.w + 2) * pixel};
  };
}

void convolveByDefinition(Parts in, const float* filter, Parts out, Size size) {
  const Places places{1, size.w, static_cast<int64_t>(size.w) * size.h};
  multiplyWindows(orderOf(size), neighboursOf(in, size), neighbourGatherer(in, size), filter, out, places);
}

/** dy in place where it lies in order, and else a copy, whose channels are followed by zeros. */
Gradients gatherGradients(Part dy, Size size, bool inOrder, int begin, int end, float* to) {
  const int64_t line = static_cast<int64_t>(size.w) * dy.stride;
  if (inOrder && dy.channels % LANES == 0) return {dy.data + begin * line, dy.stride, line, line * size.h};
  const int64_t stride = roundUp(dy.channels, LANES);
  float* at = to;
  for (int h = begin; h < end; h++)
    for (int sample = 0; sample < size.n; sample++) {
      const float* from = dy.data + (static_cast<int64_t>(sample) * size.h + h) * line;
      for (int w = 0; w < size.w; w++, from += dy.stride, at += stride) {
        copy(at, from, dy.channels);
        for (int64_t c = dy.channels; c < stride; c++) at[c] = 0;
      }
    }
  return {to, stride, size.n * size.w * stride, size.w * stride};
}

void filterGradientByDefinition(Parts in, Part dy, float* dw, Size size) {
  const Windows windows = neighboursOf(in, size);
  const bool inOrder = size.n == 1 || windows.overlap;
  const auto gatherResults = [=](int begin, int end, float* to) {
    return gatherGradients(dy, size, inOrder, begin, end, to);
  };
  multiplyTransposed(orderOf(size), windows, neighbourGatherer(in, size), gatherResults, dy.channels, dw);
}

}  // namespace
}  // namespace selfmri
