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

const InstructionSet* instructionSet(const char* name) {
  const auto isWanted = [&](const InstructionSet& set) { return !name || !*name || std::strcmp(name, set.name) == 0; };
#if defined(__x86_64__)
  static const InstructionSet avx512{"avx512", &kernels_avx512, &optimizers_avx512};
  static const InstructionSet avx2{"avx2", &kernels_avx2, &optimizers_avx2};
  const bool hasAvx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  const bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (hasAvx512 && isWanted(avx512)) return &avx512;
  if (hasAvx2 && isWanted(avx2)) return &avx2;
#else
  static const InstructionSet neon{"neon", &kernels_neon, &optimizers_neon};
  if (isWanted(neon)) return &neon;
#endif
  return nullptr;
}

const InstructionSet* chosen() {
  static const InstructionSet* const found = instructionSet(std::getenv("SELF_MRI_KERNELS"));
  return found;
}

}  // namespace selfmri
