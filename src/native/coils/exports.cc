#include "exports.h"

#include "../kernels.h"

namespace selfmri {
namespace {

/** More coils than any scanner has. */
constexpr size_t MOST_COILS = 1024;

/** Checks the reference and the results, and returns the number of coils. */
int coilsOf(const Array<float>& reference, const Array<float>& vectors, const Array<float>& values) {
  const size_t coils = reference.length / 2;
  require(reference.length % 2 == 0 && coils >= 1 && coils <= MOST_COILS, "Expected a reference of 1 to 1024 coils");
  require(values.length >= 1 && vectors.length == 2 * coils * values.length, "Expected results of the same pixels");
  return static_cast<int>(coils);
}

void callMatrices(const Arguments& given) {
  const auto triangles = given.floats(0), reference = given.floats(1), vectors = given.floats(2),
             values = given.floats(3);
  const int coils = coilsOf(reference, vectors, values);
  require(triangles.length == static_cast<size_t>(coils * (coils + 1)) * values.length,
          "Expected a lower triangle for each pixel");
  require(values.length < size_t{1} << 30, "Expected less than 2^30 pixels");
  chosen()->kernels->dominantOfMatrices(triangles.data, coils, static_cast<int64_t>(values.length), reference.data,
                                        vectors.data, values.data, given.isTrue(4));
}

void callSeries(const Arguments& given) {
  const auto series = given.floats(0), rowTurns = given.floats(2), columnTurns = given.floats(3),
             reference = given.floats(4), vectors = given.floats(5), values = given.floats(6);
  const auto sizes = given.integers(1);
  require(sizes.length == 4, "Expected the sizes [coils, support, rows, columns]");
  const SeriesSize size{sizes.data[0], sizes.data[1], sizes.data[2], sizes.data[3]};
  require(coilsOf(reference, vectors, values) == size.coils && values.length == countOf({size.rows, size.columns}),
          "Expected a reference and results of the sizes");
  require(series.length == countOf({size.support, size.coils * (size.coils + 1), size.support}) &&
              rowTurns.length == countOf({size.rows, size.support, 2}) &&
              columnTurns.length == countOf({size.support, 2, size.columns}),
          "Expected a series and turns of the sizes");
  chosen()->kernels->dominantOfSeries(series.data, size, rowTurns.data, columnTurns.data, reference.data, vectors.data,
                                      values.data, given.isTrue(7));
}

}  // namespace

std::vector<Export> coilExports() {
  return {
      {"dominantOfMatrices", called<callMatrices>},
      {"dominantOfSeries", called<callSeries>},
  };
}

}  // namespace selfmri
