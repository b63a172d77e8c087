/**
 * 3 × 3 convolutions of concatenated maps, and both gradients:
 *   y[p, b] = Σ x[p + t, a] · f[t, a, b],
 *   dx[p, a] = Σ dy[p − t, b] · f[t, a, b],
 *   df[t, a, b] = Σ x[p + t, a] · dy[p, b].
 */
#include <algorithm>
#include <limits>

#include "maps.h"

namespace table {
namespace {

struct Shape {
  selfmri::Size size;
  std::vector<int> from;
  int to;
  /** Floats between the channels of two pixels. */
  int gap;
};

struct Data {
  std::vector<Maps> x;
  Maps dy;
  Floats filter;  // [3, 3, from, to]
  int from;

  Data(const Shape& shape, std::uint32_t seed) : dy(shape.size, shape.to, shape.gap), from(0) {
    Random random(seed);
    for (int channels : shape.from) {
      x.push_back(Maps::random(random, shape.size, channels, shape.gap));
      from += channels;
    }
    dy = Maps::random(random, shape.size, shape.to, shape.gap);
    filter = random.floats(static_cast<std::size_t>(9 * from * shape.to));
  }
  int to() const { return dy.channels; }
  std::size_t weight(int i, int j, int a, int b) const {
    return static_cast<std::size_t>(((i * 3 + j) * from + a) * to() + b);
  }
};

std::vector<Floats> compute(const selfmri::Kernels& kernels, Data data) {
  const selfmri::Size size = data.dy.size;
  std::vector<Maps> y{Maps(size, data.to(), data.dy.stride - data.to())}, dx;
  for (const Maps& x : data.x) dx.emplace_back(size, x.channels, x.stride - x.channels);
  Floats dw(data.filter.size());
  const auto in = partsOf(data.x), out = partsOf(y), gradients = partsOf(dx);
  const selfmri::Part dy = data.dy.part();
  kernels.convolve(listed(in), data.filter.data(), listed(out), size);
  kernels.convolveInput({&dy, 1}, data.filter.data(), listed(gradients), size);
  kernels.convolveFilter(listed(in), dy, dw.data(), size);
  return {contentsOf(y), contentsOf(dx), dw};
}

std::vector<Doubles> define(const Data& data) {
  const Maps x = concatenated(data.x);
  const auto [n, h, w] = x.size;
  const int from = data.from, to = data.to();
  Doubles y(static_cast<std::size_t>(x.size.pixels() * to)), dx(x.memory.size()), dw(data.filter.size());
  std::size_t pixel = 0;
  for (int sample = 0; sample < n; sample++)
    for (int row = 0; row < h; row++)
      for (int column = 0; column < w; column++, pixel++)
        for (int tap = 0; tap < 9; tap++) {
          const int i = tap / 3 - 1, j = tap % 3 - 1;
          const bool isInside = row + i >= 0 && row + i < h && column + j >= 0 && column + j < w;
          if (!isInside) continue;
          const std::size_t other = pixel + static_cast<std::size_t>(i * w) + static_cast<std::size_t>(j);
          for (int a = 0; a < from; a++) {
            const double value = x.at(static_cast<std::int64_t>(other), a);
            const float* weights = &data.filter[data.weight(i + 1, j + 1, a, 0)];
            const float* gradients = &data.dy.memory[pixel * static_cast<std::size_t>(data.dy.stride)];
            double* sums = &dw[data.weight(i + 1, j + 1, a, 0)];
            double* results = &y[pixel * static_cast<std::size_t>(to)];
            double gradient = 0;
            for (int b = 0; b < to; b++) {
              results[b] += value * weights[b];
              sums[b] += value * gradients[b];
              gradient += static_cast<double>(gradients[b]) * weights[b];
            }
            dx[other * static_cast<std::size_t>(from) + static_cast<std::size_t>(a)] += gradient;
          }
        }
  return {y, dx, dw};
}

std::string described(const Shape& shape) {
  std::string text = "convolution " + nameOf(shape.size) + ", ";
  for (std::size_t i = 0; i < shape.from.size(); i++) text += (i ? " + " : "") + std::to_string(shape.from[i]);
  return text + " → " + std::to_string(shape.to) + (shape.gap ? ", with gaps" : "");
}

/** Winograd's F(4 × 4, 3 × 3) loses about three bits. Sums of more channels lose more. */
constexpr double TOLERANCE = 2e-5;

void checkAdjoint(Table& table, const Shape& shape, std::uint32_t seed) {
  const Data data(shape, seed);
  for (const auto* set : instructionSets()) {
    const std::string name = described(shape) + ", " + set->name;
    const Floats x = concatenated(data.x).memory, dy = contentsOf({data.dy});
    expectAdjoint(table, name, compute(*set->kernels, data), x, data.filter, dy);
  }
}

std::vector<Shape> shapes() {
  return {
      // Multiples of all vectors.
      {{2, 12, 9}, {16, 16}, 16, 0},
      {{1, 17, 10}, {32}, 48, 0},
      {{1, 9, 30}, {64, 32}, 32, 0},
      // Few channels.
      {{3, 8, 8}, {1}, 16, 0},
      {{1, 33, 20}, {1}, 3, 0},
      {{2, 21, 30}, {3}, 20, 0},
      {{1, 30, 23}, {2, 1}, 32, 0},
      {{1, 18, 19}, {40}, 1, 0},
      // Maps that are smaller than a tile, or end in a tile.
      {{1, 1, 1}, {1}, 1, 0},
      {{4, 1, 1}, {7}, 9, 0},
      {{1, 2, 2}, {64}, 32, 0},
      {{2, 3, 5}, {24}, 40, 0},
      {{8, 4, 4}, {32}, 64, 0},
      {{1, 1, 70}, {8}, 8, 0},
      {{1, 70, 1}, {9}, 5, 0},
      {{1, 5, 66}, {6}, 6, 0},
      // Channels that are multiples of no vector, concatenated.
      {{1, 13, 11}, {17, 5}, 8, 0},
      {{2, 9, 14}, {5, 17, 3}, 24, 0},
      {{1, 16, 16}, {8}, 24, 0},
      {{1, 15, 18}, {24, 24}, 24, 0},
      {{1, 12, 12}, {33}, 31, 0},
      {{2, 11, 11}, {12, 20}, 10, 3},
      {{1, 10, 10}, {16, 8}, 16, 5},
      {{1, 3, 3}, {6, 7}, 11, 2},
      // Many tiles, so Winograd's algorithm takes some at a time. Of one pixel the definition is short.
      {{2, 41, 43}, {10}, 16, 0},
      {{1, 44, 41}, {17, 5}, 24, 0},
      // The parts of the gradient by the input fill more vectors than the channels together.
      {{1, 44, 44}, {12, 12}, 12, 0},
      {{1, 44, 44}, {8, 8}, 32, 0},
      {{1, 44, 44}, {18, 18}, 18, 0},
      {{2, 29, 33}, {12, 20}, 10, 3},
      {{1, 41, 45}, {3}, 1, 0},
      {{210, 1, 1}, {40, 33}, 100, 0},
      {{205, 1, 2}, {64}, 48, 0},
      // Many channels.
      {{3, 7, 6}, {256, 112}, 361, 0},
      {{125, 1, 1}, {256, 112}, 361, 0},
      {{1, 12, 12}, {130}, 136, 0},
      // Few channels, and lines whose windows overlap.
      {{1, 130, 90}, {1}, 8, 0},
      {{2, 20, 40}, {2}, 17, 1},
      {{3, 6, 35}, {1, 1}, 4, 0},
      // Nothing.
      {{0, 8, 8}, {8}, 8, 0},
      {{1, 0, 8}, {8}, 8, 0},
      {{1, 4, 40}, {0}, 3, 0},
      {{1, 12, 12}, {5}, 0, 0},
  };
}

/** Whether a result may not be finite: another pixel of its tile of 4 × 4 is not. */
struct Spread {
  selfmri::Size size;
  int channels;
  const Doubles& wanted;

  bool has(std::size_t value) const {
    const int c = static_cast<int>(value) % channels, pixel = static_cast<int>(value) / channels;
    const int w = pixel % size.w, h = pixel / size.w % size.h, sample = pixel / size.w / size.h;
    for (int row = h / 4 * 4; row < std::min(size.h, h / 4 * 4 + 4); row++)
      for (int column = w / 4 * 4; column < std::min(size.w, w / 4 * 4 + 4); column++)
        if (!std::isfinite(
                wanted[static_cast<std::size_t>(((sample * size.h + row) * size.w + column) * channels + c)]))
          return true;
    return false;
  }
};

/**
 * NaN and infinity of one value of x, dy or the filter. All results that depend on the value by the definition are not
 * finite. Beyond these, NaN spreads to the other pixels of a tile of 4 × 4 by Winograd's algorithm, to all nine weights
 * of two channels, and from a weight to the border of the maps, because the border's zeros are multiplied.
 */
void checkPoison(Table& table, const Shape& shape, bool byDefinition) {
  const auto to = static_cast<std::size_t>(shape.to), b = to / 2;
  for (const float poison : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (const char* where : {"x", "dy", "filter"}) {
      Data data(shape, 77);
      const auto from = static_cast<std::size_t>(data.from), a = from - 1;
      const std::int64_t middle = shape.size.pixels() / 2;
      if (where[0] == 'x') data.x.back().at(middle, shape.from.back() - 1) = poison;
      else if (where[0] == 'd') data.dy.at(middle, shape.to / 2) = poison;
      else data.filter[data.weight(1, 2, data.from - 1, shape.to / 2)] = poison;
      const std::vector<Doubles> wanted = define(data);
      const auto spreads = [&](std::size_t result, std::size_t value) {
        if (result == 2) return where[0] == 'x' ? value / to % from == a : where[0] == 'd' && value % to == b;
        if (where[0] == 'f') return result == 0 ? value % to == b : value % from == a;
        return !byDefinition && Spread{shape.size, result == 0 ? shape.to : data.from, wanted[result]}.has(value);
      };
      const std::string name = described(shape) + ", " + std::to_string(poison) + " in " + where;
      table.check({name, [&](const auto& set) { return compute(*set.kernels, data); }, [&] { return wanted; },
                   TOLERANCE, spreads});
    }
}

/** Memory that runs out in each algorithm, on each thread. */
void checkMemoryOf(Table& table, const Shape& shape) {
  const Data data(shape, 5);
  checkMemory(table, described(shape), [&](const auto& set) { return compute(*set.kernels, data); });
}

}  // namespace

void checkConvolutions(Table& table) {
  std::uint32_t seed = 1;
  for (const Shape& shape : shapes()) {
    const Data data(shape, seed++);
    table.check({described(shape), [&](const auto& set) { return compute(*set.kernels, data); },
                 [&] { return define(data); }, TOLERANCE});
    checkAdjoint(table, shape, seed);
  }
  const Shape few{{2, 9, 34}, {1}, 2, 0}, small{{1, 5, 6}, {9, 4}, 17, 0};
  const Shape wide{{1, 14, 18}, {11, 5}, 20, 0}, many{{2, 41, 42}, {8}, 9, 0};
  for (const Shape& shape : {few, small}) checkPoison(table, shape, true);
  for (const Shape& shape : {wide, many}) checkPoison(table, shape, false);
  for (const Shape& shape : {few, small, wide, many}) checkMemoryOf(table, shape);
}

}  // namespace table
