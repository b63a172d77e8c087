/** The library as a Node-API add-on: `require` loads the library, also in threads. */
#include <node_api.h>

#include <mutex>
#include <string>

#include "coils/exports.h"
#include "fourier/exports.h"
#include "kernels.h"
#include "operations.h"
#include "scratch.h"

namespace selfmri {
namespace {

napi_value text(napi_env env, const std::string& value) {
  napi_value made = nullptr;
  napi_create_string_utf8(env, value.c_str(), value.size(), &made);
  return made;
}

napi_value number(napi_env env, double value) {
  napi_value made = nullptr;
  napi_create_double(env, value, &made);
  return made;
}

void exportFunction(napi_env env, napi_value exports, const Export& each) {
  napi_value made = nullptr;
  napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.function, nullptr, &made);
  napi_set_named_property(env, exports, each.name, made);
}

/** registerOperations(): registers all operations with TensorFlow, once per process. Throws if TensorFlow refuses. */
napi_value registerAll(napi_env env, napi_callback_info) {
  static std::once_flag once;
  static std::string error;
  std::call_once(once, [] { error = registerOperations(operations()); });
  if (!error.empty()) napi_throw_error(env, nullptr, error.c_str());
  return nullptr;
}

/** releaseWorkingMemory(): frees the working memory that is kept for the next call. Returns the number of bytes. */
napi_value releaseWorkingMemory(napi_env env, napi_callback_info) {
  return number(env, static_cast<double>(releaseScratch()));
}

/** limitWorkingMemory(bytes), for tests. */
napi_value limitWorkingMemory(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  size_t count = 1;
  double bytes = 0;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_value_double(env, argument, &bytes);
  limitScratch(static_cast<size_t>(bytes));
  return nullptr;
}

/** Empty for compilers that were measured to give a version's recorded bits. Others join other products and sums. */
std::string otherCompiler() {
#if defined(__apple_build_version__)
  return "Apple Clang " + std::to_string(__clang_major__);
#elif defined(__clang__)
  return "Clang " + std::to_string(__clang_major__);
#elif __GNUC__ == 11 || __GNUC__ == 12
  return "";
#else
  return "GCC " + std::to_string(__GNUC__);
#endif
}

/** `instructions` is null if the processor lacks all instruction sets of this library, or the wanted one. */
napi_value start(napi_env env, napi_value exports) {
  napi_value nothing = nullptr;
  napi_get_null(env, &nothing);
  const InstructionSet* const set = chosen();
  napi_set_named_property(env, exports, "instructions", set ? text(env, set->kernels->instructions) : nothing);
  napi_set_named_property(env, exports, "version", number(env, VERSION));
  napi_set_named_property(env, exports, "otherCompiler", text(env, otherCompiler()));
  exportFunction(env, exports, {"registerOperations", registerAll});
  exportFunction(env, exports, {"releaseWorkingMemory", releaseWorkingMemory});
  exportFunction(env, exports, {"limitWorkingMemory", limitWorkingMemory});
  if (!set) return exports;
  for (const Export& each : fourierExports()) exportFunction(env, exports, each);
  for (const Export& each : coilExports()) exportFunction(env, exports, each);
  return exports;
}

}  // namespace
}  // namespace selfmri

NAPI_MODULE(self_mri_kernels, selfmri::start)
