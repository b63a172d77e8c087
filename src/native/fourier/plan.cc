#include "plan.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace selfmri {
namespace {

struct Kept {
  Plan plan;
  std::vector<std::vector<float>> tables;
};

/** Large factors are first, because this was measured faster by 3 to 10 %. */
std::vector<int> factorsOf(int length) {
  std::vector<int> factors;
  int rest = length;
  while (rest % 4 == 0) factors.push_back(4), rest /= 4;
  for (int prime = 2; rest > 1; prime++) {
    if (prime > rest / prime) prime = rest;
    while (rest % prime == 0) factors.push_back(prime), rest /= prime;
  }
  std::reverse(factors.begin(), factors.end());
  return factors;
}

void addRoot(std::vector<float>& table, std::int64_t numerator, int denominator) {
  const double angle = -2 * 3.14159265358979323846 * static_cast<double>(numerator % denominator) / denominator;
  table.push_back(static_cast<float>(std::cos(angle)));
  table.push_back(static_cast<float>(std::sin(angle)));
}

std::unique_ptr<Kept> make(int length) {
  auto kept = std::make_unique<Kept>();
  Plan& plan = kept->plan;
  plan = {length, static_cast<float>(1 / std::sqrt(static_cast<double>(length))), 0, 0, {}};
  int n = length, stride = 1;
  for (int radix : factorsOf(length)) {
    std::vector<float> twiddles, roots;
    for (int j = 1; j < n / radix; j++)
      for (int k = 1; k < radix; k++) addRoot(twiddles, static_cast<std::int64_t>(j) * k, n);
    for (int j = 0; j < radix; j++) addRoot(roots, j, radix);
    kept->tables.push_back(std::move(twiddles));
    kept->tables.push_back(std::move(roots));
    plan.passes[plan.count++] = {radix, n, stride, (kept->tables.end() - 2)->data(), kept->tables.back().data()};
    plan.pairs = std::max(plan.pairs, 4 * (radix / 2));
    n /= radix;
    stride *= radix;
  }
  return kept;
}

}  // namespace

const Plan& planOf(int length) {
  static auto* const mutex = new std::mutex;
  static auto* const plans = new std::map<int, std::unique_ptr<Kept>>;
  std::lock_guard<std::mutex> lock(*mutex);
  std::unique_ptr<Kept>& kept = (*plans)[length];
  if (!kept) kept = make(length);
  return kept->plan;
}

}  // namespace selfmri
