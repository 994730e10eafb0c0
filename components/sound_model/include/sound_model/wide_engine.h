// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sound_model/error.h"

namespace sound_model {

/// The device's arithmetic at a PC's speed: outputs are those of TensorFlow Lite's reference kernels, computed by the
/// widest vectors there are, several patches at a time.
class WideEngine {
 public:
  /// Working memory of one thread, from MakeScratch().
  struct Scratch {
    std::vector<uint8_t> values;
    std::vector<uint8_t> next;
    std::vector<uint8_t> columns;
    std::vector<int16_t> widened;
  };

  /// @param model    a .tflite; need not stay.
  /// @param kernels  one of KernelNames(), or empty for the first.
  /// @return CheckModel()'s errors; kUnsupported for a graph that is no chain, or kernels that this processor has not.
  static std::expected<std::unique_ptr<WideEngine>, Error> Create(std::span<const uint8_t> model,
                                                                  std::string_view kernels = {});
  /// What this processor can run, the fastest first.
  static std::vector<std::string_view> KernelNames();

  ~WideEngine();

  /// What the network makes of a patch before its head: means over all pixels, real = scale * (q - zero_point).
  struct Embedding {
    size_t values;
    float scale;
    int zero_point;
  };

  std::string_view kernels() const;
  int classes() const;
  /// Nothing for a model without such a step.
  std::optional<Embedding> embedding() const;
  /// That are computed together, at most.
  int patches_at_a_time() const;

  Scratch MakeScratch() const;

  /// Any number of threads at a time, each with a scratch of its own.
  /// @param patches  int8 [n, 96, 64]
  /// @param scores   receives int8 [n, classes]
  void Score(std::span<const int8_t> patches, std::span<int8_t> scores, Scratch& scratch) const;

  /// Likewise, for a model that has an embedding().
  /// @param embeddings  receives int8 [n, embedding().values]
  void Embed(std::span<const int8_t> patches, std::span<int8_t> embeddings, Scratch& scratch) const;

 private:
  struct Implementation;
  explicit WideEngine(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace sound_model
