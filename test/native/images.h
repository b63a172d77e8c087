/** Complex images in double precision, and their centred orthonormal transforms by the definition. */
#pragma once
#include <cmath>
#include <complex>

#include "table.h"

namespace table {

using Complex = std::complex<double>;
using Image = std::vector<Complex>;

/** One line by the definition. */
inline Image transformed(const Image& x, bool isInverse) {
  const auto n = static_cast<std::int64_t>(x.size());
  Image roots(x.size()), y(x.size());
  for (std::int64_t i = 0; i < n; i++)
    roots[static_cast<std::size_t>(i)] =
        std::polar(1 / std::sqrt(static_cast<double>(n)),
                   (isInverse ? 2 : -2) * M_PI * static_cast<double>(i) / static_cast<double>(n));
  for (std::int64_t k = 0; k < n; k++)
    for (std::int64_t i = 0; i < n; i++) {
      const std::int64_t turn = ((k - n / 2) * (i - n / 2) % n + n) % n;
      y[static_cast<std::size_t>(k)] += x[static_cast<std::size_t>(i)] * roots[static_cast<std::size_t>(turn)];
    }
  return y;
}

/** Along rows, columns, or both. */
inline Image transformed(Image x, int height, int width, bool isInverse, bool alongColumns = true) {
  const auto place = [&](int row, int column) { return static_cast<std::size_t>(row * width + column); };
  for (int row = 0; row < height; row++) {
    Image line(static_cast<std::size_t>(width));
    for (int i = 0; i < width; i++) line[static_cast<std::size_t>(i)] = x[place(row, i)];
    line = transformed(line, isInverse);
    for (int i = 0; i < width; i++) x[place(row, i)] = line[static_cast<std::size_t>(i)];
  }
  for (int column = 0; alongColumns && column < width; column++) {
    Image line(static_cast<std::size_t>(height));
    for (int i = 0; i < height; i++) line[static_cast<std::size_t>(i)] = x[place(i, column)];
    line = transformed(line, isInverse);
    for (int i = 0; i < height; i++) x[place(i, column)] = line[static_cast<std::size_t>(i)];
  }
  return x;
}

inline Image imageAt(const Floats& x, std::size_t first, std::size_t count) {
  Image image;
  for (std::size_t i = first; i < first + count; i++) image.emplace_back(x[2 * i], x[2 * i + 1]);
  return image;
}

inline void append(Doubles& to, Complex value) { to.push_back(value.real()), to.push_back(value.imag()); }

}  // namespace table
