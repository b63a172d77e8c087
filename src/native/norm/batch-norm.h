/**
 * Batch norm (Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1) and a rectifier:
 *   z = (x − mean) / √(variance + ε),  y = max(0, scale · z + offset),
 * with the mean and the biased variance of each channel of the whole batch. With g = dy where y > 0, else 0:
 *   d offset = Σ g,  d scale = Σ g · z,  dx = scale · (g − mean(g) − z · mean(g · z)) / √(variance + ε).
 * The gradient computes the sign of y again, so it needs x and the statistics.
 */
#pragma once
#include "channels.h"

namespace selfmri {
namespace {

/** scale · z + offset, by factor = scale / √(variance + ε). Forward and gradient must round equally, for equal signs.
 */
inline vec affine(vec x, vec mean, vec factor, vec offset) { return (x - mean) * factor + offset; }

/** `variance` is unbiased, and 0 for a single pixel. `inverse` = 1 / √(biased variance + ε). */
void batchNormRelu(const float* x, const float* scale, const float* offset, float* y, float* mean, float* variance,
                   float* inverse, Size size, int channels, float epsilon) {
  const Layout layout(1, size.pixels(), channels);
  enum { MEAN, FACTOR, OFFSET };
  Tables<3> tables(layout);
  takeMoments(layout, x, [&](int, int channel, double center, double squares) {
    mean[channel] = (float)center;
    variance[channel] = (float)(squares / (double)max<int64_t>(1, layout.pixels - 1));
    inverse[channel] = (float)(1 / __builtin_sqrt(squares / (double)layout.pixels + epsilon));
    tables.set(0, MEAN, channel, mean[channel]);
    tables.set(0, FACTOR, channel, inverse[channel] * scale[channel]);
    tables.set(0, OFFSET, channel, offset[channel]);
  });
  const float *const center = tables.of(0, MEAN), *const factor = tables.of(0, FACTOR),
                     *const add = tables.of(0, OFFSET);
  layout.eachChunk([&](int i) {
    eachVector(layout.chunk(i), layout.row, [&](auto access, int64_t at, int place) {
      const vec value = affine(access.load(x + at), load(center + place), load(factor + place), load(add + place));
      access.store(y + at, value <= 0 ? vec{} : value);
    });
  });
}

/** dx may be dy. */
void batchNormReluGradient(const float* dy, const float* x, const float* scale, const float* offset, const float* mean,
                           const float* inverse, float* dx, float* dScale, float* dOffset, Size size, int channels) {
  const Layout layout(1, size.pixels(), channels);
  enum { MEAN, FACTOR, OFFSET, INVERSE, MEAN_G, MEAN_GZ };
  Tables<6> tables(layout);
  for (int channel = 0; channel < channels; channel++) {
    tables.set(0, MEAN, channel, mean[channel]);
    tables.set(0, FACTOR, channel, inverse[channel] * scale[channel]);
    tables.set(0, OFFSET, channel, offset[channel]);
    tables.set(0, INVERSE, channel, inverse[channel]);
  }
  const float *const center = tables.of(0, MEAN), *const factor = tables.of(0, FACTOR),
                     *const add = tables.of(0, OFFSET);
  const float* const root = tables.of(0, INVERSE);
  // A product with 0, not 0, so that a gradient that is not a number stays visible, as in TensorFlow.
  const auto rectified = [&](auto access, int64_t at, vec value, int place) {
    const vec gradient = access.load(dy + at);
    return affine(value, load(center + place), load(factor + place), load(add + place)) > 0 ? gradient
                                                                                            : gradient * 0.0f;
  };
  const auto terms = [&](auto access, int, int64_t at, int place, vec(&term)[2]) {
    const vec value = access.load(x + at), g = rectified(access, at, value, place);
    term[0] = g;
    term[1] = g * ((value - load(center + place)) * load(root + place));
  };
  sumChannels(layout, terms, [&](int, int channel, double g, double gz) {
    dOffset[channel] = (float)g;
    dScale[channel] = (float)gz;
    tables.set(0, MEAN_G, channel, (float)(g / (double)layout.pixels));
    tables.set(0, MEAN_GZ, channel, (float)(gz / (double)layout.pixels));
  });
  const float *const meanG = tables.of(0, MEAN_G), *const meanGz = tables.of(0, MEAN_GZ);
  layout.eachChunk([&](int i) {
    eachVector(layout.chunk(i), layout.row, [&](auto access, int64_t at, int place) {
      const vec value = access.load(x + at), g = rectified(access, at, value, place);
      const vec z = (value - load(center + place)) * load(root + place);
      access.store(dx + at, (g - load(meanG + place) - z * load(meanGz + place)) * load(factor + place));
    });
  });
}

}  // namespace
}  // namespace selfmri
