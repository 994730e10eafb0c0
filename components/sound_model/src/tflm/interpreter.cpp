// SPDX-License-Identifier: Apache-2.0
#include "sound_model/interpreter.h"

#include <string>

#include "arena_guard.h"
#include "kernels.h"
#include "op_profiler.h"
#include "tensorflow/compiler/mlir/lite/schema/schema_utils.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace sound_model {
namespace {

constexpr unsigned kMaxOps = 6;
using Resolver = tflite::MicroMutableOpResolver<kMaxOps>;

TfLiteStatus AddOp(Resolver& resolver, std::string_view op) {
  if (op == "CONV_2D") return resolver.AddConv2D(ArenaGuard::Guarded<kernels::Conv2D>());
  if (op == "DEPTHWISE_CONV_2D") return resolver.AddDepthwiseConv2D(ArenaGuard::Guarded<kernels::DepthwiseConv2D>());
  if (op == "FULLY_CONNECTED") return resolver.AddFullyConnected(ArenaGuard::Guarded<kernels::FullyConnected>());
  if (op == "LOGISTIC") return resolver.AddLogistic(ArenaGuard::Guarded<kernels::Logistic>());
  if (op == "RESHAPE") return resolver.AddReshape(ArenaGuard::Guarded<tflite::Register_RESHAPE>());
  if (op == "MEAN") return resolver.AddMean(ArenaGuard::Guarded<kernels::Mean>());
  return kTfLiteError;
}

std::string OperatorText(const tflite::Model& model, size_t index) {
  const auto* const op = (*model.subgraphs())[0]->operators()->Get(static_cast<flatbuffers::uoffset_t>(index));
  const tflite::BuiltinOperator code = tflite::GetBuiltinCode(model.operator_codes()->Get(op->opcode_index()));
  return "operator " + std::to_string(index) + " (" + tflite::EnumNameBuiltinOperator(code) + ")";
}

std::unexpected<Error> Refuse(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

}  // namespace

struct Interpreter::Implementation {
  Implementation(const tflite::Model* model, std::span<uint8_t> arena, size_t operators, uint32_t (*cycles)())
      : guard(arena),
        profiler(operators, cycles),
        interpreter(model, resolver, arena.data(), arena.size(), nullptr, &profiler) {
    interpreter.SetMicroExternalContext(&guard);
  }

  Resolver resolver;
  ArenaGuard guard;
  OpProfiler profiler;
  tflite::MicroInterpreter interpreter;
};

std::expected<std::unique_ptr<Interpreter>, Error> Interpreter::Create(std::span<const uint8_t> model,
                                                                       const ModelSummary& summary,
                                                                       std::span<uint8_t> arena, uint32_t (*cycles)()) {
  flatbuffers::Verifier verifier(model.data(), model.size());
  if (!tflite::VerifyModelBuffer(verifier)) {
    return Refuse(ErrorCode::kDamaged, "model: damaged: FlatBuffers' verifier refuses it");
  }
  auto implementation = std::make_unique<Implementation>(tflite::GetModel(model.data()), arena,
                                                         static_cast<size_t>(summary.operators), cycles);
  for (const std::string_view op : summary.op_set) {
    if (AddOp(implementation->resolver, op) != kTfLiteOk) {
      return Refuse(ErrorCode::kUnsupported, "model: no kernel for " + std::string(op));
    }
  }
  if (implementation->interpreter.AllocateTensors() != kTfLiteOk) {
    if (const auto refused = implementation->guard.refused()) {
      return Refuse(ErrorCode::kUnsupported, "model: " + OperatorText(*tflite::GetModel(model.data()), *refused) +
                                                 ": the " + kernels::kName +
                                                 " kernels refuse it; the log's line before says why");
    }
    return Refuse(ErrorCode::kOutOfMemory, "arena: " + std::to_string(arena.size()) + " bytes are too few");
  }
  std::unique_ptr<Interpreter> interpreter(new Interpreter(std::move(implementation)));
  if (interpreter->input().size() != kPatchValues || interpreter->output().size() != summary.classes) {
    return Refuse(ErrorCode::kUnsupported, "model: the interpreter sees other tensors than the file has");
  }
  return interpreter;
}

Interpreter::Interpreter(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

Interpreter::~Interpreter() = default;

std::span<int8_t> Interpreter::input() {
  TfLiteTensor* tensor = implementation_->interpreter.input(0);
  return {tensor->data.int8, tensor->bytes};
}

std::span<const int8_t> Interpreter::output() {
  TfLiteTensor* tensor = implementation_->interpreter.output(0);
  return {tensor->data.int8, tensor->bytes};
}

std::expected<void, Error> Interpreter::Invoke(bool guarded) {
  implementation_->profiler.Clear();
  implementation_->guard.Enable(guarded);
  if (implementation_->interpreter.Invoke() == kTfLiteOk) return {};
  return Refuse(ErrorCode::kInferenceFailed,
                "the interpreter stopped at operator " + std::to_string(costs().size() - 1) +
                    (guarded ? ": its kernel fails, or writes outside its output and scratch" : ""));
}

std::span<const OpCost> Interpreter::costs() { return implementation_->profiler.costs(); }

size_t Interpreter::arena_used() const { return implementation_->interpreter.arena_used_bytes(); }

std::string_view KernelsName() { return kernels::kName; }

}  // namespace sound_model
