// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/json_reader.h"
#include "base/json_writer.h"
#include "home_link/owners_choice.h"

namespace home_link {

/// Where each event is posted to.
struct WebhookSettings {
  static constexpr size_t kMostUrlBytes = 512;
  static constexpr size_t kLeastSecretBytes = 16;
  static constexpr size_t kMostSecretBytes = 128;
  static constexpr size_t kMostCaBytes = 8192;

  bool on = false;
  std::string url;          ///< http:// or https://.
  std::string secret;       ///< What is posted is signed with it; empty: it is not.
  std::string ca;           ///< PEM, with https; in place of the public ones.
  std::string fingerprint;  ///< SHA-256 of the receiver's certificate, 64 lower-case digits; likewise.

  /// Reads an object with "on" and "url", and if it likes "secret", "ca" and "fingerprint".
  /// @param secret  what it is without that field.
  static std::expected<WebhookSettings, base::JsonError> Read(std::string_view json, std::string secret);

  /// All fields but the secret, without braces.
  void Write(base::JsonWriter& json) const;
  void WriteWhole(base::JsonWriter& json) const;

  bool https() const { return url.starts_with("https://"); }
  std::string receiver() const;  ///< Host and port, for people: the rest of an address may be a secret.

  bool operator==(const WebhookSettings&) const = default;
};

/// The settings as they are kept, how delivery is, and a wish for a test. From any task.
class WebhookDesk {
 public:
  struct State {
    size_t waiting;
    uint32_t dropped;    ///< Since boot, as is the next.
    uint32_t delivered;  ///< Without tests.
    std::string last;    ///< One line for people.
  };

  /// @param services  outlives this.
  explicit WebhookDesk(listening::Services& services);

  WebhookSettings settings() const { return settings_.value(); }
  uint32_t revision() const { return settings_.revision(); }
  std::expected<void, listening::Error> Set(WebhookSettings settings) { return settings_.Set(std::move(settings)); }

  State state() const;
  void Tell(State state);

  void WantTest() { test_wanted_ = true; }
  bool TakeTest() { return test_wanted_.exchange(false); }

 private:
  OwnersChoice<WebhookSettings> settings_;
  std::unique_ptr<base::Lock> lock_;
  State state_{0, 0, 0, "nothing in this firmware posts events"};  ///< Until somebody tells another.
  std::atomic<bool> test_wanted_ = false;
};

}  // namespace home_link
