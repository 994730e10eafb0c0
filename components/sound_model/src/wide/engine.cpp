// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "all_kernels.h"
#include "packed.h"
#include "sound_model/model_file.h"
#include "sound_model/wide_engine.h"

namespace sound_model {
namespace {

using Step = std::variant<wide::PackedConvolution, wide::PackedDepthwise, chain::Mean, chain::Logistic>;

Step Pack(const chain::Step& step, const wide::Kernels& kernels) {
  if (const auto* convolution = std::get_if<chain::Convolution>(&step)) {
    return wide::PackedConvolution(*convolution, kernels);
  }
  if (const auto* depthwise = std::get_if<chain::Depthwise>(&step)) return wide::PackedDepthwise(*depthwise);
  if (const auto* mean = std::get_if<chain::Mean>(&step)) return *mean;
  return *std::get_if<chain::Logistic>(&step);
}

/// Of one patch, bytes that buffers must hold.
struct Sizes {
  size_t values = kPatchValues;  ///< The largest activation.
  size_t columns = 0;
  size_t widened = 0;

  void Add(const Step& step, const wide::Kernels& kernels) {
    if (const auto* convolution = std::get_if<wide::PackedConvolution>(&step)) {
      const auto read = static_cast<size_t>(
          (convolution->columns() ? convolution->output() : convolution->input()).pixels() * convolution->depth());
      values = std::max(values, static_cast<size_t>(convolution->output().values()));
      if (convolution->columns()) columns = std::max(columns, read);
      if (kernels.input_bytes > 1) widened = std::max(widened, read);
    } else if (const auto* depthwise = std::get_if<wide::PackedDepthwise>(&step)) {
      values = std::max(values, static_cast<size_t>(depthwise->output().values()));
    }
  }
};

void ComputeMean(const chain::Mean& mean, const uint8_t* input, uint8_t* output) {
  const int channels = mean.input.channels;
  const int pixels = mean.input.pixels();
  for (int channel = 0; channel < channels; ++channel) {
    int32_t sum = -wide::kOffset * pixels;
    for (int pixel = 0; pixel < pixels; ++pixel) sum += input[pixel * channels + channel];
    output[channel] = static_cast<uint8_t>(mean.Of(sum) + wide::kOffset);
  }
}

}  // namespace

struct WideEngine::Implementation {
  const wide::Kernels& kernels;
  int classes;
  std::vector<Step> steps;
  Sizes sizes;
  size_t patches;  ///< At a time.

  /// How many steps lead to the last means; 0 where there are none.
  size_t means() const {
    const auto found = std::find_if(steps.rbegin(), steps.rend(),
                                    [](const Step& step) { return std::holds_alternative<chain::Mean>(step); });
    return static_cast<size_t>(steps.rend() - found);
  }

  /// @param values  that the last of the steps gives for a patch.
  /// @param output  receives int8 [n, values]
  void Compute(std::span<const int8_t> patches_left, std::span<const Step> chosen, size_t values,
               std::span<int8_t> output, Scratch& scratch) const {
    while (!patches_left.empty()) {
      const size_t count = std::min(patches, patches_left.size() / kPatchValues);
      const auto now = patches_left.first(count * kPatchValues);
      std::ranges::transform(now, scratch.values.begin(),
                             [](int8_t value) { return static_cast<uint8_t>(value + wide::kOffset); });
      for (const Step& step : chosen) Run(step, count, scratch);
      std::transform(scratch.values.begin(), scratch.values.begin() + static_cast<ptrdiff_t>(count * values),
                     output.begin(), [](uint8_t value) { return static_cast<int8_t>(value - wide::kOffset); });
      patches_left = patches_left.subspan(now.size());
      output = output.subspan(count * values);
    }
  }

  /// One step for several patches: [count, values] in `scratch.values`, before and after.
  void Run(const Step& step, size_t count, Scratch& scratch) const {
    const uint8_t* const input = scratch.values.data();
    uint8_t* const output = scratch.next.data();
    if (const auto* convolution = std::get_if<wide::PackedConvolution>(&step)) {
      Convolve(*convolution, count, scratch);
    } else if (const auto* depthwise = std::get_if<wide::PackedDepthwise>(&step)) {
      const wide::Depthwise layer = depthwise->View();
      for (size_t i = 0; i < count; ++i) {
        kernels.depthwise(layer, input + i * depthwise->input().values(), output + i * depthwise->output().values());
      }
    } else if (const auto* mean = std::get_if<chain::Mean>(&step)) {
      for (size_t i = 0; i < count; ++i) {
        ComputeMean(*mean, input + i * mean->input.values(), output + i * mean->input.channels);
      }
    } else {
      const auto& logistic = *std::get_if<chain::Logistic>(&step);
      std::transform(input, input + count * logistic.values, output,
                     [&](uint8_t value) { return static_cast<uint8_t>(logistic.table[value] + wide::kOffset); });
    }
    scratch.values.swap(scratch.next);
  }

  void Convolve(const wide::PackedConvolution& convolution, size_t count, Scratch& scratch) const {
    const uint8_t* input = scratch.values.data();
    const size_t pixels = count * convolution.output().pixels();
    if (convolution.columns()) {
      const size_t values = static_cast<size_t>(convolution.output().pixels() * convolution.depth());
      for (size_t i = 0; i < count; ++i) {
        convolution.Gather(input + i * convolution.input().values(), scratch.columns.data() + i * values);
      }
      input = scratch.columns.data();
    }
    const void* read = input;
    if (kernels.input_bytes > 1) {
      kernels.widen(input, static_cast<int>(pixels) * convolution.depth(), scratch.widened.data());
      read = scratch.widened.data();
    }
    kernels.pointwise(convolution.View(), read, static_cast<int>(pixels), scratch.next.data());
  }
};

std::expected<std::unique_ptr<WideEngine>, Error> WideEngine::Create(std::span<const uint8_t> model,
                                                                     std::string_view kernels) {
  constexpr size_t kLargestBatch = 8;
  constexpr size_t kLargestBuffer = size_t{1} << 20;
  const auto plan = chain::MakePlan(model);
  if (!plan) return std::unexpected(plan.error());
  const auto available = wide::AvailableKernels();
  const auto chosen = kernels.empty()
                          ? available.begin()
                          : std::ranges::find(available, kernels, [](const auto* one) { return one->name; });
  if (chosen == available.end()) {
    return std::unexpected(
        Error{ErrorCode::kUnsupported, "kernels: this processor has no '" + std::string(kernels) + "'"});
  }
  auto implementation = std::make_unique<Implementation>(
      Implementation{.kernels = **chosen, .classes = plan->classes, .steps = {}, .sizes = {}, .patches = 0});
  for (const chain::Step& step : plan->steps) {
    implementation->steps.push_back(Pack(step, **chosen));
    implementation->sizes.Add(implementation->steps.back(), **chosen);
  }
  implementation->patches = std::clamp(kLargestBuffer / implementation->sizes.values, size_t{1}, kLargestBatch);
  return std::unique_ptr<WideEngine>(new WideEngine(std::move(implementation)));
}

std::vector<std::string_view> WideEngine::KernelNames() {
  std::vector<std::string_view> names;
  for (const wide::Kernels* kernels : wide::AvailableKernels()) names.emplace_back(kernels->name);
  return names;
}

WideEngine::WideEngine(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

WideEngine::~WideEngine() = default;

std::string_view WideEngine::kernels() const { return implementation_->kernels.name; }

int WideEngine::classes() const { return implementation_->classes; }

int WideEngine::patches_at_a_time() const { return static_cast<int>(implementation_->patches); }

WideEngine::Scratch WideEngine::MakeScratch() const {
  const Sizes& sizes = implementation_->sizes;
  const size_t patches = implementation_->patches;
  Scratch scratch;
  scratch.values.resize(patches * sizes.values);
  scratch.next.resize(patches * sizes.values);
  scratch.columns.resize(patches * sizes.columns);
  scratch.widened.resize(patches * sizes.widened);
  return scratch;
}

std::optional<WideEngine::Embedding> WideEngine::embedding() const {
  const size_t last = implementation_->means();
  if (last == 0) return std::nullopt;
  const auto& mean = *std::get_if<chain::Mean>(&implementation_->steps[last - 1]);
  return Embedding{
      .values = static_cast<size_t>(mean.input.channels), .scale = mean.scale, .zero_point = mean.zero_point};
}

void WideEngine::Score(std::span<const int8_t> patches, std::span<int8_t> scores, Scratch& scratch) const {
  implementation_->Compute(patches, implementation_->steps, static_cast<size_t>(implementation_->classes), scores,
                           scratch);
}

void WideEngine::Embed(std::span<const int8_t> patches, std::span<int8_t> embeddings, Scratch& scratch) const {
  const std::span<const Step> steps(implementation_->steps);
  implementation_->Compute(patches, steps.first(implementation_->means()), embedding()->values, embeddings, scratch);
}

}  // namespace sound_model
