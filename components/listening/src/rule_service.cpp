// SPDX-License-Identifier: Apache-2.0
#include "listening/rule_service.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/crc32.h"
#include "sound_events/presets.h"

namespace listening {
namespace {

using sound_events::RuleSet;

constexpr char kTag[] = "rules";
constexpr char kKey[] = "sound_events/rules";
constexpr char kOffKey[] = "sound_events/off";  // names, a line each

std::vector<std::string> NamesOf(const RuleSet& rules) {
  std::vector<std::string> names;
  for (const sound_events::Rule& rule : rules.rules()) names.push_back(rule.name);
  return names;
}

std::vector<std::string> Words(const std::vector<uint8_t>& lines) {
  std::vector<std::string> words;
  std::string word;
  for (const uint8_t byte : lines) {
    if (byte != '\n') {
      word.push_back(static_cast<char>(byte));
    } else {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

}  // namespace

RuleService::RuleService(Services& services, std::vector<std::string> class_names)
    : services_(services),
      class_names_(std::move(class_names)),
      set_lock_(services.MakeLock()),
      read_lock_(services.MakeLock()) {}

RuleSet RuleService::Load() {
  off_ = Words(services_.settings().Load(kOffKey));
  const std::vector<uint8_t> bytes = services_.settings().Load(kKey);
  if (!bytes.empty()) {
    document_.assign(bytes.begin(), bytes.end());
    auto rules = RuleSet::Parse(document_, class_names_);
    stored_ = rules.has_value();
    if (stored_) return Begin(*rules);
    services_.Log(LogLevel::kError, kTag, "the stored rules are refused, the presets run: " + rules.error().Text());
  }
  document_ = sound_events::PresetDocument();
  auto presets = RuleSet::Parse(document_, class_names_);
  if (presets) return Begin(*presets);
  services_.Log(LogLevel::kError, kTag, "the presets do not fit this model: " + presets.error().Text());
  return {};
}

RuleSet RuleService::Begin(const RuleSet& rules) {
  names_ = NamesOf(rules);
  return rules.Without(off_);
}

std::string RuleService::document() const {
  const std::lock_guard guard(*read_lock_);
  return document_;
}

bool RuleService::stored() const {
  const std::lock_guard guard(*read_lock_);
  return stored_;
}

uint32_t RuleService::tag() const {
  const std::lock_guard guard(*read_lock_);
  return base::Crc32({reinterpret_cast<const uint8_t*>(document_.data()), document_.size()});
}

std::vector<std::string> RuleService::off() const {
  const std::lock_guard guard(*read_lock_);
  return off_;
}

std::vector<RuleService::Switch> RuleService::switches() const {
  const std::lock_guard guard(*read_lock_);
  std::vector<Switch> switches;
  for (const std::string& name : names_) switches.push_back({name, std::ranges::find(off_, name) == off_.end()});
  return switches;
}

std::expected<RuleSet, sound_events::Error> RuleService::Parse(std::string_view document) const {
  return RuleSet::Parse(document, class_names_);
}

std::expected<size_t, Error> RuleService::Set(std::string_view document, std::optional<uint32_t> instead_of) {
  const std::lock_guard one_at_a_time(*set_lock_);
  if (instead_of && *instead_of != tag()) {
    return std::unexpected(Error{ErrorCode::kConflict, "other rules are in force by now: read them first"});
  }
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

std::expected<void, Error> RuleService::Turn(std::string_view name, bool on) {
  const std::lock_guard one_at_a_time(*set_lock_);
  auto rules = RuleSet::Parse(document(), class_names_);
  const std::vector<std::string> names = rules ? NamesOf(*rules) : std::vector<std::string>();
  if (std::ranges::find(names, name) == names.end()) {
    return std::unexpected(Error{ErrorCode::kRefused, "there is no rule of that name"});
  }
  std::vector<std::string> wanted = off();
  std::erase(wanted, name);
  if (!on) wanted.emplace_back(name);
  // Of rules that are not there any more nobody can say whether they are on.
  std::erase_if(wanted, [&](const std::string& each) { return std::ranges::find(names, each) == names.end(); });
  if (const auto kept = StoreOff(wanted); !kept) {
    return std::unexpected(Error{ErrorCode::kFailed, "the switch cannot be stored: " + kept.error()});
  }
  {
    const std::lock_guard guard(*read_lock_);
    off_ = std::move(wanted);
  }
  if (const auto run = Run(*std::move(rules), document(), stored()); !run) return std::unexpected(run.error());
  return {};
}

std::expected<void, std::string> RuleService::StoreOff(const std::vector<std::string>& off) {
  std::vector<uint8_t> lines;
  for (const std::string& name : off) {
    lines.insert(lines.end(), name.begin(), name.end());
    lines.push_back('\n');
  }
  if (lines.empty()) return services_.settings().Forget(kOffKey);
  return services_.settings().Store(kOffKey, lines);
}

std::expected<size_t, Error> RuleService::Run(RuleSet rules, std::string document, bool stored) {
  std::vector<std::string> names = NamesOf(rules);
  const size_t count = names.size();
  if (const auto set = watch_->SetRules(rules.Without(off())); !set) {
    return std::unexpected(Error{ErrorCode::kFailed, set.error().Text()});
  }
  const std::lock_guard guard(*read_lock_);
  document_ = std::move(document);
  names_ = std::move(names);
  stored_ = stored;
  return count;
}

}  // namespace listening
