// SPDX-License-Identifier: Apache-2.0
#include "sound_events/noise_floor.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/crc32.h"
#include "base/sample_rate.h"

namespace sound_events {
namespace {

constexpr base::CentiDecibels kLowest = -10000;
constexpr base::CentiDecibels kBinWidth = 100;
constexpr int kLongestPause_s = 10;
constexpr uint32_t kStateVersion = 0x314C464E;  // "NFL1"

/// 1024 * 2^(k / 16): a block's weight k sixteenths of a half-life after the bins were halved. Letting new blocks weigh
/// more is the same as letting old ones fade, without touching every bin each time.
constexpr std::array<uint32_t, 17> kWeights = {1024, 1069, 1117, 1166, 1218, 1272, 1328, 1387, 1448,
                                               1512, 1579, 1649, 1722, 1798, 1878, 1961, 2048};
constexpr uint32_t kWeightSteps = kWeights.size() - 1;

uint32_t BlocksIn(int seconds) { return static_cast<uint32_t>(base::SamplesIn(seconds) / NoiseFloor::kBlockSamples); }

uint32_t WeightAt(uint32_t phase, uint32_t half_life) {
  const uint32_t position = phase * kWeightSteps;
  const uint32_t step = position / half_life;
  const uint32_t rest = position % half_life;
  const uint64_t rise = kWeights[step + 1] - kWeights[step];
  return kWeights[step] + static_cast<uint32_t>(rise * rest / half_life);
}

void Put32(uint8_t*& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) *out++ = static_cast<uint8_t>(value >> shift);
}

uint32_t Get32(const uint8_t* in) {
  return in[0] | uint32_t{in[1]} << 8 | uint32_t{in[2]} << 16 | uint32_t{in[3]} << 24;
}

}  // namespace

std::expected<NoiseFloor, Error> NoiseFloor::Create(const NoiseFloorSpec& spec) {
  const auto invalid = [](std::string message) {
    return std::unexpected(Error{ErrorCode::kInvalidSpec, "", std::move(message)});
  };
  if (spec.half_life_s < 10 || spec.half_life_s > 86400) return invalid("half_life_s must be 10 to 86400");
  if (spec.warm_up_s < 1 || spec.warm_up_s > 3600) return invalid("warm_up_s must be 1 to 3600");
  if (spec.assumed_floor < kLowest || spec.assumed_floor > 0) return invalid("assumed_floor must be -100 to 0 dBFS");
  if (spec.event_margin < 300 || spec.event_margin > 6000) return invalid("event_margin must be 3 to 60 dB");
  if (spec.learned_event_s < 0 || spec.learned_event_s > 3600) return invalid("learned_event_s must be 0 to 3600");
  if (spec.longest_event_s < spec.learned_event_s || spec.longest_event_s > 86400)
    return invalid("longest_event_s must be learned_event_s to 86400");
  return NoiseFloor(spec);
}

NoiseFloor::NoiseFloor(const NoiseFloorSpec& spec)
    : spec_(spec), half_life_blocks_(BlocksIn(spec.half_life_s)), warm_up_blocks_(BlocksIn(spec.warm_up_s)) {}

void NoiseFloor::Observe(base::CentiDecibels level) {
  level_ = level;
  if (level == base::kSilence) return;
  holding_ = IsHeldBack(level);
  if (!holding_) Learn(level);
}

bool NoiseFloor::IsHeldBack(base::CentiDecibels level) {
  if (!warmed_up()) return false;
  const bool loud = level > floor_ + spec_.event_margin;
  quiet_blocks_ = loud ? 0 : quiet_blocks_ + 1;
  if (quiet_blocks_ > BlocksIn(kLongestPause_s)) {
    quiet_blocks_ = BlocksIn(kLongestPause_s);
    loud_blocks_ = 0;
  }
  if (loud || loud_blocks_ > 0) ++loud_blocks_;
  return loud && loud_blocks_ > BlocksIn(spec_.learned_event_s) && loud_blocks_ <= BlocksIn(spec_.longest_event_s);
}

void NoiseFloor::Learn(base::CentiDecibels level) {
  const int bin = std::clamp<int>((level - kLowest) / kBinWidth, 0, kBins - 1);
  bins_[bin] += WeightAt(phase_, half_life_blocks_);
  if (++phase_ == half_life_blocks_) {
    phase_ = 0;
    for (uint32_t& count : bins_) count /= 2;
  }
  if (learned_blocks_ < std::numeric_limits<uint32_t>::max()) ++learned_blocks_;
  Summarize();
}

void NoiseFloor::Summarize() {
  floor_ = Percentile(500);
  p95_ = Percentile(950);
}

base::CentiDecibels NoiseFloor::Percentile(uint32_t permille) const {
  const uint64_t total = std::accumulate(bins_.begin(), bins_.end(), uint64_t{0});
  const uint64_t wanted = total * permille / 1000;
  uint64_t below = 0;
  for (int bin = 0; bin < kBins; ++bin) {
    if (below + bins_[bin] > wanted) {
      const auto within = static_cast<base::CentiDecibels>((wanted - below) * kBinWidth / bins_[bin]);
      return kLowest + bin * kBinWidth + within;
    }
    below += bins_[bin];
  }
  return 0;
}

NoiseFloor::State NoiseFloor::Save() const {
  State state{};
  uint8_t* out = state.data();
  Put32(out, kStateVersion);
  Put32(out, learned_blocks_);
  const uint64_t largest = std::max<uint64_t>(*std::max_element(bins_.begin(), bins_.end()), 1);
  for (const uint32_t count : bins_) {
    const uint64_t share = (count * uint64_t{0xFFFF} + largest / 2) / largest;
    *out++ = static_cast<uint8_t>(share);
    *out++ = static_cast<uint8_t>(share >> 8);
  }
  Put32(out, base::Crc32(std::span(state).first(kStateBytes - 4)));
  return state;
}

std::expected<void, Error> NoiseFloor::Restore(std::span<const uint8_t> state) {
  const auto invalid = [](std::string message) {
    return std::unexpected(Error{ErrorCode::kInvalidState, "", std::move(message)});
  };
  if (state.size() != kStateBytes) return invalid("the noise floor's state has the wrong size");
  if (Get32(state.data()) != kStateVersion) return invalid("the noise floor's state is of another version");
  if (base::Crc32(state.first(kStateBytes - 4)) != Get32(&state[kStateBytes - 4]))
    return invalid("the noise floor's state is damaged");
  std::array<uint32_t, kBins> shares;
  uint64_t total = 0;
  for (int bin = 0; bin < kBins; ++bin) {
    const uint8_t* share = &state[8 + 2 * bin];
    shares[bin] = share[0] | share[1] << 8;
    total += shares[bin];
  }
  const uint32_t learned = Get32(&state[4]);
  const uint64_t weight = uint64_t{std::min(learned, half_life_blocks_)} * kWeights.front();
  for (int bin = 0; bin < kBins; ++bin)
    bins_[bin] = total == 0 ? 0 : static_cast<uint32_t>(shares[bin] * weight / total);
  learned_blocks_ = learned;
  phase_ = loud_blocks_ = quiet_blocks_ = 0;
  holding_ = false;
  Summarize();
  return {};
}

}  // namespace sound_events
