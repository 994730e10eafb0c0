// SPDX-License-Identifier: Apache-2.0
// @rules and @events on a console whose device keeps a document in memory.
#include <cstdio>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/crc32.h"
#include "check.h"
#include "serial_console/console.h"

namespace {

using serial_console::Error;
using serial_console::ErrorCode;

constexpr size_t kMost = 30000;

class FakeEvents final : public serial_console::EventDevice {
 public:
  void WriteRules(size_t, base::JsonWriter& json) override { json.Field("bytes", document.size()); }
  void WriteEvents(size_t, base::JsonWriter& json) override {
    json.Key("latest");
    json.BeginArray();
    json.Raw("{\"id\":1}");
    json.Raw("{\"id\":2}");
    json.EndArray();
  }
  size_t max_document_bytes() const override { return kMost; }
  std::string RuleDocument() override { return document; }
  std::expected<size_t, Error> SetRules(std::string_view json) override {
    if (json.starts_with("bad")) return std::unexpected(Error{ErrorCode::kBadArgument, "/rules/0: bad"});
    document = json;
    return 7;
  }
  std::expected<size_t, Error> SetPresets() override {
    document = "presets";
    return 2;
  }

  std::string document = "first";
};

class Device final : public serial_console::Device {
 public:
  void WriteInfo(base::JsonWriter&) override {}
  size_t patch_values() const override { return 6144; }
  size_t classes() const override { return 521; }
  std::expected<uint32_t, Error> Score(std::span<const int8_t>, std::span<int8_t>) override { return 0; }
  std::expected<listening::Profile, Error> ProfileOps() override {
    return std::unexpected(Error{ErrorCode::kBusy, "always"});
  }
  std::expected<listening::SelfTestResult, Error> SelfTest() override { return listening::SelfTestResult{}; }
  std::expected<log_mel::PatchStream*, Error> FrontEnd() override { return nullptr; }
  void HoldLiveInput(bool) override {}
  std::expected<void, Error> FormatStorage(std::string_view) override { return {}; }
  void WriteTime(base::JsonWriter& json) override { json.Field("utc", nullptr); }
  std::expected<void, Error> SetUtc(int64_t) override { return {}; }
  std::expected<void, Error> SetTimeZone(std::string_view) override { return {}; }
  std::expected<std::string, Error> OwnerToken() override { return "abcd-efgh-jkmn-pqrs"; }
  std::expected<void, Error> RenewOwnerToken() override { return {}; }
  std::expected<const clip_store::SampleRing*, Error> Sound() override {
    return std::unexpected(Error{ErrorCode::kNotReady, "clips: broken"});
  }
  std::expected<serial_console::EventDevice*, Error> Events() override {
    if (has_events) return &kept;
    return std::unexpected(Error{ErrorCode::kNotReady, "rules: broken"});
  }

  FakeEvents kept;
  bool has_events = true;
};

std::string Words(std::string_view text) {
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  std::string words(9 + base::Base64Length(bytes.size()), ' ');
  std::snprintf(words.data(), 9, "%08x", static_cast<unsigned>(base::Crc32(bytes)));
  words[8] = ' ';
  base::EncodeBase64(bytes, std::span(words).subspan(9));
  return words;
}

class Bench {
 public:
  /// The answer without its CRC32.
  std::string Ask(const std::string& line) {
    std::string answer(console_.Answer({serial_console::Line::Kind::kWhole, line}, 0));
    answer.pop_back();
    return answer.erase(answer.find(' '), 9);
  }
  std::string Set(std::string_view text, size_t offset, size_t total) {
    return Ask("@rules set " + std::to_string(offset) + " " + std::to_string(total) + " " + Words(text));
  }
  Device device;

 private:
  serial_console::Console console_{device};
};

void ADocumentIsTakenInChunksAndShownAgain() {
  Bench bench;
  std::string document;
  while (document.size() < 10000) document += "rule " + std::to_string(document.size());
  CHECK(bench.Set(document.substr(0, 8000), 0, document.size()) == R"(@ok {"next_offset":8000})");
  CHECK(bench.device.kept.document == "first");
  const std::string total = std::to_string(document.size());
  CHECK(bench.Set(document.substr(8000), 8000, document.size()) == R"(@ok {"next_offset":)" + total + R"(,"rules":7})");
  CHECK(bench.device.kept.document == document);
  CHECK(bench.Ask("@rules show 6144").ends_with(R"(,"next_offset":)" + total + "}"));
  CHECK(bench.Ask("@rules show " + std::to_string(document.size() + 1)).starts_with("@err"));
}

void AChunkWhoseAnswerGotLostMayBeSentAgain() {
  Bench bench;
  bench.Set("abc", 0, 6);
  CHECK(bench.Set("abc", 0, 6) == R"(@ok {"next_offset":3})");
  CHECK(bench.Set("def", 3, 6) == R"(@ok {"next_offset":6,"rules":7})");
  CHECK(bench.Set("def", 3, 6) == R"(@ok {"next_offset":6,"rules":7})");
  CHECK(bench.device.kept.document == "abcdef");
}

void WhatDoesNotFitTogetherIsRefusedByName() {
  Bench bench;
  const auto refuses = [&](std::string_view text, size_t offset, size_t total, const char* part) {
    return bench.Set(text, offset, total).find(part) != std::string::npos;
  };
  CHECK(refuses("abc", 3, 6, "total: the chunk at offset 0 said 0"));
  CHECK(refuses("abc", 0, kMost + 1, "total: a document has 1 to 30000 bytes"));
  bench.Set("abc", 0, 6);
  CHECK(refuses("abc", 4, 6, "offset: the next one is 3"));
  CHECK(refuses("abc", 3, 7, "total: the chunk at offset 0 said 6"));
  CHECK(refuses("abcd", 3, 6, "base64: "));
  CHECK(bench.Set("bad", 0, 3) == R"(@err {"code":"bad_argument","message":"/rules/0: bad"})");
  CHECK(bench.Ask("@rules set 0 3 00000000 YWJj").find("bad_crc") != std::string::npos);
  CHECK(bench.Ask("@rules sing").find("usage: @rules [list") != std::string::npos);
  CHECK(bench.device.kept.document == "first");
}

void TheOthersAnswer() {
  Bench bench;
  CHECK(bench.Ask("@rules") == R"(@ok {"bytes":5})");
  CHECK(bench.Ask("@rules presets") == R"(@ok {"rules":2})");
  CHECK(bench.Ask("@events") == R"(@ok {"latest":[{"id":1},{"id":2}]})");
  bench.device.has_events = false;
  for (const char* line : {"@events", "@rules", "@rules presets"}) {
    CHECK(bench.Ask(line) == R"(@err {"code":"not_ready","message":"rules: broken"})");
  }
}

}  // namespace

int main() {
  ADocumentIsTakenInChunksAndShownAgain();
  AChunkWhoseAnswerGotLostMayBeSentAgain();
  WhatDoesNotFitTogetherIsRefusedByName();
  TheOthersAnswer();
}
