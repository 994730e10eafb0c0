// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "esp_err.h"
#include "sound_events/noise_floor.h"
#include "sound_events/rule_set.h"

namespace sound_events::esp {

/// What survives a restart in NVS, namespace "sound_events": the rule document and the noise floor. nvs_flash_init()
/// must have been called.

struct ActiveRules {
  RuleSet rules;
  std::string document;  ///< That they are read from.
  bool stored;           ///< False: the presets.
};

/// @return the rules that were stored last, or all presets when none are stored or the stored ones are refused (which
/// is logged): a device always has rules.
ActiveRules LoadRules(std::span<const std::string> class_names);

/// Checks a document and stores it.
/// @return its rules; or why it is refused, or kInvalidState when NVS does not take it: what is stored stays then.
std::expected<RuleSet, Error> StoreRules(std::string_view json, std::span<const std::string> class_names);

/// Makes LoadRules() give the presets.
esp_err_t ForgetRules();

/// Lets a noise floor go on from what was stored; returns whether there was something.
bool LoadFloor(NoiseFloor& floor);

/// To be called every few minutes: NVS wears by it.
esp_err_t StoreFloor(const NoiseFloor& floor);

}  // namespace sound_events::esp
