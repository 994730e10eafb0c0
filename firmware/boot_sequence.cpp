// SPDX-License-Identifier: Apache-2.0
#include "boot_sequence.h"

#include <algorithm>
#include <string_view>

#include "esp_log.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"

namespace firmware {
namespace {

constexpr char kTag[] = "boot";

}  // namespace

void BootSequence::Run(const char* name, const char* needs, const std::function<Result()>& step) {
  const int64_t begin_us = esp_timer_get_time();
  const bool possible = needs == nullptr || ok(needs);
  const Result result = possible ? step() : std::unexpected("needs " + WhyNot(needs));
  const auto ms = static_cast<uint32_t>((esp_timer_get_time() - begin_us) / 1000);
  const size_t index = count_.load();
  configASSERT(index < steps_.size());
  steps_[index] = {name, needs, result.has_value(), ms, result ? *result : result.error()};
  count_.store(index + 1);
  const Step& done = steps_[index];
  if (done.ok) {
    ESP_LOGI(kTag, "%s: %u ms%s%s", name, static_cast<unsigned>(ms), done.message.empty() ? "" : ", ",
             done.message.c_str());
  } else {
    ESP_LOGE(kTag, "%s failed after %u ms: %s", name, static_cast<unsigned>(ms), done.message.c_str());
  }
}

bool BootSequence::ready() const { return finished_ && std::ranges::all_of(steps(), &Step::ok); }

bool BootSequence::over(const char* name) const { return Find(name) != nullptr; }

bool BootSequence::ok(const char* name) const {
  const Step* const step = Find(name);
  return step != nullptr && step->ok;
}

std::string BootSequence::WhyNot(const char* name) const {
  const Step* step = Find(name);
  while (step != nullptr && step->needs != nullptr && !ok(step->needs)) step = Find(step->needs);
  if (step == nullptr) return std::string(name) + ": not reached yet";
  return std::string(step->name) + ": " + step->message;
}

const BootSequence::Step* BootSequence::Find(const char* name) const {
  const std::span<const Step> done = steps();
  const auto found = std::ranges::find(done, std::string_view(name), &Step::name);
  return found == done.end() ? nullptr : &*found;
}

}  // namespace firmware
