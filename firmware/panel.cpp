// SPDX-License-Identifier: Apache-2.0
#include "panel.h"

#include <atomic>
#include <optional>

#include "board/board.h"
#include "board/button.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "task_layout.h"

namespace firmware {
namespace {

constexpr char kTag[] = "panel";
constexpr TickType_t kPeriod = pdMS_TO_TICKS(10);
constexpr int64_t kBlinkUs = 10'000'000;
constexpr int64_t kHalfBlinkUs = 250'000;
constexpr TickType_t kPause = pdMS_TO_TICKS(1000);  ///< After a LED's chip did not answer.

void LookAtButton(board::Button& button, listening::MuteSwitch& mute) {
  const auto down = board::ButtonDown();
  if (!down || button.Update(*down, esp_timer_get_time() / 1000) != board::Button::Event::kClicked) return;
  if (const auto set = mute.Set(!mute.on()); !set) ESP_LOGE(kTag, "%s", set.error().message.c_str());
}

std::atomic<int64_t> blink_until_us = 0;

board::Led Wanted(bool muted) {
  const int64_t now_us = esp_timer_get_time();
  if (now_us < blink_until_us) return now_us / kHalfBlinkUs % 2 == 0 ? board::Led::kBlue : board::Led::kOff;
  return muted ? board::Led::kRed : board::Led::kOff;
}

void Run(void* argument) {
  auto& mute = *static_cast<listening::MuteSwitch*>(argument);
  board::Button button;
  for (std::optional<board::Led> shown;;) {
    LookAtButton(button, mute);
    const board::Led wanted = Wanted(mute.on());
    const bool lit = shown == wanted || board::SetLed(wanted);
    if (lit) shown = wanted;
    vTaskDelay(lit ? kPeriod : kPause);
  }
}

}  // namespace

void Blink() { blink_until_us = esp_timer_get_time() + kBlinkUs; }

void StartPanel(listening::MuteSwitch& mute) {
  if (!board::HasLed() && !board::ButtonDown()) return;
  StartTask(kPanelTask, Run, &mute, nullptr);
}

}  // namespace firmware
