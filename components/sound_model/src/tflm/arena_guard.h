// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tensorflow/lite/micro/micro_common.h"
#include "tensorflow/lite/micro/micro_context.h"

namespace sound_model {

/// Watches kernels. While they are prepared, it tells one that refuses its operator from one that gets no memory.
/// While they run, it notices those that write where they must not: all of the arena except a kernel's output and the
/// scratch it asked for is one big canary, whose digest is taken before and after, so that neither a live tensor nor
/// free space next to the scratch can be hit unseen. Off, that costs nothing.
class ArenaGuard {
 public:
  explicit ArenaGuard(std::span<const uint8_t> arena) : arena_(arena) {}

  void Enable(bool enable) { enabled_ = enable; }

  /// The operator that a kernel refused although there was memory for it. Every operator's kernel has to be guarded.
  std::optional<size_t> refused() const { return refused_; }

  /// The registration that `Register` gives, watched by the guard that the interpreter has as external context.
  template <TFLMRegistration (*Register)()>
  static TFLMRegistration Guarded() {
    TFLMRegistration registration = Register();
    registration.prepare = [](TfLiteContext* context, TfLiteNode* node) {
      return Of(context).Prepare(Register().prepare, context, node);
    };
    registration.invoke = [](TfLiteContext* context, TfLiteNode* node) {
      return Of(context).Invoke(Register().invoke, context, node);
    };
    return registration;
  }

 private:
  using Kernel = TfLiteStatus (*)(TfLiteContext*, TfLiteNode*);

  struct Scratch {
    const TfLiteNode* node;
    int index;
    size_t bytes;
  };

  static ArenaGuard& Of(TfLiteContext* context) {
    return *static_cast<ArenaGuard*>(tflite::GetMicroContext(context)->external_context());
  }
  static void* AllocatePersistent(TfLiteContext* context, size_t bytes);
  static TfLiteStatus RequestScratch(TfLiteContext* context, size_t bytes, int* index);

  TfLiteStatus Prepare(Kernel prepare, TfLiteContext* context, TfLiteNode* node);
  TfLiteStatus Invoke(Kernel invoke, TfLiteContext* context, TfLiteNode* node);
  std::vector<std::span<const uint8_t>> Writable(TfLiteContext* context, TfLiteNode* node) const;
  uint32_t DigestOutside(std::span<const std::span<const uint8_t>> writable) const;

  std::span<const uint8_t> arena_;
  bool enabled_ = false;
  std::vector<Scratch> scratch_;
  const TfLiteNode* preparing_ = nullptr;
  void* (*allocate_)(TfLiteContext*, size_t) = nullptr;
  TfLiteStatus (*request_)(TfLiteContext*, size_t, int*) = nullptr;
  size_t prepared_ = 0;
  bool out_of_memory_ = false;
  std::optional<size_t> refused_;
};

}  // namespace sound_model
