// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
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

  std::string document() const;  ///< The one that runs, as JSON.
  bool stored() const;           ///< False: the presets run.

  /// Checks a document, stores it and runs its rules: all of it or nothing.
  /// @return how many rules it has; kRefused with place and reason, or kFailed: what ran before still runs, also after
  /// a restart.
  std::expected<size_t, Error> Set(std::string_view document);

  /// Goes back to the presets.
  std::expected<size_t, Error> SetPresets();

 private:
  std::expected<void, std::string> Store(std::string_view document);
  std::expected<size_t, Error> Run(sound_events::RuleSet rules, std::string document, bool stored);

  Services& services_;
  std::vector<std::string> class_names_;
  EventWatch* watch_ = nullptr;
  std::unique_ptr<base::Lock> set_lock_;   ///< One replacement at a time.
  std::unique_ptr<base::Lock> read_lock_;  ///< Of what follows; never held for long.
  std::string document_;
  bool stored_ = false;
};

}  // namespace listening
