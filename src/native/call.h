/** One call of an operation: its inputs, outputs and errors, through TensorFlow's C interface. */
#pragma once
#include <string>
#include <vector>

#include "kernels.h"
#include "tensorflow.h"

namespace selfmri {

/** The attributes of an operation. An operation reads only those that its definition names. */
struct Attributes {
  float slope = 0, epsilon = 0, followMean = 0, followSquare = 0, momentum = 0;
  /** Channels of each output of a list. */
  std::vector<int64_t> channels;
};

struct Tensor {
  float* data = nullptr;
  std::vector<int64_t> shape;
  int64_t size() const;
  /** Throws Refusal unless the tensor is [n, h, w, c]. */
  Size maps() const;
  /** Throws Refusal if the tensor is a scalar. */
  int channels() const;
  Part part() const { return {data, channels(), channels()}; }
};

/** An input that does not fit. The call fails with its message. */
struct Refusal {
  std::string message;
};
void expect(bool condition, const char* message);

/** All tensors of a call are released when it ends. Every function throws Refusal, or std::bad_alloc. */
class Call {
public:
  Call(const Attributes& attributes, TF_OpKernelContext* context);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const Attributes& attributes;
  int inputs() const { return TF_NumInputs(context); }
  int outputs() const { return TF_NumOutputs(context); }
  Tensor input(int i);
  Tensor output(int i, const std::vector<int64_t>& shape);
  /** An output of an input's shape, which may take over the input's memory. Call this before `input(input)`. */
  Tensor outputOf(int i, int input);

private:
  TF_OpKernelContext* const context;
  TF_Status* const status;
  std::vector<TF_Tensor*> held;
  void check();
  Tensor hold(TF_Tensor* tensor);
};

/** An operation: its definition, and the function that computes it. */
struct Operation {
  const char* name;
  std::vector<const char*> inputs, outputs, attributes;
  /** Whether the first output has the shape of the first input. All other shapes are unknown to a graph. */
  bool keepsShape;
  void (*compute)(Call& call);
};

/** Registers operations for the CPU. Returns an error, or an empty text. */
std::string registerOperations(const std::vector<Operation>& operations);

}  // namespace selfmri
