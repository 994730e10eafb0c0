// SPDX-License-Identifier: Apache-2.0
#include "listening/rule_service.h"

#include <mutex>

#include "sound_events/presets.h"

namespace listening {
namespace {

using sound_events::RuleSet;

constexpr char kTag[] = "rules";
constexpr char kKey[] = "sound_events/rules";

}  // namespace

RuleService::RuleService(Services& services, std::vector<std::string> class_names)
    : services_(services),
      class_names_(std::move(class_names)),
      set_lock_(services.MakeLock()),
      read_lock_(services.MakeLock()) {}

RuleSet RuleService::Load() {
  const std::vector<uint8_t> bytes = services_.settings().Load(kKey);
  if (!bytes.empty()) {
    document_.assign(bytes.begin(), bytes.end());
    auto rules = RuleSet::Parse(document_, class_names_);
    stored_ = rules.has_value();
    if (stored_) return *std::move(rules);
    services_.Log(LogLevel::kError, kTag, "the stored rules are refused, the presets run: " + rules.error().Text());
  }
  document_ = sound_events::PresetDocument();
  auto presets = RuleSet::Parse(document_, class_names_);
  if (presets) return *std::move(presets);
  services_.Log(LogLevel::kError, kTag, "the presets do not fit this model: " + presets.error().Text());
  return {};
}

std::string RuleService::document() const {
  const std::lock_guard guard(*read_lock_);
  return document_;
}

bool RuleService::stored() const {
  const std::lock_guard guard(*read_lock_);
  return stored_;
}

std::expected<size_t, Error> RuleService::Set(std::string_view document) {
  const std::lock_guard one_at_a_time(*set_lock_);
  auto rules = RuleSet::Parse(document, class_names_);
  if (!rules) return std::unexpected(Error{ErrorCode::kRefused, rules.error().Text()});
  if (const auto kept = Store(document); !kept) {
    return std::unexpected(Error{ErrorCode::kFailed, "the rules cannot be stored: " + kept.error()});
  }
  return Run(*std::move(rules), std::string(document), true);
}

std::expected<size_t, Error> RuleService::SetPresets() {
  const std::lock_guard one_at_a_time(*set_lock_);
  std::string document = sound_events::PresetDocument();
  auto rules = RuleSet::Parse(document, class_names_);
  if (!rules) {
    return std::unexpected(Error{ErrorCode::kFailed, "the presets do not fit this model: " + rules.error().Text()});
  }
  if (const auto forgotten = services_.settings().Forget(kKey); !forgotten) {
    return std::unexpected(Error{ErrorCode::kFailed, "the stored rules stay: " + forgotten.error()});
  }
  return Run(*std::move(rules), std::move(document), false);
}

/// A stored document that is refused, as one of an older firmware may be, is not worth the place that a new one needs.
std::expected<void, std::string> RuleService::Store(std::string_view document) {
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(document.data()), document.size());
  auto kept = services_.settings().Store(kKey, bytes);
  if (kept || stored()) return kept;
  if (auto forgotten = services_.settings().Forget(kKey); !forgotten) return kept;
  return services_.settings().Store(kKey, bytes);
}

std::expected<size_t, Error> RuleService::Run(RuleSet rules, std::string document, bool stored) {
  const size_t count = rules.rules().size();
  if (const auto set = watch_->SetRules(std::move(rules)); !set) {
    return std::unexpected(Error{ErrorCode::kFailed, set.error().Text()});
  }
  const std::lock_guard guard(*read_lock_);
  document_ = std::move(document);
  stored_ = stored;
  return count;
}

}  // namespace listening
