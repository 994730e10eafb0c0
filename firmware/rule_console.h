// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "clip_recorder.h"
#include "event_watch.h"
#include "serial_console/event_device.h"
#include "sound_events/esp/settings.h"
#include "sound_model/class_map.h"

namespace firmware {

/// The names of a model's outputs, as the rule reader wants them.
std::vector<std::string> ClassNames(const sound_model::ClassMap& classes);

/// Rules and events as the console sees them.
class RuleConsole final : public serial_console::EventDevice {
 public:
  /// @param active  what the watch runs.
  /// All others outlive this.
  RuleConsole(const sound_model::ClassMap& classes, EventWatch& watch, const ClipRecorder& recorder,
              const sound_events::esp::ActiveRules& active)
      : classes_(classes), watch_(watch), recorder_(recorder), document_(active.document), stored_(active.stored) {}

  void WriteRules(base::JsonWriter& json) override;
  void WriteEvents(base::JsonWriter& json) override;
  size_t max_document_bytes() const override { return sound_events::RuleSet::kMaxDocumentBytes; }
  std::string RuleDocument() override { return document_; }
  std::expected<size_t, serial_console::Error> SetRules(std::string_view json) override;
  std::expected<size_t, serial_console::Error> SetPresets() override;

 private:
  const sound_model::ClassMap& classes_;
  EventWatch& watch_;
  const ClipRecorder& recorder_;
  std::string document_;
  bool stored_;
};

/// The level and the noise floor, in dBFS, as fields.
void WriteLevels(const WatchState& state, base::JsonWriter& json);
/// How the store is, as fields.
void WriteStorage(const RecorderState& state, base::JsonWriter& json);

}  // namespace firmware
