// SPDX-License-Identifier: Apache-2.0
#pragma once

// Field numbers and values of the TensorFlow Lite schema, as far as they are read here:
// https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs

#include <cstdint>
#include <string_view>

namespace sound_model::schema {

inline constexpr std::string_view kFileIdentifier = "TFL3";
inline constexpr uint32_t kVersion = 3;

namespace model {
enum { kVersion = 0, kOperatorCodes = 1, kSubgraphs = 2, kBuffers = 4, kMetadata = 6 };
}
namespace metadata {
enum { kName = 0, kBuffer = 1 };
}
namespace buffer {
enum { kData = 0 };
}
namespace operator_code {
enum { kDeprecatedBuiltinCode = 0, kBuiltinCode = 3 };
}
namespace subgraph {
enum { kTensors = 0, kInputs = 1, kOutputs = 2, kOperators = 3 };
}
namespace tensor {
enum { kShape = 0, kType = 1, kBuffer = 2, kQuantization = 4, kIsVariable = 5, kSparsity = 6 };
}
namespace quantization {
enum { kScale = 2, kZeroPoint = 3, kDetailsType = 4, kQuantizedDimension = 6 };
}
namespace op {
enum { kOpcodeIndex = 0, kInputs = 1, kOutputs = 2, kOptionsType = 3, kOptions = 4 };
}
namespace conv_options {
enum { kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3, kDilationW = 4, kDilationH = 5 };
}
namespace depthwise_options {
enum {
  kPadding = 0,
  kStrideW = 1,
  kStrideH = 2,
  kDepthMultiplier = 3,
  kActivation = 4,
  kDilationW = 5,
  kDilationH = 6
};
}
namespace fully_connected_options {
enum { kActivation = 0, kWeightsFormat = 1 };
}
namespace reducer_options {
enum { kKeepDims = 0 };
}

enum class Type : int8_t { kFloat32 = 0, kInt32 = 2, kInt8 = 9 };

enum class Op : int32_t {
  kConv2D = 3,
  kDepthwiseConv2D = 4,
  kFullyConnected = 9,
  kLogistic = 14,
  kReshape = 22,
  kMean = 40,
};

enum class OptionsType : uint8_t { kConv2D = 1, kDepthwiseConv2D = 2, kFullyConnected = 8, kReducer = 27 };

inline constexpr int8_t kPaddingSame = 0;
inline constexpr int8_t kPaddingValid = 1;
inline constexpr int8_t kActivationRelu6 = 3;  ///< The last of those that int8 kernels fuse.

}  // namespace sound_model::schema
