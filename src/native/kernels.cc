/** The kernels of one instruction set. SELF_MRI_SET names the set, and compiler flags choose its instructions. */
#include "kernels.h"

#include "coils/dominant.h"
#include "convolution/convolution.h"
#include "convolution/transposed.h"
#include "fourier/fourier.h"
#include "fourier/normal.h"
#include "norm/batch-norm.h"
#include "norm/bias-relu.h"
#include "norm/instance-norm.h"

namespace selfmri {
namespace {

constexpr const char* INSTRUCTIONS = LANES == 16 ? "AVX-512" : LANES == 8 ? "AVX2" : "NEON";

}  // namespace

extern const Kernels SELF_MRI_OF_SET(kernels_);
const Kernels SELF_MRI_OF_SET(kernels_) = {
    INSTRUCTIONS,          convolve,         convolveInput,    convolveFilter,       transposed,
    transposedInput,       transposedFilter, instanceNorm,     instanceNormGradient, batchNormRelu,
    batchNormReluGradient, biasRelu,         biasReluGradient, fourierColumns,       fourierRows,
    maskColumns,           fourier,          normal,           dominantOfMatrices,   dominantOfSeries,
};

}  // namespace selfmri
