#include "call.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <new>

#include "denormals.h"

namespace selfmri {

int64_t Tensor::size() const {
  int64_t product = 1;
  for (int64_t side : shape) product *= side;
  return product;
}

Size Tensor::maps() const {
  expect(shape.size() == 4, "Expected maps [n, h, w, c]");
  for (int64_t side : shape) expect(side <= INT32_MAX / 2, "Expected sides of less than 2^30");
  return {static_cast<int>(shape[0]), static_cast<int>(shape[1]), static_cast<int>(shape[2])};
}

int Tensor::channels() const {
  expect(!shape.empty() && shape.back() <= INT32_MAX, "Expected maps or filters");
  return static_cast<int>(shape.back());
}

void expect(bool condition, const char* message) {
  if (!condition) throw Refusal{message};
}

Call::Call(const Attributes& attributes, TF_OpKernelContext* context)
    : attributes(attributes), context(context), status(TF_NewStatus()) {}

Call::~Call() {
  for (TF_Tensor* tensor : held) TF_DeleteTensor(tensor);
  TF_DeleteStatus(status);
}

void Call::check() {
  const int code = TF_GetCode(status);
  if (code == TF_RESOURCE_EXHAUSTED) throw std::bad_alloc();
  if (code) throw Refusal{TF_Message(status)};
}

Tensor Call::hold(TF_Tensor* tensor) {
  check();
  held.push_back(tensor);
  Tensor made{static_cast<float*>(TF_TensorData(tensor)), {}};
  for (int i = 0; i < TF_NumDims(tensor); i++) made.shape.push_back(TF_Dim(tensor, i));
  return made;
}

Tensor Call::input(int i) {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context, i, &tensor, status);
  return hold(tensor);
}

Tensor Call::output(int i, const std::vector<int64_t>& shape) {
  size_t bytes = sizeof(float);
  for (int64_t side : shape) bytes *= static_cast<size_t>(side);
  return hold(TF_AllocateOutput(context, i, TF_FLOAT, shape.data(), static_cast<int>(shape.size()), bytes, status));
}

Tensor Call::outputOf(int i, int input) {
  const std::vector<int64_t> shape = this->input(input).shape;
  // A reference to the input would keep its memory from being taken over.
  TF_DeleteTensor(held.back());
  held.pop_back();
  int taken = -1;
  return hold(TF_ForwardInputOrAllocateOutput(context, &input, 1, i, shape.data(), static_cast<int>(shape.size()),
                                              &taken, status));
}

namespace {

/** What TensorFlow keeps of one node. */
struct Kernel {
  const Operation* operation;
  Attributes attributes;
};

/** TensorFlow's `create` gets no argument of ours, so each operation needs a function of its own. */
template <int I>
struct Registered {
  static const Operation* operation;
  static void* create(TF_OpKernelConstruction* construction);
};
template <int I>
const Operation* Registered<I>::operation = nullptr;

void* createKernel(const Operation& operation, TF_OpKernelConstruction* construction) {
  auto kernel = std::make_unique<Kernel>(Kernel{&operation, {}});
  Attributes& attributes = kernel->attributes;
  TF_Status* const status = TF_NewStatus();
  const auto number = [&](const char* name, float& value) {
    TF_OpKernelConstruction_GetAttrFloat(construction, name, &value, status);
  };
  for (const std::string text : operation.attributes) {
    const std::string name = text.substr(0, text.find(':'));
    if (name == "slope") number("slope", attributes.slope);
    if (name == "epsilon") number("epsilon", attributes.epsilon);
    if (name == "follow_mean") number("follow_mean", attributes.followMean);
    if (name == "follow_square") number("follow_square", attributes.followSquare);
    if (name == "momentum") number("momentum", attributes.momentum);
    if (name != "channels") continue;
    int32_t count = 0, total = 0;
    TF_OpKernelConstruction_GetAttrSize(construction, "channels", &count, &total, status);
    attributes.channels.resize(static_cast<size_t>(count > 0 ? count : 0));
    TF_OpKernelConstruction_GetAttrInt64List(construction, "channels", attributes.channels.data(), count, status);
  }
  if (TF_GetCode(status)) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return kernel.release();
}

template <int I>
void* Registered<I>::create(TF_OpKernelConstruction* construction) {
  return createKernel(*operation, construction);
}

/** Names the operation. Allocates no text, because no memory may be left. */
void fail(TF_OpKernelContext* context, const Kernel& kernel, int code, const char* message) {
  char text[512];
  std::snprintf(text, sizeof text, "%s: %s", kernel.operation->name, message);
  TF_Status* const status = TF_NewStatus();
  TF_SetStatus(status, code, text);
  TF_OpKernelContext_Failure(context, status);
  TF_DeleteStatus(status);
}

/** No exception may leave this function, because TensorFlow's threads would abort the process. */
void computeKernel(void* data, TF_OpKernelContext* context) {
  const Kernel& kernel = *static_cast<const Kernel*>(data);
  const WithoutDenormals flushing;
  try {
    Call call(kernel.attributes, context);
    kernel.operation->compute(call);
  } catch (const Refusal& refusal) {
    fail(context, kernel, TF_INVALID_ARGUMENT, refusal.message.c_str());
  } catch (const std::bad_alloc&) {
    fail(context, kernel, TF_RESOURCE_EXHAUSTED, "OOM, no memory is left for this operation");
  } catch (const std::exception& error) {
    fail(context, kernel, TF_INTERNAL, error.what());
  } catch (...) {
    fail(context, kernel, TF_INTERNAL, "an unknown error");
  }
}

void deleteKernel(void* data) { delete static_cast<Kernel*>(data); }

template <bool KEEPS>
void inferShapes(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
  if (!KEEPS) return;
  TF_ShapeHandle* const first = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, first, status);
  TF_ShapeInferenceContextSetOutput(context, 0, first, status);
  TF_DeleteShapeHandle(first);
}

constexpr int MOST = 32;

template <int I>
void registerFrom(const std::vector<Operation>& operations, TF_Status* status) {
  if constexpr (I < MOST) {
    if (I >= static_cast<int>(operations.size())) return;
    const Operation& operation = operations[I];
    Registered<I>::operation = &operation;
    TF_OpDefinitionBuilder* const definition = TF_NewOpDefinitionBuilder(operation.name);
    for (const char* each : operation.inputs) TF_OpDefinitionBuilderAddInput(definition, each);
    for (const char* each : operation.outputs) TF_OpDefinitionBuilderAddOutput(definition, each);
    for (const char* each : operation.attributes) TF_OpDefinitionBuilderAddAttr(definition, each);
    TF_OpDefinitionBuilderSetShapeInferenceFunction(definition,
                                                    operation.keepsShape ? inferShapes<true> : inferShapes<false>);
    TF_RegisterOpDefinition(definition, status);
    if (TF_GetCode(status)) return;
    TF_RegisterKernelBuilder(
        operation.name, TF_NewKernelBuilder(operation.name, "CPU", Registered<I>::create, computeKernel, deleteKernel),
        status);
    if (TF_GetCode(status)) return;
    registerFrom<I + 1>(operations, status);
  }
}

}  // namespace

std::string registerOperations(const std::vector<Operation>& operations) {
  if (operations.size() > MOST) return "more operations than functions that create them";
  TF_Status* const status = TF_NewStatus();
  registerFrom<0>(operations, status);
  const std::string error = TF_GetCode(status) ? TF_Message(status) : "";
  TF_DeleteStatus(status);
  return error;
}

}  // namespace selfmri
