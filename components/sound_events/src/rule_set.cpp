// SPDX-License-Identifier: Apache-2.0
#include "sound_events/rule_set.h"

#include <algorithm>

#include "field_table.h"
#include "rule_reader.h"

namespace sound_events {
namespace {

bool HasRule(const std::vector<Rule>& rules, std::string_view name) {
  return std::ranges::find(rules, name, &Rule::name) != rules.end();
}

size_t CountClasses(const std::vector<Rule>& rules) {
  size_t count = 0;
  for (const Rule& rule : rules) count += rule.classes.size() + rule.suppress.size();
  return count;
}

Error FromJson(const base::JsonError& error) {
  using Kind = base::JsonError::Kind;
  const ErrorCode code = error.kind == Kind::kSyntax     ? ErrorCode::kSyntax
                         : error.kind == Kind::kTooLarge ? ErrorCode::kTooLarge
                                                         : ErrorCode::kInvalidRule;
  return {code, error.path, error.message};
}

std::string TooManyClasses() {
  return "all rules together may name at most " + std::to_string(RuleSet::kMaxClasses) + " classes and suppressors";
}

std::string TooManyRules() { return "there may be at most " + std::to_string(RuleSet::kMaxRules) + " rules"; }

bool ReadSchemaVersion(base::JsonReader& reader) {
  double version = 0.0;
  if (!reader.ReadNumber(version)) return false;
  return version == RuleSet::kSchemaVersion ||
         reader.Refuse("this program reads schema version " + std::to_string(RuleSet::kSchemaVersion));
}

bool ReadRules(base::JsonReader& reader, std::span<const std::string> class_names, std::vector<Rule>& rules) {
  if (!reader.BeginArray()) return false;
  while (reader.NextElement()) {
    if (rules.size() == RuleSet::kMaxRules) return reader.Fail(base::JsonError::Kind::kTooLarge, TooManyRules());
    Rule rule;
    if (!ReadRule(reader, class_names, rule)) return false;
    if (HasRule(rules, rule.name)) return reader.Refuse("there is another rule \"" + rule.name + "\"");
    rules.push_back(std::move(rule));
    if (CountClasses(rules) > RuleSet::kMaxClasses)
      return reader.Fail(base::JsonError::Kind::kTooLarge, TooManyClasses());
  }
  return !reader.failed();
}

}  // namespace

std::expected<RuleSet, Error> RuleSet::Parse(std::string_view json, std::span<const std::string> class_names) {
  if (json.size() > kMaxDocumentBytes) {
    return std::unexpected(Error{ErrorCode::kTooLarge, "",
                                 "the rules have " + std::to_string(json.size()) + " bytes; at most " +
                                     std::to_string(kMaxDocumentBytes) + " are read"});
  }
  base::JsonReader reader(json);
  RuleSet set;
  const Field fields[] = {
      {"schema", true, ReadSchemaVersion},
      {"rules", true, [&](base::JsonReader& r) { return ReadRules(r, class_names, set.rules_); }},
  };
  if (!ReadFields(reader, fields) || !reader.ReadEnd()) return std::unexpected(FromJson(reader.error()));
  return set;
}

RuleSet RuleSet::Without(std::span<const std::string> names) const {
  RuleSet others;
  std::ranges::copy_if(rules_, std::back_inserter(others.rules_),
                       [&](const Rule& rule) { return std::ranges::find(names, rule.name) == names.end(); });
  return others;
}

std::expected<void, Error> RuleSet::Add(const RuleSet& other) {
  if (rules_.size() + other.rules_.size() > kMaxRules)
    return std::unexpected(Error{ErrorCode::kTooLarge, "", TooManyRules()});
  if (CountClasses(rules_) + CountClasses(other.rules_) > kMaxClasses)
    return std::unexpected(Error{ErrorCode::kTooLarge, "", TooManyClasses()});
  for (const Rule& rule : other.rules_) {
    if (HasRule(rules_, rule.name))
      return std::unexpected(Error{ErrorCode::kInvalidRule, "", "the rule \"" + rule.name + "\" is in both sets"});
  }
  rules_.insert(rules_.end(), other.rules_.begin(), other.rules_.end());
  return {};
}

}  // namespace sound_events
