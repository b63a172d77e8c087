/**
 * The kernels of one instruction set. `kernels.cc` and `optimizers.cc` are compiled once per instruction set. Maps are
 * [n, h, w, c], float32, and lie in memory in this order.
 */
#pragma once
#include <cstdint>

/** Functions of this header are compiled for several instruction sets, so the linker must not merge them. */
#define INLINE __attribute__((always_inline))

namespace selfmri {

struct Size {
  int n, h, w;
  INLINE std::int64_t pixels() const { return static_cast<std::int64_t>(n) * h * w; }
};

/** Some channels of maps. `stride`: floats from one pixel to the next. */
struct Part {
  float* data;
  int channels;
  int stride;
};

/** Maps that are read, or written, as if they were concatenated along their channels. */
struct Parts {
  const Part* parts;
  int count;
  INLINE const Part* begin() const { return parts; }
  INLINE const Part* end() const { return parts + count; }
  INLINE int channels() const {
    int sum = 0;
    for (const Part& part : *this) sum += part.channels;
    return sum;
  }
};

/** k-space [coils, rows, columns, 2], and the middle [height, width] of its image. */
struct Grid {
  int coils, rows, columns, height, width;
};

/** A Fourier series of coil matrices, and the image [rows, columns] on which the series is evaluated. */
struct SeriesSize {
  int coils, support, rows, columns;
};

struct Kernels {
  /** For users: "AVX2", "AVX-512" or "NEON". */
  const char* instructions;

  /** 3 × 3, stride 1, in a border of zeros. Filters [3, 3, from, to]. */
  void (*convolve)(Parts in, const float* filter, Parts out, Size size);
  /** Gradient of `convolve` by its input, from the gradient by its result. */
  void (*convolveInput)(Parts dy, const float* filter, Parts dx, Size size);
  /** Gradient of `convolve` by its filter, [3, 3, from, to]. */
  void (*convolveFilter)(Parts in, Part dy, float* dw, Size size);

  /** Transposed, 2 × 2, stride 2: x [n, h, w, from] to y [n, 2h, 2w, to]. Filters [2, 2, to, from]. */
  void (*transposed)(const float* x, const float* filter, float* y, Size size, int from, int to);
  void (*transposedInput)(const float* dy, const float* filter, float* dx, Size size, int from, int to);
  void (*transposedFilter)(const float* x, const float* dy, float* dw, Size size, int from, int to);

  /** Instance norm and leaky rectifier; `inverse` [n, c] = 1 / √(variance + epsilon). */
  void (*instanceNorm)(const float* x, float* y, float* inverse, Size size, int channels, float slope, float epsilon);
  /** dx may be dy. */
  void (*instanceNormGradient)(const float* dy, const float* y, const float* inverse, float* dx, Size size,
                               int channels, float slope);

  /** Batch norm and rectifier. All statistics are [c]; `variance` is unbiased, `inverse` is not. */
  void (*batchNormRelu)(const float* x, const float* scale, const float* offset, float* y, float* mean, float* variance,
                        float* inverse, Size size, int channels, float epsilon);
  /** dx may be dy. */
  void (*batchNormReluGradient)(const float* dy, const float* x, const float* scale, const float* offset,
                                const float* mean, const float* inverse, float* dx, float* dScale, float* dOffset,
                                Size size, int channels);
  /** The larger of x + bias and 0. y may be x. */
  void (*biasRelu)(const float* x, const float* bias, float* y, Size size, int channels);
  /** dx may be dy. */
  void (*biasReluGradient)(const float* dy, const float* y, float* dx, float* dBias, Size size, int channels);

  // Fourier transforms are centred and orthonormal. `isAlone`: only the calling thread works.

  /** Inverse transform of the listed columns (ascending) along themselves: k-space to along [coils, height, columns,
   * 2]. */
  void (*fourierColumns)(const float* kspace, const int* list, int count, Grid grid, float* along, bool isAlone);
  /**
   * Inverse transform of those columns along rows: `along` to the image [coils, height, width, 2], or to the root of
   * the sum of squares over coils [height, width]. Columns that are not listed are 0.
   */
  void (*fourierRows)(const float* along, const int* list, int count, Grid grid, bool isMagnitude, float* image,
                      bool isAlone);
  /** Magnitude of an image [height, width] under a mask (1 or 0) of its k-space's columns, on the calling thread. */
  void (*maskColumns)(const float* image, const std::uint8_t* mask, int height, int width, float* out);
  /** x [n, h, w, 2] to y, along rows and columns. */
  void (*fourier)(const float* x, float* y, Size size, bool isInverse, bool isAlone);
  /**
   * y = Σ conj(S_c) · F⁻¹ M F (S_c · x) over coils. Maps S [n, h, w, 2], x and y [h, w, 2]. y overlaps neither x nor
   * S. The mask M of centred k-space is [w] if `isOfColumns`, else [h, w].
   */
  void (*normal)(const float* x, const float* maps, const std::uint8_t* mask, bool isOfColumns, Size size, float* y,
                 bool isAlone);

  // Dominant eigenvectors of positive semidefinite Hermitian matrices [n, n], one per pixel. `vectors` [n, pixels, 2]
  // have norm 1 and a phase for which referenceᴴ v ≥ 0. `reference` [n, 2]. `values` [pixels] are the eigenvalues.
  // Pairs are the elements of a lower triangle, row by row.

  /** Of matrices [pair, re or im, pixel]. */
  void (*dominantOfMatrices)(const float* triangles, int n, std::int64_t pixels, const float* reference, float* vectors,
                             float* values, bool isAlone);
  /**
   * Of the sums over Δy, Δx of series [Δy, re or im, pair, Δx] · rowTurns [row, Δy, 2] · columnTurns [Δx, re or im,
   * column].
   */
  void (*dominantOfSeries)(const float* series, SeriesSize size, const float* rowTurns, const float* columnTurns,
                           const float* reference, float* vectors, float* values, bool isAlone);
};

/** One step of an optimizer. Parameters, gradients and slots have `size` elements each. */
struct Update {
  std::int64_t size;
  const float *parameters, *gradients, *slots[2];
  float *nextParameters, *nextSlots[2];
  /** An optimizer reads only the numbers of its equation. */
  float rate, epsilon, followMean, followSquare, momentum;
};

/** One pass over parameters and slots, in the order of core's operations, so with the bits of core's operations. */
struct Optimizers {
  void (*sgd)(const Update&);
  void (*momentum)(const Update&);
  void (*nesterov)(const Update&);
  void (*rmsprop)(const Update&);
  void (*rmspropMomentum)(const Update&);
  void (*adam)(const Update&);
};

/** A name that ends with the instruction set of the unit, such as kernels_avx2. */
#define SELF_MRI_JOIN(a, b) a##b
#define SELF_MRI_JOIN_VALUES(a, b) SELF_MRI_JOIN(a, b)
#define SELF_MRI_OF_SET(name) SELF_MRI_JOIN_VALUES(name, SELF_MRI_SET)

struct InstructionSet {
  /** Value of SELF_MRI_KERNELS that chooses this set. */
  const char* name;
  const Kernels* kernels;
  const Optimizers* optimizers;
};

/** This instruction set, or the best set if the name is empty or `nullptr`. `nullptr`: this processor lacks the set. */
const InstructionSet* instructionSet(const char* name);

/** The chosen instruction set: SELF_MRI_KERNELS, else the best set of this processor. `nullptr` if there is none. */
const InstructionSet* chosen();

/** Changes if the bits of any result change. */
constexpr int VERSION = 1;

}  // namespace selfmri
