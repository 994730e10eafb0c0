// SPDX-License-Identifier: Apache-2.0
#include "rule_reader.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/sample_rate.h"
#include "field_table.h"
#include "similar_name.h"
#include "sound_events/rule_set.h"

namespace sound_events {
namespace {

constexpr size_t kMaxNameBytes = 31;
constexpr size_t kMaxTitleBytes = 96;
constexpr size_t kMaxClassNameBytes = 128;
constexpr size_t kMaxQuietSpans = 4;
constexpr double kDay_s = 86400.0;

/// A number without its superfluous digits, for messages.
std::string Shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

struct Range {
  double low;
  double high;
};

/// One step of the model's int8 output is 0.0039.
constexpr Range kProbability{0.003, 1.0};
constexpr Q16 kLowestThreshold = static_cast<Q16>(kProbability.low * kOne);

bool ReadWithin(base::JsonReader& reader, Range range, double& value) {
  if (!reader.ReadNumber(value)) return false;
  if (value >= range.low && value <= range.high) return true;
  return reader.Refuse(Shown(value) + " is out of range; it must be " + Shown(range.low) + " to " + Shown(range.high));
}

bool ReadInteger(base::JsonReader& reader, Range range, int& value) {
  double number = 0.0;
  if (!ReadWithin(reader, range, number)) return false;
  if (number != std::floor(number)) return reader.Refuse("must be a whole number");
  value = static_cast<int>(number);
  return true;
}

/// Reads a number and stores it in units of 1 / per_unit.
template <typename Integer>
bool ReadScaled(base::JsonReader& reader, Range range, double per_unit, Integer& value) {
  double number = 0.0;
  if (!ReadWithin(reader, range, number)) return false;
  value = static_cast<Integer>(std::llround(number * per_unit));
  return true;
}

auto Seconds(int64_t& value, Range range) {
  return [&value, range](base::JsonReader& reader) { return ReadScaled(reader, range, base::kSampleRateHz, value); };
}

auto Decibels(base::CentiDecibels& value, Range range) {
  return [&value, range](base::JsonReader& reader) { return ReadScaled(reader, range, 100.0, value); };
}

auto Decibels(std::optional<base::CentiDecibels>& value, Range range) {
  return [&value, range](base::JsonReader& reader) { return ReadScaled(reader, range, 100.0, value.emplace()); };
}

auto Fraction(Q16& value, Range range) {
  return [&value, range](base::JsonReader& reader) { return ReadScaled(reader, range, kOne, value); };
}

auto Integer(int& value, Range range) {
  return [&value, range](base::JsonReader& reader) { return ReadInteger(reader, range, value); };
}

auto Flag(bool& value) {
  return [&value](base::JsonReader& reader) { return reader.ReadBool(value); };
}

bool IsName(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool ReadName(base::JsonReader& reader, std::string& name) {
  if (!reader.ReadString(name, kMaxNameBytes)) return false;
  return IsName(name) || reader.Refuse("must be a letter, then letters, digits, '_' or '-'");
}

bool ReadCombine(base::JsonReader& reader, Combine& combine) {
  std::string name;
  if (!reader.ReadString(name, kMaxNameBytes)) return false;
  for (const Combine known : {Combine::kMax, Combine::kSum, Combine::kNoisyOr}) {
    combine = known;
    if (CombineName(known) == name) return true;
  }
  return reader.Refuse("must be \"max\", \"sum\" or \"noisy-or\"");
}

bool UnknownClass(base::JsonReader& reader, const std::string& name, std::span<const std::string> class_names) {
  std::string message = "there is no class \"" + name + "\"";
  if (const std::string_view similar = SimilarName(name, class_names); !similar.empty())
    message.append("; there is \"").append(similar).append("\"");
  return reader.Refuse(std::move(message));
}

bool ReadClassIndex(base::JsonReader& reader, std::span<const std::string> class_names, uint16_t& index) {
  if (reader.Peek() == base::JsonReader::Kind::kNumber) {
    int number = 0;
    if (!ReadInteger(reader, {0.0, static_cast<double>(class_names.size()) - 1.0}, number)) return false;
    index = static_cast<uint16_t>(number);
    return true;
  }
  std::string name;
  if (!reader.ReadString(name, kMaxClassNameBytes)) return false;
  const auto found = std::ranges::find(class_names, name);
  if (found == class_names.end()) return UnknownClass(reader, name, class_names);
  index = static_cast<uint16_t>(found - class_names.begin());
  return true;
}

/// A class is its name, its index, or {"class": name or index, "weight": w}.
bool ReadClass(base::JsonReader& reader, std::span<const std::string> class_names, WeightedClass& entry) {
  entry = {.index = 0, .weight = kUnitWeight};
  if (reader.Peek() != base::JsonReader::Kind::kObject) return ReadClassIndex(reader, class_names, entry.index);
  const Field fields[] = {
      {"class", true, [&](base::JsonReader& r) { return ReadClassIndex(r, class_names, entry.index); }},
      {"weight", false,
       [&](base::JsonReader& r) {
         return ReadScaled(r, {0.01, 4.0}, kUnitWeight, entry.weight);
       }},
  };
  return ReadFields(reader, fields);
}

bool ReadClasses(base::JsonReader& reader, std::span<const std::string> class_names, size_t most,
                 std::vector<WeightedClass>& classes) {
  if (!reader.BeginArray()) return false;
  while (reader.NextElement()) {
    if (classes.size() == most) return reader.Refuse("there may be at most " + std::to_string(most));
    WeightedClass entry;
    if (!ReadClass(reader, class_names, entry)) return false;
    if (std::ranges::find(classes, entry.index, &WeightedClass::index) != classes.end())
      return reader.Refuse("the class " + class_names[entry.index] + " stands here twice");
    classes.push_back(entry);
  }
  return !reader.failed();
}

bool ReadPatches(base::JsonReader& reader, PatchCount& patches) {
  const Range range{1.0, RuleSet::kMaxPatchWindow};
  const Field fields[] = {
      {"need", true, Integer(patches.need, range)},
      {"of", true, Integer(patches.of, range)},
  };
  if (!ReadFields(reader, fields)) return false;
  return patches.need <= patches.of || reader.Refuse("\"need\" must not be above \"of\"");
}

bool ReadKind(base::JsonReader& reader, Rule& rule) {
  std::string name;
  if (!reader.ReadString(name, kMaxNameBytes)) return false;
  for (const Pattern known : {Pattern::kT3, Pattern::kT4}) {
    if (name == PatternName(known)) rule.pattern = known;
  }
  return rule.pattern || reader.Refuse("must be \"t3\" or \"t4\"");
}

bool ReadPattern(base::JsonReader& reader, Rule& rule) {
  const Field fields[] = {
      {"kind", true, [&](base::JsonReader& r) { return ReadKind(r, rule); }},
      {"weight", false,
       [&](base::JsonReader& r) {
         return ReadScaled(r, {0.01, 4.0}, kUnitWeight, rule.pattern_weight);
       }},
      {"required", false, Flag(rule.pattern_required)},
  };
  return ReadFields(reader, fields);
}

bool ReadLasting(base::JsonReader& reader, Rule& rule) {
  const Field fields[] = {
      {"on", true, Fraction(rule.lasting_on, kProbability)},
      {"patches", true, [&](base::JsonReader& r) { return ReadPatches(r, rule.lasting_patches); }},
  };
  return ReadFields(reader, fields);
}

bool ReadLevel(base::JsonReader& reader, Rule& rule) {
  const Field fields[] = {
      {"min_dbfs", false, Decibels(rule.min_level, {-100.0, 0.0})},
      {"above_floor_db", false, Decibels(rule.min_above_floor, {0.0, 100.0})},
      {"hysteresis_db", false, Decibels(rule.level_hysteresis, {0.0, 40.0})},
  };
  return ReadFields(reader, fields);
}

bool ReadFloor(base::JsonReader& reader, Rule& rule) {
  const Field fields[] = {
      {"reference_dbfs", true, Decibels(rule.floor_reference, {-100.0, 0.0})},
      {"threshold_per_db", true, Fraction(rule.threshold_per_decibel, {-0.1, 0.1})},
      {"limit", true, Fraction(rule.threshold_shift_limit, {0.0, 0.5})},
  };
  return ReadFields(reader, fields);
}

bool ReadGap(base::JsonReader& reader, Rule& rule) {
  if (reader.Peek() == base::JsonReader::Kind::kString) {
    std::string mode;
    if (!reader.ReadString(mode, kMaxNameBytes)) return false;
    return mode == "end" || reader.Refuse("must be \"end\" or {\"bridge_s\": seconds}");
  }
  rule.bridge_gaps = true;
  const Field fields[] = {{"bridge_s", true, Seconds(rule.longest_gap, {0.0, 3600.0})}};
  return ReadFields(reader, fields);
}

bool ReadMinute(base::JsonReader& reader, int16_t& minute) {
  std::string text;
  if (!reader.ReadString(text, 5)) return false;
  const auto digit = [&](size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4)) {
    const int hours = (text[0] - '0') * 10 + text[1] - '0';
    const int minutes = (text[3] - '0') * 10 + text[4] - '0';
    minute = static_cast<int16_t>(hours * 60 + minutes);
    if (hours < 24 && minutes < 60) return true;
  }
  return reader.Refuse("must be a time of day from \"00:00\" to \"23:59\"");
}

bool ReadQuietHours(base::JsonReader& reader, std::vector<DaySpan>& spans) {
  if (!reader.BeginArray()) return false;
  while (reader.NextElement()) {
    if (spans.size() == kMaxQuietSpans) return reader.Refuse("there may be at most " + std::to_string(kMaxQuietSpans));
    DaySpan& span = spans.emplace_back(DaySpan{});
    const Field fields[] = {
        {"from", true, [&](base::JsonReader& r) { return ReadMinute(r, span.from); }},
        {"to", true, [&](base::JsonReader& r) { return ReadMinute(r, span.to); }},
    };
    if (!ReadFields(reader, fields)) return false;
    if (span.from == span.to) return reader.Refuse("\"from\" and \"to\" must differ");
  }
  return !reader.failed();
}

/// What only the whole rule can show.
bool Check(base::JsonReader& reader, std::span<const std::string> class_names, const Rule& rule) {
  if (rule.HasScore() && rule.on == 0) return reader.Refuse("on is missing");
  if (rule.HasScore() && rule.off == 0) return reader.Refuse("off is missing");
  if (!rule.HasScore() && (rule.on != 0 || rule.off != 0))
    return reader.Refuse("\"on\" and \"off\" need \"classes\" or a \"pattern\"");
  if (rule.off > rule.on) return reader.Refuse("\"off\" must not be above \"on\"");
  if (rule.lasting_on != 0 && !rule.HasScore()) return reader.Refuse("\"lasting\" needs \"classes\" or a \"pattern\"");
  if (rule.lasting_on != 0 && (rule.lasting_on > rule.on || rule.lasting_on < rule.off))
    return reader.Refuse("\"on\" in \"lasting\" must be \"off\" to \"on\"");
  if (rule.min_duration > rule.max_duration)
    return reader.Refuse("\"min_duration_s\" must not be above \"max_duration_s\"");
  if (!rule.HasScore() && !rule.min_level && !rule.min_above_floor)
    return reader.Refuse(
        "a rule without \"classes\" and \"pattern\" needs a \"level\" with \"min_dbfs\" or \"above_floor_db\"");
  if (!rule.HasScore() && !rule.suppress.empty())
    return reader.Refuse(
        "a rule without \"classes\" and \"pattern\" has no score that \"suppress\" could be compared with");
  if (rule.HasScore() && rule.threshold_shift_limit > rule.off - kLowestThreshold)
    return reader.Refuse("\"limit\" in \"floor\" must leave " + Shown(kProbability.low) +
                         " of \"off\": in a quiet room every patch would count");
  for (const WeightedClass& own : rule.classes) {
    if (std::ranges::find(rule.suppress, own.index, &WeightedClass::index) != rule.suppress.end())
      return reader.Refuse("\"suppress\" has " + class_names[own.index] + ", which is one of its own \"classes\"");
  }
  return true;
}

}  // namespace

bool ReadRule(base::JsonReader& reader, std::span<const std::string> class_names, Rule& rule) {
  rule = {};
  rule.max_duration = base::SamplesIn(300);
  rule.hold = base::SamplesIn(1);
  rule.update_every = base::SamplesIn(5);
  rule.level_hysteresis = 300;
  const Field fields[] = {
      {"name", true, [&](base::JsonReader& r) { return ReadName(r, rule.name); }},
      {"title", false, [&](base::JsonReader& r) { return r.ReadString(rule.title, kMaxTitleBytes); }},
      {"classes", false,
       [&](base::JsonReader& r) { return ReadClasses(r, class_names, RuleSet::kMaxClassesPerRule, rule.classes); }},
      {"combine", false, [&](base::JsonReader& r) { return ReadCombine(r, rule.combine); }},
      {"suppress", false,
       [&](base::JsonReader& r) {
         return ReadClasses(r, class_names, RuleSet::kMaxSuppressorsPerRule, rule.suppress);
       }},
      {"pattern", false, [&](base::JsonReader& r) { return ReadPattern(r, rule); }},
      {"on", false, Fraction(rule.on, kProbability)},
      {"off", false, Fraction(rule.off, kProbability)},
      {"patches", false, [&](base::JsonReader& r) { return ReadPatches(r, rule.patches); }},
      {"lasting", false, [&](base::JsonReader& r) { return ReadLasting(r, rule); }},
      {"min_duration_s", false, Seconds(rule.min_duration, {0.0, 3600.0})},
      {"max_duration_s", false, Seconds(rule.max_duration, {1.0, kDay_s})},
      {"hold_s", false, Seconds(rule.hold, {0.0, 3600.0})},
      {"cool_off_s", false, Seconds(rule.cool_off, {0.0, kDay_s})},
      {"update_s", false, Seconds(rule.update_every, {0.5, 3600.0})},
      {"level", false, [&](base::JsonReader& r) { return ReadLevel(r, rule); }},
      {"floor", false, [&](base::JsonReader& r) { return ReadFloor(r, rule); }},
      {"gap", false, [&](base::JsonReader& r) { return ReadGap(r, rule); }},
      {"priority", false, Integer(rule.priority, {0.0, 9.0})},
      {"yields", false, Flag(rule.yields)},
      {"quiet_hours", false, [&](base::JsonReader& r) { return ReadQuietHours(r, rule.quiet_hours); }},
  };
  if (!ReadFields(reader, fields)) return false;
  if (!Check(reader, class_names, rule)) return false;
  if (rule.title.empty()) rule.title = rule.name;
  if (!rule.HasScore()) rule.on = rule.off = kOne;
  return true;
}

}  // namespace sound_events
