/** The kernels of one instruction set. SELF_MRI_SET names the set, and compiler flags choose its instructions. */
#include "kernels.h"

#include "convolution/convolution.h"
#include "convolution/transposed.h"
#include "norm/batch-norm.h"
#include "norm/instance-norm.h"

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)

namespace selfmri {
namespace {

constexpr const char* INSTRUCTIONS = LANES == 16 ? "AVX-512" : LANES == 8 ? "AVX2" : "NEON";

void transposed(Part x, const float* filter, Part y, Size size) {
  up(x.data, filter, y.data, size, x.channels, y.channels);
}
void transposedInput(Part dy, const float* filter, Part dx, Size size) {
  upInput(dy.data, filter, dx.data, size, dx.channels, dy.channels);
}
void transposedFilter(Part x, Part dy, float* dw, Size size) {
  upFilter(x.data, dy.data, dw, size, x.channels, dy.channels);
}

}  // namespace

extern const Kernels NAMED(kernels_, SELF_MRI_SET);
const Kernels NAMED(kernels_, SELF_MRI_SET) = {
    INSTRUCTIONS,     convolve,     convolveInput,        convolveFilter, transposed,           transposedInput,
    transposedFilter, instanceNorm, instanceNormGradient, batchNormRelu,  batchNormReluGradient};

}  // namespace selfmri
