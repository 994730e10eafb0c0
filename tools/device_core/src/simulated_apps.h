// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

#include "clip_store/flash_device.h"
#include "listening/upkeep.h"
#include "update/app_slots.h"

namespace device_core {

/// A file as NOR flash. Nothing can be done with one that is not there.
class FileFlash final : public clip_store::FlashDevice {
 public:
  explicit FileFlash(const std::string& path);

  uint32_t sectors() const override { return sectors_; }
  bool Read(uint32_t address, std::span<uint8_t> bytes) override;
  bool Program(uint32_t address, std::span<const uint8_t> bytes) override;
  bool Erase(uint32_t sector) override;

 private:
  bool Write(uint32_t address, std::span<const uint8_t> bytes);
  bool Settled();

  std::fstream file_;
  uint32_t sectors_ = 0;
};

/// What bootloader and otadata are on the chip, with files for the apps, none of which ever runs: a device that starts
/// has the version of the one that would.
class SimulatedApps final : public update::AppSlots {
 public:
  /// Starts as the bootloader does: what is new is on trial, and what is still on trial makes room for the one before.
  /// @param folder         with ota_0.bin and ota_1.bin.
  /// @param crash_version  of an app that crashes as it starts, again and again.
  SimulatedApps(listening::Services& services, const std::string& folder, const std::string& crash_version);

  std::string running_name() const override { return "ota_" + std::to_string(choice_.active); }
  clip_store::FlashDevice& running() override { return *slots_[choice_.active]; }
  clip_store::FlashDevice* other() override { return slots_[1 - choice_.active].get(); }
  bool on_trial() const override { return choice_.state == State::kPending; }
  bool other_failed() const override { return choice_.other_failed; }
  std::expected<void, std::string> StartOther() override;

  void Confirm();
  void RollBack();  ///< With the next restart, which is asked for.
  bool restart_requested() const { return restart_requested_; }

 private:
  enum class State : uint8_t { kValid, kNew, kPending };
  struct Choice {
    uint8_t active = 0;
    State state = State::kValid;
    bool other_failed = false;
  };

  void Load();
  void Boot();
  std::expected<void, std::string> Store(const Choice& choice);

  listening::Services& services_;
  std::unique_ptr<FileFlash> slots_[2];
  Choice choice_;
  bool restart_requested_ = false;
};

class SimulatedTrial final : public listening::Trial {
 public:
  explicit SimulatedTrial(SimulatedApps& apps) : apps_(apps) {}
  bool running() const override { return apps_.on_trial(); }
  void Confirm() override { apps_.Confirm(); }
  void RollBack() override { apps_.RollBack(); }

 private:
  SimulatedApps& apps_;
};

}  // namespace device_core
