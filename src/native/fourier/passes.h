/**
 * The discrete Fourier transform of LANES lines beside each other, any length, neither scaled nor centred:
 *   X[k] = Σ x[n] · exp(−2πi · kn / N).
 * Mixed radix, self-sorting (Stockham): Temperton, J. Comput. Phys. 52, 1983. A prime factor p takes p² / 2 products
 * of real numbers per p samples. Lines lie in memory as [sample][re, im][lane].
 */
#pragma once
#include "../scratch.h"
#include "../vector.h"
#include "plan.h"

namespace selfmri {
namespace {

typedef int32_t ints __attribute__((vector_size(4 * LANES)));

struct Complex {
  vec re, im;
};
inline Complex at(const float* x, int64_t i = 0) { return {load(x + 2 * LANES * i), load(x + 2 * LANES * i + LANES)}; }
inline void put(float* x, int64_t i, Complex c) {
  store(x + 2 * LANES * i, c.re);
  store(x + 2 * LANES * i + LANES, c.im);
}
inline Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
inline Complex operator*(Complex a, float b) { return {a.re * b, a.im * b}; }
inline Complex operator*(Complex a, Complex b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
inline Complex conjugate(Complex a) { return {a.re, -a.im}; }
inline Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
inline Complex times(Complex a, const float* w) { return {a.re * w[0] - a.im * w[1], a.re * w[1] + a.im * w[0]}; }
inline Complex timesI(Complex a) { return {-a.im, a.re}; }

/** The samples of one butterfly: where its inputs and outputs are, and the factors of its outputs. */
template <bool TURNS>
struct Butterfly {
  const float* from;
  float* to;
  int64_t apart, apartAfter;
  const float* twiddles;
  Complex in(int k) const { return at(from, k * apart); }
  void out(int k, Complex c) const {
    if constexpr (TURNS) put(to, k * apartAfter, k == 0 ? c : times(c, twiddles + 2 * (k - 1)));
    else put(to, k * apartAfter, c);
  }
};

template <bool TURNS>
inline void radix2(const Butterfly<TURNS>& b) {
  const Complex x = b.in(0), y = b.in(1);
  b.out(0, x + y), b.out(1, x - y);
}

template <bool TURNS>
inline void radix4(const Butterfly<TURNS>& b) {
  const Complex w = b.in(0), x = b.in(1), y = b.in(2), z = b.in(3);
  const Complex even = w + y, evenApart = w - y, odd = x + z, oddApart = timesI(x - z);
  b.out(0, even + odd), b.out(1, evenApart - oddApart), b.out(2, even - odd), b.out(3, evenApart + oddApart);
}

/** An odd prime. Samples k and P − k share cosines and sines, so sums and differences of pairs take half the work. */
template <int P, bool TURNS>
inline void radixOdd(const Butterfly<TURNS>& b, const float* roots) {
  constexpr int HALF = (P - 1) / 2;
  Complex sums[HALF], differences[HALF];
  const Complex first = b.in(0);
  Complex total = first;
  UNROLL for (int k = 0; k < HALF; k++) {
    const Complex x = b.in(k + 1), y = b.in(P - 1 - k);
    sums[k] = x + y, differences[k] = timesI(x - y), total = total + sums[k];
  }
  b.out(0, total);
  UNROLL for (int r = 1; r <= HALF; r++) {
    Complex even = first, odd{};
    UNROLL for (int k = 0; k < HALF; k++) {
      const float* root = roots + 2 * ((k + 1) * r % P);
      even.re += sums[k].re * root[0], even.im += sums[k].im * root[0];
      odd.re += differences[k].re * root[1], odd.im += differences[k].im * root[1];
    }
    b.out(r, even + odd), b.out(P - r, even - odd);
  }
}

/** Results r to r + COUNT − 1 of a prime, and their mirrors, from sums and differences of pairs. */
template <int COUNT, bool TURNS>
inline void resultsOf(const Butterfly<TURNS>& b, int radix, int r, const float* roots, const float* pairs) {
  Complex even[COUNT], odd[COUNT] = {};
  int turn[COUNT];
  const Complex first = b.in(0);
  UNROLL for (int i = 0; i < COUNT; i++) even[i] = first, turn[i] = r + i;
  for (int k = 0; k < (radix - 1) / 2; k++) {
    const Complex sum = at(pairs, 2 * k), difference = at(pairs, 2 * k + 1);
    UNROLL for (int i = 0; i < COUNT; i++) {
      const float* root = roots + 2 * turn[i];
      even[i].re += sum.re * root[0], even[i].im += sum.im * root[0];
      odd[i].re += difference.re * root[1], odd[i].im += difference.im * root[1];
      turn[i] += r + i;
      if (turn[i] >= radix) turn[i] -= radix;
    }
  }
  UNROLL for (int i = 0; i < COUNT; i++) b.out(r + i, even[i] + odd[i]), b.out(radix - r - i, even[i] - odd[i]);
}

template <bool TURNS>
inline void radixPrime(const Butterfly<TURNS>& b, int radix, const float* roots, float* pairs) {
  constexpr int TOGETHER = LANES == 8 ? 2 : 4;  // as many as registers hold
  const int half = (radix - 1) / 2;
  Complex total = b.in(0);
  for (int k = 0; k < half; k++) {
    const Complex x = b.in(k + 1), y = b.in(radix - 1 - k);
    put(pairs, 2 * k, x + y), put(pairs, 2 * k + 1, timesI(x - y));
    total = total + (x + y);
  }
  b.out(0, total);
  int r = 1;
  for (; r + TOGETHER - 1 <= half; r += TOGETHER) resultsOf<TOGETHER>(b, radix, r, roots, pairs);
  for (; r <= half; r++) resultsOf<1>(b, radix, r, roots, pairs);
}

template <bool TURNS>
inline void butterfliesOf(const Pass& pass, int j, const float* from, float* to, float* pairs) {
  const int radix = pass.radix;
  const int64_t stride = pass.stride, apart = stride * (pass.n / radix);
  const float *in = from + 2 * LANES * stride * j,
              *twiddles = TURNS ? pass.twiddles + 2ll * (radix - 1) * (j - 1) : nullptr;
  float* out = to + 2 * LANES * stride * radix * j;
  for (int64_t q = 0; q < stride; q++, in += 2 * LANES, out += 2 * LANES) {
    const Butterfly<TURNS> b{in, out, apart, stride, twiddles};
    if (radix == 4) radix4(b);
    else if (radix == 2) radix2(b);
    else if (radix == 3) radixOdd<3>(b, pass.roots);
    else if (radix == 5) radixOdd<5>(b, pass.roots);
    else if (radix == 7) radixOdd<7>(b, pass.roots);
    else radixPrime(b, radix, pass.roots, pairs);
  }
}

/** Working memory for LANES lines of at most `length` samples. */
struct Lines {
  explicit Lines(const Plan& plan)
      : memory(4ll * LANES * plan.length + PAD + plan.pairs * LANES), x(memory),
        other(x + 2ll * LANES * plan.length + PAD), pairs(other + 2ll * LANES * plan.length) {}
  /** Keeps reads of one array and writes of the other from sharing the last bits of their addresses. */
  static constexpr int PAD = 208;
  const Scratch memory;
  float *x, *other, *const pairs;

  /** Transforms x. */
  void transform(const Plan& plan) {
    for (int i = 0; i < plan.count; i++) {
      const Pass& pass = plan.passes[i];
      butterfliesOf<false>(pass, 0, x, other, pairs);
      for (int j = 1; j < pass.n / pass.radix; j++) butterfliesOf<true>(pass, j, x, other, pairs);
      float* const before = x;
      x = other;
      other = before;
    }
  }
};

}  // namespace
}  // namespace selfmri
