// SPDX-License-Identifier: Apache-2.0
#include "serial_console/console.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <string>

#include "arguments.h"
#include "base/crc32.h"
#include "listening/device_state.h"

namespace serial_console {
namespace {

static_assert(std::endian::native == std::endian::little, "PCM travels little-endian");

// @pcm data answers are the longest: a patch and its scores in base64, and little else. @info stays below 8 KB.
constexpr size_t kAnswerBytes = 16384;
constexpr std::string_view kOk = "@ok ";
constexpr std::string_view kErr = "@err ";
constexpr size_t kCrcBytes = 9;  ///< Eight digits and the space behind them.

std::span<const uint8_t> AsBytes(std::span<const int8_t> values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size()};
}

}  // namespace

struct Console::Command {
  std::string_view name;
  std::string_view arguments;
  std::string_view help;
  Outcome (Console::*serve)(const Request&, int64_t, base::JsonWriter&);
};

const Console::Command Console::kCommands[] = {
    {"help", "", "the commands there are", &Console::Help},
    {"info", "", "what runs here, and how it is", &Console::Info},
    {"score", "<crc32> <base64>", "score one int8 patch", &Console::Score},
    {"pcm", "begin | data <first_sample> <crc32> <base64> | end",
     "score int16 little-endian PCM, 16 kHz mono, sent in chunks", &Console::Pcm},
    {"audio", "[<first_sample> <count>]", "what the microphone heard lately, as int16 little-endian PCM",
     &Console::Audio},
    {"profile", "", "cycles of one inference, op by op", &Console::Profile},
    {"selftest", "", "score the stored patch and compare", &Console::SelfTest},
    {"rules", "[list <from> | show <offset> | set <offset> <total> <crc32> <base64> | presets]",
     "the event rules that run; show or replace them", &Console::ServeRules},
    {"events", "[<from>]", "what is going on, the latest events, and where they are kept", &Console::ServeEvents},
    {"storage", "format <volume>", "clear a volume that holds something else than events", &Console::Storage},
    {"time", "[set <utc_ms> | zone <name>]", "the clock; set it, or the time zone of the device", &Console::Time},
    {"token", "[renew]", "the owner's token, and the password of the device's own Wi-Fi; make another token",
     &Console::Token},
    {"reboot", "", "restart", &Console::Reboot},
};

Console::Console(Device& device)
    : device_(device),
      pcm_(device),
      bytes_(std::max(device.patch_values() / sizeof(int16_t), kMaxChunkSamples)),
      scores_(sound_model::kMostClasses),
      answer_(kAnswerBytes) {}

std::string_view Console::Answer(const Line& line, int64_t now_ms) {
  ++answered_;
  if (line.kind == Line::Kind::kTooLong) {
    return Refuse({}, {ErrorCode::kTooLong, "a line has at most " + std::to_string(kMaxLineBytes) + " bytes"});
  }
  if (line.kind == Line::Kind::kHalf) {
    return Refuse({}, {ErrorCode::kBadRequest, "half a line: its end did not come within " +
                                                   std::to_string(kHalfLineTimeoutMs / 1000) + " seconds"});
  }
  const ParsedLine parsed = ParseRequest(line.text);
  if (!parsed.request) return Refuse(parsed.id, parsed.request.error());

  base::JsonWriter json = Begin(kOk, parsed.id);
  if (Outcome outcome = Serve(*parsed.request, now_ms, json); !outcome) return Refuse(parsed.id, outcome.error());
  json.EndObject();
  if (json.overflowed()) return Refuse(parsed.id, {ErrorCode::kFailed, "the answer does not fit into a line"});
  return Finish(kOk, json);
}

Console::Outcome Console::Serve(const Request& request, int64_t now_ms, base::JsonWriter& json) {
  const auto command = std::ranges::find(kCommands, request.command, &Command::name);
  if (command != std::end(kCommands)) return (this->*command->serve)(request, now_ms, json);
  std::string message = "there are";
  for (const Command& known : kCommands) message += " " + std::string(known.name);
  return std::unexpected(Error{ErrorCode::kUnknownCommand, std::move(message)});
}

Console::Outcome Console::Help(const Request& request, int64_t, base::JsonWriter& json) {
  if (auto checked = ExpectArguments(request, 0, "help"); !checked) return checked;
  json.Key("commands");
  json.BeginArray();
  for (const Command& command : kCommands) {
    json.BeginObject();
    json.Field("name", command.name);
    json.Field("arguments", command.arguments);
    json.Field("help", command.help);
    json.EndObject();
  }
  json.EndArray();
  return {};
}

Console::Outcome Console::Info(const Request& request, int64_t, base::JsonWriter& json) {
  if (auto checked = ExpectArguments(request, 0, "info"); !checked) return checked;
  device_.WriteInfo(json);
  json.Key("console");
  json.BeginObject();
  json.Field("answered", answered_);
  json.Field("errors", errors_);
  json.EndObject();
  return {};
}

Console::Outcome Console::Score(const Request& request, int64_t, base::JsonWriter& json) {
  if (auto checked = ExpectArguments(request, 2, "score <crc32> <base64>"); !checked) return checked;
  const std::span<uint8_t> buffer(reinterpret_cast<uint8_t*>(bytes_.data()), device_.patch_values());
  const auto bytes = ParseBytes(request.arguments()[0], request.arguments()[1], buffer);
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->size() != device_.patch_values()) {
    return BadArgument("base64: a patch has " + std::to_string(device_.patch_values()) + " bytes, not " +
                       std::to_string(bytes->size()));
  }
  const std::span<const int8_t> patch(reinterpret_cast<const int8_t*>(bytes->data()), bytes->size());
  const auto scores = std::span(scores_).first(device_.classes());
  const auto invoke_us = device_.Score(patch, scores);
  if (!invoke_us) return std::unexpected(invoke_us.error());
  json.Key("scores");
  json.Bytes(AsBytes(scores));
  json.Field("invoke_us", *invoke_us);
  return {};
}

Console::Outcome Console::Pcm(const Request& request, int64_t now_ms, base::JsonWriter& json) {
  const std::string_view action = request.argument_count > 0 ? request.arguments()[0] : "";
  if (action == "begin") {
    if (auto checked = ExpectArguments(request, 1, "pcm begin"); !checked) return checked;
    if (auto begun = pcm_.Begin(now_ms); !begun) return begun;
    json.Field("chunk_samples", kMaxChunkSamples);
    return {};
  }
  if (action == "data") return PcmData(request, now_ms, json);
  if (action == "end") {
    if (auto checked = ExpectArguments(request, 1, "pcm end"); !checked) return checked;
    const auto summary = pcm_.End();
    if (!summary) return std::unexpected(summary.error());
    json.Field("samples", summary->samples);
    json.Field("patches", summary->patches);
    return {};
  }
  return BadArgument("usage: @pcm begin | data <first_sample> <crc32> <base64> | end");
}

Console::Outcome Console::PcmData(const Request& request, int64_t now_ms, base::JsonWriter& json) {
  if (auto checked = ExpectArguments(request, 4, "pcm data <first_sample> <crc32> <base64>"); !checked) {
    return checked;
  }
  const auto first_sample = ParseNumber(request.arguments()[1], INT64_MAX);
  if (!first_sample) return BadArgument("first_sample: not a number from 0 on");
  const std::span<uint8_t> buffer(reinterpret_cast<uint8_t*>(bytes_.data()), kMaxChunkSamples * sizeof(int16_t));
  const auto bytes = ParseBytes(request.arguments()[2], request.arguments()[3], buffer);
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->size() % sizeof(int16_t) != 0) return BadArgument("base64: half a sample at the end");

  const auto chunk =
      pcm_.Take(static_cast<int64_t>(*first_sample), std::span(bytes_).first(bytes->size() / sizeof(int16_t)), now_ms);
  if (!chunk) return std::unexpected(chunk.error());
  json.Key("patches");
  json.BeginArray();
  if (const auto& scored = chunk->patch) {
    json.BeginObject();
    json.Field("start_sample", scored->start_sample);
    json.Key("patch");
    json.Bytes(AsBytes(scored->patch));
    json.Key("scores");
    json.Bytes(AsBytes(scored->scores));
    json.Field("invoke_us", scored->invoke_us);
    json.EndObject();
  }
  json.EndArray();
  json.Field("next_sample", chunk->next_sample);
  return {};
}

Console::Outcome Console::Audio(const Request& request, int64_t, base::JsonWriter& json) {
  const auto words = request.arguments();
  if (!words.empty()) {
    if (auto checked = ExpectArguments(request, 2, "audio [<first_sample> <count>]"); !checked) return checked;
  }
  const auto ring = device_.Sound();
  if (!ring) return std::unexpected(ring.error());
  const int64_t end = (*ring)->end();
  if (!words.empty()) {
    const auto first = ParseNumber(words[0], INT64_MAX);
    const auto count = ParseNumber(words[1], kMaxChunkSamples);
    if (!first) return BadArgument("first_sample: not a number from 0 on");
    if (!count) return BadArgument("count: not a number up to " + std::to_string(kMaxChunkSamples));
    const auto there = std::clamp<int64_t>(end - static_cast<int64_t>(*first), 0, static_cast<int64_t>(*count));
    const auto pcm = std::span(bytes_).first(static_cast<size_t>(there));
    if (there > 0 && (*ring)->Read(static_cast<int64_t>(*first), pcm) > 0) {
      return BadArgument("first_sample: the oldest that is kept is " + std::to_string((*ring)->oldest()));
    }
    json.Key("pcm");
    json.Bytes({reinterpret_cast<const uint8_t*>(pcm.data()), pcm.size_bytes()});
  }
  json.Field("oldest_sample", (*ring)->oldest());
  json.Field("next_sample", end);
  json.Field("chunk_samples", kMaxChunkSamples);
  return {};
}

Console::Outcome Console::Profile(const Request& request, int64_t, base::JsonWriter& json) {
  if (auto checked = ExpectArguments(request, 0, "profile"); !checked) return checked;
  const auto profile = device_.ProfileOps();
  if (!profile) return std::unexpected(profile.error());
  json.Field("total_cycles", profile->total_cycles);
  json.Field("total_us", profile->total_us);
  json.Key("ops");
  json.BeginArray();
  for (size_t i = 0; i < profile->ops.size(); ++i) {
    const sound_model::OpCost& op = profile->ops[i];
    const float share =
        profile->total_cycles == 0 ? 0.0f : static_cast<float>(op.cycles) / static_cast<float>(profile->total_cycles);
    json.BeginObject();
    json.Field("index", i);
    json.Field("op", op.op);
    json.Field("cycles", op.cycles);
    json.Field("share", share);
    json.EndObject();
  }
  json.EndArray();
  return {};
}

Console::Outcome Console::SelfTest(const Request& request, int64_t, base::JsonWriter& json) {
  if (auto checked = ExpectArguments(request, 0, "selftest"); !checked) return checked;
  const auto result = device_.SelfTest();
  if (!result) return std::unexpected(result.error());
  listening::WriteSelfTest(*result, json);
  return {};
}

Console::Outcome Console::Storage(const Request& request, int64_t, base::JsonWriter&) {
  if (request.argument_count != 2 || request.arguments()[0] != "format") {
    return BadArgument("usage: @storage format <volume>");
  }
  return device_.FormatStorage(request.arguments()[1]);
}

Console::Outcome Console::Time(const Request& request, int64_t, base::JsonWriter& json) {
  const std::string_view action = request.argument_count > 0 ? request.arguments()[0] : "";
  if (request.argument_count != 0 && (request.argument_count != 2 || (action != "set" && action != "zone")))
    return BadArgument("usage: @time [set <utc_ms> | zone <name>]");
  if (action == "set") {
    const auto utc_ms = ParseNumber(request.arguments()[1], INT64_MAX / 1000);
    if (!utc_ms) return BadArgument("utc_ms: no number of milliseconds since 1970");
    if (const auto set = device_.SetUtc(static_cast<int64_t>(*utc_ms)); !set) return set;
  } else if (action == "zone") {
    if (const auto set = device_.SetTimeZone(request.arguments()[1]); !set) return set;
  }
  device_.WriteTime(json);
  return {};
}

Console::Outcome Console::Token(const Request& request, int64_t, base::JsonWriter& json) {
  if (request.argument_count > 1 || (request.argument_count == 1 && request.arguments()[0] != "renew")) {
    return BadArgument("usage: @token [renew]");
  }
  if (request.argument_count == 1) {
    if (const auto renewed = device_.RenewOwnerToken(); !renewed) return std::unexpected(renewed.error());
  }
  const auto token = device_.OwnerToken();
  if (!token) return std::unexpected(token.error());
  json.Field("token", std::string_view(*token));
  if (const std::string password = device_.SetupPassword(); !password.empty())
    json.Field("setup_password", std::string_view(password));
  return {};
}

Console::Outcome Console::Reboot(const Request& request, int64_t, base::JsonWriter&) {
  if (auto checked = ExpectArguments(request, 0, "reboot"); !checked) return checked;
  reboot_requested_ = true;
  return {};
}

std::string_view Console::Refuse(std::optional<uint32_t> id, const Error& error) {
  ++errors_;
  base::JsonWriter json = Begin(kErr, id);
  json.Field("code", ErrorName(error.code));
  json.Field("message", std::string_view(error.message));
  json.EndObject();
  return Finish(kErr, json);
}

base::JsonWriter Console::Begin(std::string_view prefix, std::optional<uint32_t> id) {
  const size_t start = prefix.size() + kCrcBytes;
  base::JsonWriter json{std::span(answer_).subspan(start, answer_.size() - start - 1)};
  json.BeginObject();
  if (id) json.Field("id", *id);
  return json;
}

std::string_view Console::Finish(std::string_view prefix, const base::JsonWriter& json) {
  const std::string_view text = json.text();
  const auto crc = base::Crc32({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  char words[kCrcBytes + 1];
  std::snprintf(words, sizeof words, "%08x ", static_cast<unsigned>(crc));
  std::ranges::copy(prefix, answer_.begin());
  std::copy_n(words, kCrcBytes, answer_.begin() + static_cast<ptrdiff_t>(prefix.size()));
  const size_t end = prefix.size() + kCrcBytes + text.size();
  answer_[end] = '\n';
  return {answer_.data(), end + 1};
}

}  // namespace serial_console
