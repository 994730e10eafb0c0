// SPDX-License-Identifier: Apache-2.0
#include "listening/health.h"

namespace listening {
namespace {

constexpr char kKey[] = "health/before";
constexpr uint8_t kHears = '+';
constexpr uint8_t kDoesNotHear = '-';

/// One character for `hears`, then the volume's name. Only a firmware that works is remembered.
std::optional<Health> Load(Settings& settings) {
  const std::vector<uint8_t> bytes = settings.Load(kKey);
  if (bytes.empty()) return std::nullopt;
  return Health{.model_works = true, .hears = bytes[0] == kHears, .volume = {bytes.begin() + 1, bytes.end()}};
}

}  // namespace

HealthVerdict::HealthVerdict(Settings& settings, int64_t well_after_ms)
    : settings_(settings), well_after_ms_(well_after_ms), before_(Load(settings)) {}

HealthVerdict::Verdict HealthVerdict::Judge(const Health& now, int64_t uptime_ms) {
  const bool hears = now.hears || (before_ && !before_->hears);
  const bool keeps = !before_ || before_->volume.empty() || now.volume == before_->volume;
  if (!now.model_works || !hears || !keeps) {
    well_since_ms_.reset();
    return uptime_ms >= kPatience * well_after_ms_ ? Verdict::kIll : Verdict::kPending;
  }
  if (!well_since_ms_) well_since_ms_ = uptime_ms;
  return uptime_ms - *well_since_ms_ >= well_after_ms_ ? Verdict::kWell : Verdict::kPending;
}

void HealthVerdict::Remember(const Health& now, int64_t uptime_ms) {
  if (latest_ != now) {
    latest_ = now;
    latest_since_ms_ = uptime_ms;
  }
  if (before_ == now || !now.model_works || uptime_ms - latest_since_ms_ < well_after_ms_) return;
  std::vector<uint8_t> bytes{now.hears ? kHears : kDoesNotHear};
  bytes.insert(bytes.end(), now.volume.begin(), now.volume.end());
  if (settings_.Store(kKey, bytes)) before_ = now;
}

}  // namespace listening
