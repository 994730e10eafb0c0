// SPDX-License-Identifier: Apache-2.0
#include "home_link/told_mark.h"

#include <algorithm>

#include "base/json_members.h"
#include "clip_store/clip_name.h"
#include "journal_report.h"

namespace home_link {
namespace {

constexpr char kNone[] = "-";
constexpr int kMostReads = 16;  ///< Of the journal.

std::string MarkOf(std::string_view id, std::string_view kind) { return (std::string(id) + ' ').append(kind); }

std::string MarkOfLine(std::string_view line) {
  const auto text = [&](const char* name) {
    const auto value = base::FindMember(line, name);
    return value ? base::AsString(*value).value_or("") : "";
  };
  return MarkOf(text("id"), text("kind"));
}

}  // namespace

ToldMark::ToldMark(listening::Device& device, const char* key) : device_(device), key_(key) {
  const std::vector<uint8_t> stored = device.services().settings().Load(key);
  mark_.assign(stored.begin(), stored.end());
}

void ToldMark::Want(bool wanted) {
  if (wanted != mark_.empty()) return;
  taken_ = wanted;
  std::string last = kNone;
  listening::ClipKeeper* const clips = device_.clips();
  if (clips != nullptr) {
    const auto lines = clips->store().latest_lines();
    if (!lines.empty()) last = MarkOfLine(lines.back());
  }
  Put(wanted ? last : "");
}

void ToldMark::Set(const Report& report) { Put(MarkOf(report.id, sound_events::EventKindName(report.kind))); }

void ToldMark::Put(std::string mark) {
  if (mark == mark_) return;
  mark_ = std::move(mark);
  saved_ = false;
}

void ToldMark::Save(int64_t now_ms) {
  if (saved_ || now_ms < save_from_ms_) return;
  save_from_ms_ = now_ms + (now_ms == INT64_MAX ? 0 : kSaveMs);
  const std::span bytes(reinterpret_cast<const uint8_t*>(mark_.data()), mark_.size());
  listening::Settings& settings = device_.services().settings();
  saved_ = mark_.empty() ? settings.Forget(key_).has_value() : settings.Store(key_, bytes).has_value();
}

std::optional<std::vector<Report>> ToldMark::TakeMissed() {
  std::vector<Report> missed;
  listening::ClipKeeper* const clips = device_.clips();
  if (taken_ || mark_.empty() || clips == nullptr) return missed;
  if (!clips->served()) return std::nullopt;
  taken_ = true;
  const auto classes = device_.classes();
  clip_store::ClipStore& store = clips->store();
  std::optional<clip_store::JournalCursor> cursor = clip_store::JournalCursor{};
  bool found = false;
  for (int reads = 0; cursor && !found && reads < kMostReads && missed.size() < kMostMissed; ++reads) {
    const auto page = store.ReadJournal(*cursor, kMostMissed - missed.size());
    if (!page) break;
    for (const std::string& line : page->lines) {
      if ((found = MarkOfLine(line) == mark_)) break;
      auto report = ReportOfLine(line, classes ? *classes : nullptr);
      if (!report) continue;
      const auto id = clip_store::EventId::Parse(report->id);
      if (id && id->boot < store.boot()) missed.push_back(*std::move(report));  // later ones come by themselves
    }
    cursor = page->next;
  }
  std::ranges::reverse(missed);
  return missed;
}

}  // namespace home_link
