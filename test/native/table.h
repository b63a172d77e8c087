/**
 * A table of cases. Each case compares kernels with their definition in double precision, for each instruction set that
 * this processor has, and demands the same bits with 1, 2 and 3 threads. Each failed case prints one line.
 */
#pragma once
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "kernels.h"

namespace table {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

/** What a case gives, one array per result. */
struct Case {
  std::string name;
  /** By the kernels. Called for each instruction set and number of threads. */
  std::function<std::vector<Floats>(const selfmri::InstructionSet&)> compute;
  /** By the definition. Where it is NaN, the kernels must give NaN. Where it is infinite, NaN or infinity. */
  std::function<std::vector<Doubles>()> define;
  /** Largest error of a result, divided by the largest value of the definition. */
  double tolerance;
  /** Whether a value of a result need not be finite, although the definition is. */
  std::function<bool(std::size_t result, std::size_t value)> mayBeInfinite = [](auto, auto) { return false; };
  /** Errors are divided by at least this value. For results that are 0 by the definition, but not after rounding. */
  double least = 1e-30;
};

class Table {
public:
  /** The cases that follow have a hash of their own. */
  void begin(const char* group);
  /** Compares the kernels with the definition, and the bits of several numbers of threads. */
  void check(const Case& which);
  /** Counts one case that a caller has computed. `message` says what was expected and what came. */
  void expect(bool holds, const std::string& message);
  /** Prints the last line. Returns the exit code. */
  int report() const;

private:
  int cases = 0, failed = 0;
};

/** The instruction sets of this processor. */
std::vector<const selfmri::InstructionSet*> instructionSets();

/** Seeded random numbers, the same on all machines. */
class Random {
public:
  explicit Random(std::uint32_t seed) : generator(seed) {}
  /** Uniform from −1 to 1. */
  float next() { return static_cast<float>(static_cast<double>(generator()) / 2147483648.0 - 1); }
  Floats floats(std::size_t count) {
    Floats values(count);
    for (float& value : values) value = next();
    return values;
  }

private:
  std::mt19937 generator;
};

using Compute = std::function<std::vector<Floats>(const selfmri::InstructionSet&)>;

/** Limits the working memory to more and more bytes. Each call must throw bad_alloc or give the same results. */
void checkMemory(Table& table, const std::string& name, const Compute& compute);

// One function per idea, each in a file of its own.
void checkCoils(Table& table);
void checkConvolutions(Table& table);
void checkTransposed(Table& table);
void checkFourier(Table& table);
void checkNormal(Table& table);
void checkNorms(Table& table);
void checkOptimizers(Table& table);

}  // namespace table
