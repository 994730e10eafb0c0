// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>

#include "answers.h"
#include "base/json_members.h"
#include "clip_store/clip_name.h"
#include "device_api/api.h"
#include "streams.h"
#include "target.h"

namespace device_api {
namespace {

constexpr int kMostEvents = 100;
constexpr int kMostReads = 64;  ///< Of the journal for one page; then the page ends, with what it has.
constexpr int64_t kLatestSecond = 4'102'444'800;

/// A cursor is "<mount>.<segment>.<offset>"; nobody else makes one.
std::string CursorText(const clip_store::JournalCursor& cursor) {
  return std::to_string(cursor.mount) + "." + std::to_string(cursor.before.segment) + "." +
         std::to_string(cursor.before.offset);
}

std::optional<clip_store::JournalCursor> ParseCursor(std::string_view text) {
  std::array<uint64_t, 3> numbers{};
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), numbers[i]);
    if (read.ec != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
    const bool last = i + 1 == numbers.size();
    if (last ? !text.empty() : !text.starts_with('.')) return std::nullopt;
    if (!last) text.remove_prefix(1);
  }
  if (numbers[0] > UINT32_MAX || numbers[1] > UINT32_MAX) return std::nullopt;
  return clip_store::JournalCursor{{static_cast<uint32_t>(numbers[1]), numbers[2]}, static_cast<uint32_t>(numbers[0])};
}

/// What the device has at hand while there is no journal.
clip_store::JournalPage InMemory(const clip_store::ClipStore& store) {
  clip_store::JournalPage page{.lines = store.latest_lines(), .next = std::nullopt};
  std::ranges::reverse(page.lines);
  return page;
}

struct Filter {
  std::string rule;
  std::optional<int64_t> since_s;
  std::optional<int64_t> until_s;

  bool Lets(std::string_view line) const {
    if (!rule.empty()) {
      const auto value = base::FindMember(line, "rule");
      if (!value || base::AsString(*value) != rule) return false;
    }
    if (!since_s && !until_s) return true;
    const auto value = base::FindMember(line, "utc");
    const auto utc = value ? base::AsString(*value) : std::nullopt;
    if (!utc) return false;
    // Such texts compare as the times do.
    return (!since_s || *utc >= clip_store::UtcText(*since_s * 1000)) &&
           (!until_s || *utc < clip_store::UtcText(*until_s * 1000));
  }
};

}  // namespace

Response Api::GetEvents(const Call& call) {
  Query query(call.query);
  const bool live = query.Flag("live");
  const auto limit = static_cast<size_t>(query.Integer("limit", 1, kMostEvents, 20));
  const std::string before = query.Text("before", 48);
  const Filter filter{.rule = query.Text("rule", 31),
                      .since_s = query.OptionalInteger("since", 0, kLatestSecond),
                      .until_s = query.OptionalInteger("until", 0, kLatestSecond)};
  if (const std::string wrong = query.problem(); !wrong.empty()) return Problem(400, wrong);
  std::optional<clip_store::JournalCursor> cursor = clip_store::JournalCursor{};
  if (!before.empty() && !(cursor = ParseCursor(before))) return Problem(400, "before: this is no cursor");
  return NeedClips([&](clip_store::ClipStore& store) {
    if (live) {
      Response response;
      response.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}};
      response.stream = EventStream(device_, call.request.last_event_id.substr(0, 64));
      return response;
    }
    std::vector<std::string> lines;
    for (int reads = 0; cursor && reads < kMostReads && lines.size() < limit; ++reads) {
      auto page = store.ReadJournal(*cursor, limit - lines.size());
      if (!page && page.error() == clip_store::StorageError::kGone && before.empty()) page = InMemory(store);
      if (!page) return Problem(page.error(), "events");
      std::erase_if(page->lines, [&](const std::string& line) { return !filter.Lets(line); });
      lines.insert(lines.end(), page->lines.begin(), page->lines.end());
      cursor = page->next;
    }
    lines.resize(std::min(lines.size(), limit));
    return JsonAnswer([&](base::JsonWriter& json) {
      json.Key("events");
      json.BeginArray();
      for (const std::string& line : lines) json.Raw(line);
      json.EndArray();
      json.Field("next", cursor ? std::optional(CursorText(*cursor)) : std::nullopt);
    });
  });
}

}  // namespace device_api
