// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "listening/device.h"
#include "listening/log_lines.h"
#include "listening/model_source.h"
#include "listening/services.h"
#include "network/network.h"
#include "update/owner_key.h"

namespace device_core {

/// The place a simulated device runs in: its files, its settings and its log are those of a Python object (the
/// Host of yamnet_tools.simulated_device.host), its clocks those of the PC. What Python raises becomes an error's text.
/// Called with and without Python's lock held.
class SimulatedHost final : public listening::Services, public listening::ModelSource, public update::SignatureCheck {
 public:
  explicit SimulatedHost(nanobind::object host);

  // Services
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

  // ModelSource
  std::expected<void, sound_model::Error> Mount() override;
  std::expected<std::string, sound_model::Error> Read(const char* name) override;
  std::expected<sound_model::LoadedModel, sound_model::Error> Load(const std::string& manifest_json) override;
  std::expected<std::unique_ptr<sound_model::Engine>, sound_model::Error> MakeEngine(
      std::span<const uint8_t> model, const sound_model::ModelSummary& summary) override;
  size_t arena_bytes() const override;
  std::string kernels() const override { return "reference"; }
  std::unique_ptr<log_mel::FrameSpectrum> MakeSpectrum(const log_mel::LogMelSpec& spec) override;
  std::string transform() const override { return "fixed-point"; }

  // SignatureCheck
  bool Fits(const update::OwnerKey& key, const update::Digest& digest, const update::Signature& signature) override;

  /// Which of the model's slots is mounted.
  void UseModelSlot(int slot);

  const listening::LogLines& log_lines() const { return log_lines_; }
  listening::AudioState& audio() { return audio_; }

  /// @param network  is described from now on; outlives this.
  void Show(const network::Network& network) { network_ = &network; }

  /// Where clips and journal are kept.
  std::vector<std::unique_ptr<clip_store::Volume>> MakeVolumes() const;

  /// A string that the host has as an attribute, if it has it.
  std::string Text(const char* attribute, const char* otherwise) const;
  /// After which a new firmware is judged.
  int64_t trial_ms() const;
  /// A part that the host has as an attribute, as its MQTT client. To be called with Python's lock held.
  nanobind::object part(const char* attribute) const { return host_.attr(attribute); }
  bool has(const char* attribute) const;  ///< And it is not None.

  /// Shows Python's garbage collector what is held here.
  int Traverse(visitproc visit, void* arg) const;

 private:
  class PythonSettings final : public listening::Settings {
   public:
    explicit PythonSettings(const nanobind::object& host) : host_(host) {}
    std::vector<uint8_t> Load(const char* key) override;
    std::expected<void, std::string> Store(const char* key, std::span<const uint8_t> value) override;
    std::expected<void, std::string> Forget(const char* key) override;

   private:
    const nanobind::object& host_;
  };

  nanobind::object host_;
  nanobind::object engine_;
  PythonSettings settings_;
  std::atomic<int64_t> clock_ahead_us_ = 0;  ///< Of the PC's; kNoClock: it was never set.
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::map<std::string, std::string> files_;
  listening::AudioState audio_;
  listening::LogLines log_lines_;
  const network::Network* network_ = nullptr;
};

}  // namespace device_core
