/** y = max(0, x + bias), with one bias per channel: the rectifier of a batch norm whose factors are in the filter. */
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

}  // namespace
}  // namespace selfmri
