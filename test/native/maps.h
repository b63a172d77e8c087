/** Maps [n, h, w, c] for the cases, which may lie between other channels. */
#pragma once
#include <cmath>
#include <string>

#include "table.h"

namespace table {

/** Maps whose pixels lie `stride` floats apart. The floats between pixels belong to nobody. */
struct Maps {
  selfmri::Size size;
  int channels, stride;
  Floats memory;

  static constexpr float NOBODYS = 12345;

  Maps(selfmri::Size size, int channels, int gap = 0)
      : size(size), channels(channels), stride(channels + gap),
        // Ends with the last channel, so that AddressSanitizer finds a vector that is stored behind it.
        memory(size.pixels() ? static_cast<std::size_t>((size.pixels() - 1) * stride + channels) : 0, NOBODYS) {}

  static Maps random(Random& random, selfmri::Size size, int channels, int gap = 0) {
    Maps made(size, channels, gap);
    for (std::int64_t i = 0; i < size.pixels(); i++)
      for (int c = 0; c < channels; c++) made.memory[static_cast<std::size_t>(i * made.stride + c)] = random.next();
    return made;
  }

  selfmri::Part part() { return {memory.data(), channels, stride}; }
  float& at(std::int64_t pixel, int c) { return memory[static_cast<std::size_t>(pixel * stride + c)]; }
  float at(std::int64_t pixel, int c) const { return memory[static_cast<std::size_t>(pixel * stride + c)]; }
  /** Of sample n, row h and column w. 0 outside. */
  double at(int n, int h, int w, int c) const {
    const bool isInside = h >= 0 && h < size.h && w >= 0 && w < size.w;
    return isInside ? at((static_cast<std::int64_t>(n) * size.h + h) * size.w + w, c) : 0;
  }
};

/** Several maps as if they were concatenated. */
inline Maps concatenated(const std::vector<Maps>& maps) {
  int channels = 0;
  for (const Maps& each : maps) channels += each.channels;
  Maps made(maps[0].size, channels);
  int begin = 0;
  for (const Maps& each : maps) {
    for (std::int64_t i = 0; i < made.size.pixels(); i++)
      for (int c = 0; c < each.channels; c++) made.at(i, begin + c) = each.at(i, c);
    begin += each.channels;
  }
  return made;
}

/** The channels of the maps alone. A changed float between pixels becomes NaN, so the case fails. */
inline Floats contentsOf(const std::vector<Maps>& maps) {
  Floats values = concatenated(maps).memory;
  for (const Maps& each : maps)
    for (std::size_t i = 0; i < each.memory.size(); i++)
      if (static_cast<int>(i % static_cast<std::size_t>(each.stride)) >= each.channels &&
          each.memory[i] != Maps::NOBODYS)
        values.assign(values.size(), NAN);
  return values;
}

inline std::vector<selfmri::Part> partsOf(std::vector<Maps>& maps) {
  std::vector<selfmri::Part> parts;
  for (Maps& each : maps) parts.push_back(each.part());
  return parts;
}

inline selfmri::Parts listed(const std::vector<selfmri::Part>& parts) {
  return {parts.data(), static_cast<int>(parts.size())};
}

inline double dot(const Floats& a, const Floats& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); i++) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

inline double norm(const Floats& a) { return std::sqrt(dot(a, a)); }

/** ⟨y, dy⟩ = ⟨x, dx⟩ = ⟨filter, dw⟩. `results`: y, dx, dw. */
inline void expectAdjoint(Table& table, const std::string& name, const std::vector<Floats>& results, const Floats& x,
                          const Floats& filter, const Floats& dy) {
  const double forward = dot(results[0], dy), scale = 1e-5 * (norm(results[0]) * norm(dy) + 1e-6);
  const bool byInput = std::abs(forward - dot(x, results[1])) <= scale;
  const bool byFilter = std::abs(forward - dot(filter, results[2])) <= scale;
  table.expect(byInput && byFilter, name + ": a gradient is not the adjoint");
}

inline std::string nameOf(selfmri::Size size) {
  return std::to_string(size.n) + " × " + std::to_string(size.h) + " × " + std::to_string(size.w);
}

}  // namespace table
