// SPDX-License-Identifier: Apache-2.0
#include "boot_sequence.h"

#include <algorithm>
#include <string_view>

#include "esp_log.h"
#include "esp_timer.h"

namespace firmware {
namespace {

constexpr char kTag[] = "boot";

}  // namespace

void BootSequence::Run(const char* name, const char* needs, const std::function<Result()>& step) {
  const int64_t begin_us = esp_timer_get_time();
  const bool possible = needs == nullptr || ok(needs);
  const Result result = possible ? step() : std::unexpected("needs " + WhyNot(needs));
  const auto ms = static_cast<uint32_t>((esp_timer_get_time() - begin_us) / 1000);
  steps_.push_back({name, needs, result.has_value(), ms, result ? *result : result.error()});
  const Step& done = steps_.back();
  if (done.ok) {
    ESP_LOGI(kTag, "%s: %u ms%s%s", name, static_cast<unsigned>(ms), done.message.empty() ? "" : ", ",
             done.message.c_str());
  } else {
    ESP_LOGE(kTag, "%s failed after %u ms: %s", name, static_cast<unsigned>(ms), done.message.c_str());
  }
}

bool BootSequence::ready() const { return std::ranges::all_of(steps_, &Step::ok); }

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
  const auto found = std::ranges::find(steps_, std::string_view(name), &Step::name);
  return found == steps_.end() ? nullptr : &*found;
}

}  // namespace firmware
