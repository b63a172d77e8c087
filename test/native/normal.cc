/** The normal operator of coils: y = Σ conj(S_c) · F⁻¹ M F (S_c · x), for masks of columns and of points. */
#include <cmath>

#include "images.h"

namespace table {
namespace {

constexpr double TOLERANCE = 2e-6;

struct Coils {
  selfmri::Size size;
  bool isOfColumns;
  Floats x, maps;
  std::vector<std::uint8_t> mask;

  Coils(selfmri::Size size, bool isOfColumns, unsigned every)
      : size(size), isOfColumns(isOfColumns), x(Random(6).floats(2 * pixels())),
        maps(Random(7).floats(2 * static_cast<std::size_t>(size.n) * pixels())) {
    const auto width = static_cast<std::size_t>(size.w);
    std::mt19937 random(8);
    for (std::size_t i = 0; i < (isOfColumns ? width : pixels()); i++)
      mask.push_back(every == 0 ? 0 : random() % every == 0);
  }
  std::size_t pixels() const { return static_cast<std::size_t>(size.h) * static_cast<std::size_t>(size.w); }
  std::vector<Floats> compute(const selfmri::InstructionSet& set, bool isAlone) const {
    Floats y(x.size(), NAN);
    set.kernels->normal(x.data(), maps.data(), mask.data(), isOfColumns, size, y.data(), isAlone);
    return {y};
  }
  std::vector<Doubles> define() const {
    const Image image = imageAt(x, 0, pixels());
    Image sums(pixels());
    for (std::size_t coil = 0; coil < static_cast<std::size_t>(size.n); coil++) {
      const Image map = imageAt(maps, coil * pixels(), pixels());
      Image seen(pixels());
      for (std::size_t i = 0; i < pixels(); i++) seen[i] = map[i] * image[i];
      seen = transformed(seen, size.h, size.w, false);
      for (std::size_t i = 0; i < pixels(); i++)
        if (!mask[i % mask.size()]) seen[i] = 0;
      seen = transformed(seen, size.h, size.w, true);
      for (std::size_t i = 0; i < pixels(); i++) sums[i] += std::conj(map[i]) * seen[i];
    }
    Doubles y;
    for (Complex value : sums) append(y, value);
    return {y};
  }
};

Case normal(selfmri::Size size, bool isOfColumns, unsigned every, bool isAlone) {
  const Coils coils(size, isOfColumns, every);
  return {"normal operator of " + std::to_string(size.n) + " coils, " + std::to_string(size.h) + " × " +
              std::to_string(size.w) + ", a mask of " + (isOfColumns ? "columns" : "points") + ", every " +
              std::to_string(every),
          [=](const selfmri::InstructionSet& set) { return coils.compute(set, isAlone); },
          [=] { return coils.define(); }, TOLERANCE};
}

}  // namespace

void checkNormal(Table& table) {
  for (bool isOfColumns : {true, false}) {
    for (const selfmri::Size size : {selfmri::Size{1, 1, 2}, selfmri::Size{2, 2, 1}, selfmri::Size{3, 17, 15},
                                     selfmri::Size{2, 33, 31}, selfmri::Size{4, 21, 62}, selfmri::Size{1, 40, 16}})
      for (unsigned every : {0U, 1U, 3U}) table.check(normal(size, isOfColumns, every, false));
    // Large enough for several threads.
    for (bool isAlone : {true, false}) table.check(normal({3, 130, 126}, isOfColumns, 4, isAlone));
    const Coils coils({5, 62, 40}, isOfColumns, 2);
    checkMemory(table, "normal operator without memory", [&](const auto& set) { return coils.compute(set, false); });
  }
  // More coils than go through memory as one group.
  table.check(normal({5, 240, 246}, false, 3, false));
}

}  // namespace table
