// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "listening/device.h"
#include "serial_console/device.h"

namespace serial_console {

/// A listening::Device as the console sees it.
class ListeningDevice final : public Device, public EventDevice {
 public:
  /// @param device          outlives this.
  /// @param setup_password  tells the password of the device's own Wi-Fi, empty where it has none.
  explicit ListeningDevice(listening::Device& device, std::function<std::string()> setup_password = {})
      : device_(device), setup_password_(std::move(setup_password)) {}

  void WriteInfo(base::JsonWriter& json) override;
  size_t patch_values() const override { return sound_model::kPatchValues; }
  size_t classes() const override;
  std::expected<uint32_t, Error> Score(std::span<const int8_t> patch, std::span<int8_t> scores) override;
  std::expected<listening::Profile, Error> ProfileOps() override;
  std::expected<listening::SelfTestResult, Error> SelfTest() override;
  std::expected<log_mel::PatchStream*, Error> FrontEnd() override;
  void HoldLiveInput(bool hold) override { device_.HoldLiveInput(hold); }
  std::expected<const clip_store::SampleRing*, Error> Sound() override;
  std::expected<EventDevice*, Error> Events() override;
  std::expected<void, Error> FormatStorage(std::string_view volume) override;
  void WriteTime(base::JsonWriter& json) override;
  std::expected<void, Error> SetUtc(int64_t utc_ms) override;
  std::expected<void, Error> SetTimeZone(std::string_view name) override;
  std::expected<std::string, Error> OwnerToken() override;
  std::expected<void, Error> RenewOwnerToken() override;
  std::string SetupPassword() override { return setup_password_ ? setup_password_() : ""; }

  void WriteRules(size_t from, base::JsonWriter& json) override;
  void WriteEvents(size_t from, base::JsonWriter& json) override;
  size_t max_document_bytes() const override { return sound_events::RuleSet::kMaxDocumentBytes; }
  std::string RuleDocument() override;
  std::expected<size_t, Error> SetRules(std::string_view json) override;
  std::expected<size_t, Error> SetPresets() override;

 private:
  listening::Device& device_;
  const std::function<std::string()> setup_password_;
  std::unique_ptr<log_mel::PatchStream> front_end_;
};

}  // namespace serial_console
