// SPDX-License-Identifier: Apache-2.0
#include "arena_guard.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace sound_model {
namespace {

/// FNV-1a over words: any single change shows.
class Digest {
 public:
  void Add(const uint8_t* begin, const uint8_t* end) {
    for (; end - begin >= static_cast<ptrdiff_t>(sizeof(uint32_t)); begin += sizeof(uint32_t)) {
      uint32_t word;
      std::memcpy(&word, begin, sizeof(word));
      Mix(word);
    }
    for (; begin < end; ++begin) Mix(*begin);
  }
  uint32_t value() const { return value_; }

 private:
  void Mix(uint32_t word) { value_ = (value_ ^ word) * 16777619; }

  uint32_t value_ = 2166136261;
};

/// Whether there was memory for the TfLiteTensors that a kernel looks at while it is prepared.
bool HasTemporaryMemory(TfLiteContext* context) {
  constexpr size_t kMostTensors = 4;
  tflite::MicroContext* const micro = tflite::GetMicroContext(context);
  uint8_t* const trial = micro->AllocateTempBuffer(kMostTensors * sizeof(TfLiteTensor), alignof(TfLiteTensor));
  if (trial != nullptr) micro->DeallocateTempBuffer(trial);
  return trial != nullptr;
}

}  // namespace

void* ArenaGuard::AllocatePersistent(TfLiteContext* context, size_t bytes) {
  ArenaGuard& guard = Of(context);
  void* const memory = guard.allocate_(context, bytes);
  guard.out_of_memory_ |= memory == nullptr;
  return memory;
}

TfLiteStatus ArenaGuard::RequestScratch(TfLiteContext* context, size_t bytes, int* index) {
  ArenaGuard& guard = Of(context);
  const TfLiteStatus status = guard.request_(context, bytes, index);
  guard.out_of_memory_ |= status != kTfLiteOk;
  TF_LITE_ENSURE_STATUS(status);
  guard.scratch_.push_back({guard.preparing_, *index, bytes});
  return kTfLiteOk;
}

TfLiteStatus ArenaGuard::Prepare(Kernel prepare, TfLiteContext* context, TfLiteNode* node) {
  preparing_ = node;
  allocate_ = std::exchange(context->AllocatePersistentBuffer, AllocatePersistent);
  request_ = std::exchange(context->RequestScratchBufferInArena, RequestScratch);
  const TfLiteStatus status = prepare(context, node);
  context->AllocatePersistentBuffer = allocate_;
  context->RequestScratchBufferInArena = request_;
  if (status != kTfLiteOk && !out_of_memory_ && HasTemporaryMemory(context)) refused_ = prepared_;
  ++prepared_;
  return status;
}

TfLiteStatus ArenaGuard::Invoke(Kernel invoke, TfLiteContext* context, TfLiteNode* node) {
  if (!enabled_) return invoke(context, node);
  const auto writable = Writable(context, node);
  const uint32_t before = DigestOutside(writable);
  TF_LITE_ENSURE_STATUS(invoke(context, node));
  if (DigestOutside(writable) == before) return kTfLiteOk;
  MicroPrintf("a kernel has written outside its output and its scratch");
  return kTfLiteError;
}

/// The output and the scratch of a node, in order of address.
std::vector<std::span<const uint8_t>> ArenaGuard::Writable(TfLiteContext* context, TfLiteNode* node) const {
  const TfLiteEvalTensor* const output = tflite::micro::GetEvalOutput(context, node, 0);
  std::vector<std::span<const uint8_t>> parts{{tflite::micro::GetTensorData<uint8_t>(output),
                                               static_cast<size_t>(tflite::micro::GetTensorShape(output).FlatSize())}};
  for (const Scratch& scratch : scratch_) {
    if (scratch.node != node) continue;
    parts.emplace_back(static_cast<const uint8_t*>(context->GetScratchBuffer(context, scratch.index)), scratch.bytes);
  }
  std::ranges::sort(parts, {}, [](const auto& part) { return part.data(); });
  return parts;
}

uint32_t ArenaGuard::DigestOutside(std::span<const std::span<const uint8_t>> writable) const {
  Digest digest;
  const uint8_t* at = arena_.data();
  for (const auto& part : writable) {
    digest.Add(at, part.data());
    at = std::max(at, part.data() + part.size());
  }
  digest.Add(at, arena_.data() + arena_.size());
  return digest.value();
}

}  // namespace sound_model
