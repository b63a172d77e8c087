/** Chooses how a 3 × 3 convolution and its gradients are computed. Thresholds are measured. */
#pragma once
#include "definition.h"
#include "transpose.h"
#include "winograd-wide.h"

namespace selfmri {
namespace {

/** Few channels leave most lanes of a transform empty, and few pixels most tiles. `from`: channels that are read. */
bool isForDefinition(int from, Size size) { return from <= 2 || size.pixels() <= (LANES == 16 ? 64 : 100); }

/** Tiles of the largest maps whose windows are all transformed at once, because of the working memory. */
constexpr int64_t MOST_WIDE = 2000;

/** Whether all windows are transformed at once, because the transformed filter would be read from memory too often. */
bool isWide(int from, int to, Size size) {
  const bool isLarge = LANES < 16 && static_cast<int64_t>(from) * to >= 1 << 17;
  return tilesOf(size).count() <= (isLarge ? MOST_WIDE : 100);
}

/** The same for the gradient by the filter, whose sums are as large as the transformed filter. */
bool isWideForFilter(int from, int to, Size size) {
  const int64_t weights = static_cast<int64_t>(from) * to;
  return weights >= 1 << 11 && tilesOf(size).count() <= (weights >= 1 << 16 ? MOST_WIDE : 200);
}

void convolve(Parts in, const float* filter, Parts out, Size size) {
  const int from = in.channels(), to = out.channels();
  if (isForDefinition(from, size)) convolveByDefinition(in, filter, out, size);
  else if (isWide(from, to, size)) convolveByWideWinograd(in, filter, out, size);
  else convolveByWinograd(in, filter, out, size);
}

/** The gradient by the input is a convolution with the filter turned about, and with its channels exchanged. */
void convolveInput(Parts dy, const float* filter, Parts dx, Size size) {
  const int from = dx.channels(), to = dy.channels();
  const Scratch turned(static_cast<size_t>(9) * from * to);
  transposeAll(filter, turned, 9, from, to, true);
  convolve(dy, turned, dx, size);
}

void convolveFilter(Parts in, Part dy, float* dw, Size size) {
  const int from = in.channels(), to = dy.channels;
  if (isForDefinition(from, size)) filterGradientByDefinition(in, dy, dw, size);
  else if (isWideForFilter(from, to, size)) filterGradientByWideWinograd(in, dy, dw, size);
  else filterGradientByWinograd(in, dy, dw, size);
}

}  // namespace
}  // namespace selfmri
