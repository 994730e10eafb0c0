// SPDX-License-Identifier: Apache-2.0
// The console's commands for rules and events.
#include <algorithm>

#include "arguments.h"
#include "serial_console/console.h"

namespace serial_console {
namespace {

constexpr size_t kShownBytes = 6144;  ///< Of a document in one answer.
constexpr std::string_view kRulesUsage =
    "rules [list <from> | show <offset> | set <offset> <total> <crc32> <base64> | presets]";

}  // namespace

Console::Outcome Console::ServeEvents(const Request& request, int64_t, base::JsonWriter& json) {
  if (request.argument_count > 1) return BadArgument("usage: @events [<from>]");
  const auto from = ParseNumber(request.argument_count == 0 ? "0" : request.arguments()[0], INT32_MAX);
  if (!from) return BadArgument("from: not a number from 0 on");
  const auto events = device_.Events();
  if (!events) return std::unexpected(events.error());
  (*events)->WriteEvents(*from, json);
  return {};
}

Console::Outcome Console::ServeRules(const Request& request, int64_t, base::JsonWriter& json) {
  const auto events = device_.Events();
  if (!events) return std::unexpected(events.error());
  if (request.argument_count == 0) {
    (*events)->WriteRules(0, json);
    return {};
  }
  const std::string_view action = request.arguments()[0];
  if (action == "list") return ListRules(request, **events, json);
  if (action == "show") return ShowRules(request, **events, json);
  if (action == "set") return TakeRules(request, **events, json);
  if (action != "presets") return BadArgument("usage: @" + std::string(kRulesUsage));
  if (auto checked = ExpectArguments(request, 1, kRulesUsage); !checked) return checked;
  const auto rules = (*events)->SetPresets();
  if (!rules) return std::unexpected(rules.error());
  json.Field("rules", *rules);
  return {};
}

Console::Outcome Console::ListRules(const Request& request, EventDevice& events, base::JsonWriter& json) {
  if (auto checked = ExpectArguments(request, 2, kRulesUsage); !checked) return checked;
  const auto from = ParseNumber(request.arguments()[1], INT32_MAX);
  if (!from) return BadArgument("from: not a number from 0 on");
  events.WriteRules(*from, json);
  return {};
}

Console::Outcome Console::ShowRules(const Request& request, EventDevice& events, base::JsonWriter& json) {
  if (auto checked = ExpectArguments(request, 2, kRulesUsage); !checked) return checked;
  const std::string document = events.RuleDocument();
  const auto offset = ParseNumber(request.arguments()[1], document.size());
  if (!offset) return BadArgument("offset: not a number from 0 to " + std::to_string(document.size()));
  const std::string_view part = std::string_view(document).substr(*offset, kShownBytes);
  json.Field("total", document.size());
  json.Key("document");
  json.Bytes({reinterpret_cast<const uint8_t*>(part.data()), part.size()});
  json.Field("next_offset", *offset + part.size());
  return {};
}

Console::Outcome Console::TakeRules(const Request& request, EventDevice& events, base::JsonWriter& json) {
  if (auto checked = ExpectArguments(request, 5, kRulesUsage); !checked) return checked;
  const std::span<const std::string_view> words = request.arguments();
  const auto offset = ParseNumber(words[1], INT64_MAX);
  const auto total = ParseNumber(words[2], INT64_MAX);
  if (!offset || !total) return BadArgument("offset, total: not numbers from 0 on");
  const std::span<uint8_t> buffer(reinterpret_cast<uint8_t*>(bytes_.data()), bytes_.size() * sizeof(bytes_[0]));
  const auto chunk = ParseBytes(words[3], words[4], buffer);
  if (!chunk) return std::unexpected(chunk.error());
  const auto taken = upload_.Take(*offset, *total, *chunk, events.max_document_bytes());
  if (!taken) return std::unexpected(taken.error());
  json.Field("next_offset", *taken);
  if (!upload_.complete()) return {};
  const auto rules = events.SetRules(upload_.text());
  if (!rules) return std::unexpected(rules.error());
  json.Field("rules", *rules);
  return {};
}

}  // namespace serial_console
