/**
 * Optimizers by their equations in double precision. A test with TensorFlow compares the bits with core's operations
 * (test/unit/engine/tensorflow/updates.test.ts).
 */
#include <cmath>

#include "table.h"

namespace table {
namespace {

using selfmri::Optimizers;
using selfmri::Update;

constexpr float RATE = 0.01F, EPSILON = 1e-3F, FOLLOW_MEAN = 0.1F, FOLLOW_SQUARE = 0.01F, MOMENTUM = 0.9F;

/** The next parameter. Changes the slots to their next values. */
using Definition = double (*)(double p, double g, double* slots);

double followed(double average, double value, float weight) { return average + (value - average) * weight; }

struct Kind {
  const char* name;
  void (*Optimizers::*function)(const Update&);
  int slots;
  Definition define;
};

const Kind KINDS[] = {
    {"SGD", &Optimizers::sgd, 0, [](double p, double g, double*) { return p - g * RATE; }},
    {"momentum", &Optimizers::momentum, 1,
     [](double p, double g, double* v) {
       v[0] = v[0] * MOMENTUM + g;
       return p - v[0] * RATE;
     }},
    {"Nesterov", &Optimizers::nesterov, 1,
     [](double p, double g, double* v) {
       v[0] = v[0] * MOMENTUM + g;
       return p - (v[0] * MOMENTUM + g) * RATE;
     }},
    {"RMSprop", &Optimizers::rmsprop, 1,
     [](double p, double g, double* v) {
       v[0] = followed(v[0], g * g, FOLLOW_SQUARE);
       return p - g * RATE / (std::sqrt(v[0]) + EPSILON);
     }},
    {"RMSprop with momentum", &Optimizers::rmspropMomentum, 2,
     [](double p, double g, double* v) {
       v[0] = followed(v[0], g * g, FOLLOW_SQUARE);
       v[1] = v[1] * MOMENTUM + g / (std::sqrt(v[0]) + EPSILON);
       return p - v[1] * RATE;
     }},
    {"Adam", &Optimizers::adam, 2,
     [](double p, double g, double* v) {
       v[0] = followed(v[0], g, FOLLOW_MEAN);
       v[1] = followed(v[1], g * g, FOLLOW_SQUARE);
       return p - v[0] * RATE / (std::sqrt(v[1]) + EPSILON);
     }},
};

/** Parameters, gradients and two slots. The second slot and the first slot of roots must not be negative. */
std::vector<Floats> dataOf(std::size_t size, std::uint32_t seed) {
  Random random(seed);
  std::vector<Floats> data;
  for (int i = 0; i < 4; i++) data.push_back(random.floats(size));
  for (std::size_t i = 0; i < size; i++)
    for (std::size_t slot : {2, 3}) data[slot][i] = std::abs(data[slot][i]);
  return data;
}

std::vector<Floats> compute(const Kind& kind, const selfmri::InstructionSet& set, const std::vector<Floats>& data) {
  const std::size_t size = data[0].size();
  std::vector<Floats> next(static_cast<std::size_t>(1 + kind.slots), Floats(size));
  Update update{static_cast<std::int64_t>(size),
                data[0].data(),
                data[1].data(),
                {},
                next[0].data(),
                {},
                RATE,
                EPSILON,
                FOLLOW_MEAN,
                FOLLOW_SQUARE,
                MOMENTUM};
  for (std::size_t slot = 0; slot + 1 < next.size(); slot++) {
    update.slots[slot] = data[2 + slot].data();
    update.nextSlots[slot] = next[1 + slot].data();
  }
  (set.optimizers->*kind.function)(update);
  return next;
}

std::vector<Doubles> define(const Kind& kind, const std::vector<Floats>& data) {
  const std::size_t size = data[0].size(), results = static_cast<std::size_t>(1 + kind.slots);
  std::vector<Doubles> next(results, Doubles(size));
  for (std::size_t i = 0; i < size; i++) {
    double slots[2] = {data[2][i], data[3][i]};
    next[0][i] = kind.define(data[0][i], data[1][i], slots);
    for (std::size_t slot = 0; slot + 1 < results; slot++) next[1 + slot][i] = slots[slot];
  }
  return next;
}

}  // namespace

void checkOptimizers(Table& table) {
  std::uint32_t seed = 1;
  for (const Kind& kind : KINDS)
    for (std::size_t size : {1, 17, 1025, 100003}) {
      std::vector<Floats> data = dataOf(size, seed++);
      if (size == 1025) data[1][700] = NAN;
      if (size == 1025) data[1][701] = INFINITY;
      table.check({std::string(kind.name) + ", " + std::to_string(size) + " parameters",
                   [&](const auto& set) { return compute(kind, set, data); }, [&] { return define(kind, data); },
                   1e-6});
    }
}

}  // namespace table
