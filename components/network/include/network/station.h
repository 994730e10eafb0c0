// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/backoff.h"
#include "listening/error.h"
#include "listening/services.h"
#include "network/network.h"
#include "network/radio.h"
#include "network/wifi_settings.h"

namespace network {

/// Keeps a device in one of the networks it knows: the strongest that is in reach, the others when it cannot be joined,
/// again after pauses that grow. While none is known, or none could be joined for kAwayMs, it has an access point of
/// its own where somebody can name one. Tick() belongs to one task, the rest to any.
class Station final : public Network {
 public:
  static constexpr int64_t kScanMs = 15'000;  ///< So long for an answer.
  static constexpr int64_t kJoinMs = 25'000;  ///< Less than who waits at the line does (Improv).
  static constexpr int64_t kSettleMs = 500;   ///< So long whoever asked for a change has to hear the answer.
  static constexpr int64_t kAwayMs = 180'000;
  static constexpr int64_t kGraceMs = 60'000;         ///< So long the access point stays once a network is joined.
  static constexpr int64_t kGuestsPauseMs = 120'000;  ///< Between attempts, which disturb those who are on it.
  static constexpr int64_t kLookMs = 5000;            ///< At the signal's strength.
  static constexpr size_t kMostSeen = 24;

  /// What became of the latest Join().
  struct Attempt {
    enum class Kind { kNone, kTrying, kJoined, kFailed };
    Kind kind = Kind::kNone;
    std::string why;  ///< Of kFailed, one line.
  };

  /// All outlive this.
  /// @param hostname  also the name of the access point.
  Station(listening::Services& services, WifiSettings& settings, Radio& radio, std::string hostname);

  /// To be called several times a second.
  void Tick();

  listening::NetworkState status() const override;
  Station* station() override { return this; }

  WifiSettings& settings() { return settings_; }
  AccessPoint setup() const { return {hostname_, settings_.setup_password()}; }
  /// Whether an address is that of somebody on the device's own access point: who has its password or the board.
  bool IsGuest(std::string_view peer) const { return setup_open_ && radio_.IsGuest(peer); }
  std::string portal() const { return radio_.portal(); }

  /// Joins a network and, if that works, knows it from then on; if not, goes back to those it knows.
  /// @return kRefused for what is no network.
  std::expected<void, listening::Error> Join(KnownNetwork network);
  Attempt attempt() const;

  /// Looks what is in reach; while a network is being joined, what was found last must do.
  /// @return what Found() wants.
  uint32_t RequestScan();
  /// The strongest of each name, strongest first; nothing while they are looked for.
  std::optional<std::vector<Seen>> Found(uint32_t scan) const;

 private:
  enum class Stage {
    kIdle,     ///< Nothing is known.
    kWaiting,  ///< Until next_ms_.
    kLooking,  ///< For what is in reach.
    kJoining,
    kUp,
  };

  void FollowSettings(int64_t now_ms);
  void Take(const Radio::Input& input, int64_t now_ms);
  void TakeSeen(std::vector<Seen> seen, int64_t now_ms);
  void Up(const std::string& address, int64_t now_ms);
  void Down(const std::string& why, int64_t now_ms);
  void Look(int64_t now_ms);
  void TryNext(int64_t now_ms);
  void TryWish(int64_t now_ms);
  void Try(KnownNetwork network, int64_t now_ms);
  void Rest(int64_t now_ms);
  void KeepSetup(int64_t now_ms);
  void Publish(int64_t now_ms);
  void EndAttempt(Attempt attempt);
  void Say(listening::LogLevel level, const std::string& text);

  listening::Services& services_;
  WifiSettings& settings_;
  Radio& radio_;
  const std::string hostname_;
  std::unique_ptr<base::Lock> lock_;

  // Of the task that ticks.
  Stage stage_ = Stage::kIdle;
  int64_t next_ms_ = 0;               ///< When the stage ends by itself.
  std::optional<uint32_t> revision_;  ///< Of the settings that are followed.
  std::optional<int64_t> follow_ms_;  ///< When those that have changed will be.
  Wifi wifi_;
  KnownNetwork current_;  ///< That is joined, or tried.
  bool current_is_wish_ = false;
  std::vector<KnownNetwork> candidates_;  ///< To be tried yet, best last.
  std::optional<int64_t> scan_until_ms_;
  base::Backoff backoff_{2000, 60'000};
  int64_t away_since_ms_ = 0;
  int64_t up_since_ms_ = 0;
  int64_t look_ms_ = 0;
  int64_t setup_from_ms_ = 0;  ///< When opening it may be tried again.
  std::string address_;
  std::optional<int> rssi_dbm_;
  std::string reason_;
  std::string said_;  ///< The failure that was told last.

  // Under the lock.
  listening::NetworkState status_;
  std::optional<KnownNetwork> wish_;
  int64_t wish_from_ms_ = 0;
  Attempt attempt_;
  bool joining_ = false;
  bool scan_wanted_ = false;
  uint32_t scans_ = 0;
  std::vector<Seen> seen_;

  std::atomic<bool> setup_open_ = false;
};

}  // namespace network
