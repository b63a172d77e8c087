/** Chooses how a 3 × 3 convolution and its gradients are computed. Thresholds are measured. */
#pragma once
#include "definition.h"
#include "winograd-wide.h"

namespace selfmri {
namespace {

/** Whether the transformed filter is what does not fit into the second cache. */
bool isWide(int from, int to, Size size, int64_t mostTiles) {
  return (int64_t)from * to >= 1 << 17 || (min(from, to) > 128 && tilesOf(size).count() <= mostTiles);
}

bool isWhole(Parts parts) {
  for (const Part& part : parts)
    if (part.channels % LANES || part.channels > 4096) return false;
  return true;
}

void convolveTurned(Parts in, const float* filter, Parts out, Size size, bool turned) {
  const int from = in.channels(), to = out.channels();
  if (!isWhole(in) || !isWhole(out)) direct(in.parts[0].data, filter, out.parts[0].data, size, from, to, turned);
  else if (isWide(from, to, size, 150)) winogradWide(in, out, filter, size, turned);
  else winograd(in, out, filter, size, turned);
}

void convolve(Parts in, const float* filter, Parts out, Size size) { convolveTurned(in, filter, out, size, false); }

void convolveInput(Parts dy, const float* filter, Parts dx, Size size) { convolveTurned(dy, filter, dx, size, true); }

void convolveFilter(Parts in, Part dy, float* dw, Size size) {
  const int from = in.channels(), to = dy.channels;
  if (!isWhole(in)) directFilterGradient(in.parts[0].data, dy.data, dw, size, from, to);
  else if (isWide(from, to, size, 600)) winogradFilterGradientWide(in, dy.data, dw, size, to);
  else winogradFilterGradient(in, dy.data, dw, size, to);
}

}  // namespace
}  // namespace selfmri
