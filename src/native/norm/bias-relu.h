/**
 * y = max(0, x + bias), with one bias per channel: a layer without norm, or with a batch norm whose factors are in the
 * filter. The gradient: dx = dy where y > 0, else 0, and d bias = Σ dx.
 */
#pragma once
#include "channels.h"

namespace selfmri {
namespace {

/** y may be x. */
void biasRelu(const float* x, const float* bias, float* y, Size size, int channels) {
  const Layout layout(1, size.pixels(), channels);
  Tables<1> tables(layout);
  for (int channel = 0; channel < channels; channel++) tables.set(0, 0, channel, bias[channel]);
  const float* const add = tables.of(0, 0);
  layout.eachChunk([&](int i) {
    eachVector(layout.chunk(i), layout.row, [&](auto access, int64_t at, int place) {
      const vec value = access.load(x + at) + load(add + place);
      access.store(y + at, value <= 0 ? vec{} : value);
    });
  });
}

/** dx may be dy. */
void biasReluGradient(const float* dy, const float* y, float* dx, float* dBias, Size size, int channels) {
  const Layout layout(1, size.pixels(), channels);
  const auto terms = [&](auto access, int, int64_t at, int, vec(&term)[2]) {
    const vec gradient = access.load(dy + at);
    // A product with 0, not 0, so that a gradient that is not a number stays visible, as in TensorFlow.
    const vec g = access.load(y + at) > 0 ? gradient : gradient * 0.0f;
    access.store(dx + at, g);
    term[0] = g, term[1] = vec{};
  };
  sumChannels(layout, terms, [&](int, int channel, double sum, double) { dBias[channel] = (float)sum; });
}

}  // namespace
}  // namespace selfmri
