// SPDX-License-Identifier: Apache-2.0
#include "clip_store/event_line.h"

#include <cstdarg>
#include <cstdio>

#include "base/sample_rate.h"
#include "clip_store/journal.h"

namespace clip_store {
namespace {

[[gnu::format(printf, 2, 3)]] void Add(std::string& line, const char* format, ...) {
  char text[192];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  line += text;
}

double Probability(sound_events::Q16 value) { return static_cast<double>(value) / sound_events::kOne; }

/// Names of rules and clips hold no character that JSON would have to escape.
void AddText(std::string& line, std::string_view field, std::string_view value) {
  Add(line, ",\"%.*s\":\"%.*s\"", static_cast<int>(field.size()), field.data(), static_cast<int>(value.size()),
      value.data());
}

}  // namespace

std::string EventLine(const sound_events::Event& event, const EventId& id, const EventTime& start,
                      const ClipPlace& clip) {
  std::string line;
  line.reserve(512);
  Add(line, "{\"schema\":%u", static_cast<unsigned>(Journal::kSchemaVersion));
  AddText(line, "id", id.Text());
  AddText(line, "kind", sound_events::EventKindName(event.kind));
  AddText(line, "rule", event.rule_name());
  Add(line, ",\"priority\":%u", static_cast<unsigned>(event.priority));
  if (start.utc_ms) {
    AddText(line, "utc", UtcText(*start.utc_ms));
  } else {
    line += ",\"utc\":null";
  }
  Add(line, ",\"boot\":%u,\"uptime_s\":%.3f", static_cast<unsigned>(id.boot),
      static_cast<double>(start.uptime_ms) / 1000.0);
  Add(line, ",\"start_sample\":%lld,\"end_sample\":%lld", static_cast<long long>(event.start_sample),
      static_cast<long long>(event.end_sample));
  Add(line, ",\"duration_s\":%.3f", base::SecondsOf(event.end_sample - event.start_sample));
  if (event.kind == sound_events::EventKind::kEnd) AddText(line, "reason", sound_events::EndReasonName(event.reason));
  Add(line, ",\"peak\":%.4f,\"peak_sample\":%lld,\"mean\":%.4f,\"patches\":%u", Probability(event.peak),
      static_cast<long long>(event.peak_sample), Probability(event.mean), static_cast<unsigned>(event.patches));
  Add(line, ",\"level_dbfs\":%.2f,\"floor_dbfs\":%.2f,\"top\":[", event.level / 100.0, event.floor / 100.0);
  const char* comma = "";
  for (const sound_events::TopClass& entry : event.top) {
    Add(line, "%s{\"index\":%u,\"p\":%.4f}", comma, static_cast<unsigned>(entry.index), Probability(entry.peak));
    comma = ",";
  }
  line += ']';
  if (clip.name.empty()) {
    line += ",\"clip\":null,\"clip_offset_s\":null";
  } else {
    AddText(line, "clip", clip.name);
    Add(line, ",\"clip_offset_s\":%.3f", base::SecondsOf(event.start_sample - clip.start));
  }
  return Journal::Seal(std::move(line));
}

}  // namespace clip_store
