// SPDX-License-Identifier: Apache-2.0
#include "sound_model/model_file.h"

#include <algorithm>
#include <cstddef>

#include "model_graph.h"
#include "sound_model/class_map.h"
#include "sound_model/front_end.h"

namespace sound_model {
namespace {

constexpr size_t kIdentifierAt = 4;
constexpr size_t kMaxMetadata = 64;
constexpr ptrdiff_t kConstantAlignment = 16;
constexpr float kSmallestScale = 1e-6f;

std::unexpected<Error> Refuse(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, "model: " + std::move(message)});
}

std::string ShapeText(const GraphTensor& tensor) {
  std::string text = tensor.type == schema::Type::kInt8 ? "int8 [" : "int32 [";
  for (size_t i = 0; i < tensor.rank; ++i) text += (i ? ", " : "") + std::to_string(tensor.shape[i]);
  return text + "]";
}

std::expected<Quantization, Error> CheckEnd(const GraphTensor& tensor, std::initializer_list<int32_t> shape,
                                            std::string_view name, std::string_view expected) {
  if (tensor.type != schema::Type::kInt8 || !tensor.has_shape(shape)) {
    return Refuse(ErrorCode::kUnsupported,
                  std::string(name) + " is " + ShapeText(tensor) + ", not " + std::string(expected));
  }
  if (tensor.scales.size() != 1 || tensor.zero_points.size() != 1 || !(tensor.scales[0] >= kSmallestScale) ||
      tensor.zero_points[0] < -128 || tensor.zero_points[0] > 127) {
    return Refuse(ErrorCode::kUnsupported, std::string(name) + " is not quantised with one scale and zero point");
  }
  return Quantization{tensor.scales[0], static_cast<int>(tensor.zero_points[0])};
}

std::expected<std::string_view, Error> FindFrontEnd(FlatBufferView& file) {
  const TableView model = TableView::Root(file);
  const auto entries = model.Vector<uint32_t>(schema::model::kMetadata);
  const auto buffers = model.Vector<uint32_t>(schema::model::kBuffers);
  for (size_t i = 0; i < std::min(entries.size(), kMaxMetadata); ++i) {
    const TableView entry = model.Item(entries, i);
    const auto buffer = entry.Scalar<uint32_t>(schema::metadata::kBuffer, 0);
    if (entry.Text(schema::metadata::kName) != kFrontEndMetadata || buffer >= buffers.size()) continue;
    return model.Item(buffers, buffer).Text(schema::buffer::kData);
  }
  return Refuse(ErrorCode::kUnsupported, "it does not say which front end it was trained on (metadata " +
                                             std::string(kFrontEndMetadata) +
                                             "); convert it with tools/convert_yamnet.py");
}

}  // namespace

std::expected<ModelSummary, Error> CheckModel(std::span<const uint8_t> bytes) {
  if (bytes.size() < kIdentifierAt + schema::kFileIdentifier.size() ||
      !std::equal(schema::kFileIdentifier.begin(), schema::kFileIdentifier.end(), bytes.begin() + kIdentifierAt)) {
    return Refuse(ErrorCode::kDamaged, "not a TensorFlow Lite file (no TFL3 identifier)");
  }
  FlatBufferView file(bytes);
  if (const auto version = TableView::Root(file).Scalar<uint32_t>(schema::model::kVersion, 0);
      version != schema::kVersion) {
    return Refuse(ErrorCode::kUnsupported, "schema version " + std::to_string(version) + ", not 3");
  }
  const auto graph = ReadGraph(file);
  // A structure that points outside the file explains whatever else was found on the way.
  if (file.damaged()) return Refuse(ErrorCode::kDamaged, "damaged: its structure points outside the file");
  if (!graph) return std::unexpected(graph.error());
  const auto input =
      CheckEnd(graph->tensors[graph->input], {1, kPatchFrames, kPatchBands}, "input", "int8 [1, 96, 64]");
  if (!input) return std::unexpected(input.error());
  const GraphTensor& last = graph->tensors[graph->output];
  const auto most = static_cast<int32_t>(kMostClasses);
  const auto output = CheckEnd(last, {1, std::clamp<int32_t>(last.shape[1], 1, most)}, "output",
                               "int8 [1, classes] with 1 to " + std::to_string(most) + " classes");
  if (!output) return std::unexpected(output.error());
  for (const GraphTensor& tensor : graph->tensors) {
    if (tensor.data.empty() || (tensor.data.data() - bytes.data()) % kConstantAlignment == 0) continue;
    return Refuse(ErrorCode::kUnsupported,
                  "its constants are not 16-byte aligned in the file, as SIMD kernels need them");
  }
  const auto checked = CheckOperators(*graph);
  const auto front_end = FindFrontEnd(file);
  if (file.damaged()) return Refuse(ErrorCode::kDamaged, "damaged: its structure points outside the file");
  if (!checked) return std::unexpected(checked.error());
  if (!front_end) return std::unexpected(front_end.error());

  ModelSummary summary{.input = *input,
                       .output = *output,
                       .front_end = *front_end,
                       .op_set = {},
                       .operators = static_cast<int>(graph->operators.size()),
                       .classes = static_cast<size_t>(last.shape[1])};
  for (const GraphOperator& op : graph->operators) {
    const std::string_view name = OpName(op.op);
    if (std::ranges::find(summary.op_set, name) == summary.op_set.end()) summary.op_set.push_back(name);
  }
  return summary;
}

}  // namespace sound_model
