/**
 * Transposed 2 × 2 convolutions of stride 2, and both gradients:
 *   y[2p + t, b] = Σ x[p, a] · f[t, b, a],   dx[p, a] = Σ dy[2p + t, b] · f[t, b, a],
 *   df[t, b, a] = Σ x[p, a] · dy[2p + t, b].
 */
#include <limits>

#include "maps.h"

namespace table {
namespace {

struct Shape {
  selfmri::Size size;
  int from, to;
};

struct Data {
  Maps x, dy;
  Floats filter;  // [2, 2, to, from]

  Data(const Shape& shape, std::uint32_t seed)
      : x(shape.size, shape.from), dy({shape.size.n, 2 * shape.size.h, 2 * shape.size.w}, shape.to) {
    Random random(seed);
    x = Maps::random(random, x.size, shape.from);
    dy = Maps::random(random, dy.size, shape.to);
    filter = random.floats(static_cast<std::size_t>(4 * shape.from * shape.to));
  }
};

std::vector<Floats> compute(const selfmri::Kernels& kernels, Data data) {
  const selfmri::Size size = data.x.size;
  Maps y(data.dy.size, data.dy.channels), dx(size, data.x.channels);
  Floats dw(data.filter.size());
  const int from = dx.channels, to = y.channels;
  kernels.transposed(data.x.memory.data(), data.filter.data(), y.memory.data(), size, from, to);
  kernels.transposedInput(data.dy.memory.data(), data.filter.data(), dx.memory.data(), size, from, to);
  kernels.transposedFilter(data.x.memory.data(), data.dy.memory.data(), dw.data(), size, from, to);
  return {y.memory, dx.memory, dw};
}

std::vector<Doubles> define(const Data& data) {
  const auto [n, h, w] = data.x.size;
  const int from = data.x.channels, to = data.dy.channels;
  Doubles y(data.dy.memory.size()), dx(data.x.memory.size()), dw(data.filter.size());
  for (std::int64_t pixel = 0; pixel < data.x.size.pixels(); pixel++)
    for (int tap = 0; tap < 4; tap++) {
      const std::int64_t row = pixel / w, column = pixel % w;
      const std::int64_t other = (2 * row + tap / 2) * 2 * w + 2 * column + tap % 2;
      for (int b = 0; b < to; b++)
        for (int a = 0; a < from; a++) {
          const auto weight = static_cast<std::size_t>((tap * to + b) * from + a);
          const double value = data.x.at(pixel, a), gradient = data.dy.at(other, b), factor = data.filter[weight];
          y[static_cast<std::size_t>(other * to + b)] += value * factor;
          dx[static_cast<std::size_t>(pixel * from + a)] += gradient * factor;
          dw[weight] += value * gradient;
        }
    }
  return {y, dx, dw};
}

std::string described(const Shape& shape) {
  return "transposed " + nameOf(shape.size) + ", " + std::to_string(shape.from) + " → " + std::to_string(shape.to);
}

std::vector<Shape> shapes() {
  return {
      {{2, 5, 7}, 32, 16}, {{1, 3, 3}, 64, 32}, {{1, 14, 30}, 48, 16}, {{1, 1, 1}, 1, 1},   {{2, 1, 3}, 3, 5},
      {{1, 2, 2}, 17, 9},  {{3, 4, 5}, 24, 8},  {{1, 40, 33}, 2, 3},   {{8, 12, 12}, 8, 4}, {{1, 20, 20}, 160, 80},
      {{0, 4, 4}, 2, 2},   {{1, 4, 4}, 0, 2},   {{1, 4, 4}, 2, 0},
  };
}

Case caseOf(const std::string& name, const Data& data) {
  return {name, [&](const auto& set) { return compute(*set.kernels, data); }, [&] { return define(data); }, 5e-6};
}

void checkAdjoint(Table& table, const std::string& name, const Data& data) {
  for (const auto* set : instructionSets())
    expectAdjoint(table, name + ", " + set->name, compute(*set->kernels, data), data.x.memory, data.filter,
                  data.dy.memory);
}

/** NaN and infinity of one value reach the results that depend on the value, and no others. */
void checkPoison(Table& table, const Shape& shape) {
  for (const float poison : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (const char* where : {"x", "dy", "filter"}) {
      Data data(shape, 77);
      Floats& values = where[0] == 'x' ? data.x.memory : where[0] == 'd' ? data.dy.memory : data.filter;
      values[values.size() / 2] = poison;
      table.check(caseOf(described(shape) + ", " + std::to_string(poison) + " in " + where, data));
    }
}

}  // namespace

void checkTransposed(Table& table) {
  std::uint32_t seed = 1;
  for (const Shape& shape : shapes()) {
    const Data data(shape, seed++);
    table.check(caseOf(described(shape), data));
    checkAdjoint(table, described(shape), data);
  }
  const Shape odd{{2, 7, 9}, 11, 19};
  checkPoison(table, odd);
  const Data data(odd, 5);
  checkMemory(table, described(odd), [&](const auto& set) { return compute(*set.kernels, data); });
}

}  // namespace table
