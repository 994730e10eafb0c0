// SPDX-License-Identifier: Apache-2.0
#include "home_link/report_queue.h"

#include <algorithm>

#include "base/json_members.h"
#include "base/sample_rate.h"

namespace home_link {
namespace {

float Probability(sound_events::Q16 value) { return static_cast<float>(value) / sound_events::kOne; }

std::string Member(std::string_view line, std::string_view name) {
  const auto value = base::FindMember(line, name);
  return value ? base::AsString(*value).value_or("") : std::string();
}

}  // namespace

std::optional<sound_events::Event> ReportQueue::Hear(int64_t now_ms) {
  while (const auto event = events_.Pop()) {
    if (event->kind == sound_events::EventKind::kUpdate) continue;
    heard_.push_back({*event, now_ms});
    return event;
  }
  return std::nullopt;
}

std::optional<Report> ReportQueue::Next(int64_t now_ms) {
  if (heard_.empty()) return std::nullopt;
  auto report = ReportOf(heard_.front().event, now_ms < heard_.front().at_ms + kClipMs);
  if (report) heard_.pop_front();
  return report;
}

void ReportQueue::Forget() { heard_.clear(); }

/// @param patient  whether to rather wait for what storage makes of the event.
std::optional<Report> ReportQueue::ReportOf(const sound_events::Event& event, bool patient) const {
  std::string id;
  std::string clip;
  if (listening::ClipKeeper* const clips = device_.clips()) {
    id = clip_store::EventId{clips->store().boot(), event.sequence}.Text();
    const auto lines = clips->store().latest_lines();
    const auto line = std::ranges::find_if(lines, [&](const std::string& text) {
      return Member(text, "id") == id && Member(text, "kind") == sound_events::EventKindName(event.kind);
    });
    if (line == lines.end() && patient) return std::nullopt;
    if (line != lines.end()) clip = Member(*line, "clip");
  } else if (const auto record = device_.state().record) {
    id = clip_store::EventId{record->count, event.sequence}.Text();
  }
  Report report{.id = std::move(id),
                .kind = event.kind,
                .rule = std::string(event.rule_name()),
                .start = device_.clock().TimeOf(event.start_sample),
                .duration_s = static_cast<float>(base::SecondsOf(event.end_sample - event.start_sample)),
                .reason = {},
                .peak = Probability(event.peak),
                .mean = Probability(event.mean),
                .level = event.level,
                .floor = event.floor,
                .top = {},
                .clip = std::move(clip)};
  if (event.kind == sound_events::EventKind::kEnd) report.reason = sound_events::EndReasonName(event.reason);
  if (const auto classes = device_.classes()) {
    for (const sound_events::TopClass& top : event.top) {
      report.top.push_back({std::string((*classes)->name(top.index)), Probability(top.peak)});
    }
  }
  return report;
}

}  // namespace home_link
