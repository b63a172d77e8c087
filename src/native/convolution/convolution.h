/** Chooses how a 3 × 3 convolution and its gradients are computed. Thresholds are measured. */
#pragma once
#include "definition.h"
#include "transpose.h"
#include "winograd-wide.h"

namespace selfmri {
namespace {

/** Whether the transformed filter is what does not fit into the second cache. */
bool isWide(int from, int to, Size size, int64_t mostTiles) {
  return static_cast<int64_t>(from) * to >= 1 << 17 || (min(from, to) > 128 && tilesOf(size).count() <= mostTiles);
}

bool isForDefinition(int from, int to, Size size) { return from <= 4 || to <= 4 || size.pixels() <= 64; }

void convolve(Parts in, const float* filter, Parts out, Size size) {
  const int from = in.channels(), to = out.channels();
  if (isForDefinition(from, to, size)) convolveByDefinition(in, filter, out, size);
  else if (isWide(from, to, size, 150)) convolveByWideWinograd(in, filter, out, size);
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
  if (isForDefinition(from, to, size)) filterGradientByDefinition(in, dy, dw, size);
  else if (isWide(from, to, size, 600)) filterGradientByWideWinograd(in, dy, dw, size);
  else filterGradientByWinograd(in, dy, dw, size);
}

}  // namespace
}  // namespace selfmri
