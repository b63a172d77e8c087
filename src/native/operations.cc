#include "operations.h"

namespace selfmri {
namespace {

const Kernels& kernels() { return *chosen()->kernels; }
const Optimizers& optimizers() { return *chosen()->optimizers; }

bool isSame(Size a, Size b) { return a.n == b.n && a.h == b.h && a.w == b.w; }

/** The inputs from `first` on, `count` maps of one size. */
std::vector<Part> maps(Call& call, int first, int count, Size& size) {
  std::vector<Part> parts;
  for (int i = first; i < first + count; i++) {
    const Tensor x = call.input(i);
    const Size each = x.maps();
    expect(parts.empty() || isSame(each, size), "Expected maps of one size");
    size = each;
    parts.push_back(x.part());
  }
  return parts;
}

Parts listed(const std::vector<Part>& parts) { return {parts.data(), static_cast<int>(parts.size())}; }

void expectFilter(const Tensor& filter, int64_t from, int64_t to) {
  expect(filter.shape == std::vector<int64_t>({3, 3, from, to}), "Expected a filter [3, 3, from, to] of these maps");
}

void convolve(Call& call) {
  const int count = call.inputs() - 1;
  Size size{};
  const std::vector<Part> in = maps(call, 0, count, size);
  const Tensor filter = call.input(count);
  expect(filter.shape.size() == 4, "Expected a filter [3, 3, from, to]");
  const int to = filter.channels();
  expectFilter(filter, listed(in).channels(), to);
  const Part y = call.output(0, {size.n, size.h, size.w, to}).part();
  kernels().convolve(listed(in), filter.data, {&y, 1}, size);
}

void convolveInput(Call& call) {
  const Tensor dy = call.input(0), filter = call.input(1);
  const Size size = dy.maps();
  const std::vector<int64_t>& channels = call.attributes.channels;
  int64_t from = 0;
  for (int64_t each : channels) from += each > 0 ? each : INT32_MAX;
  expect(static_cast<int>(channels.size()) == call.outputs(), "Expected the channels of each map");
  expectFilter(filter, from, dy.channels());
  std::vector<Part> dx;
  for (int64_t each : channels)
    dx.push_back(call.output(static_cast<int>(dx.size()), {size.n, size.h, size.w, each}).part());
  const Part gradient = dy.part();
  kernels().convolveInput({&gradient, 1}, filter.data, listed(dx), size);
}

void convolveFilter(Call& call) {
  const int count = call.inputs() - 1;
  Size size{};
  const std::vector<Part> in = maps(call, 0, count, size);
  const Tensor dy = call.input(count);
  expect(isSame(dy.maps(), size), "Expected a gradient of the maps' size");
  const Tensor dw = call.output(0, {3, 3, listed(in).channels(), dy.channels()});
  kernels().convolveFilter(listed(in), dy.part(), dw.data, size);
}

const char* const TRANSPOSED = "Expected x [n, h, w, from], y [n, 2h, 2w, to], and a filter [2, 2, to, from]";

void expectTransposed(const Tensor& filter, int64_t to, int64_t from) {
  expect(filter.shape == std::vector<int64_t>({2, 2, to, from}), TRANSPOSED);
}

void transposed(Call& call) {
  const Tensor x = call.input(0), filter = call.input(1);
  const Size size = x.maps();
  expect(filter.shape.size() == 4, TRANSPOSED);
  expectTransposed(filter, filter.shape[2], x.channels());
  const Tensor y = call.output(0, {size.n, 2 * size.h, 2 * size.w, filter.shape[2]});
  kernels().transposed(x.data, filter.data, y.data, size, x.channels(), y.channels());
}

Size halved(const Tensor& dy) {
  const Size size = dy.maps();
  expect(size.h % 2 == 0 && size.w % 2 == 0, TRANSPOSED);
  return {size.n, size.h / 2, size.w / 2};
}

void transposedInput(Call& call) {
  const Tensor dy = call.input(0), filter = call.input(1);
  const Size size = halved(dy);
  expect(filter.shape.size() == 4, TRANSPOSED);
  expectTransposed(filter, dy.channels(), filter.channels());
  const Tensor dx = call.output(0, {size.n, size.h, size.w, filter.channels()});
  kernels().transposedInput(dy.data, filter.data, dx.data, size, dx.channels(), dy.channels());
}

void transposedFilter(Call& call) {
  const Tensor x = call.input(0), dy = call.input(1);
  const Size size = halved(dy);
  expect(isSame(x.maps(), size), TRANSPOSED);
  const Tensor dw = call.output(0, {2, 2, dy.channels(), x.channels()});
  kernels().transposedFilter(x.data, dy.data, dw.data, size, x.channels(), dy.channels());
}

/** The size of maps that have pixels and channels, as statistics need them. */
Size mapsWithPixels(const Tensor& x) {
  const Size size = x.maps();
  expect(x.size() > 0, "Expected maps with pixels and channels");
  return size;
}

void instanceNorm(Call& call) {
  const Tensor x = call.input(0);
  const Size size = mapsWithPixels(x);
  const Tensor y = call.output(0, x.shape), inverse = call.output(1, {size.n, x.channels()});
  const Attributes& attributes = call.attributes;
  kernels().instanceNorm(x.data, y.data, inverse.data, size, x.channels(), attributes.slope, attributes.epsilon);
}

void instanceNormGradient(Call& call) {
  const Tensor y = call.input(1), inverse = call.input(2);
  const Size size = mapsWithPixels(y);
  const Tensor dx = call.outputOf(0, 0), dy = call.input(0);
  expect(dy.shape == y.shape && inverse.size() == size.n * y.channels(), "Expected dy as y, and one inverse per map");
  kernels().instanceNormGradient(dy.data, y.data, inverse.data, dx.data, size, y.channels(), call.attributes.slope);
}

void batchNormRelu(Call& call) {
  const Tensor x = call.input(0), scale = call.input(1), offset = call.input(2);
  const Size size = mapsWithPixels(x);
  const int channels = x.channels();
  expect(scale.size() == channels && offset.size() == channels, "Expected one scale and one offset per channel");
  const Tensor y = call.output(0, x.shape), mean = call.output(1, {channels}), variance = call.output(2, {channels});
  const Tensor inverse = call.output(3, {channels});
  kernels().batchNormRelu(x.data, scale.data, offset.data, y.data, mean.data, variance.data, inverse.data, size,
                          channels, call.attributes.epsilon);
}

void batchNormReluGradient(Call& call) {
  const Tensor x = call.input(1), scale = call.input(2), offset = call.input(3);
  const Size size = mapsWithPixels(x);
  const Tensor mean = call.input(4), inverse = call.input(5);
  const int channels = x.channels();
  for (const Tensor& each : {scale, offset, mean, inverse})
    expect(each.size() == channels, "Expected scale, offset, mean and inverse of one value per channel");
  const Tensor dx = call.outputOf(0, 0), dy = call.input(0);
  expect(dy.shape == x.shape, "Expected dy as x");
  const Tensor dScale = call.output(1, {channels}), dOffset = call.output(2, {channels});
  kernels().batchNormReluGradient(dy.data, x.data, scale.data, offset.data, mean.data, inverse.data, dx.data,
                                  dScale.data, dOffset.data, size, channels);
}

void biasRelu(Call& call) {
  const Tensor bias = call.input(1);
  const Tensor y = call.outputOf(0, 0), x = call.input(0);
  const Size size = mapsWithPixels(x);
  expect(bias.size() == x.channels(), "Expected one bias per channel");
  kernels().biasRelu(x.data, bias.data, y.data, size, x.channels());
}

void biasReluGradient(Call& call) {
  const Tensor y = call.input(1);
  const Size size = mapsWithPixels(y);
  const Tensor dx = call.outputOf(0, 0), dy = call.input(0), dBias = call.output(1, {y.channels()});
  expect(dy.shape == y.shape, "Expected dy as y");
  kernels().biasReluGradient(dy.data, y.data, dx.data, dBias.data, size, y.channels());
}

/** Inputs: parameters, gradients, slots, rate, and epsilon unless epsilon is an attribute. */
template <void (*Optimizers::*FUNCTION)(const Update&), int SLOTS>
void update(Call& call) {
  const Attributes& attributes = call.attributes;
  const Tensor parameters = call.input(0), gradients = call.input(1), rate = call.input(2 + SLOTS);
  const bool isEpsilonGiven = call.inputs() > 3 + SLOTS;
  const Tensor epsilon = isEpsilonGiven ? call.input(3 + SLOTS) : rate;
  expect(gradients.size() == parameters.size(), "Expected parameters and gradients of one length");
  expect(rate.size() == 1 && epsilon.size() == 1, "Expected a rate and an epsilon of one number");
  Update step{parameters.size(),
              parameters.data,
              gradients.data,
              {},
              call.output(0, parameters.shape).data,
              {},
              *rate.data,
              isEpsilonGiven ? *epsilon.data : attributes.epsilon,
              attributes.followMean,
              attributes.followSquare,
              attributes.momentum};
  for (int i = 0; i < SLOTS; i++) {
    const Tensor slot = call.input(2 + i);
    expect(slot.size() == parameters.size(), "Expected slots as long as the parameters");
    step.slots[i] = slot.data;
    step.nextSlots[i] = call.output(1 + i, parameters.shape).data;
  }
  (optimizers().*FUNCTION)(step);
}

template <bool INVERSE>
void fourier(Call& call) {
  const Tensor x = call.input(0);
  const Size size = x.maps();
  expect(x.channels() == 2, "Expected complex images [n, h, w, 2]");
  const Tensor y = call.output(0, x.shape);
  if (x.size() > 0) kernels().fourier(x.data, y.data, size, INVERSE, false);
}

/** Images [n, h, w, 2], maps [n, coils, h, w, 2], and masks [n, h or 1, w or 1, 1]. */
void normal(Call& call) {
  const Tensor x = call.input(0), maps = call.input(1), mask = call.input(2);
  const Size size = x.maps(), samples = mask.maps();
  const int64_t pixels = (int64_t)size.h * size.w;
  const auto isOneOr = [](int side, int whole) { return side == 1 || side == whole; };
  expect(x.channels() == 2, "Expected complex images [n, h, w, 2]");
  expect(maps.shape.size() == 5 && maps.shape[1] > 0 && maps.shape[1] <= INT32_MAX &&
             maps.shape == std::vector<int64_t>({size.n, maps.shape[1], size.h, size.w, 2}),
         "Expected coil maps [n, coils, h, w, 2] of the images' size");
  expect(mask.channels() == 1 && samples.n == size.n && isOneOr(samples.h, size.h) && isOneOr(samples.w, size.w),
         "Expected masks [n, h or 1, w or 1, 1] of the images' size");
  const Tensor y = call.output(0, x.shape);
  if (x.size() == 0) return;
  const int coils = (int)maps.shape[1];
  const bool isOfColumns = samples.h == 1;
  std::vector<uint8_t> measured(static_cast<size_t>(isOfColumns ? size.w : pixels));
  for (int n = 0; n < size.n; n++) {
    const float* const own = mask.data + (int64_t)n * samples.h * samples.w;
    for (size_t i = 0; i < measured.size(); i++) {
      const int64_t row = (int64_t)i / size.w % samples.h, column = (int64_t)i % size.w % samples.w;
      measured[i] = own[row * samples.w + column] != 0;
    }
    kernels().normal(x.data + 2 * n * pixels, maps.data + 2 * n * coils * pixels, measured.data(), isOfColumns,
                     {coils, size.h, size.w}, y.data + 2 * n * pixels, false);
  }
}

}  // namespace

const std::vector<Operation>& operations() {
  static const auto* const all = new std::vector<Operation>{
      {"SelfMriConvolve", {"x: N * float", "filter: float"}, {"y: float"}, {"N: int >= 1"}, false, convolve},
      {"SelfMriConvolveInput",
       {"dy: float", "filter: float"},
       {"dx: N * float"},
       {"N: int >= 1", "channels: list(int)"},
       false,
       convolveInput},
      {"SelfMriConvolveFilter", {"x: N * float", "dy: float"}, {"dw: float"}, {"N: int >= 1"}, false, convolveFilter},
      {"SelfMriTransposed", {"x: float", "filter: float"}, {"y: float"}, {}, false, transposed},
      {"SelfMriTransposedInput", {"dy: float", "filter: float"}, {"dx: float"}, {}, false, transposedInput},
      {"SelfMriTransposedFilter", {"x: float", "dy: float"}, {"dw: float"}, {}, false, transposedFilter},
      {"SelfMriInstanceNorm",
       {"x: float"},
       {"y: float", "inverse: float"},
       {"slope: float", "epsilon: float"},
       true,
       instanceNorm},
      {"SelfMriInstanceNormGradient",
       {"dy: float", "y: float", "inverse: float"},
       {"dx: float"},
       {"slope: float"},
       true,
       instanceNormGradient},
      {"SelfMriBatchNormRelu",
       {"x: float", "scale: float", "offset: float"},
       {"y: float", "mean: float", "variance: float", "inverse: float"},
       {"epsilon: float"},
       true,
       batchNormRelu},
      {"SelfMriBatchNormReluGradient",
       {"dy: float", "x: float", "scale: float", "offset: float", "mean: float", "inverse: float"},
       {"dx: float", "d_scale: float", "d_offset: float"},
       {},
       true,
       batchNormReluGradient},
      {"SelfMriBiasRelu", {"x: float", "bias: float"}, {"y: float"}, {}, true, biasRelu},
      {"SelfMriBiasReluGradient",
       {"dy: float", "y: float"},
       {"dx: float", "d_bias: float"},
       {},
       true,
       biasReluGradient},
      {"SelfMriSgd", {"p: float", "g: float", "rate: float"}, {"next_p: float"}, {}, true, update<&Optimizers::sgd, 0>},
      {"SelfMriMomentum",
       {"p: float", "g: float", "velocity: float", "rate: float"},
       {"next_p: float", "next_velocity: float"},
       {"momentum: float"},
       true,
       update<&Optimizers::momentum, 1>},
      {"SelfMriNesterov",
       {"p: float", "g: float", "velocity: float", "rate: float"},
       {"next_p: float", "next_velocity: float"},
       {"momentum: float"},
       true,
       update<&Optimizers::nesterov, 1>},
      {"SelfMriRmsprop",
       {"p: float", "g: float", "square: float", "rate: float"},
       {"next_p: float", "next_square: float"},
       {"follow_square: float", "epsilon: float"},
       true,
       update<&Optimizers::rmsprop, 1>},
      {"SelfMriRmspropMomentum",
       {"p: float", "g: float", "square: float", "velocity: float", "rate: float"},
       {"next_p: float", "next_square: float", "next_velocity: float"},
       {"follow_square: float", "epsilon: float", "momentum: float"},
       true,
       update<&Optimizers::rmspropMomentum, 2>},
      {"SelfMriAdam",
       {"p: float", "g: float", "mean: float", "square: float", "rate: float", "epsilon: float"},
       {"next_p: float", "next_mean: float", "next_square: float"},
       {"follow_mean: float", "follow_square: float"},
       true,
       update<&Optimizers::adam, 2>},
      {"SelfMriFourier", {"x: float"}, {"y: float"}, {}, true, fourier<false>},
      {"SelfMriInverseFourier", {"x: float"}, {"y: float"}, {}, true, fourier<true>},
      {"SelfMriNormal", {"x: float", "maps: float", "mask: float"}, {"y: float"}, {}, true, normal},
  };
  return *all;
}

}  // namespace selfmri
