// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app.h"
#include "serial_console/device.h"

namespace firmware {

/// The app as the console sees it.
class FirmwareDevice final : public serial_console::Device {
 public:
  explicit FirmwareDevice(App& app) : app_(app) {}

  void WriteInfo(base::JsonWriter& json) override;
  size_t patch_values() const override { return sound_model::kPatchValues; }
  size_t classes() const override { return sound_model::kClasses; }
  std::expected<uint32_t, serial_console::Error> Score(std::span<const int8_t> patch,
                                                       std::span<int8_t> scores) override;
  std::expected<serial_console::Profile, serial_console::Error> ProfileOps() override;
  std::expected<serial_console::SelfTestResult, serial_console::Error> SelfTest() override;
  std::expected<log_mel::PatchStream*, serial_console::Error> FrontEnd() override;
  void HoldLiveInput(bool hold) override;
  serial_console::EventDevice* events() override {
    return app_.boot.ok(kRulesStep) ? app_.rule_console.get() : nullptr;
  }
  std::string WhyNoEvents() const override { return app_.boot.WhyNot(kRulesStep); }

 private:
  std::expected<void, serial_console::Error> Need(const char* step) const;

  App& app_;
};

}  // namespace firmware
