/** Chooses the instruction set when the library is loaded. */
#include <cstdlib>
#include <cstring>

#include "kernels.h"

namespace selfmri {

#if defined(__x86_64__)
extern const Kernels kernels_avx2, kernels_avx512;
extern const Optimizers optimizers_avx2, optimizers_avx512;
#else
extern const Kernels kernels_neon;
extern const Optimizers optimizers_neon;
#endif

namespace {

bool hasAvx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#else
  return false;
#endif
}

bool hasAvx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

}  // namespace

const InstructionSet* instructionSet(const char* name) {
#if defined(__x86_64__)
  static const InstructionSet sets[] = {{"avx512", &kernels_avx512, &optimizers_avx512},
                                        {"avx2", &kernels_avx2, &optimizers_avx2}};
  const bool has[] = {hasAvx512(), hasAvx2()};
#else
  static const InstructionSet sets[] = {{"neon", &kernels_neon, &optimizers_neon}};
  const bool has[] = {true};
#endif
  for (const InstructionSet& set : sets) {
    const bool isWanted = !name || !*name || std::strcmp(name, set.name) == 0;
    if (has[&set - sets] && isWanted) return &set;
  }
  return nullptr;
}

const InstructionSet* chosen() {
  static const InstructionSet* const found = instructionSet(std::getenv("SELF_MRI_KERNELS"));
  return found;
}

}  // namespace selfmri
