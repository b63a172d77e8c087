#include "exports.h"

#include <exception>
#include <initializer_list>
#include <new>

#include "../denormals.h"
#include "../kernels.h"

namespace selfmri {
namespace {

/** An argument that does not fit. The call throws its message in JavaScript. */
struct Misfit {
  const char* message;
};

void require(bool condition, const char* message) {
  if (!condition) throw Misfit{message};
}

template <class T>
struct Array {
  T* data;
  size_t length;
};

class Arguments {
public:
  Arguments(napi_env env, napi_callback_info info) : env(env) {
    size_t count = MOST;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }
  Array<float> floats(int i) const { return array<float>(i, napi_float32_array, "Expected a Float32Array"); }
  Array<int32_t> integers(int i) const { return array<int32_t>(i, napi_int32_array, "Expected an Int32Array"); }
  Array<uint8_t> bytes(int i) const { return array<uint8_t>(i, napi_uint8_array, "Expected a Uint8Array"); }
  bool isTrue(int i) const {
    bool value = false;
    require(napi_get_value_bool(env, values[i], &value) == napi_ok, "Expected true or false");
    return value;
  }

private:
  static constexpr size_t MOST = 6;
  const napi_env env;
  napi_value values[MOST];

  template <class T>
  Array<T> array(int i, napi_typedarray_type wanted, const char* message) const {
    bool isArray = false;
    require(napi_is_typedarray(env, values[i], &isArray) == napi_ok && isArray, message);
    napi_typedarray_type type{};
    void* data = nullptr;
    size_t length = 0;
    napi_get_typedarray_info(env, values[i], &type, &length, &data, nullptr, nullptr);
    require(type == wanted, message);
    return {static_cast<T*>(data), length};
  }
};

/** The product of sizes, each at least 1. */
size_t countOf(std::initializer_list<int> sizes) {
  int64_t product = 1;
  for (int size : sizes) {
    require(size >= 1 && size < (int64_t{1} << 40) / product, "Expected sizes from 1 up, of less than 2^40 numbers");
    product *= size;
  }
  return static_cast<size_t>(product);
}

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
  require(x.data != y.data, "Expected another array for the result");
  chosen()->kernels->normal(x.data, maps.data, mask.data, isOfColumns, size, y.data, given.isTrue(5));
}

template <void (*CALL)(const Arguments&)>
napi_value called(napi_env env, napi_callback_info info) {
  const WithoutDenormals flushing;
  try {
    CALL(Arguments(env, info));
  } catch (const Misfit& misfit) {
    napi_throw_range_error(env, nullptr, misfit.message);
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nullptr, "OOM, no memory is left for this Fourier transform");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
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
