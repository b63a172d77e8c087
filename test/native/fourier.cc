/**
 * Fourier transforms along both axes, images of masked columns over several coils, and images under a mask:
 *   X[k] = 1 / √N · Σ x[n] · exp(∓2πi · (k − ⌊N / 2⌋)(n − ⌊N / 2⌋) / N).
 */
#include <cmath>
#include <limits>

#include "images.h"

namespace table {
namespace {

constexpr double TOLERANCE = 2e-6;

Case transforms(selfmri::Size size) {
  const auto x = Random(1).floats(static_cast<std::size_t>(2 * size.pixels()));
  const auto compute = [=](const selfmri::InstructionSet& set) {
    std::vector<Floats> results(2, Floats(x.size()));
    for (std::size_t i = 0; i < 2; i++) set.kernels->fourier(x.data(), results[i].data(), size, i == 1, false);
    return results;
  };
  const auto define = [=] {
    std::vector<Doubles> results(2);
    const auto pixels = static_cast<std::size_t>(size.h * size.w);
    for (std::size_t i = 0; i < 2; i++)
      for (std::size_t n = 0; n < static_cast<std::size_t>(size.n); n++)
        for (Complex value : transformed(imageAt(x, n * pixels, pixels), size.h, size.w, i == 1))
          append(results[i], value);
    return results;
  };
  return {"transforms of " + std::to_string(size.n) + " × " + std::to_string(size.h) + " × " + std::to_string(size.w),
          compute, define, TOLERANCE};
}

/** Every `every`-th column, from `first` on. */
std::vector<std::int32_t> columnsOf(int columns, int every, int first) {
  std::vector<std::int32_t> list;
  for (int column = first; column < columns; column += every) list.push_back(column);
  return list;
}

std::vector<Floats> zeroFilled(const selfmri::Kernels& kernels, const Floats& kspace, selfmri::Grid grid,
                               const std::vector<std::int32_t>& list, bool isAlone) {
  const auto pixels = static_cast<std::size_t>(grid.height * grid.width), coils = static_cast<std::size_t>(grid.coils);
  // NaN in columns that are not listed: nothing may read them.
  Floats along(2 * coils * static_cast<std::size_t>(grid.height * grid.columns), NAN);
  std::vector<Floats> images{Floats(pixels), Floats(2 * coils * pixels)};
  const int count = static_cast<int>(list.size());
  kernels.fourierColumns(kspace.data(), list.data(), count, grid, along.data(), isAlone);
  for (std::size_t i = 0; i < 2; i++)
    kernels.fourierRows(along.data(), list.data(), count, grid, i == 0, images[i].data(), isAlone);
  return images;
}

Case images(selfmri::Grid grid, const std::vector<std::int32_t>& list, bool isAlone) {
  const auto size = static_cast<std::size_t>(grid.rows * grid.columns);
  const auto kspace = Random(2).floats(2 * static_cast<std::size_t>(grid.coils) * size);
  const auto compute = [=](const selfmri::InstructionSet& set) {
    return zeroFilled(*set.kernels, kspace, grid, list, isAlone);
  };
  const auto define = [=] {
    std::vector<Doubles> results(2);
    results[0].resize(static_cast<std::size_t>(grid.height * grid.width));
    for (int coil = 0; coil < grid.coils; coil++) {
      const Image all = imageAt(kspace, static_cast<std::size_t>(coil) * size, size);
      Image measured(size);
      for (int row = 0; row < grid.rows; row++)
        for (int column : list)
          measured[static_cast<std::size_t>(row * grid.columns + column)] =
              all[static_cast<std::size_t>(row * grid.columns + column)];
      const Image whole = transformed(measured, grid.rows, grid.columns, true);
      std::size_t pixel = 0;
      for (int row = 0; row < grid.height; row++)
        for (int column = 0; column < grid.width; column++, pixel++) {
          const int at =
              ((grid.rows - grid.height) / 2 + row) * grid.columns + (grid.columns - grid.width) / 2 + column;
          append(results[1], whole[static_cast<std::size_t>(at)]);
          results[0][pixel] += std::norm(whole[static_cast<std::size_t>(at)]);
        }
    }
    for (double& value : results[0]) value = std::sqrt(value);
    return results;
  };
  return {"images of " + std::to_string(grid.coils) + " coils, " + std::to_string(grid.rows) + " × " +
              std::to_string(grid.columns) + ", " + std::to_string(list.size()) + " columns",
          compute, define, TOLERANCE};
}

/** One value that is not finite, in a measured column, makes the whole image not finite. */
Case notFinite(float wrong) {
  const selfmri::Grid grid{2, 30, 21, 30, 21};
  const auto list = columnsOf(grid.columns, 3, 1);
  auto kspace = Random(3).floats(2 * 2 * 30 * 21);
  kspace[2 * (5 * 21 + 4)] = wrong;
  kspace[2 * (9 * 21 + 5)] = wrong;  // column 5 is not measured
  const auto compute = [=](const selfmri::InstructionSet& set) {
    return std::vector<Floats>{zeroFilled(*set.kernels, kspace, grid, list, false)[0]};
  };
  const auto define = [] { return std::vector<Doubles>{Doubles(30 * 21, std::numeric_limits<double>::infinity())}; };
  return {"images of k-space that holds " + std::to_string(wrong), compute, define, TOLERANCE};
}

Case underMask(int height, int width, int every) {
  const auto image = Random(4).floats(static_cast<std::size_t>(height * width));
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(width));
  for (int column : columnsOf(width, every, 0)) mask[static_cast<std::size_t>(column)] = 1;
  const auto compute = [=](const selfmri::InstructionSet& set) {
    Floats out(image.size());
    set.kernels->maskColumns(image.data(), mask.data(), height, width, out.data());
    return std::vector<Floats>{out};
  };
  const auto define = [=] {
    Image kspace = transformed(Image(image.begin(), image.end()), height, width, false);
    for (std::size_t i = 0; i < kspace.size(); i++)
      if (!mask[i % mask.size()]) kspace[i] = 0;
    Doubles magnitude;
    for (Complex value : transformed(kspace, height, width, true)) magnitude.push_back(std::abs(value));
    return std::vector<Doubles>{magnitude};
  };
  return {"image of " + std::to_string(height) + " × " + std::to_string(width) + " under a mask", compute, define,
          TOLERANCE};
}

}  // namespace

void checkFourier(Table& table) {
  for (int length = 1; length <= 33; length++) {
    table.check(transforms({2, length, 3}));
    table.check(transforms({1, 17, length}));
  }
  for (int length : {126, 251, 320, 322, 372, 509, 640, 768}) {
    table.check(transforms({1, length, 2}));
    table.check(transforms({3, 1, length}));
  }
  table.check(transforms({2, 130, 126}));  // large enough for several threads
  for (int coils : {1, 2, 5})
    for (bool isAlone : {false, true})
      for (const selfmri::Grid grid : {selfmri::Grid{coils, 48, 37, 48, 37}, selfmri::Grid{coils, 31, 62, 20, 35},
                                       selfmri::Grid{coils, 1, 9, 1, 8}, selfmri::Grid{coils, 10, 1, 7, 1}}) {
        table.check(images(grid, columnsOf(grid.columns, 1, 0), isAlone));
        table.check(images(grid, columnsOf(grid.columns, 3, 1), isAlone));
        table.check(images(grid, {grid.columns / 2}, isAlone));
        table.check(images(grid, {}, isAlone));
        // As far apart as the first and the last of 4, 8 or 16 adjacent columns.
        for (int apart : {3, 7, 15})
          if (apart + 1 < grid.columns) table.check(images(grid, {1, apart + 1}, isAlone));
      }
  for (float wrong : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    table.check(notFinite(wrong));
  table.check(underMask(64, 64, 4));
  table.check(underMask(9, 31, 2));
  table.check(underMask(3, 1, 1));
  table.check(underMask(1, 20, 30));
  const selfmri::Grid grid{2, 62, 40, 30, 20};
  const auto list = columnsOf(grid.columns, 2, 0);
  const auto kspace = Random(5).floats(2 * 2 * 62 * 40);
  checkMemory(table, "images without memory",
              [&](const auto& set) { return zeroFilled(*set.kernels, kspace, grid, list, false); });
}

}  // namespace table
