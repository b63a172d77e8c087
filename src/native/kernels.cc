/** The kernels of one instruction set. SELF_MRI_SET names the set, and compiler flags choose its instructions. */
#include "kernels.h"

#include "convolution/convolution.h"
#include "convolution/transposed.h"
#include "fourier/fourier.h"
#include "norm/batch-norm.h"
#include "norm/bias-relu.h"
#include "norm/instance-norm.h"

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)

namespace selfmri {
namespace {

constexpr const char* INSTRUCTIONS = LANES == 16 ? "AVX-512" : LANES == 8 ? "AVX2" : "NEON";

}  // namespace

extern const Kernels NAMED(kernels_, SELF_MRI_SET);
const Kernels NAMED(kernels_,
                    SELF_MRI_SET) = {INSTRUCTIONS,         convolve,        convolveInput,         convolveFilter,
                                     transposed,           transposedInput, transposedFilter,      instanceNorm,
                                     instanceNormGradient, batchNormRelu,   batchNormReluGradient, biasRelu,
                                     fourierColumns,       fourierRows,     maskColumns,           fourier};

}  // namespace selfmri
