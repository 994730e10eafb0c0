// SPDX-License-Identifier: Apache-2.0
#include "patch_log.h"

#include <algorithm>
#include <cstdio>

#include "base/sample_rate.h"
#include "esp_log.h"
#include "sdkconfig.h"

namespace firmware {
namespace {

constexpr char kTag[] = "heard";
constexpr uint32_t kEvery = CONFIG_FIRMWARE_LOG_EVERY_PATCHES;  // 0: never
constexpr size_t kTop = CONFIG_FIRMWARE_LOG_TOP_CLASSES;

}  // namespace

void PatchLog::OnPatch(const ScoredPatch& patch) {
  if (kEvery == 0 || patches_++ % kEvery != 0) return;
  std::array<uint16_t, sound_model::kClasses> order;
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint16_t>(i);
  std::partial_sort(order.begin(), order.begin() + kTop, order.end(), [&](uint16_t a, uint16_t b) {
    return patch.scores[a] != patch.scores[b] ? patch.scores[a] > patch.scores[b] : a < b;
  });
  char text[64 * kTop];
  size_t length = 0;
  for (size_t i = 0; i < kTop && length < sizeof(text); ++i) {
    const std::string_view name = classes_.name(order[i]);
    const float p =
        patch.quantization.scale * static_cast<float>(patch.scores[order[i]] - patch.quantization.zero_point);
    length += static_cast<size_t>(std::snprintf(text + length, sizeof(text) - length, "%s%.*s %.3f", i == 0 ? "" : ", ",
                                                static_cast<int>(name.size()), name.data(), static_cast<double>(p)));
  }
  ESP_LOGI(kTag, "%.2f s: %s (%u ms)", base::SecondsOf(patch.start_sample), text,
           static_cast<unsigned>(patch.invoke_us / 1000));
}

void PatchLog::OnGap(int64_t next_sample) { ESP_LOGW(kTag, "%.2f s: gap", base::SecondsOf(next_sample)); }

}  // namespace firmware
