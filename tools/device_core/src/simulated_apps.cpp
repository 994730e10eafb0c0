// SPDX-License-Identifier: Apache-2.0
#include "simulated_apps.h"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "update/firmware_image.h"

namespace device_core {
namespace {

constexpr char kKey[] = "simulated/otadata";

}  // namespace

FileFlash::FileFlash(const std::string& path) : file_(path, std::ios::binary | std::ios::in | std::ios::out) {
  if (!file_) return;
  file_.seekg(0, std::ios::end);
  sectors_ = static_cast<uint32_t>(file_.tellg() / kSectorBytes);
}

bool FileFlash::Read(uint32_t address, std::span<uint8_t> bytes) {
  if (address + uint64_t{bytes.size()} > uint64_t{sectors_} * kSectorBytes) return false;
  file_.seekg(address);
  file_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return Settled();
}

bool FileFlash::Program(uint32_t address, std::span<const uint8_t> bytes) {
  std::vector<uint8_t> cells(bytes.size());
  if (!Read(address, cells)) return false;
  std::ranges::transform(cells, bytes, cells.begin(), std::bit_and());
  return Write(address, cells);
}

bool FileFlash::Erase(uint32_t sector) {
  std::vector<uint8_t> blank(kSectorBytes, 0xFF);
  return sector < sectors_ && Write(sector * kSectorBytes, blank);
}

bool FileFlash::Write(uint32_t address, std::span<const uint8_t> bytes) {
  file_.seekp(address);
  file_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file_.flush();
  return Settled();
}

/// Whether the last operation went well; the next one may, too.
bool FileFlash::Settled() {
  const bool done = file_.good();
  file_.clear();
  return done;
}

SimulatedApps::SimulatedApps(listening::Services& services, const std::string& folder, const std::string& crash_version)
    : services_(services),
      slots_{std::make_unique<FileFlash>(folder + "/ota_0.bin"), std::make_unique<FileFlash>(folder + "/ota_1.bin")} {
  Load();
  Boot();
  const auto info = update::ReadFirmware(running());
  if (!info || crash_version.empty() || info->version != crash_version || !on_trial()) return;
  services_.Log(listening::LogLevel::kError, "simulated", "firmware " + crash_version + " crashes as it starts");
  Boot();
}

void SimulatedApps::Load() {
  const std::vector<uint8_t> stored = services_.settings().Load(kKey);
  if (stored.size() != 3) return;
  choice_ = {static_cast<uint8_t>(stored[0] & 1), static_cast<State>(stored[1]), stored[2] != 0};
}

void SimulatedApps::Boot() {
  Choice now = choice_;
  if (now.state == State::kPending) {
    now = {static_cast<uint8_t>(1 - now.active), State::kValid, true};
  } else if (now.state == State::kNew) {
    now.state = State::kPending;
  } else {
    return;
  }
  (void)Store(now);
}

std::expected<void, std::string> SimulatedApps::StartOther() {
  return Store({static_cast<uint8_t>(1 - choice_.active), State::kNew, false});
}

void SimulatedApps::Confirm() { (void)Store({choice_.active, State::kValid, false}); }

void SimulatedApps::RollBack() { restart_requested_ = true; }

std::expected<void, std::string> SimulatedApps::Store(const Choice& choice) {
  const std::array<uint8_t, 3> bytes{choice.active, static_cast<uint8_t>(choice.state), choice.other_failed};
  auto stored = services_.settings().Store(kKey, bytes);
  choice_ = choice;
  return stored;
}

}  // namespace device_core
