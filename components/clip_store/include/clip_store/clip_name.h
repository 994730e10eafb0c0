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

  std::string Text() const;
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
  std::optional<int64_t> utc_s;  ///< Since 1970; nothing in a name of the second form.

  static std::string Make(const EventId& id, const EventTime& start);
  /// @return nothing for a name that Make() does not make.
  static std::optional<ClipName> Parse(std::string_view name);
};

/// The file that stars a clip: its name with ".star" in place of ".wav".
std::string StarName(std::string_view clip_name);

}  // namespace clip_store
