/** How lines of one length are transformed: one pass over the line for each factor of the length. */
#pragma once

namespace selfmri {

/** Turns interleaved transforms of n samples into transforms of n / radix samples. */
struct Pass {
  int radix, n;
  /** Transforms that are interleaved. */
  int stride;
  /** exp(−2πi · jk / n) as (re, im), for j = 1 … n / radix − 1 and k = 1 … radix − 1. */
  const float* twiddles;
  /** exp(−2πi · j / radix) as (re, im). */
  const float* roots;
};

struct Plan {
  int length;
  /** 1 / √length. */
  float scale;
  /** Vectors of working memory for the pairs of the largest radix. */
  int pairs;
  int count;
  Pass passes[32];
};

/** The plan of a length, which is kept until the process ends. Any thread may call this. Throws std::bad_alloc. */
const Plan& planOf(int length);

}  // namespace selfmri
