// SPDX-License-Identifier: Apache-2.0
#include "model_graph.h"

#include <algorithm>

namespace sound_model {
namespace {

// Far above YAMNet's 65 tensors and 31 operators; they keep a damaged file from costing time and memory.
constexpr size_t kMaxTensors = 512;
constexpr size_t kMaxOperators = 256;
constexpr size_t kMaxBuffers = 1024;
constexpr size_t kMaxOperatorCodes = 64;
constexpr int32_t kMaxDimension = 1 << 16;

struct NamedOp {
  schema::Op op;
  std::string_view name;
};
constexpr std::array kKnownOps{
    NamedOp{schema::Op::kConv2D, "CONV_2D"},
    NamedOp{schema::Op::kDepthwiseConv2D, "DEPTHWISE_CONV_2D"},
    NamedOp{schema::Op::kFullyConnected, "FULLY_CONNECTED"},
    NamedOp{schema::Op::kLogistic, "LOGISTIC"},
    NamedOp{schema::Op::kReshape, "RESHAPE"},
    NamedOp{schema::Op::kMean, "MEAN"},
};

std::unexpected<Error> Damaged(std::string message) {
  return std::unexpected(Error{ErrorCode::kDamaged, "model: " + std::move(message)});
}

std::unexpected<Error> Unsupported(std::string message) {
  return std::unexpected(Error{ErrorCode::kUnsupported, "model: " + std::move(message)});
}

std::string Numbered(std::string_view what, size_t i) { return std::string(what) + " " + std::to_string(i); }

std::expected<GraphTensor, Error> ReadTensor(TableView table, TableView model, size_t index) {
  using namespace schema::tensor;
  const std::string name = Numbered("tensor", index);
  GraphTensor tensor{
      .type = static_cast<schema::Type>(table.Scalar<int8_t>(kType, 0)), .scales = {}, .zero_points = {}, .data = {}};
  if (tensor.type != schema::Type::kInt8 && tensor.type != schema::Type::kInt32) {
    return Unsupported(name + " is neither int8 nor int32");
  }
  if (table.Has(kSparsity) || table.Scalar<uint8_t>(kIsVariable, 0) != 0) {
    return Unsupported(name + " is sparse or a variable");
  }
  const auto shape = table.Vector<int32_t>(kShape);
  if (shape.size() > kMaxRank) return Unsupported(name + " has more than 4 dimensions");
  tensor.rank = shape.size();
  size_t values = 1;
  for (size_t i = 0; i < tensor.rank; ++i) {
    tensor.shape[i] = shape[i];
    if (shape[i] < 1 || shape[i] > kMaxDimension) return Damaged(name + " has a dimension that cannot be");
    values *= static_cast<size_t>(shape[i]);
    if (values > (size_t{1} << 24)) return Damaged(name + " is too large");
  }

  if (table.Has(kQuantization)) {
    const TableView quantization = table.Child(kQuantization);
    if (quantization.Scalar<uint8_t>(schema::quantization::kDetailsType, 0) != 0) {
      return Unsupported(name + " is quantised in an unknown way");
    }
    tensor.scales = quantization.Vector<float>(schema::quantization::kScale);
    tensor.zero_points = quantization.Vector<int64_t>(schema::quantization::kZeroPoint);
    tensor.quantized_dimension = quantization.Scalar<int32_t>(schema::quantization::kQuantizedDimension, 0);
  }

  const auto buffers = model.Vector<uint32_t>(schema::model::kBuffers);
  const auto buffer = table.Scalar<uint32_t>(kBuffer, 0);
  if (buffer >= buffers.size()) return Damaged(name + " has no buffer");
  tensor.data = model.Item(buffers, buffer).Vector<uint8_t>(schema::buffer::kData).bytes();
  const size_t item_bytes = tensor.type == schema::Type::kInt8 ? 1 : 4;
  if (!tensor.data.empty() && tensor.data.size() != tensor.values() * item_bytes) {
    return Damaged(name + " stores " + std::to_string(tensor.data.size()) + " bytes, not " +
                   std::to_string(tensor.values() * item_bytes));
  }
  return tensor;
}

std::expected<schema::Op, Error> ReadOp(TableView model, uint32_t opcode_index) {
  using namespace schema::operator_code;
  const auto codes = model.Vector<uint32_t>(schema::model::kOperatorCodes);
  if (opcode_index >= codes.size() || codes.size() > kMaxOperatorCodes) return Damaged("an operator has no code");
  const TableView code = model.Item(codes, opcode_index);
  const int32_t number =
      std::max<int32_t>(code.Scalar<int32_t>(kBuiltinCode, 0), code.Scalar<int8_t>(kDeprecatedBuiltinCode, 0));
  const auto known = std::ranges::find(kKnownOps, static_cast<schema::Op>(number), &NamedOp::op);
  if (known != kKnownOps.end()) return known->op;
  std::string names;
  for (const NamedOp& op : kKnownOps) names += " " + std::string(op.name);
  return Unsupported("it uses builtin operator " + std::to_string(number) + "; there are kernels for" + names);
}

std::expected<GraphOperator, Error> ReadOperator(TableView table, TableView model, size_t tensors, size_t index) {
  const std::string name = Numbered("operator", index);
  const auto op = ReadOp(model, table.Scalar<uint32_t>(schema::op::kOpcodeIndex, 0));
  if (!op) return std::unexpected(op.error());
  GraphOperator result{
      .op = *op,
      .options_type = static_cast<schema::OptionsType>(table.Scalar<uint8_t>(schema::op::kOptionsType, 0)),
      .options = table.Has(schema::op::kOptions) ? table.Child(schema::op::kOptions) : table};
  if (!table.Has(schema::op::kOptions)) result.options_type = {};
  const auto inputs = table.Vector<int32_t>(schema::op::kInputs);
  const auto outputs = table.Vector<int32_t>(schema::op::kOutputs);
  if (inputs.empty() || inputs.size() > kMaxOperands || outputs.size() != 1) {
    return Damaged(name + " has " + std::to_string(inputs.size()) + " inputs and " + std::to_string(outputs.size()) +
                   " outputs");
  }
  const auto inside = [&](int32_t tensor) { return tensor >= 0 && static_cast<size_t>(tensor) < tensors; };
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inside(inputs[i])) return Damaged(name + " reads a tensor that is not there");
    result.inputs[result.input_count++] = inputs[i];
  }
  if (!inside(outputs[0])) return Damaged(name + " writes a tensor that is not there");
  result.output = outputs[0];
  return result;
}

std::expected<int32_t, Error> ReadEnd(const VectorView<int32_t>& ends, size_t tensors, std::string_view what) {
  if (ends.size() != 1)
    return Unsupported("it has " + std::to_string(ends.size()) + " " + std::string(what) + "s, not 1");
  if (ends[0] < 0 || static_cast<size_t>(ends[0]) >= tensors) return Damaged(std::string(what) + " is not there");
  return ends[0];
}

}  // namespace

size_t GraphTensor::values() const {
  size_t product = 1;
  for (const int32_t dimension : shape) product *= static_cast<size_t>(dimension);
  return product;
}

bool GraphTensor::has_shape(std::initializer_list<int32_t> expected) const {
  return rank == expected.size() && std::equal(expected.begin(), expected.end(), shape.begin());
}

std::string_view OpName(schema::Op op) { return std::ranges::find(kKnownOps, op, &NamedOp::op)->name; }

std::expected<ModelGraph, Error> ReadGraph(FlatBufferView& file) {
  const TableView model = TableView::Root(file);
  const auto subgraphs = model.Vector<uint32_t>(schema::model::kSubgraphs);
  if (subgraphs.size() != 1) {
    return Unsupported("it has " + std::to_string(subgraphs.size()) + " subgraphs, not 1");
  }
  if (model.Vector<uint32_t>(schema::model::kBuffers).size() > kMaxBuffers) return Damaged("too many buffers");
  const TableView subgraph = model.Item(subgraphs, 0);
  const auto tensors = subgraph.Vector<uint32_t>(schema::subgraph::kTensors);
  const auto operators = subgraph.Vector<uint32_t>(schema::subgraph::kOperators);
  if (tensors.size() > kMaxTensors || operators.size() > kMaxOperators) {
    return Unsupported("it has more tensors or operators than any YAMNet");
  }

  ModelGraph graph{};
  for (size_t i = 0; i < tensors.size(); ++i) {
    auto tensor = ReadTensor(subgraph.Item(tensors, i), model, i);
    if (!tensor) return std::unexpected(tensor.error());
    graph.tensors.push_back(*std::move(tensor));
  }
  for (size_t i = 0; i < operators.size(); ++i) {
    auto op = ReadOperator(subgraph.Item(operators, i), model, tensors.size(), i);
    if (!op) return std::unexpected(op.error());
    graph.operators.push_back(*std::move(op));
  }
  const auto input = ReadEnd(subgraph.Vector<int32_t>(schema::subgraph::kInputs), tensors.size(), "input");
  if (!input) return std::unexpected(input.error());
  const auto output = ReadEnd(subgraph.Vector<int32_t>(schema::subgraph::kOutputs), tensors.size(), "output");
  if (!output) return std::unexpected(output.error());
  graph.input = *input;
  graph.output = *output;
  return graph;
}

}  // namespace sound_model
