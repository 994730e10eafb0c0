// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "listening/error.h"
#include "listening/event_watch.h"
#include "listening/services.h"
#include "sound_events/rule_set.h"

namespace listening {

/// The owner of the rules: which document runs, where it is stored, and how it is replaced. From any task, once Load()
/// and Serve() are over.
class RuleService {
 public:
  /// @param class_names  of the model's outputs.
  RuleService(Services& services, std::vector<std::string> class_names);

  /// @return the rules that were stored last, or all presets when none are stored or the stored ones are refused
  /// (which is logged): a device always has rules.
  sound_events::RuleSet Load();

  /// @param watch  runs what Load() gave; outlives this.
  void Serve(EventWatch& watch) { watch_ = &watch; }

  /// The one that is in force, as JSON, rules that are switched off included.
  std::string document() const;
  uint32_t tag() const;  ///< The CRC-32 of document().
  bool stored() const;   ///< False: the presets run.

  /// Names of the rules in force, and whether each is switched on.
  struct Switch {
    std::string name;
    bool on;
  };
  std::vector<Switch> switches() const;

  /// @return a document's rules for this model, or what is wrong with it and where.
  std::expected<sound_events::RuleSet, sound_events::Error> Parse(std::string_view document) const;

  /// Checks a document, stores it and runs its rules: all of it or nothing. What is switched off stays so, by name.
  /// @return how many rules it has; kRefused with place and reason, or kFailed: what ran before still runs, also after
  /// a restart.
  /// @param instead_of  the tag() of the document that is to be replaced: kConflict if another one is in force.
  std::expected<size_t, Error> Set(std::string_view document, std::optional<uint32_t> instead_of = std::nullopt);

  /// Goes back to the presets.
  std::expected<size_t, Error> SetPresets();

  /// Switches a rule on or off, for good.
  /// @return kRefused when there is none of that name, kFailed when it cannot be stored or run.
  std::expected<void, Error> Turn(std::string_view name, bool on);

 private:
  std::expected<void, std::string> Store(std::string_view document);
  sound_events::RuleSet Begin(const sound_events::RuleSet& rules);
  std::expected<void, std::string> StoreOff(const std::vector<std::string>& off);
  std::expected<size_t, Error> Run(sound_events::RuleSet rules, std::string document, bool stored);
  std::vector<std::string> off() const;

  Services& services_;
  std::vector<std::string> class_names_;
  EventWatch* watch_ = nullptr;
  std::unique_ptr<base::Lock> set_lock_;   ///< One replacement at a time.
  std::unique_ptr<base::Lock> read_lock_;  ///< Of what follows; never held for long.
  std::string document_;
  std::vector<std::string> names_;  ///< Of its rules.
  std::vector<std::string> off_;    ///< Names, of rules that may not be there.
  bool stored_ = false;
};

}  // namespace listening
