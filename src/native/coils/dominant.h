/**
 * The dominant eigenvector of many small positive semidefinite Hermitian matrices, LANES matrices beside each other.
 * 1. The matrix is divided by its trace, so its largest eigenvalue is from 1/n to 1.
 * 2. Householder reflections I − u uᴴ / h make the matrix tridiagonal: T with diagonal d and lower off-diagonal e.
 * 3. Laguerre's iteration for det(μI − T) falls from above to the largest eigenvalue, with cubic convergence.
 * 4. (μI − T) z = γ e_k, with the k of the smallest γ, gives the eigenvector (twisted factorization).
 * 5. The reflections turn z back.
 * No step needs a gap between eigenvalues to converge. Sources: Golub & Van Loan, Matrix Computations, 8.3; Parlett,
 * The Symmetric Eigenvalue Problem, 1980; Parlett & Dhillon, Linear Algebra Appl. 267, 1997.
 */
#pragma once
#include "../fourier/passes.h"
#include "../kernels.h"
#include "../threads.h"

namespace selfmri {
namespace {

inline Complex scaled(Complex a, vec b) { return {a.re * b, a.im * b}; }
inline vec squareOf(Complex a) { return a.re * a.re + a.im * a.im; }
/** a / |a|, and 1 for 0. */
inline Complex phaseOf(Complex a, vec length) {
  const vec inverse = 1 / length;
  return {length > 0 ? a.re * inverse : 1.0F + vec{}, length > 0 ? a.im * inverse : vec{}};
}

/** Rounding errors of a matrix of trace 1. */
constexpr float LEAST_PIVOT = 2e-7F;
/** A column with smaller squares below its diagonal is 0 but for rounding errors. */
constexpr float LEAST_SQUARE = 1e-16F;

/** The working memory of LANES matrices [n, n]. */
class Dominant {
public:
  explicit Dominant(int n)
      : n(n), pairs(n * (n + 1) / 2), memory((2ll * pairs + 12ll * n) * LANES), lower(memory),
        u(lower + 2ll * LANES * pairs), p(u + 2ll * LANES * n), e(p + 2ll * LANES * n), z(e + 2ll * LANES * n),
        d(z + 2ll * LANES * n), inverses(d + (int64_t)LANES * n), above(inverses + (int64_t)LANES * n),
        below(above + (int64_t)LANES * n) {}

  /** Elements of the lower triangle, row by row. The caller fills them before each `solve`. */
  void setElement(int pair, Complex value) { put(lower, pair, value); }

  /** The eigenvector is `component(0)`, …, neither normalised nor turned. Returns the eigenvalue. */
  vec solve() {
    const vec trace = normalise();
    for (int k = 0; k + 2 < n; k++) reflect(k);
    for (int i = 0; i < n; i++) {
      store(d + (int64_t)i * LANES, element(i, i).re);
      if (i + 2 == n) put(e, i, element(i + 1, i));
    }
    const vec mu = largest();
    const vec eigenvalue = twisted(mu) * trace;
    for (int k = n - 3; k >= 0; k--) turnBack(k);
    return eigenvalue;
  }

  Complex component(int i) const { return at(z, i); }

private:
  const int n, pairs;
  const Scratch memory;
  float *const lower, *const u, *const p, *const e, *const z, *const d, *const inverses, *const above, *const below;

  static int place(int row, int column) { return row * (row + 1) / 2 + column; }
  Complex element(int row, int column) const { return at(lower, place(row, column)); }
  vec real(const float* from, int i) const { return load(from + (int64_t)i * LANES); }

  /** Divides by the trace, and returns the trace. A matrix of zeros stays. */
  vec normalise() {
    vec trace{};
    for (int i = 0; i < n; i++) trace += element(i, i).re;
    const vec inverse = trace == 0 ? vec{} : 1 / trace;
    for (int i = 0; i < pairs; i++) put(lower, i, scaled(at(lower, i), inverse));
    return trace;
  }

  /** Column k gets an off-diagonal element e_k, and zeros below. Its place keeps u. */
  void reflect(int k) {
    vec square{};
    for (int i = k + 1; i < n; i++) square += squareOf(element(i, k));
    const vec sigma = rootOf(square);
    const Complex alpha = element(k + 1, k);
    const vec length = rootOf(squareOf(alpha));
    const Complex phase = phaseOf(alpha, length);
    const auto isSmall = square < LEAST_SQUARE;
    const vec inverse = isSmall ? vec{} : 1 / (square + sigma * length);
    put(e, k, scaled(phase, isSmall ? vec{} : -sigma));
    store(inverses + (int64_t)k * LANES, inverse);
    put(lower, place(k + 1, k), alpha + scaled(phase, sigma));
    for (int i = k + 1; i < n; i++) {
      put(u, i, element(i, k));
      put(p, i, Complex{});
    }
    multiply(k + 1);
    vec product{};
    for (int i = k + 1; i < n; i++) {
      const Complex ui = at(u, i), pi = at(p, i);
      product += ui.re * pi.re + ui.im * pi.im;
    }
    const vec half = product * inverse * inverse * 0.5F;
    for (int i = k + 1; i < n; i++) put(p, i, scaled(at(p, i), inverse) - scaled(at(u, i), half));
    update(k + 1);
  }

  /** p = A u, from row `first` on. */
  void multiply(int first) {
    for (int i = first; i < n; i++) {
      const Complex ui = at(u, i);
      Complex sum = scaled(ui, element(i, i).re);
      const float* row = lower + 2ll * LANES * place(i, 0);
      for (int j = first; j < i; j++) {
        const Complex a = at(row, j);
        sum = sum + a * at(u, j);
        put(p, j, at(p, j) + conjugate(a) * ui);
      }
      put(p, i, at(p, i) + sum);
    }
  }

  /** A −= u qᴴ + q uᴴ, from row `first` on. q lies in p. */
  void update(int first) {
    for (int i = first; i < n; i++) {
      const Complex ui = at(u, i), qi = at(p, i);
      float* row = lower + 2ll * LANES * place(i, 0);
      for (int j = first; j <= i; j++) put(row, j, at(row, j) - ui * conjugate(at(p, j)) - qi * conjugate(at(u, j)));
    }
  }

  /**
   * A number μ just above the largest eigenvalue of T, so that all pivots of μI − T are positive, and dividing by the
   * pivots is stable. With q_i the pivots, s_i = q_i′ / q_i and t_i = q_i″ / q_i: Σ s_i = Σ 1 / (μ − λ), and
   * Σ (s_i² − t_i) = Σ 1 / (μ − λ)². A lane whose rounding errors led below the eigenvalue rises again.
   */
  vec largest() const {
    constexpr int MOST = 40;
    vec mu = 1.00001F + vec{}, rise = LEAST_PIVOT + vec{};
    ints isFalling = mu > 0, isRising{};
    for (int step = 0; step < MOST; step++) {
      vec q = mu - real(d, 0), inverse = 1 / q, s = inverse, t{}, sum = s, squares = s * s, least = q;
      for (int i = 1; i < n; i++) {
        const vec g = squareOf(at(e, i - 1)) * inverse;
        q = mu - real(d, i) - g;
        inverse = 1 / q;
        const vec second = g * (t - 2.0F * s * s) * inverse;
        s = (1.0F + g * s) * inverse;
        t = second;
        sum += s, squares += s * s - t;
        least = q < least ? q : least;
      }
      const vec inside = (float)(n - 1) * ((float)n * squares - sum * sum);
      const vec distance = (float)n / (sum + rootOf(inside > 0 ? inside : vec{})) - LEAST_PIVOT;
      const ints isBelow = (isFalling | isRising) & (least < LEAST_PIVOT / 2);
      isRising = isBelow;
      isFalling &= ~isBelow & (distance > LEAST_PIVOT);
      mu = isRising ? mu + rise : isFalling ? mu - distance : mu;
      rise = isRising ? 2.0F * rise : rise;
      bool isDone = true;
      for (int lane = 0; lane < LANES; lane++) isDone = isDone && !isFalling[lane] && !isRising[lane];
      if (isDone) break;
    }
    return mu;
  }

  /** The eigenvector z of T. Returns its eigenvalue. */
  vec twisted(vec mu) {
    const auto pivot = [](vec value) { return value < LEAST_PIVOT ? LEAST_PIVOT + vec{} : value; };
    for (int i = 0; i < n; i++) {
      const vec own = mu - real(d, i);
      const vec taken = i == 0 ? vec{} : squareOf(at(e, i - 1)) / real(above, i - 1);
      store(above + (int64_t)i * LANES, pivot(own - taken));
    }
    vec least{};
    ints twist{};
    for (int i = n - 1; i >= 0; i--) {
      const vec own = mu - real(d, i);
      const vec taken = i == n - 1 ? vec{} : squareOf(at(e, i)) / real(below, i + 1);
      const vec under = pivot(own - taken);
      store(below + (int64_t)i * LANES, under);
      const vec gamma = real(above, i) + under - own;
      const ints isBetter = i == n - 1 ? ints{} == 0 : gamma < least;
      least = isBetter ? gamma : least;
      twist = isBetter ? i + ints{} : twist;
    }
    vec square{};
    for (int i = n - 1; i >= 0; i--) {
      Complex value{};
      if (i + 1 < n) value = scaled(conjugate(at(e, i)) * at(z, i + 1), 1 / real(above, i));
      put(z, i, Complex{i < twist ? value.re : i == twist ? 1.0F + vec{} : vec{}, i < twist ? value.im : vec{}});
    }
    for (int i = 0; i < n; i++) {
      Complex value = at(z, i);
      if (i > 0) {
        const Complex next = scaled(at(e, i - 1) * at(z, i - 1), 1 / real(below, i));
        value = {i > twist ? next.re : value.re, i > twist ? next.im : value.im};
      }
      put(z, i, value);
      square += squareOf(value);
    }
    return mu - (least > 0 ? least : vec{}) / square;
  }

  /** z ← (I − u uᴴ / h) z, with the u of column k. */
  void turnBack(int k) {
    Complex sum{};
    for (int i = k + 1; i < n; i++) sum = sum + conjugate(element(i, k)) * at(z, i);
    sum = scaled(sum, real(inverses, k));
    for (int i = k + 1; i < n; i++) put(z, i, at(z, i) - element(i, k) * sum);
  }
};

/** Where results go: eigenvectors [coils, pixels, 2] of norm 1 with referenceᴴ v ≥ 0, and eigenvalues [pixels]. */
struct DominantResult {
  const float* reference;
  float *vectors, *values;
  int64_t pixels;

  /** Of `some` matrices, from a pixel on. */
  INLINE void write(Dominant& matrices, int n, int64_t first, int some) const {
    const vec eigenvalue = matrices.solve();
    Complex along{};
    vec square{};
    for (int c = 0; c < n; c++) {
      const Complex v = matrices.component(c);
      const float re = reference[2 * c], im = reference[2 * c + 1];
      along = along + Complex{v.re * re + v.im * im, v.im * re - v.re * im};
      square += squareOf(v);
    }
    const Complex turn = scaled(conjugate(phaseOf(along, rootOf(squareOf(along)))), 1 / rootOf(square));
    for (int c = 0; c < n; c++) {
      const Complex v = matrices.component(c) * turn;
      float* to = vectors + 2 * (c * pixels + first);
      for (int lane = 0; lane < some; lane++) to[2 * lane] = v.re[lane], to[2 * lane + 1] = v.im[lane];
    }
    for (int lane = 0; lane < some; lane++) values[first + lane] = eigenvalue[lane];
  }
};

void dominantOfMatrices(const float* triangles, int n, int64_t pixels, const float* reference, float* vectors,
                        float* values, bool isAlone) {
  constexpr int GROUPS = 16;  // of LANES matrices, per call of a thread
  const int pairs = n * (n + 1) / 2;
  const DominantResult result{reference, vectors, values, pixels};
  parallel((int)((pixels + GROUPS * LANES - 1) / (GROUPS * LANES)), isAlone, [&](int i) {
    Dominant matrices(n);
    const int64_t begin = (int64_t)i * GROUPS * LANES, end = min(pixels, begin + GROUPS * LANES);
    for (int64_t first = begin; first < end; first += LANES) {
      const int some = (int)min<int64_t>(LANES, end - first);
      for (int pair = 0; pair < pairs; pair++) {
        const float* from = triangles + 2 * pair * pixels + first;
        if (some == LANES) matrices.setElement(pair, {load(from), load(from + pixels)});
        else matrices.setElement(pair, {loadSome(from, some), loadSome(from + pixels, some)});
      }
      result.write(matrices, n, first, some);
    }
  });
}

/** row [re or im][pair, Δx] = Σ over Δy of turn(Δy) · series [Δy, re or im, pair, Δx]. */
inline void sumAlongColumn(const float* series, const float* turns, int support, int64_t count, float* row) {
  memset(row, 0, sizeof(float) * 2 * (size_t)count);
  for (int k = 0; k < support; k++) {
    const float re = turns[2 * k], im = turns[2 * k + 1];
    const float *fromRe = series + 2 * k * count, *fromIm = fromRe + count;
    float *toRe = row, *toIm = row + count;
    for (int64_t i = 0; i < count; i++) {
      toRe[i] += re * fromRe[i] - im * fromIm[i];
      toIm[i] += re * fromIm[i] + im * fromRe[i];
    }
  }
}

void dominantOfSeries(const float* series, SeriesSize size, const float* rowTurns, const float* columnTurns,
                      const float* reference, float* vectors, float* values, bool isAlone) {
  const int n = size.coils, support = size.support, columns = size.columns, pairs = n * (n + 1) / 2;
  const int64_t count = (int64_t)pairs * support;
  const DominantResult result{reference, vectors, values, (int64_t)size.rows * columns};
  parallel(size.rows, isAlone, [&](int y) {
    Dominant matrices(n);
    const Scratch row(2 * count), turns(2ll * support * LANES);
    sumAlongColumn(series, rowTurns + 2ll * y * support, support, count, row);
    for (int first = 0; first < columns; first += LANES) {
      const int some = min(LANES, columns - first);
      for (int k = 0; k < support; k++) {
        const float* from = columnTurns + 2ll * k * columns + first;
        if (some == LANES) put(turns, k, {load(from), load(from + columns)});
        else put(turns, k, {loadSome(from, some), loadSome(from + columns, some)});
      }
      for (int pair = 0; pair < pairs; pair++) {
        const float *re = row + (int64_t)pair * support, *im = re + count;
        Complex sum{};
        for (int k = 0; k < support; k++) {
          const Complex turn = at(turns, k);
          sum = sum + Complex{turn.re * re[k] - turn.im * im[k], turn.re * im[k] + turn.im * re[k]};
        }
        matrices.setElement(pair, sum);
      }
      result.write(matrices, n, (int64_t)y * columns + first, some);
    }
  });
}

}  // namespace
}  // namespace selfmri
