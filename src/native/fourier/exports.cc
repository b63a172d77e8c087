#include "exports.h"

#include "../kernels.h"

namespace selfmri {
namespace {

Grid gridOf(const Array<int32_t>& sizes) {
  require(sizes.length == 5, "Expected a grid of five numbers");
  const int32_t* const at = sizes.data;
  const Grid grid{at[0], at[1], at[2], at[3], at[4]};
  require(grid.height <= grid.rows && grid.width <= grid.columns, "Expected a crop of at most the image");
  return grid;
}

void requireColumns(const Array<int32_t>& list, const Grid& grid) {
  require(list.length <= static_cast<size_t>(grid.columns), "Expected at most all columns");
  for (size_t i = 0; i < list.length; i++)
    require(list.data[i] >= (i == 0 ? 0 : list.data[i - 1] + 1) && list.data[i] < grid.columns,
            "Expected columns of the grid, ascending");
}

const char* const LENGTHS = "Expected arrays of the grid's length";

void callColumns(const Arguments& given) {
  const auto kspace = given.floats(0), along = given.floats(3);
  const auto list = given.integers(1);
  const Grid grid = gridOf(given.integers(2));
  requireColumns(list, grid);
  require(kspace.length == countOf({grid.coils, grid.rows, grid.columns, 2}) &&
              along.length == countOf({grid.coils, grid.height, grid.columns, 2}),
          LENGTHS);
  chosen()->kernels->fourierColumns(kspace.data, list.data, static_cast<int>(list.length), grid, along.data,
                                    given.isTrue(4));
}

void callRows(const Arguments& given) {
  const auto along = given.floats(0), image = given.floats(4);
  const auto list = given.integers(1);
  const Grid grid = gridOf(given.integers(2));
  const bool isMagnitude = given.isTrue(3);
  requireColumns(list, grid);
  require(along.length == countOf({grid.coils, grid.height, grid.columns, 2}) &&
              image.length == (isMagnitude ? countOf({grid.height, grid.width})
                                           : countOf({grid.coils, grid.height, grid.width, 2})),
          LENGTHS);
  chosen()->kernels->fourierRows(along.data, list.data, static_cast<int>(list.length), grid, isMagnitude, image.data,
                                 given.isTrue(5));
}

void callImages(const Arguments& given) {
  const auto x = given.floats(0), y = given.floats(3);
  const auto sizes = given.integers(1);
  require(sizes.length == 3, "Expected the sizes [images, height, width]");
  const Size size{sizes.data[0], sizes.data[1], sizes.data[2]};
  const size_t count = countOf({size.n, size.h, size.w, 2});
  require(x.length == count && y.length == count, LENGTHS);
  chosen()->kernels->fourier(x.data, y.data, size, given.isTrue(2), given.isTrue(4));
}

void callMask(const Arguments& given) {
  const auto image = given.floats(0), out = given.floats(2);
  const auto mask = given.bytes(1);
  require(mask.length > 0 && image.length % mask.length == 0 && out.length == image.length,
          "Expected an image of whole rows of the mask's length");
  const size_t rows = image.length / mask.length;
  require(mask.length < 1 << 30 && rows < 1 << 30, "Expected less than 2^30 rows and columns");
  chosen()->kernels->maskColumns(image.data, mask.data, static_cast<int>(rows), static_cast<int>(mask.length),
                                 out.data);
}

void callNormal(const Arguments& given) {
  const auto x = given.floats(0), maps = given.floats(1), y = given.floats(4);
  const auto mask = given.bytes(2);
  const auto sizes = given.integers(3);
  require(sizes.length == 3, "Expected the sizes [coils, rows, columns]");
  const Size size{sizes.data[0], sizes.data[1], sizes.data[2]};
  const size_t count = countOf({size.h, size.w, 2});
  const bool isOfColumns = mask.length == static_cast<size_t>(size.w);
  require(maps.length == countOf({size.n, size.h, size.w, 2}) && x.length == count && y.length == count &&
              (isOfColumns || mask.length == count / 2),
          LENGTHS);
  require(!overlap(x, y) && !overlap(maps, y), "Expected other memory for the result");
  chosen()->kernels->normal(x.data, maps.data, mask.data, isOfColumns, size, y.data, given.isTrue(5));
}

}  // namespace

std::vector<Export> fourierExports() {
  return {
      {"fourierColumns", called<callColumns>}, {"fourierRows", called<callRows>},
      {"fourierImages", called<callImages>},   {"maskColumns", called<callMask>},
      {"fourierNormal", called<callNormal>},
  };
}

}  // namespace selfmri
