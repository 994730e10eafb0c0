// SPDX-License-Identifier: Apache-2.0
// Scores patches with the kernels of the build and compares all outputs with those that come along, then tells what
// each operator costs. Core 1 has nothing to do but FreeRTOS's idle task, which waits in waiti: QEMU's -icount, which
// adds up both cores, then counts core 0 alone. A loop of known length, measured first, shows that it is so, and how
// many cycles stand for an instruction.
//
// The partition `model` has yamnet.tflite, `patches` has: a count, then patches of 6,144 inputs and the model's
// outputs.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "esp_cpu.h"
#include "esp_heap_caps.h"
#include "esp_partition.h"
#include "random_layers.h"
#include "sound_model/interpreter.h"

namespace {

constexpr size_t kArenaBytes = 1280 * 1024;
constexpr uint32_t kLoops = 100'000;

const uint8_t* Map(const char* name) {
  const esp_partition_t* const partition =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, name);
  if (partition == nullptr) return nullptr;
  const void* data = nullptr;
  esp_partition_mmap_handle_t handle;
  const esp_err_t error = esp_partition_mmap(partition, 0, partition->size, ESP_PARTITION_MMAP_DATA, &data, &handle);
  return error == ESP_OK ? static_cast<const uint8_t*>(data) : nullptr;
}

uint32_t Cycles() { return esp_cpu_get_cycle_count(); }

/// @return cycles of 10 * kLoops instructions.
uint32_t CyclesOfLoop() {
  const uint32_t begin = Cycles();
  asm volatile(
      "loop %0, loop_end_%=\n"
      "nop.n\nnop.n\nnop.n\nnop.n\nnop.n\nnop.n\nnop.n\nnop.n\nnop.n\nnop.n\n"
      "loop_end_%=:\n" ::"r"(kLoops));
  return Cycles() - begin;
}

bool Run() {
  const uint8_t* const model = Map("model");
  const uint8_t* patches = Map("patches");
  auto* const arena = static_cast<uint8_t*>(heap_caps_aligned_alloc(16, kArenaBytes, MALLOC_CAP_SPIRAM));
  if (model == nullptr || patches == nullptr || arena == nullptr) {
    std::printf("no partition, or no memory\n");
    return false;
  }
  uint32_t header[2];  // bytes of the model, patches
  std::memcpy(header, patches, sizeof(header));
  patches += sizeof(header);
  const std::span<const uint8_t> file(model, header[0]);
  const auto summary = sound_model::CheckModel(file);
  if (!summary) {
    std::printf("%s\n", summary.error().message.c_str());
    return false;
  }
  const uint32_t before = Cycles();
  const auto interpreter = sound_model::Interpreter::Create(file, *summary, {arena, kArenaBytes}, Cycles);
  const uint32_t preparing = Cycles() - before;
  if (!interpreter) {
    std::printf("%s\n", interpreter.error().message.c_str());
    return false;
  }
  std::printf("kernels %s arena %u preparing %u\n", std::string(sound_model::KernelsName()).c_str(),
              static_cast<unsigned>((*interpreter)->arena_used()), static_cast<unsigned>(preparing));
  std::printf("loop %u %u\n", static_cast<unsigned>(10 * kLoops), static_cast<unsigned>(CyclesOfLoop()));
  bool passed = true;
  for (uint32_t patch = 0; patch < header[1]; ++patch) {
    const std::span<int8_t> input = (*interpreter)->input();
    std::memcpy(input.data(), patches, input.size());
    const bool guarded = patch == 0;
    if (const auto done = (*interpreter)->Invoke(guarded); !done) {
      std::printf("%s\n", done.error().message.c_str());
      return false;
    }
    patches += input.size();
    const std::span<const int8_t> output = (*interpreter)->output();
    const auto* const expected = reinterpret_cast<const int8_t*>(patches);
    int different = 0;
    for (size_t i = 0; i < output.size(); ++i) different += output[i] != expected[i];
    patches += output.size();
    std::printf("patch %u different %d\n", static_cast<unsigned>(patch), different);
    passed = passed && different == 0;
  }
  for (const sound_model::OpCost& cost : (*interpreter)->costs()) {
    std::printf("operator %s %u\n", std::string(cost.op).c_str(), static_cast<unsigned>(cost.cycles));
  }
  return passed;
}

}  // namespace

extern "C" void app_main() {
  constexpr int kRandomLayers = 1000;
  std::printf("%s\n", CheckRandomLayers(kRandomLayers) && Run() ? "PASS" : "FAIL");
}
