/** Arguments of the library's functions for JavaScript. A function throws a RangeError if its arguments do not fit. */
#pragma once
#include <node_api.h>

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <new>

#include "denormals.h"

namespace selfmri {

/** A function of the library for JavaScript. */
struct Export {
  const char* name;
  napi_callback function;
};

/** An argument that does not fit. The call throws its message in JavaScript. */
struct Misfit {
  const char* message;
};

inline void require(bool condition, const char* message) {
  if (!condition) throw Misfit{message};
}

template <class T>
struct Array {
  T* data;
  size_t length;
};

/** Whether two arrays share memory. */
template <class T>
bool overlap(const Array<T>& a, const Array<T>& b) {
  return a.data < b.data + b.length && b.data < a.data + a.length;
}

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
  static constexpr size_t MOST = 8;
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
inline size_t countOf(std::initializer_list<int> sizes) {
  int64_t product = 1;
  for (int size : sizes) {
    require(size >= 1 && size < (int64_t{1} << 40) / product, "Expected sizes from 1 up, of less than 2^40 numbers");
    product *= size;
  }
  return static_cast<size_t>(product);
}

template <void (*CALL)(const Arguments&)>
napi_value called(napi_env env, napi_callback_info info) {
  const WithoutDenormals flushing;
  try {
    CALL(Arguments(env, info));
  } catch (const Misfit& misfit) {
    napi_throw_range_error(env, nullptr, misfit.message);
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nullptr, "OOM, no memory is left for this operation");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

}  // namespace selfmri
