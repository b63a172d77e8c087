/**
 * Dominant eigenvectors of positive semidefinite Hermitian matrices: against Jacobi rotations in double precision where
 * the largest eigenvalue is apart from the others, else against A v = λ v.
 */
#include <cmath>
#include <complex>
#include <limits>

#include "table.h"

namespace table {
namespace {

using Complex = std::complex<double>;
/** [n, n] */
using Matrix = std::vector<Complex>;

std::size_t place(int n, int row, int column) { return static_cast<std::size_t>(row * n + column); }

struct Eigen {
  double value;
  std::vector<Complex> vector;
};

/** The largest eigenvalue and its vector, by Jacobi rotations. */
Eigen dominantOf(Matrix a, int n) {
  Matrix v(a.size());
  for (int i = 0; i < n; i++) v[place(n, i, i)] = 1;
  for (int sweep = 0; sweep < 30; sweep++)
    for (int p = 0; p < n; p++)
      for (int q = p + 1; q < n; q++) {
        const Complex off = a[place(n, p, q)];
        if (std::abs(off) < 1e-300) continue;
        const double theta = 0.5 * std::atan2(2 * std::abs(off), a[place(n, q, q)].real() - a[place(n, p, p)].real());
        const double c = std::cos(theta);
        const Complex s = std::sin(theta) * off / std::abs(off);
        for (int i = 0; i < n; i++)
          for (Matrix* each : {&a, &v}) {
            Complex &x = (*each)[place(n, i, p)], &y = (*each)[place(n, i, q)];
            const Complex before = x;
            x = c * x - std::conj(s) * y, y = s * before + c * y;
          }
        for (int i = 0; i < n; i++) {
          Complex &x = a[place(n, p, i)], &y = a[place(n, q, i)];
          const Complex before = x;
          x = c * x - s * y, y = std::conj(s) * before + c * y;
        }
      }
  int best = 0;
  for (int i = 1; i < n; i++)
    if (a[place(n, i, i)].real() > a[place(n, best, best)].real()) best = i;
  Eigen found{a[place(n, best, best)].real(), {}};
  for (int i = 0; i < n; i++) found.vector.push_back(v[place(n, i, best)]);
  return found;
}

/** Turned so that referenceᴴ v ≥ 0. */
std::vector<Complex> turned(std::vector<Complex> vector, const Floats& reference) {
  Complex along = 0;
  for (std::size_t i = 0; i < vector.size(); i++)
    along += std::conj(Complex(reference[2 * i], reference[2 * i + 1])) * vector[i];
  if (std::abs(along) > 0)
    for (Complex& value : vector) value *= std::conj(along) / std::abs(along);
  return vector;
}

/** [coils, pixels, 2] and [pixels], of each pixel's matrix. */
template <class MatrixOf>
std::vector<Doubles> definition(int n, std::size_t pixels, const Floats& reference, const MatrixOf& matrixOf) {
  std::vector<Doubles> results{Doubles(2 * static_cast<std::size_t>(n) * pixels), Doubles(pixels)};
  for (std::size_t pixel = 0; pixel < pixels; pixel++) {
    const Eigen found = dominantOf(matrixOf(pixel), n);
    const auto vector = turned(found.vector, reference);
    for (std::size_t c = 0; c < vector.size(); c++) {
      results[0][2 * (c * pixels + pixel)] = vector[c].real();
      results[0][2 * (c * pixels + pixel) + 1] = vector[c].imag();
    }
    results[1][pixel] = found.value;
  }
  return results;
}

Matrix lowerTriangle(const Floats& triangles, int n, std::size_t pixels, std::size_t pixel) {
  Matrix matrix(static_cast<std::size_t>(n * n));
  std::size_t pair = 0;
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++, pair++) {
      const Complex value(triangles[2 * pair * pixels + pixel], triangles[(2 * pair + 1) * pixels + pixel]);
      matrix[place(n, i, j)] = value, matrix[place(n, j, i)] = std::conj(value);
    }
  return matrix;
}

/** Σ of `ranks` matrices w x xᴴ, each with half the weight of the one before it. `scale` multiplies all. */
Floats randomTriangles(int n, std::size_t pixels, int ranks, float scale) {
  Random random(7);
  Floats triangles(static_cast<std::size_t>(n * (n + 1)) * pixels);
  for (std::size_t pixel = 0; pixel < pixels; pixel++) {
    double weight = scale;
    for (int rank = 0; rank < ranks; rank++, weight /= 2) {
      const Floats x = random.floats(2 * static_cast<std::size_t>(n));
      std::size_t pair = 0;
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); i++)
        for (std::size_t j = 0; j <= i; j++, pair++) {
          const Complex value = weight * Complex(x[2 * i], x[2 * i + 1]) * Complex(x[2 * j], -x[2 * j + 1]);
          triangles[2 * pair * pixels + pixel] += static_cast<float>(value.real());
          triangles[(2 * pair + 1) * pixels + pixel] += static_cast<float>(value.imag());
        }
    }
  }
  return triangles;
}

std::vector<Floats> computed(const selfmri::InstructionSet& set, const Floats& triangles, int n, std::size_t pixels,
                             const Floats& reference) {
  std::vector<Floats> results{Floats(2 * static_cast<std::size_t>(n) * pixels), Floats(pixels)};
  set.kernels->dominantOfMatrices(triangles.data(), n, static_cast<std::int64_t>(pixels), reference.data(),
                                  results[0].data(), results[1].data(), false);
  return results;
}

Case matrices(int n, std::size_t pixels, int ranks, float scale) {
  const Floats triangles = randomTriangles(n, pixels, ranks, scale);
  const Floats reference = Random(8).floats(2 * static_cast<std::size_t>(n));
  const auto compute = [=](const selfmri::InstructionSet& set) {
    return computed(set, triangles, n, pixels, reference);
  };
  const auto define = [=] {
    return definition(n, pixels, reference,
                      [&](std::size_t pixel) { return lowerTriangle(triangles, n, pixels, pixel); });
  };
  // Vectors are as exact as the gap between the eigenvalues allows, and random gaps may be small.
  return {"dominant eigenvectors of " + std::to_string(pixels) + " matrices, " + std::to_string(n) + " × " +
              std::to_string(n) + ", rank " + std::to_string(ranks),
          compute, define, ranks == 1 ? 1e-5 : 2e-4};
}

/** ‖A v − λ v‖ / trace and ‖v‖ − 1, which need no gap. */
void checkResiduals(Table& table, const std::string& name, const Floats& triangles, int n, std::size_t pixels) {
  const Floats reference = Random(9).floats(2 * static_cast<std::size_t>(n));
  for (const auto* set : instructionSets()) {
    const auto results = computed(*set, triangles, n, pixels, reference);
    double worst = 0;
    for (std::size_t pixel = 0; pixel < pixels; pixel++) {
      const Matrix matrix = lowerTriangle(triangles, n, pixels, pixel);
      const auto valueAt = [&](int c) {
        const std::size_t at = 2 * (static_cast<std::size_t>(c) * pixels + pixel);
        return Complex(results[0][at], results[0][at + 1]);
      };
      double trace = 1e-30, residual = 0, norm = 0;
      for (int i = 0; i < n; i++) {
        Complex sum = -static_cast<double>(results[1][pixel]) * valueAt(i);
        for (int j = 0; j < n; j++) sum += matrix[place(n, i, j)] * valueAt(j);
        residual += std::norm(sum), norm += std::norm(valueAt(i)), trace += matrix[place(n, i, i)].real();
      }
      const double largest = dominantOf(matrix, n).value;
      for (double error :
           {std::sqrt(residual) / trace, std::abs(norm - 1), std::abs(largest - results[1][pixel]) / trace})
        if (!(error <= worst)) worst = error;
    }
    table.expect(worst <= 5e-6, name + ", " + set->name + ": error " + std::to_string(worst));
  }
}

/** Matrices with equal, nearly equal and zero eigenvalues. */
void checkHardMatrices(Table& table) {
  constexpr std::size_t PIXELS = 37;
  for (int n : {1, 2, 3, 8, 15, 32}) {
    const std::string name = "hard matrices, " + std::to_string(n) + " × " + std::to_string(n);
    Floats zeros(static_cast<std::size_t>(n * (n + 1)) * PIXELS), unit = zeros, nearly = zeros, dead = zeros;
    const Floats some = randomTriangles(n, PIXELS, n, 1e-6F), full = randomTriangles(n, PIXELS, n, 1);
    for (int i = 0; i < n; i++)
      for (std::size_t pixel = 0; pixel < PIXELS; pixel++)
        unit[(static_cast<std::size_t>(i * (i + 1) + 2 * i)) * PIXELS + pixel] = 0.5F;
    for (std::size_t i = 0; i < unit.size(); i++) nearly[i] = unit[i] + some[i];
    std::size_t pair = 0;
    for (int i = 0; i < n; i++)  // the last coil is dead
      for (int j = 0; j <= i; j++, pair++)
        for (std::size_t k = 0; k < 2 * PIXELS; k++)
          dead[2 * pair * PIXELS + k] = i + 1 < n ? full[2 * pair * PIXELS + k] : 0;
    checkResiduals(table, name + ", zeros", zeros, n, PIXELS);
    checkResiduals(table, name + ", equal eigenvalues", unit, n, PIXELS);
    checkResiduals(table, name + ", nearly equal eigenvalues", nearly, n, PIXELS);
    checkResiduals(table, name + ", a dead coil", dead, n, PIXELS);
    checkResiduals(table, name + ", full rank", full, n, PIXELS);
  }
}

/** exp(2πi Δ (k − ⌊n/2⌋) / n), as [k, Δ, 2] or [Δ, re or im, k]. */
Floats turns(int n, int support, bool isPlanar) {
  Floats values;
  const auto angle = [&](int k, int delta) { return 2 * M_PI * (delta - support / 2) * (k - n / 2) / n; };
  if (isPlanar) {
    for (int delta = 0; delta < support; delta++)
      for (bool isSine : {false, true})
        for (int k = 0; k < n; k++)
          values.push_back(static_cast<float>(isSine ? std::sin(angle(k, delta)) : std::cos(angle(k, delta))));
    return values;
  }
  for (int k = 0; k < n; k++)
    for (int delta = 0; delta < support; delta++) {
      values.push_back(static_cast<float>(std::cos(angle(k, delta))));
      values.push_back(static_cast<float>(std::sin(angle(k, delta))));
    }
  return values;
}

/** The series of Σ K Kᴴ over a few random kernels with decreasing weights: [Δy, re or im, pair, Δx]. */
Floats randomSeries(int n, int kernel) {
  Random random(10);
  const int support = 2 * kernel - 1, pairs = n * (n + 1) / 2;
  Floats series(static_cast<std::size_t>(2 * support * support * pairs));
  const auto valueAt = [&](const Floats& x, int c, int y, int column) {
    const auto at = static_cast<std::size_t>(2 * ((c * kernel + y) * kernel + column));
    return Complex(x[at], x[at + 1]);
  };
  double weight = 1;
  for (int i = 0; i < 3; i++, weight /= 4) {
    const Floats x = random.floats(static_cast<std::size_t>(2 * n * kernel * kernel));
    for (int y = 0; y < kernel * kernel * kernel * kernel; y++) {
      const int a = y % kernel, b = y / kernel % kernel, c = y / kernel / kernel % kernel,
                d = y / kernel / kernel / kernel;
      int pair = 0;
      for (int p = 0; p < n; p++)
        for (int q = 0; q <= p; q++, pair++) {
          const Complex value = weight * valueAt(x, p, a, b) * std::conj(valueAt(x, q, c, d));
          const int row = a - c + kernel - 1, column = b - d + kernel - 1;
          const auto at = static_cast<std::size_t>(((2 * row) * pairs + pair) * support + column);
          series[at] += static_cast<float>(value.real());
          series[at + static_cast<std::size_t>(pairs * support)] += static_cast<float>(value.imag());
        }
    }
  }
  return series;
}

Case ofSeries(selfmri::SeriesSize size) {
  const int n = size.coils, support = size.support;
  const Floats series = randomSeries(n, (support + 1) / 2),
               reference = Random(11).floats(2 * static_cast<std::size_t>(n));
  const auto pixels = static_cast<std::size_t>(size.rows * size.columns);
  const auto compute = [=](const selfmri::InstructionSet& set) {
    std::vector<Floats> results{Floats(2 * static_cast<std::size_t>(n) * pixels), Floats(pixels)};
    set.kernels->dominantOfSeries(series.data(), size, turns(size.rows, support, false).data(),
                                  turns(size.columns, support, true).data(), reference.data(), results[0].data(),
                                  results[1].data(), false);
    return results;
  };
  const auto define = [=] {
    const auto matrixOf = [&](std::size_t pixel) {
      const int y = static_cast<int>(pixel) / size.columns, x = static_cast<int>(pixel) % size.columns;
      Matrix matrix(static_cast<std::size_t>(n * n));
      int pair = 0;
      const int pairs = n * (n + 1) / 2;
      for (int p = 0; p < n; p++)
        for (int q = 0; q <= p; q++, pair++) {
          Complex sum = 0;
          for (int dy = 0; dy < support; dy++)
            for (int dx = 0; dx < support; dx++) {
              const auto at = static_cast<std::size_t>((2 * dy * pairs + pair) * support + dx);
              const double angle = 2 * M_PI *
                                   ((dy - support / 2) * (y - size.rows / 2) / static_cast<double>(size.rows) +
                                    (dx - support / 2) * (x - size.columns / 2) / static_cast<double>(size.columns));
              sum +=
                  Complex(series[at], series[at + static_cast<std::size_t>(pairs * support)]) * std::polar(1.0, angle);
            }
          matrix[place(n, p, q)] = sum, matrix[place(n, q, p)] = std::conj(sum);
        }
      return matrix;
    };
    return definition(n, pixels, reference, matrixOf);
  };
  return {"dominant eigenvectors of a series, " + std::to_string(n) + " coils, " + std::to_string(size.rows) + " × " +
              std::to_string(size.columns),
          compute, define, 1e-3};
}

/** One value that is not finite spoils its own pixel only. */
Case notFinite() {
  constexpr std::size_t PIXELS = 40;
  constexpr int N = 4;
  Floats triangles = randomTriangles(N, PIXELS, 1, 1);
  const Floats reference = Random(12).floats(2 * N);
  triangles[3 * PIXELS + 5] = std::numeric_limits<float>::quiet_NaN();
  const auto compute = [=](const selfmri::InstructionSet& set) {
    return std::vector<Floats>{computed(set, triangles, N, PIXELS, reference)[1]};
  };
  const auto define = [=] {
    Floats whole = triangles;
    whole[3 * PIXELS + 5] = 0;
    Doubles values =
        definition(N, PIXELS, reference, [&](std::size_t pixel) { return lowerTriangle(whole, N, PIXELS, pixel); })[1];
    values[5] = std::numeric_limits<double>::quiet_NaN();
    return std::vector<Doubles>{values};
  };
  return {"dominant eigenvectors with a value that is NaN", compute, define, 5e-6};
}

}  // namespace

void checkCoils(Table& table) {
  for (int n : {1, 2, 3, 4, 5, 8, 15, 16, 20, 33})
    for (std::size_t pixels : {std::size_t{1}, std::size_t{19}, std::size_t{300}}) {
      table.check(matrices(n, pixels, 1, 1));
      table.check(matrices(n, pixels, 1, 1e-12F));
      if (pixels == 19) table.check(matrices(n, pixels, 3, 1));
    }
  checkHardMatrices(table);
  for (const selfmri::SeriesSize size :
       {selfmri::SeriesSize{4, 11, 12, 17}, selfmri::SeriesSize{15, 7, 5, 33}, selfmri::SeriesSize{2, 3, 1, 1},
        selfmri::SeriesSize{1, 1, 3, 2}, selfmri::SeriesSize{8, 9, 7, 16}})
    table.check(ofSeries(size));
  table.check(notFinite());
  const Floats triangles = randomTriangles(15, 700, 2, 1), reference = Random(13).floats(30);
  checkMemory(table, "dominant eigenvectors without memory",
              [&](const auto& set) { return computed(set, triangles, 15, 700, reference); });
}

}  // namespace table
