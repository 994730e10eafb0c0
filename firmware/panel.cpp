// SPDX-License-Identifier: Apache-2.0
#include "panel.h"

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
constexpr TickType_t kPause = pdMS_TO_TICKS(1000);  ///< After a LED's chip did not answer.

void LookAtButton(board::Button& button, listening::MuteSwitch& mute) {
  const auto down = board::ButtonDown();
  if (!down || button.Update(*down, esp_timer_get_time() / 1000) != board::Button::Event::kClicked) return;
  if (const auto set = mute.Set(!mute.on()); !set) ESP_LOGE(kTag, "%s", set.error().message.c_str());
}

void Run(void* argument) {
  auto& mute = *static_cast<listening::MuteSwitch*>(argument);
  board::Button button;
  for (std::optional<bool> shown;;) {
    LookAtButton(button, mute);
    const bool muted = mute.on();
    const bool lit = shown == muted || board::SetLed(muted ? board::Led::kRed : board::Led::kOff);
    if (lit) shown = muted;
    vTaskDelay(lit ? kPeriod : kPause);
  }
}

}  // namespace

void StartPanel(listening::MuteSwitch& mute) {
  if (!board::HasLed() && !board::ButtonDown()) return;
  StartTask(kPanelTask, Run, &mute, nullptr);
}

}  // namespace firmware
