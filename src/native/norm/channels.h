/**
 * Statistics of each channel of maps [groups, pixels, channels], and passes over all floats of the maps.
 *
 * A chunk of pixels is read as rows of `row` floats: the least common multiple of the channels and a vector's lanes. So
 * every vector is whole for any number of channels, and each place of a row belongs to one channel. Each chunk sums its
 * places in float32. The sums of all chunks and places of a channel are added in double precision, in a fixed order.
 */
#pragma once
#include "../kernels.h"
#include "../scratch.h"
#include "../threads.h"
#include "../vector.h"

namespace selfmri {
namespace {

/** Pixels of a chunk that starts at float `first` of the maps: whole rows, then `rest` floats. */
struct Chunk {
  int group;
  int64_t first, rows;
  int rest;
  int64_t pixelsAt(int place) const { return rows + (place < rest); }
};

class Layout {
public:
  const int groups, channels, row;
  const int64_t pixels;

  Layout(int groups, int64_t pixels, int channels)
      : groups(groups), channels(channels), row(channels / min(channels & -channels, LANES) * LANES), pixels(pixels),
        perChunk(max(FLOATS / channels, FEWEST) / WIDEST * WIDEST) {}

  int chunksPerGroup() const { return (int)((pixels + perChunk - 1) / perChunk); }
  Chunk chunk(int i) const {
    const int group = i / chunksPerGroup();
    const int64_t before = (i % chunksPerGroup()) * perChunk, floats = min(perChunk, pixels - before) * channels;
    return {group, (group * pixels + before) * channels, floats / row, (int)(floats % row)};
  }
  /** Calls work(i) for each chunk. */
  template <class Work>
  void eachChunk(const Work& work) const {
    parallel(groups * chunksPerGroup(), groups * pixels * channels < SMALL, work);
  }

private:
  /** Floats of a chunk; its fewest pixels; lanes of the widest vector, so that all instruction sets have equal chunks.
   */
  static constexpr int FLOATS = 1 << 14, FEWEST = 64, WIDEST = 16;
  const int64_t perChunk;
};

/** Access to a whole vector in memory, and to the first lanes of a vector. */
struct Whole {
  vec load(const float* from) const { return selfmri::load(from); }
  void store(float* to, vec values) const { selfmri::store(to, values); }
  vec only(vec values) const { return values; }
};
struct First {
  int count;
  vec load(const float* from) const { return loadSome(from, count); }
  void store(float* to, vec values) const { storeSome(to, values, count); }
  vec only(vec values) const {
    vec kept{};
    for (int lane = 0; lane < count; lane++) kept[lane] = values[lane];
    return kept;
  }
};

/** Calls work(access, i, place) for each vector of a chunk: float i of the maps, at this place of its row. */
template <class Work>
inline void eachVector(const Chunk& chunk, int row, const Work& work) {
  int64_t i = chunk.first;
  for (int64_t r = 0; r < chunk.rows; r++)
    for (int place = 0; place < row; place += LANES, i += LANES) work(Whole{}, i, place);
  for (int place = 0; place < chunk.rest; place += LANES, i += LANES) {
    if (place + LANES <= chunk.rest) work(Whole{}, i, place);
    else work(First{chunk.rest - place}, i, place);
  }
}

/** Sums terms over the rows of a chunk, for `COLUMNS` vectors of the row from `place` on. */
template <int SUMS, int COLUMNS, class Terms>
inline void sumColumns(const Chunk& chunk, int row, int place, float* sums, const Terms& terms) {
  vec sum[COLUMNS][SUMS] = {};
  const auto add = [&](auto access, int64_t i, int column) {
    vec term[SUMS];
    terms(access, i, place + column * LANES, term);
    UNROLL
    for (int s = 0; s < SUMS; s++) sum[column][s] += access.only(term[s]);
  };
  int64_t i = chunk.first + place;
  for (int64_t r = 0; r < chunk.rows; r++, i += row) {
    UNROLL
    for (int column = 0; column < COLUMNS; column++) add(Whole{}, i + column * LANES, column);
  }
  for (int column = 0; column < COLUMNS; column++) {
    const int rest = chunk.rest - place - column * LANES;
    if (rest >= LANES) add(Whole{}, i + column * LANES, column);
    else if (rest > 0) add(First{rest}, i + column * LANES, column);
    for (int s = 0; s < SUMS; s++) store(sums + s * row + place + column * LANES, sum[column][s]);
  }
}

/** Sums terms(access, i, place, term) over a chunk, for each place of a row. `sums` [SUMS, row]. */
template <int SUMS, class Terms>
inline void sumRows(const Chunk& chunk, int row, float* sums, const Terms& terms) {
  int place = 0;
  for (; place + 4 * LANES <= row; place += 4 * LANES) sumColumns<SUMS, 4>(chunk, row, place, sums, terms);
  for (; place < row; place += LANES) sumColumns<SUMS, 1>(chunk, row, place, sums, terms);
}

/** Values per place of a row, for each group: [groups, TABLES, row]. */
template <int TABLES>
class Tables {
public:
  explicit Tables(const Layout& layout)
      : row(layout.row), channels(layout.channels), values((size_t)layout.groups * TABLES * layout.row) {}
  const float* of(int group, int table) const { return values + ((size_t)group * TABLES + table) * row; }
  void set(int group, int table, int channel, float value) {
    float* const to = values + ((size_t)group * TABLES + table) * row;
    for (int place = channel; place < row; place += channels) to[place] = value;
  }

private:
  const int row, channels;
  const Scratch values;
};

/** Sums two terms over each channel, and calls take(group, channel, first sum, second sum). */
template <class Terms, class Take>
void sumChannels(const Layout& layout, const Terms& terms, const Take& take) {
  const int row = layout.row, chunks = layout.chunksPerGroup();
  const Scratch parts((size_t)layout.groups * chunks * 2 * row);
  layout.eachChunk([&](int i) {
    const Chunk chunk = layout.chunk(i);
    sumRows<2>(chunk, row, parts + (size_t)i * 2 * row,
               [&](auto access, int64_t at, int place, vec(&term)[2]) { terms(access, chunk.group, at, place, term); });
  });
  for (int group = 0; group < layout.groups; group++)
    for (int channel = 0; channel < layout.channels; channel++) {
      double first = 0, second = 0;
      for (int i = group * chunks; i < (group + 1) * chunks; i++)
        for (int place = channel; place < row; place += layout.channels) {
          first += parts[(size_t)i * 2 * row + place];
          second += parts[((size_t)i * 2 + 1) * row + place];
        }
      take(group, channel, first, second);
    }
}

/**
 * Calls take(group, channel, mean, Σ (x − mean)²). Each chunk takes the distances from its own means, so large means
 * lose no digits (Chan, Golub and LeVeque 1983, doi:10.1080/00031305.1983.10483115, equation 2.1).
 */
template <class Take>
void takeMoments(const Layout& layout, const float* x, const Take& take) {
  const int row = layout.row, chunks = layout.chunksPerGroup();
  const Scratch parts((size_t)layout.groups * chunks * 3 * row);
  layout.eachChunk([&](int i) {
    const Chunk chunk = layout.chunk(i);
    float *const means = parts + (size_t)i * 3 * row, *const distances = means + row;
    sumRows<1>(chunk, row, means, [&](auto access, int64_t at, int, vec(&term)[1]) { term[0] = access.load(x + at); });
    for (int place = 0; place < row; place++) means[place] /= (float)max<int64_t>(chunk.pixelsAt(place), 1);
    sumRows<2>(chunk, row, distances, [&](auto access, int64_t at, int place, vec(&term)[2]) {
      const vec distance = access.load(x + at) - load(means + place);
      term[0] = distance, term[1] = distance * distance;
    });
  });
  const auto each = [&](int group, int channel, const auto& work) {
    for (int i = group * chunks; i < (group + 1) * chunks; i++)
      for (int place = channel; place < row; place += layout.channels) {
        const auto part = [&](int which) { return (double)parts[((size_t)i * 3 + which) * row + place]; };
        const double pixels = (double)layout.chunk(i).pixelsAt(place);
        // The sum of the distances corrects the mean, which was rounded.
        const double off = pixels > 0 ? part(1) / pixels : 0;
        work(pixels, part(0) + off, part(2) - part(1) * off);
      }
  };
  for (int group = 0; group < layout.groups; group++)
    for (int channel = 0; channel < layout.channels; channel++) {
      double sum = 0, squares = 0;
      each(group, channel, [&](double pixels, double mean, double) { sum += pixels * mean; });
      const double mean = sum / (double)layout.pixels;
      each(group, channel, [&](double pixels, double part, double square) {
        squares += square + pixels * (part - mean) * (part - mean);
      });
      // A sum that has overflowed would make every result 0.
      take(group, channel, mean, __builtin_isfinite(squares) ? max(squares, 0.0) : __builtin_nan(""));
    }
}

}  // namespace
}  // namespace selfmri
