// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "capture.h"
#include "listening/services.h"
#include "nvs_settings.h"

namespace firmware {

/// What ESP-IDF gives a listening::Device.
class Services final : public listening::Services {
 public:
  std::unique_ptr<base::Lock> MakeLock() override;
  listening::Settings& settings() override { return settings_; }
  int64_t UptimeUs() const override;
  std::optional<int64_t> UtcUs() const override;
  std::expected<void, std::string> SetUtc(int64_t utc_us) override;
  int MinuteOfDay() const override;
  void SetClock(std::string_view zone, std::string_view rule, std::string_view server) override;
  void FillRandom(std::span<uint8_t> bytes) override;
  void Log(listening::LogLevel level, const char* tag, std::string_view text) override;
  void Describe(listening::DeviceState& state) const override;

  /// @param capture  is described from now on; lives for as long as the device runs.
  void Show(const Capture& capture) { capture_ = &capture; }

 private:
  NvsSettings settings_;
  std::atomic<const Capture*> capture_ = nullptr;
};

}  // namespace firmware
