// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "flatbuffer_view.h"
#include "sound_model/error.h"
#include "tflite_schema.h"

namespace sound_model {

inline constexpr size_t kMaxRank = 4;
inline constexpr size_t kMaxOperands = 3;

struct GraphTensor {
  schema::Type type;
  std::array<int32_t, kMaxRank> shape{1, 1, 1, 1};
  size_t rank = 0;
  VectorView<float> scales;
  VectorView<int64_t> zero_points;
  int32_t quantized_dimension = 0;
  std::span<const uint8_t> data;  ///< Of a constant; empty for an activation.

  size_t values() const;
  bool has_shape(std::initializer_list<int32_t> expected) const;
};

struct GraphOperator {
  schema::Op op;
  std::array<int32_t, kMaxOperands> inputs{};
  size_t input_count = 0;
  int32_t output = 0;
  schema::OptionsType options_type;
  TableView options;
};

/// The one subgraph of a model; every index in it is inside the lists it points into.
struct ModelGraph {
  std::vector<GraphTensor> tensors;
  std::vector<GraphOperator> operators;
  int32_t input;
  int32_t output;
};

std::string_view OpName(schema::Op op);

/// @param file  a FlatBuffer with the right identifier.
std::expected<ModelGraph, Error> ReadGraph(FlatBufferView& file);

/// Checks that each operator's options, shapes, quantisation and constants belong together.
std::expected<void, Error> CheckOperators(const ModelGraph& graph);

}  // namespace sound_model
