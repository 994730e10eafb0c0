// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "aligned_memory.h"
#include "esp_timer.h"
#include "sdkconfig.h"
#include "sound_model/model_store.h"

#if !CONFIG_IDF_TARGET_LINUX
#include "esp_cpu.h"
#endif

namespace sound_model {
namespace {

#if CONFIG_SOUND_MODEL_ARENA_INTERNAL
constexpr Memory kArenaMemory = Memory::kInternal;
#else
constexpr Memory kArenaMemory = Memory::kPsram;
#endif
constexpr size_t kArenaBytes = CONFIG_SOUND_MODEL_ARENA_KB * size_t{1024};
constexpr size_t kTrialBytes = 4 << 20;

uint32_t Cycles() {
#if CONFIG_IDF_TARGET_LINUX
  return static_cast<uint32_t>(esp_timer_get_time());  // microseconds stand in for cycles
#else
  return esp_cpu_get_cycle_count();
#endif
}

std::unexpected<Error> OutOfMemory(std::string message) {
  return std::unexpected(Error{ErrorCode::kOutOfMemory, "arena: " + std::move(message)});
}

/// How much arena the model takes, found in all the PSRAM there is; 0 when even that is too little.
size_t NeededArena(std::span<const uint8_t> model, const ModelSummary& summary) {
  const std::span<uint8_t> trial = AllocateAligned(std::min(kTrialBytes, LargestFree(Memory::kPsram)), Memory::kPsram);
  if (trial.empty()) return 0;
  size_t needed = 0;
  if (const auto interpreter = Interpreter::Create(model, summary, trial, Cycles)) {
    needed = (*interpreter)->arena_used();
  }
  FreeAligned(trial);
  return needed;
}

}  // namespace

size_t ArenaBytes() { return kArenaBytes; }

std::expected<std::unique_ptr<Interpreter>, Error> MakeInterpreter(std::span<const uint8_t> model,
                                                                   const ModelSummary& summary) {
  const std::span<uint8_t> arena = AllocateAligned(kArenaBytes, kArenaMemory);
  if (arena.empty()) {
    return OutOfMemory("no " + std::to_string(kArenaBytes) + " bytes in one piece; the largest has " +
                       std::to_string(LargestFree(kArenaMemory)));
  }
  auto interpreter = Interpreter::Create(model, summary, arena, Cycles);
  if (interpreter || interpreter.error().code != ErrorCode::kOutOfMemory) return interpreter;
  FreeAligned(arena);
  const size_t needed = NeededArena(model, summary);
  if (needed == 0) return interpreter;
  return OutOfMemory(std::to_string(kArenaBytes) + " bytes are too few, the model needs " + std::to_string(needed) +
                     ": set SOUND_MODEL_ARENA_KB to " + std::to_string(needed / 1024 + 1));
}

}  // namespace sound_model
