/**
 * Instance norm (Ulyanov et al. 2016, arXiv:1607.08022) without scale and offset, and a leaky rectifier:
 *   z = (x − mean) / √(variance + ε),  y = z where z > 0, else slope · z,
 * with the mean and the biased variance of each channel of each sample. The gradient is
 *   dx = (g − mean(g) − z · mean(g · z)) / √(variance + ε),  g = dy where z > 0, else slope · dy.
 * z follows from y, and g · z = dy · y, because the slopes cancel. So the gradient needs y, and x can be freed.
 */
#pragma once
#include "channels.h"

namespace selfmri {
namespace {

void instanceNorm(const float* x, float* y, float* inverse, Size size, int channels, float slope, float epsilon) {
  const Layout layout(size.n, (int64_t)size.h * size.w, channels);
  enum { MEAN, INVERSE };
  Tables<2> tables(layout);
  takeMoments(layout, x, [&](int group, int channel, double mean, double squares) {
    const float root = (float)(1 / __builtin_sqrt(squares / (double)layout.pixels + epsilon));
    inverse[group * channels + channel] = root;
    tables.set(group, MEAN, channel, (float)mean);
    tables.set(group, INVERSE, channel, root);
  });
  layout.eachChunk([&](int i) {
    const Chunk chunk = layout.chunk(i);
    const float *const mean = tables.of(chunk.group, MEAN), *const root = tables.of(chunk.group, INVERSE);
    eachVector(chunk, layout.row, [&](auto access, int64_t at, int place) {
      const vec z = (access.load(x + at) - load(mean + place)) * load(root + place);
      access.store(y + at, z > 0 ? z : z * slope);
    });
  });
}

void instanceNormGradient(const float* dy, const float* y, const float* inverse, float* dx, Size size, int channels,
                          float slope) {
  const Layout layout(size.n, (int64_t)size.h * size.w, channels);
  enum { MEAN_G, MEAN_GZ, INVERSE };
  Tables<3> tables(layout);
  const auto terms = [&](auto access, int, int64_t at, int, vec(&term)[2]) {
    const vec gradient = access.load(dy + at), result = access.load(y + at);
    term[0] = result > 0 ? gradient : gradient * slope;
    term[1] = gradient * result;
  };
  sumChannels(layout, terms, [&](int group, int channel, double g, double gz) {
    tables.set(group, MEAN_G, channel, (float)(g / (double)layout.pixels));
    tables.set(group, MEAN_GZ, channel, (float)(gz / (double)layout.pixels));
    tables.set(group, INVERSE, channel, inverse[group * channels + channel]);
  });
  const float steep = 1 / slope;
  layout.eachChunk([&](int i) {
    const Chunk chunk = layout.chunk(i);
    const float *const meanG = tables.of(chunk.group, MEAN_G), *const meanGz = tables.of(chunk.group, MEAN_GZ);
    const float* const root = tables.of(chunk.group, INVERSE);
    eachVector(chunk, layout.row, [&](auto access, int64_t at, int place) {
      const vec gradient = access.load(dy + at), result = access.load(y + at);
      const vec g = result > 0 ? gradient : gradient * slope, z = result > 0 ? result : result * steep;
      access.store(dx + at, (g - load(meanG + place) - z * load(meanGz + place)) * load(root + place));
    });
  });
}

}  // namespace
}  // namespace selfmri
