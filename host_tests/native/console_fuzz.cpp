// SPDX-License-Identifier: Apache-2.0
// usage: console_fuzz LINES SEED
// Sends random lines, half of them damaged requests, to a console; each must get one well-formed answer line.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/crc32.h"
#include "log_mel/fixed_point_spectrum.h"
#include "serial_console/console.h"

namespace {

using serial_console::Error;
using serial_console::ErrorCode;

class FakeEvents final : public serial_console::EventDevice {
 public:
  void WriteRules(size_t, base::JsonWriter& json) override { json.Field("source", "fuzz"); }
  void WriteEvents(size_t, base::JsonWriter& json) override {
    json.Key("latest");
    json.BeginArray();
    json.Raw("{\"id\":1}");
    json.EndArray();
  }
  size_t max_document_bytes() const override { return 20000; }
  std::string RuleDocument() override { return document_; }
  std::expected<size_t, Error> SetRules(std::string_view json) override {
    if (json.size() % 2 == 1) return std::unexpected(Error{ErrorCode::kBadArgument, "/rules: odd"});
    document_ = json;
    return json.size();
  }
  std::expected<size_t, Error> SetPresets() override { return std::unexpected(Error{ErrorCode::kFailed, "never"}); }

 private:
  std::string document_;
};

class FakeDevice final : public serial_console::Device {
 public:
  void WriteInfo(base::JsonWriter& json) override { json.Field("target", "fuzz"); }
  size_t patch_values() const override { return log_mel::kYamnetSpec.patch_values(); }
  size_t classes() const override { return 521; }
  std::expected<uint32_t, Error> Score(std::span<const int8_t> patch, std::span<int8_t> scores) override {
    std::copy_n(patch.begin(), scores.size(), scores.begin());
    return 1;
  }
  std::expected<listening::Profile, Error> ProfileOps() override {
    return std::unexpected(Error{ErrorCode::kBusy, "always"});
  }
  std::expected<listening::SelfTestResult, Error> SelfTest() override { return listening::SelfTestResult{1, 2, 3}; }
  std::expected<log_mel::PatchStream*, Error> FrontEnd() override { return &front_end_; }
  void HoldLiveInput(bool) override {}
  std::expected<void, Error> FormatStorage(std::string_view) override { return {}; }
  void WriteTime(base::JsonWriter& json) override { json.Field("utc", nullptr); }
  std::expected<void, Error> SetUtc(int64_t) override { return {}; }
  std::expected<void, Error> SetTimeZone(std::string_view) override { return {}; }
  std::expected<std::string, Error> OwnerToken() override { return "abcd-efgh-jkmn-pqrs"; }
  std::expected<void, Error> RenewOwnerToken() override { return {}; }
  std::expected<const clip_store::SampleRing*, Error> Sound() override { return &ring_; }
  std::expected<serial_console::EventDevice*, Error> Events() override { return &events_; }

 private:
  std::vector<int16_t> memory_ = std::vector<int16_t>(2000);
  clip_store::SampleRing ring_{memory_};
  FakeEvents events_;
  log_mel::PatchStream front_end_{
      *log_mel::LogMelStream::Create(log_mel::kYamnetSpec,
                                     std::make_unique<log_mel::FixedPointSpectrum>(log_mel::kYamnetSpec)),
      *log_mel::PatchQuantizer::Create(0.05f, 0)};
};

using Random = std::mt19937;

int Below(Random& random, int end) { return std::uniform_int_distribution<int>(0, end - 1)(random); }

std::string Bytes(Random& random, size_t count) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(Below(random, 256));
  std::string text(9 + base::Base64Length(count), ' ');
  std::snprintf(text.data(), 9, "%08x", static_cast<unsigned>(base::Crc32(bytes)));
  text[8] = ' ';
  base::EncodeBase64(bytes, std::span(text).subspan(9));
  return text;
}

std::string GoodRequest(Random& random, int64_t next_sample) {
  switch (Below(random, 15)) {
    case 0:
      return "@help";
    case 1:
      return "@info id=" + std::to_string(Below(random, 1000));
    case 2:
      return "@score " + Bytes(random, 6144);
    case 3:
      return "@pcm begin";
    case 4:
    case 5:
      return "@pcm data " + std::to_string(next_sample) + " " + Bytes(random, 2 * (1 + Below(random, 4096)));
    case 6:
      return "@pcm end";
    case 7:
      return "@profile";
    case 8:
      return "@events";
    case 9:
      return "@rules show " + std::to_string(Below(random, 20000));
    case 10:
      return "@rules set 0 " + std::to_string(1 + Below(random, 16384)) + " " + Bytes(random, 1 + Below(random, 8192));
    case 11:
      return "@rules set " + std::to_string(Below(random, 8192)) + " " + std::to_string(1 + Below(random, 16384)) +
             " " + Bytes(random, 1 + Below(random, 8192));
    case 12:
      return "@time set " + std::to_string(Below(random, 2'000'000'000)) + "000";
    case 13:
      return "@time zone Europe/Berlin";
    default:
      return "@selftest";
  }
}

std::string RandomLine(Random& random, int64_t next_sample) {
  if (Below(random, 4) == 0) {
    std::string line(Below(random, Below(random, 8) == 0 ? 14000 : 200), ' ');
    for (char& c : line) c = static_cast<char>(Below(random, 256));
    return line;
  }
  std::string line = GoodRequest(random, next_sample);
  for (int damage = Below(random, 4); damage > 0 && !line.empty(); --damage) {
    const int at = Below(random, static_cast<int>(line.size()));
    switch (Below(random, 4)) {
      case 0:
        line[at] = static_cast<char>(Below(random, 256));
        break;
      case 1:
        line.erase(at, 1 + Below(random, 50));
        break;
      case 2:
        line.insert(at, 1, "@ =0a-"[Below(random, 6)]);
        break;
      default:
        line.resize(at);
    }
  }
  return line;
}

[[noreturn]] void Fail(const char* what, const std::string& line, std::string_view answer) {
  std::fprintf(stderr, "%s\nline: %s\nanswer: %.*s\n", what, line.c_str(), static_cast<int>(answer.size()),
               answer.data());
  std::exit(1);
}

void CheckAnswer(const std::string& line, std::string_view answer) {
  if (!answer.starts_with("@ok ") && !answer.starts_with("@err ")) Fail("no answer prefix", line, answer);
  if (!answer.ends_with("}\n")) Fail("no answer end", line, answer);
  answer.remove_suffix(1);
  const std::string_view words = answer.substr(answer.find(' ') + 1);
  if (words.size() < 10 || words[9] != '{') Fail("no JSON after a CRC32", line, answer);
  const std::string_view json = words.substr(9);
  char crc[10];
  std::snprintf(crc, sizeof crc, "%08x ",
                static_cast<unsigned>(base::Crc32({reinterpret_cast<const uint8_t*>(json.data()), json.size()})));
  if (!words.starts_with(crc)) Fail("another CRC32", line, answer);
  if (!std::ranges::all_of(answer, [](char c) { return c >= 0x20 && c < 0x7f; })) Fail("not a line", line, answer);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int lines = std::atoi(argv[1]);
  Random random(std::atoi(argv[2]));
  FakeDevice device;
  serial_console::LineReader reader;
  serial_console::Console console(device);

  int64_t now_ms = 0;
  int64_t next_sample = 0;
  int answers = 0;
  int accepted = 0;
  const auto take = [&](const std::string& line, const std::optional<serial_console::Line>& read) {
    if (!read) return;
    const std::string_view answer = console.Answer(*read, now_ms);
    CheckAnswer(line, answer);
    ++answers;
    accepted += answer.starts_with("@ok ");
    if (const size_t at = answer.rfind("\"next_sample\":"); at != answer.npos) {
      next_sample = std::atoll(answer.data() + at + 14);
    }
    if (answer.find("chunk_samples") != answer.npos) next_sample = 0;
  };
  for (int i = 0; i < lines; ++i) {
    now_ms += Below(random, 50) == 0 ? 40000 : Below(random, 100);
    const std::string line = RandomLine(random, next_sample);
    take(line, reader.Expire(now_ms));
    console.Expire(now_ms);
    for (const char c : line) take(line, reader.Push(c, now_ms));
    if (Below(random, 20) != 0) take(line, reader.Push('\n', now_ms));
  }
  take("", reader.Push('\n', now_ms));
  for (const char c : std::string("@info\n")) take("@info", reader.Push(c, now_ms));
  std::printf("%d answers, %d of them @ok\n", answers, accepted);
  return answers > lines / 2 && accepted > lines / 10 ? 0 : 1;
}
