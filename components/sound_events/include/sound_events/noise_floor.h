// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "base/level.h"
#include "sound_events/error.h"

namespace sound_events {

struct NoiseFloorSpec {
  /// Seconds after which what was learned counts half; 10 to 86,400.
  int half_life_s = 600;
  /// Seconds to be learned before the floor counts as known; 1 to 3,600.
  int warm_up_s = 30;
  /// What the floor is taken for until then; -100 to 0 dBFS.
  base::CentiDecibels assumed_floor = -6000;
  /// A level this far above the floor may be an event; 3 to 60 dB.
  base::CentiDecibels event_margin = 1000;
  /// Seconds of a loud stretch that are still learned: short sounds belong to a room; 0 to 3,600.
  int learned_event_s = 5;
  /// A loud stretch longer than this is no event but the room; learned_event_s to 86,400.
  int longest_event_s = 1800;
};

/// Learns how loud a place is when nothing happens.
///
/// Levels go into a histogram of 1 dB steps from -100 to 0 dBFS in which old ones fade by the half-life; the floor is
/// its median (p50), p95 tells how far ordinary sounds reach. A long event does not fool it: a stretch that stays above
/// floor
/// + event_margin (pauses up to 10 s included) is learned for its first learned_event_s seconds only, until it has
/// lasted longest_event_s and must be the room itself. What is not learned lets nothing fade either. Digital silence is
/// not learned: no room is that quiet. Integer arithmetic throughout; nothing is allocated.
class NoiseFloor {
 public:
  /// Samples (at 16 kHz) that one level sums up: 120 ms, the "fast" time weighting of sound level meters (IEC 61672-1).
  static constexpr int kBlockSamples = 1920;
  static constexpr int kBins = 100;
  /// version, learned blocks, bins (16 bits each), CRC-32.
  static constexpr size_t kStateBytes = 4 + 4 + 2 * kBins + 4;
  using State = std::array<uint8_t, kStateBytes>;

  /// @return kInvalidSpec when a value is outside the range stated at its field.
  static std::expected<NoiseFloor, Error> Create(const NoiseFloorSpec& spec);

  /// Takes the level of the next kBlockSamples samples.
  void Observe(base::CentiDecibels level);

  /// The latest level observed; nothing before the first.
  std::optional<base::CentiDecibels> level() const { return level_; }

  /// The median, or the assumed floor while warming up.
  base::CentiDecibels floor() const { return warmed_up() ? floor_ : spec_.assumed_floor; }

  /// The level that 95 % of what was learned stays below, or the assumed floor while warming up.
  base::CentiDecibels p95() const { return warmed_up() ? p95_ : spec_.assumed_floor; }

  bool warmed_up() const { return learned_blocks_ >= warm_up_blocks_; }

  /// Whether the present level is taken for an event and therefore not learned.
  bool holding() const { return holding_; }

  /// What was learned, to be kept over a restart.
  State Save() const;

  /// Goes on from a state kept earlier; older knowledge is given the weight of one half-life at most, so that another
  /// room is learned soon.
  /// @return kInvalidState when the state is damaged or of another version; nothing has changed then.
  std::expected<void, Error> Restore(std::span<const uint8_t> state);

  const NoiseFloorSpec& spec() const { return spec_; }

 private:
  explicit NoiseFloor(const NoiseFloorSpec& spec);

  bool IsHeldBack(base::CentiDecibels level);
  void Learn(base::CentiDecibels level);
  void Summarize();
  base::CentiDecibels Percentile(uint32_t permille) const;

  NoiseFloorSpec spec_;
  uint32_t half_life_blocks_;
  uint32_t warm_up_blocks_;
  std::array<uint32_t, kBins> bins_{};
  uint32_t phase_ = 0;           ///< Blocks learned since the bins were last halved.
  uint32_t learned_blocks_ = 0;  ///< Up to warm-up; saturates.
  uint32_t loud_blocks_ = 0;     ///< Length of the present loud stretch.
  uint32_t quiet_blocks_ = 0;    ///< Length of the present pause in it.
  bool holding_ = false;
  std::optional<base::CentiDecibels> level_;
  base::CentiDecibels floor_ = 0;
  base::CentiDecibels p95_ = 0;
};

}  // namespace sound_events
