// SPDX-License-Identifier: Apache-2.0
#include "network/station.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

namespace network {
namespace {

using listening::Error;
using listening::ErrorCode;
using listening::LinkState;
using listening::LogLevel;

constexpr char kTag[] = "network";

}  // namespace

Station::Station(listening::Services& services, WifiSettings& settings, Radio& radio, std::string hostname)
    : services_(services),
      settings_(settings),
      radio_(radio),
      hostname_(std::move(hostname)),
      lock_(services.MakeLock()),
      wifi_(settings.wifi()),
      away_since_ms_(services.UptimeUs() / 1000) {
  status_.kind = listening::NetworkKind::kWifi;
  status_.hostname = hostname_;
  Publish(away_since_ms_);
}

void Station::Tick() {
  const int64_t now_ms = services_.UptimeUs() / 1000;
  FollowSettings(now_ms);
  while (const auto input = radio_.Poll()) Take(*input, now_ms);
  if (scan_until_ms_ && now_ms >= *scan_until_ms_) TakeSeen({}, now_ms);
  TryWish(now_ms);
  if (stage_ == Stage::kJoining && now_ms >= next_ms_) {
    radio_.Leave();
    Down("it does not answer", now_ms);
  }
  if (stage_ == Stage::kWaiting && now_ms >= next_ms_) Look(now_ms);
  KeepSetup(now_ms);
  Publish(now_ms);
}

// --- What others want

std::expected<void, Error> Station::Join(KnownNetwork network) {
  std::string why = WhyNoSsid(network.ssid);
  if (why.empty()) why = WhyNoPassword(network.password);
  if (!why.empty()) return std::unexpected(Error{ErrorCode::kRefused, std::move(why)});
  const std::lock_guard guard(*lock_);
  wish_ = std::move(network);
  wish_from_ms_ = services_.UptimeUs() / 1000 + kSettleMs;
  attempt_ = {Attempt::Kind::kTrying, {}};
  return {};
}

Station::Attempt Station::attempt() const {
  const std::lock_guard guard(*lock_);
  return attempt_;
}

uint32_t Station::RequestScan() {
  const std::lock_guard guard(*lock_);
  if (joining_) return scans_;
  scan_wanted_ = true;
  return scans_ + 1;
}

std::optional<std::vector<Seen>> Station::Found(uint32_t scan) const {
  const std::lock_guard guard(*lock_);
  if (static_cast<int32_t>(scans_ - scan) < 0) return std::nullopt;
  return seen_;
}

listening::NetworkState Station::status() const {
  const std::lock_guard guard(*lock_);
  return status_;
}

void Station::FollowSettings(int64_t now_ms) {
  if (revision_ && *revision_ == settings_.revision()) {
    follow_ms_.reset();
    return;
  }
  if (revision_ && !follow_ms_) follow_ms_ = now_ms + kSettleMs;
  if ((follow_ms_ && now_ms < *follow_ms_) || (stage_ == Stage::kJoining && current_is_wish_)) return;
  follow_ms_.reset();
  const bool first = !revision_;
  revision_ = settings_.revision();
  const std::string country = std::exchange(wifi_, settings_.wifi()).country;
  if (first || country != wifi_.country) radio_.SetCountry(wifi_.country);
  const KnownNetwork* const known = wifi_.Find(current_.ssid);
  if (stage_ == Stage::kUp && known != nullptr && *known == current_) return;
  if (stage_ == Stage::kUp || stage_ == Stage::kJoining) radio_.Leave();
  if (stage_ == Stage::kUp) away_since_ms_ = now_ms;
  address_.clear();
  backoff_.Reset();
  said_.clear();
  reason_.clear();
  candidates_.clear();
  stage_ = wifi_.known.empty() ? Stage::kIdle : Stage::kWaiting;
  next_ms_ = now_ms;
}

void Station::TryWish(int64_t now_ms) {
  std::optional<KnownNetwork> wish;
  bool scan = false;
  {
    const std::lock_guard guard(*lock_);
    if (wish_ && now_ms >= wish_from_ms_ && !scan_until_ms_) wish = std::exchange(wish_, std::nullopt);
    scan = !wish && scan_wanted_ && !scan_until_ms_ && stage_ != Stage::kJoining;
  }
  if (scan) {
    radio_.Scan();
    scan_until_ms_ = now_ms + kScanMs;
  }
  if (!wish) return;
  if (stage_ == Stage::kUp || stage_ == Stage::kJoining) radio_.Leave();
  if (stage_ == Stage::kUp) away_since_ms_ = now_ms;
  if (const KnownNetwork* const known = wifi_.Find(wish->ssid)) wish->static_address = known->static_address;
  candidates_.clear();
  current_is_wish_ = true;
  Try(*std::move(wish), now_ms);
}

// --- What the radio tells

void Station::Take(const Radio::Input& input, int64_t now_ms) {
  using Kind = Radio::Input::Kind;
  switch (input.kind) {
    case Kind::kUp:
      return Up(input.text, now_ms);
    case Kind::kDown:
      return Down(input.text, now_ms);
    case Kind::kSeen:
      return TakeSeen(input.seen, now_ms);
  }
}

void Station::TakeSeen(std::vector<Seen> seen, int64_t now_ms) {
  scan_until_ms_.reset();
  std::ranges::stable_sort(seen, std::greater(), &Seen::rssi_dbm);
  std::vector<Seen> strongest;
  for (Seen& each : seen) {
    if (each.ssid.empty() || std::ranges::find(strongest, each.ssid, &Seen::ssid) != strongest.end()) continue;
    strongest.push_back(std::move(each));
  }
  if (stage_ == Stage::kLooking) {
    // Those that were not seen may hide their name: they are tried, too, but last.
    candidates_.clear();
    for (const KnownNetwork& known : wifi_.known) {
      if (std::ranges::find(strongest, known.ssid, &Seen::ssid) == strongest.end()) candidates_.push_back(known);
    }
    for (const Seen& each : std::vector(strongest.rbegin(), strongest.rend())) {
      if (const KnownNetwork* const known = wifi_.Find(each.ssid)) candidates_.push_back(*known);
    }
  }
  {
    const std::lock_guard guard(*lock_);
    if (strongest.size() > kMostSeen) strongest.resize(kMostSeen);
    seen_ = std::move(strongest);
    ++scans_;
    scan_wanted_ = false;
  }
  if (stage_ == Stage::kLooking) TryNext(now_ms);
}

void Station::Up(const std::string& address, int64_t now_ms) {
  if (stage_ != Stage::kJoining && stage_ != Stage::kUp) return;
  if (stage_ == Stage::kUp && address == address_) return;
  address_ = address;
  look_ms_ = now_ms;
  if (stage_ == Stage::kUp) return Say(LogLevel::kInfo, "the address is " + address + " now");
  stage_ = Stage::kUp;
  up_since_ms_ = now_ms;
  backoff_.Reset();
  candidates_.clear();
  reason_.clear();
  said_.clear();
  Say(LogLevel::kInfo, "joined " + current_.ssid + " as " + address);
  if (!std::exchange(current_is_wish_, false)) return;
  const KnownNetwork* const known = wifi_.Find(current_.ssid);
  if (known == nullptr || *known != current_) {
    if (const auto kept = settings_.Add(current_); !kept) {
      Say(LogLevel::kError, kept.error().message);
      return EndAttempt({Attempt::Kind::kFailed, kept.error().message});
    }
  }
  EndAttempt({Attempt::Kind::kJoined, {}});
}

void Station::Down(const std::string& why, int64_t now_ms) {
  if (stage_ != Stage::kUp && stage_ != Stage::kJoining) return;
  const bool was_up = stage_ == Stage::kUp;
  address_.clear();
  rssi_dbm_.reset();
  reason_ = current_.ssid + (was_up ? " is lost: " : " cannot be joined: ") + why;
  if (reason_ != said_) Say(LogLevel::kWarning, reason_);
  said_ = reason_;
  if (was_up) away_since_ms_ = now_ms;
  if (std::exchange(current_is_wish_, false)) EndAttempt({Attempt::Kind::kFailed, reason_});
  TryNext(now_ms);
}

void Station::EndAttempt(Attempt attempt) {
  const std::lock_guard guard(*lock_);
  if (!wish_) attempt_ = std::move(attempt);  // else it is the next one's that is asked for
}

// --- What is tried

void Station::Look(int64_t now_ms) {
  if (radio_.guests() > 0 && setup_open_ && backoff_.failures() > 0 && now_ms < next_ms_ + kGuestsPauseMs) return;
  stage_ = Stage::kLooking;
  if (scan_until_ms_) return;
  radio_.Scan();
  scan_until_ms_ = now_ms + kScanMs;
}

void Station::TryNext(int64_t now_ms) {
  if (candidates_.empty()) return Rest(now_ms);
  KnownNetwork next = std::move(candidates_.back());
  candidates_.pop_back();
  Try(std::move(next), now_ms);
}

void Station::Try(KnownNetwork network, int64_t now_ms) {
  current_ = std::move(network);
  stage_ = Stage::kJoining;
  next_ms_ = now_ms + kJoinMs;
  radio_.Join(current_);
}

void Station::Rest(int64_t now_ms) {
  stage_ = wifi_.known.empty() ? Stage::kIdle : Stage::kWaiting;
  const int64_t pause_ms = backoff_.Fail();
  std::array<uint8_t, 1> random{};
  services_.FillRandom(random);
  next_ms_ = now_ms + pause_ms + pause_ms * random[0] / 512;  // up to half as much again: not all devices at once
}

// --- The device's own access point

void Station::KeepSetup(int64_t now_ms) {
  const bool up = stage_ == Stage::kUp;
  if (setup_open_) {
    if (!up || now_ms < up_since_ms_ + kGraceMs) return;
    radio_.CloseSetup();
    setup_open_ = false;
    return Say(LogLevel::kInfo, "the access point is closed");
  }
  const bool wanted = !up && (wifi_.known.empty() || now_ms >= away_since_ms_ + kAwayMs);
  // The radio opens it between scans and joining.
  if (!wanted || scan_until_ms_ || stage_ == Stage::kJoining || now_ms < setup_from_ms_) return;
  const auto opened = radio_.OpenSetup(setup());
  if (!opened) {
    setup_from_ms_ = now_ms + kGraceMs;
    return Say(LogLevel::kError, "the access point cannot be opened: " + opened.error());
  }
  setup_open_ = true;
  Say(LogLevel::kInfo, "no known network: join the Wi-Fi " + hostname_ + " to name one; @token tells its password");
}

// --- What is shown

void Station::Publish(int64_t now_ms) {
  const bool up = stage_ == Stage::kUp;
  if (up && now_ms >= look_ms_) {
    rssi_dbm_ = radio_.rssi_dbm();
    look_ms_ = now_ms + kLookMs;
  }
  const bool busy = stage_ == Stage::kJoining || stage_ == Stage::kLooking;
  const LinkState state = up            ? LinkState::kUp
                          : setup_open_ ? LinkState::kSetup
                          : busy        ? LinkState::kConnecting
                                        : LinkState::kDown;
  const std::lock_guard guard(*lock_);
  joining_ = stage_ == Stage::kJoining;
  status_.state = state;
  status_.reason = !up && reason_.empty() && wifi_.known.empty() ? "no network is known" : reason_;
  status_.interface = up ? std::optional("sta") : std::nullopt;
  status_.address = up ? std::optional(address_) : std::nullopt;
  status_.ssid = up ? std::optional(current_.ssid) : std::nullopt;
  status_.rssi_dbm = up ? rssi_dbm_ : std::nullopt;
}

void Station::Say(LogLevel level, const std::string& text) { services_.Log(level, kTag, text); }

}  // namespace network
