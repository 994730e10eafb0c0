// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clip_store {

/// What an event is called everywhere: in file names, the journal and the API. Text: "<boot>-<sequence>", as
/// "0007-00012"; later ones compare greater.
struct EventId {
  uint32_t boot;      ///< Boots of this device so far.
  uint32_t sequence;  ///< Events since that boot.

  /// Larger ones are nobody's.
  static constexpr uint32_t kMostBoots = 1'000'000'000;

  std::string Text() const;
  /// @return nothing for what Text() does not say.
  static std::optional<EventId> Parse(std::string_view text);
  auto operator<=>(const EventId&) const = default;
};

/// When something happened.
struct EventTime {
  int64_t uptime_ms;              ///< Since boot.
  std::optional<int64_t> utc_ms;  ///< Since 1970, once the clock is set.
};

/// "2026-11-22T11:22:44.480Z".
std::string UtcText(int64_t utc_ms);

/// A clip's file name: "20261122T112244Z_0007-00012.wav", or before the clock is set
/// "boot0007-000012345s_0007-00012.wav" with the seconds since boot.
struct ClipName {
  EventId id;
  bool dated;       ///< Whether it is a name of the first form.
  uint32_t time_s;  ///< UTC since 1970 if it is dated, else since boot.

  static ClipName Of(const EventId& id, const EventTime& start);
  std::string Text() const;
  /// @return nothing for what Text() does not say.
  static std::optional<ClipName> Parse(std::string_view name);
  bool operator==(const ClipName&) const = default;
};

/// The file that stars a clip: its name with ".star" in place of ".wav".
std::string StarName(std::string_view clip_name);

/// The clip that a file stars; nothing if it is no such file.
std::optional<ClipName> StarredBy(std::string_view file_name);

}  // namespace clip_store
