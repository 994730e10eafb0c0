// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sound_events/error.h"
#include "sound_events/rule.h"

namespace sound_events {

/// Rules that have passed every check: whoever holds a RuleSet can run it.
class RuleSet {
 public:
  static constexpr size_t kMaxRules = 32;
  /// Settings hold a document twice while it is replaced: that bounds it.
  static constexpr size_t kMaxDocumentBytes = 32 * 1024;
  static constexpr size_t kMaxClassesPerRule = 32;
  static constexpr size_t kMaxSuppressorsPerRule = 16;
  /// Classes and suppressors of all rules together: what a patch may cost is bounded by it.
  static constexpr size_t kMaxClasses = 512;
  static constexpr int kMaxPatchWindow = 32;
  static constexpr int kSchemaVersion = 1;

  RuleSet() = default;

  /// Reads a rule document (docs/rules.md): all of it or nothing.
  /// @param json         UTF-8.
  /// @param class_names  of the model's outputs, in their order.
  /// @return kTooLarge, kSyntax or kInvalidRule with the path of what is wrong.
  static std::expected<RuleSet, Error> Parse(std::string_view json, std::span<const std::string> class_names);

  /// Adds the rules of another set, as when several presets run together.
  /// @return kInvalidRule when a name is in both, kTooLarge when there would be more than kMaxRules or
  /// kMaxClasses; nothing has
  /// changed then.
  std::expected<void, Error> Add(const RuleSet& other);

  /// These rules without some.
  /// @param names  those to be left out, whether they are there or not.
  RuleSet Without(std::span<const std::string> names) const;

  const std::vector<Rule>& rules() const { return rules_; }

 private:
  std::vector<Rule> rules_;
};

}  // namespace sound_events
