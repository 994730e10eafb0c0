// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host_lock.h"
#include "listening/device_state.h"
#include "listening/services.h"

/// A place to run in whose clock stands still until it is moved, and whose settings may refuse.
class FakeServices final : public listening::Services, public listening::Settings {
 public:
  std::unique_ptr<base::Lock> MakeLock() override { return native_tests::MakeHostLock(); }
  listening::Settings& settings() override { return *this; }
  int64_t UptimeUs() const override { return now_us; }
  std::optional<int64_t> UtcUs() const override { return utc_us; }
  std::expected<void, std::string> SetUtc(int64_t time_us) override {
    utc_us = time_us;
    return {};
  }
  int MinuteOfDay() const override { return -1; }
  void SetClock(std::string_view, std::string_view, std::string_view) override {}
  void FillRandom(std::span<uint8_t> bytes) override {
    for (uint8_t& byte : bytes) byte = random++;
  }
  void Log(listening::LogLevel level, const char* tag, std::string_view text) override {
    logs.push_back((level == listening::LogLevel::kError ? "E " : "I ") + std::string(tag) + ": " + std::string(text));
  }
  void Describe(listening::DeviceState& state) const override { state.audio = audio; }

  std::vector<uint8_t> Load(const char* key) override {
    const auto found = values.find(key);
    return found == values.end() ? std::vector<uint8_t>() : found->second;
  }
  std::expected<void, std::string> Store(const char* key, std::span<const uint8_t> value) override {
    size_t used = value.size();  // beside the old value, as NVS does
    for (const auto& [name, stored] : values) used += stored.size();
    if (used > room) return std::unexpected("no space");
    values[key].assign(value.begin(), value.end());
    return {};
  }
  std::expected<void, std::string> Forget(const char* key) override {
    values.erase(key);
    return {};
  }

  bool Logged(std::string_view part) const {
    for (const std::string& line : logs) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }

  int64_t now_us = 0;
  uint8_t random = 0;
  std::optional<int64_t> utc_us;
  size_t room = 80'000;
  std::optional<listening::AudioState> audio;
  std::map<std::string, std::vector<uint8_t>> values;
  std::vector<std::string> logs;
};
