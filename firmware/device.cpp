// SPDX-License-Identifier: Apache-2.0
#include "device.h"

#include "info.h"

namespace firmware {

using serial_console::Error;
using serial_console::ErrorCode;

void FirmwareDevice::WriteInfo(base::JsonWriter& json) { WriteAppInfo(app_, json); }

std::expected<uint32_t, Error> FirmwareDevice::Score(std::span<const int8_t> patch, std::span<int8_t> scores) {
  // Nothing is served by a model or kernels that fail the self-test.
  if (const auto ready = Need(kSelfTestStep); !ready) return std::unexpected(ready.error());
  return app_.model->Score(patch, scores);
}

std::expected<serial_console::Profile, Error> FirmwareDevice::ProfileOps() {
  if (const auto ready = Need(kInterpreterStep); !ready) return std::unexpected(ready.error());
  return app_.model->Profile();
}

std::expected<serial_console::SelfTestResult, Error> FirmwareDevice::SelfTest() {
  if (const auto ready = Need(kInterpreterStep); !ready) return std::unexpected(ready.error());
  if (!app_.boot.over(kSelfTestStep) || !app_.self_test)
    return std::unexpected(Error{ErrorCode::kNotReady, app_.boot.WhyNot(kSelfTestStep)});
  return app_.model->SelfTest(*app_.self_test);
}

std::expected<log_mel::PatchStream*, Error> FirmwareDevice::FrontEnd() {
  if (const auto ready = Need(kFrontEndStep); !ready) return std::unexpected(ready.error());
  return app_.console_front_end.get();
}

void FirmwareDevice::HoldLiveInput(bool hold) {
  if (app_.boot.ok(kListenStep)) app_.listener->Hold(hold);
}

std::expected<void, Error> FirmwareDevice::Need(const char* step) const {
  if (app_.boot.ok(step)) return {};
  return std::unexpected(Error{ErrorCode::kNotReady, app_.boot.WhyNot(step)});
}

}  // namespace firmware
