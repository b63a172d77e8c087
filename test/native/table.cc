/**
 * Runs the whole table, without TensorFlow, and exits with 1 if a case fails. `--best`: only the best instruction set
 * of this processor. `--bits`: prints a hash of each instruction set's results in each group, and compares nothing.
 */
#include "table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <new>
#include <utility>

#include "scratch.h"
#include "threads.h"

namespace selfmri {
extern const Kernels kernels_four;
extern const Optimizers optimizers_four;
}  // namespace selfmri

namespace table {
namespace {

constexpr int MOST_THREADS = 3;
bool onlyBest = false;
bool onlyBits = false;
std::string currentGroup;
/** FNV-1a of the results, by instruction set and group. */
std::map<std::pair<std::string, std::string>, std::uint64_t> hashes;

void hash(std::uint64_t& sum, const std::vector<Floats>& results) {
  for (const Floats& result : results)
    for (float value : result) {
      // The bits of NaN may differ between compilers.
      const float settled = std::isnan(value) ? 0 : value;
      unsigned char bytes[sizeof settled];
      std::memcpy(bytes, &settled, sizeof settled);
      for (unsigned char byte : bytes) sum = (sum ^ byte) * 0x100000001b3;
    }
}

/** Empty, or how a result differs from the definition. */
std::string difference(const Case& which, std::size_t result, const Floats& got, const Doubles& wanted) {
  if (got.size() != wanted.size()) return "another number of values";
  double largest = which.least;
  for (double value : wanted)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  const auto isGood = [&](std::size_t i) {
    if (std::isnan(wanted[i])) return std::isnan(got[i]);
    if (std::isinf(wanted[i])) return !std::isfinite(got[i]);
    if (!std::isfinite(got[i])) return which.mayBeInfinite(result, i);
    return std::abs(got[i] - wanted[i]) <= which.tolerance * largest;
  };
  for (std::size_t i = 0; i < got.size(); i++) {
    if (isGood(i)) continue;
    char text[160];
    std::snprintf(text, sizeof text, "value %zu of %zu: expected %.9g, got %.9g, error %.2g of the largest value", i,
                  got.size(), wanted[i], static_cast<double>(got[i]), std::abs(got[i] - wanted[i]) / largest);
    return text;
  }
  return "";
}

bool sameBits(const std::vector<Floats>& a, const std::vector<Floats>& b) {
  const auto same = [](float x, float y) { return std::memcmp(&x, &y, sizeof x) == 0; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const Floats& x, const Floats& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same);
  });
}

}  // namespace

std::vector<const selfmri::InstructionSet*> instructionSets() {
  std::vector<const selfmri::InstructionSet*> found;
  if (onlyBest) return {selfmri::instructionSet(nullptr)};
  for (const char* name : {"avx512", "avx2", "neon"})
    if (const auto* set = selfmri::instructionSet(name)) found.push_back(set);
#if defined(__x86_64__)
  // Four lanes, as NEON has, so that their code is also checked where no ARM is.
  static const selfmri::InstructionSet four{"four lanes", &selfmri::kernels_four, &selfmri::optimizers_four};
  found.push_back(&four);
#endif
  return found;
}

void Table::begin(const char* group) { currentGroup = group; }

void Table::expect(bool holds, const std::string& message) {
  cases++;
  if (holds) return;
  failed++;
  std::printf("✗ %s\n", message.c_str());
}

void Table::check(const Case& which) {
  if (onlyBits) {
    for (const auto* set : instructionSets()) hash(hashes[{set->name, currentGroup}], which.compute(*set));
    return;
  }
  const std::vector<Doubles> wanted = which.define();
  for (const auto* set : instructionSets()) {
    const std::string name = which.name + ", " + set->name;
    std::vector<Floats> first;
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
      selfmri::setThreadCount(threads);
      const std::vector<Floats> got = which.compute(*set);
      if (threads == 1) first = got;
      else expect(sameBits(first, got), name + ": " + std::to_string(threads) + " threads give other bits than one");
    }
    expect(first.size() == wanted.size(), name + ": another number of results");
    for (std::size_t i = 0; i < std::min(first.size(), wanted.size()); i++) {
      const std::string found = difference(which, i, first[i], wanted[i]);
      expect(found.empty(), name + ", result " + std::to_string(i) + ", " + found);
    }
  }
}

int Table::report() const {
  for (const auto& [of, sum] : hashes)
    std::printf("%s: %s: %016llx\n", of.first.c_str(), of.second.c_str(), static_cast<unsigned long long>(sum));
  if (onlyBits) return 0;
  std::printf("%d cases, %d failed\n", cases, failed);
  return failed || !cases ? 1 : 0;
}

namespace {

void checkMemoryOf(Table& table, const std::string& name, const std::function<bool()>& work) {
  int failures = 0, successes = 0;
  bool isRight = true;
  for (int threads = 1; threads <= MOST_THREADS; threads++) {
    selfmri::setThreadCount(threads);
    for (std::size_t bytes = 1; bytes <= std::size_t{1} << 30; bytes *= 2) {
      selfmri::limitScratch(bytes);
      try {
        isRight = work() && isRight;
        successes++;
      } catch (const std::bad_alloc&) {
        failures++;
      }
    }
  }
  selfmri::limitScratch(0);
  table.expect(failures > 0 && successes > 0, name + ": no call failed, or no call succeeded");
  table.expect(isRight && work(), name + ": another result after a call without memory");
}

}  // namespace

const std::vector<std::pair<const char*, void (*)(Table&)>> GROUPS = {
    {"coils", checkCoils},           {"convolutions", checkConvolutions},
    {"transposed", checkTransposed}, {"fourier", checkFourier},
    {"normal", checkNormal},         {"norms", checkNorms},
    {"optimizers", checkOptimizers},
};

void checkMemory(Table& table, const std::string& name, const Compute& compute) {
  for (const auto* set : instructionSets()) {
    const std::vector<Floats> expected = compute(*set);
    checkMemoryOf(table, name + ", " + set->name, [&] { return compute(*set) == expected; });
  }
}

}  // namespace table

int main(int count, char** arguments) {
  const std::string option = count > 1 ? arguments[1] : "";
  table::onlyBest = option == "--best";
  table::onlyBits = option == "--bits";
  table::Table table;
  for (const auto& [group, check] : table::GROUPS) {
    table.begin(group);
    check(table);
  }
  return table.report();
}
