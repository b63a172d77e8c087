/**
 * Instance norm with a leaky rectifier, and batch norm with a rectifier, by their definition:
 *   z = (x − mean) / √(variance + ε),  y = rectified(scale · z + offset),
 *   dx = scale · (g − mean(g) − z · mean(g · z)) / √(variance + ε),  g = dy · rectified′.
 * Statistics are over each channel of one sample (instance norm) or of the whole batch (batch norm).
 */
#include "maps.h"

namespace table {
namespace {

constexpr float EPSILON = 1e-5F, SLOPE = 0.2F;

struct Shape {
  selfmri::Size size;
  int channels;
  double tolerance = 5e-6;
  /** Added to all values. A large mean must not cost the digits of the variance. */
  float mean = 0;
};

struct Data {
  Maps x, dy;
  Floats scale, offset;

  Data(const Shape& shape, std::uint32_t seed) : x(shape.size, shape.channels), dy(shape.size, shape.channels) {
    Random random(seed);
    x = Maps::random(random, shape.size, shape.channels);
    for (float& value : x.memory) value += shape.mean;
    dy = Maps::random(random, shape.size, shape.channels);
    scale = random.floats(static_cast<std::size_t>(shape.channels));
    offset = random.floats(static_cast<std::size_t>(shape.channels));
  }
};

struct Result {
  Doubles y, dx, mean, variance, inverse, dScale, dOffset;
};

/** Normalises channel c of the pixels from `first` to `end`. */
void normalise(const Data& data, std::int64_t first, std::int64_t end, int c, double slope, double scale, double offset,
               Result& result) {
  const auto pixels = static_cast<double>(end - first);
  double mean = 0, variance = 0, sumG = 0, sumGz = 0;
  for (std::int64_t i = first; i < end; i++) mean += data.x.at(i, c) / pixels;
  for (std::int64_t i = first; i < end; i++) variance += std::pow(data.x.at(i, c) - mean, 2) / pixels;
  const double inverse = 1 / std::sqrt(variance + static_cast<double>(EPSILON));
  const auto normalised = [&](std::int64_t i) { return (data.x.at(i, c) - mean) * inverse; };
  const auto gradient = [&](std::int64_t i) {
    return data.dy.at(i, c) * (scale * normalised(i) + offset > 0 ? 1 : slope);
  };
  for (std::int64_t i = first; i < end; i++) {
    sumG += gradient(i);
    sumGz += gradient(i) * normalised(i);
  }
  for (std::int64_t i = first; i < end; i++) {
    const double z = normalised(i), value = scale * z + offset;
    const auto at = static_cast<std::size_t>(i * data.x.channels + c);
    result.y[at] = value > 0 ? value : value * slope;
    result.dx[at] = scale * inverse * (gradient(i) - sumG / pixels - z * sumGz / pixels);
  }
  result.mean.push_back(mean);
  result.variance.push_back(variance * pixels / std::max(1.0, pixels - 1));
  result.inverse.push_back(inverse);
  result.dScale.push_back(sumGz);
  result.dOffset.push_back(sumG);
}

Result resultFor(const Data& data) {
  return {Doubles(data.x.memory.size()), Doubles(data.x.memory.size()), {}, {}, {}, {}, {}};
}

std::vector<Doubles> defineInstance(const Data& data) {
  Result result = resultFor(data);
  const std::int64_t pixels = static_cast<std::int64_t>(data.x.size.h) * data.x.size.w;
  for (int n = 0; n < data.x.size.n; n++)
    for (int c = 0; c < data.x.channels; c++)
      normalise(data, n * pixels, (n + 1) * pixels, c, static_cast<double>(SLOPE), 1, 0, result);
  return {result.y, result.inverse, result.dx};
}

std::vector<Floats> computeInstance(const selfmri::Kernels& kernels, Data data) {
  const auto [x, dy, scale, offset] = data;
  Floats y(x.memory.size()), inverse(static_cast<std::size_t>(x.size.n * x.channels)), dx = dy.memory;
  kernels.instanceNorm(x.memory.data(), y.data(), inverse.data(), x.size, x.channels, SLOPE, EPSILON);
  // dx takes the memory of dy.
  kernels.instanceNormGradient(dx.data(), y.data(), inverse.data(), dx.data(), x.size, x.channels, SLOPE);
  return {y, inverse, dx};
}

std::vector<Doubles> defineBatch(const Data& data) {
  Result result = resultFor(data);
  for (int c = 0; c < data.x.channels; c++) {
    const auto at = static_cast<std::size_t>(c);
    normalise(data, 0, data.x.size.pixels(), c, 0, data.scale[at], data.offset[at], result);
  }
  return {result.y, result.mean, result.variance, result.inverse, result.dx, result.dScale, result.dOffset};
}

std::vector<Floats> computeBatch(const selfmri::Kernels& kernels, Data data) {
  const auto [x, dy, scale, offset] = data;
  const auto channels = static_cast<std::size_t>(x.channels);
  Floats y(x.memory.size()), mean(channels), variance(channels), inverse(channels);
  Floats dx = dy.memory, dScale(channels), dOffset(channels);
  kernels.batchNormRelu(x.memory.data(), scale.data(), offset.data(), y.data(), mean.data(), variance.data(),
                        inverse.data(), x.size, x.channels, EPSILON);
  kernels.batchNormReluGradient(dx.data(), x.memory.data(), scale.data(), offset.data(), mean.data(), inverse.data(),
                                dx.data(), dScale.data(), dOffset.data(), x.size, x.channels);
  return {y, mean, variance, inverse, dx, dScale, dOffset};
}

/** Max of x + offset and 0, in the memory of x. */
std::vector<Floats> computeBias(const selfmri::Kernels& kernels, Data data) {
  Maps& x = data.x;
  kernels.biasRelu(x.memory.data(), data.offset.data(), x.memory.data(), x.size, x.channels);
  return {x.memory};
}

std::vector<Doubles> defineBias(const Data& data) {
  Doubles y(data.x.memory.size());
  for (std::int64_t i = 0; i < data.x.size.pixels(); i++)
    for (int c = 0; c < data.x.channels; c++) {
      const double value = static_cast<double>(data.x.at(i, c)) + data.offset[static_cast<std::size_t>(c)];
      y[static_cast<std::size_t>(i * data.x.channels + c)] = value <= 0 ? 0 : value;
    }
  return {y};
}

/** The sign of x takes the place of y's. A product with 0 keeps NaN. dx takes the memory of dy. */
std::vector<Floats> computeBiasGradient(const selfmri::Kernels& kernels, Data data) {
  Floats dBias(static_cast<std::size_t>(data.x.channels));
  float* const dx = data.dy.memory.data();
  kernels.biasReluGradient(dx, data.x.memory.data(), dx, dBias.data(), data.x.size, data.x.channels);
  return {data.dy.memory, dBias};
}

std::vector<Doubles> defineBiasGradient(const Data& data) {
  Doubles dx(data.x.memory.size()), dBias(static_cast<std::size_t>(data.x.channels));
  for (std::int64_t i = 0; i < data.x.size.pixels(); i++)
    for (int c = 0; c < data.x.channels; c++) {
      const double value = static_cast<double>(data.dy.at(i, c)) * (data.x.at(i, c) > 0 ? 1 : 0);
      dx[static_cast<std::size_t>(i * data.x.channels + c)] = value;
      dBias[static_cast<std::size_t>(c)] += value;
    }
  return {dx, dBias};
}

std::vector<Shape> shapes() {
  return {
      {{1, 1, 1}, 1},      {{1, 1, 1}, 16},
      {{2, 9, 7}, 1},      {{3, 9, 7}, 3},
      {{1, 5, 11}, 17},    {{2, 13, 40}, 8},
      {{1, 96, 80}, 2},    {{2, 40, 33}, 32},
      {{1, 130, 127}, 48}, {{2, 30, 31}, 33},
      {{8, 4, 4}, 1040},   {{1, 2, 1}, 130, 5e-5},
      {{1, 70, 41}, 16},   {{1, 60, 50}, 24, 1e-5, 100},
  };
}

void checkShape(Table& table, const std::string& name, const Data& data, double tolerance) {
  Case instance{"instance norm " + name, [&](const auto& set) { return computeInstance(*set.kernels, data); },
                [&] { return defineInstance(data); }, tolerance};
  instance.least = 1;  // of one pixel the gradient is 0
  table.check(instance);
  table.check({"bias and rectifier " + name, [&](const auto& set) { return computeBias(*set.kernels, data); },
               [&] { return defineBias(data); }, tolerance});
  table.check({"gradient of bias and rectifier " + name,
               [&](const auto& set) { return computeBiasGradient(*set.kernels, data); },
               [&] { return defineBiasGradient(data); }, tolerance});
  table.check({"batch norm " + name, [&](const auto& set) { return computeBatch(*set.kernels, data); },
               [&] { return defineBatch(data); }, tolerance});
}

/** A constant map has no variance, so its norm is 0 but for the rounding of its mean. */
void checkConstant(Table& table, float value) {
  Data data({{1, 200, 180}, 3}, 1);
  for (float& each : data.x.memory) each = value;
  for (const auto* set : instructionSets()) {
    const std::vector<Floats> results = computeInstance(*set->kernels, data);
    float largest = 0;
    for (float y : results[0]) largest = std::max(largest, std::abs(y));
    const float rounding = std::abs(value) * 0x1p-24F / std::sqrt(EPSILON);
    table.expect(largest <= rounding, "instance norm of a constant map, " + std::string(set->name));
  }
}

/** Squares beyond float32 give NaN, because a finite result would be wrong. */
void checkOverflow(Table& table) {
  Data data({{1, 20, 18}, 3}, 1);
  for (float& each : data.x.memory) each *= 1e30F;
  for (const auto* set : instructionSets()) {
    const std::vector<Floats> results = computeInstance(*set->kernels, data);
    const bool areNan = std::all_of(results[0].begin(), results[0].end(), [](float y) { return std::isnan(y); });
    table.expect(areNan, "instance norm of squares beyond float32, " + std::string(set->name));
  }
}

}  // namespace

void checkNorms(Table& table) {
  for (const float value : {0.1F, 100.1F, -1000.1F}) checkConstant(table, value);
  checkOverflow(table);
  std::uint32_t seed = 1;
  for (const Shape& shape : shapes()) {
    const std::string name = nameOf(shape.size) + ", " + std::to_string(shape.channels);
    checkShape(table, name, Data(shape, seed++), shape.tolerance);
  }
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    const Shape shape{{2, 30, 21}, 33};
    Data inMap(shape, 100), inGradient(shape, 101);
    inMap.x.at(40, 3) = value;
    inGradient.dy.at(700, 32) = value;
    checkShape(table, "with " + std::to_string(value) + " in x", inMap, 5e-6);
    checkShape(table, "with " + std::to_string(value) + " in dy", inGradient, 5e-6);
  }
  const Data data({{1, 60, 50}, 32}, 1);
  checkMemory(table, "batch norm", [&](const auto& set) { return computeBatch(*set.kernels, data); });
}

}  // namespace table
