// SPDX-License-Identifier: Apache-2.0
#include "serial_console/request.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/base64.h"
#include "base/crc32.h"

namespace serial_console {
namespace {

constexpr std::string_view kIdPrefix = "id=";
constexpr size_t kCrcDigits = 8;

bool IsPrintable(char c) { return c >= 0x20 && c <= 0x7e; }

bool IsLowerHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::string_view TakeWord(std::string_view& rest) {
  const size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

std::unexpected<Error> Refuse(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

}  // namespace

ParsedLine ParseRequest(std::string_view line) {
  const auto refuse = [](std::string message) {
    return ParsedLine{std::nullopt, Refuse(ErrorCode::kBadRequest, std::move(message))};
  };
  if (!line.starts_with('@')) return refuse("a request starts with '@'");
  if (!std::ranges::all_of(line, IsPrintable)) return refuse("a request is printable ASCII");
  line.remove_prefix(1);
  if (line.empty() || line.front() == ' ') return refuse("'@' is followed by a command, as in @help");
  if (line.back() == ' ' || line.find("  ") != line.npos) {
    return refuse("words are separated by single spaces, and none follows the last");
  }

  ParsedLine parsed{std::nullopt, Request{.command = TakeWord(line), .argument_words = {}}};
  Request& request = *parsed.request;
  if (line.starts_with(kIdPrefix)) {
    const auto id = ParseNumber(TakeWord(line).substr(kIdPrefix.size()), kMaxRequestId);
    if (!id) {
      parsed.request = Refuse(ErrorCode::kBadArgument, "id: not a number from 0 to 999999999");
      return parsed;
    }
    parsed.id = static_cast<uint32_t>(*id);
  }
  while (!line.empty()) {
    if (request.argument_count == Request::kMaxArguments) {
      parsed.request = Refuse(ErrorCode::kBadArgument, "more words than any command takes");
      return parsed;
    }
    request.argument_words[request.argument_count++] = TakeWord(line);
  }
  return parsed;
}

std::optional<uint64_t> ParseNumber(std::string_view word, uint64_t most) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value > most) return std::nullopt;
  return value;
}

std::expected<std::span<uint8_t>, Error> ParseBytes(std::string_view crc32, std::string_view base64,
                                                    std::span<uint8_t> buffer) {
  if (crc32.size() != kCrcDigits || !std::ranges::all_of(crc32, IsLowerHexDigit)) {
    return Refuse(ErrorCode::kBadArgument, "crc32: not eight lower-case hexadecimal digits");
  }
  uint32_t sent = 0;
  std::from_chars(crc32.data(), crc32.data() + crc32.size(), sent, 16);
  const std::optional<size_t> size = base::DecodeBase64(base64, buffer);
  if (!size) {
    return Refuse(ErrorCode::kBadArgument,
                  "base64: not standard base64 with padding, or more than " + std::to_string(buffer.size()) + " bytes");
  }
  const std::span<uint8_t> bytes = buffer.first(*size);
  if (const uint32_t computed = base::Crc32(bytes); computed != sent) {
    char message[64];
    std::snprintf(message, sizeof(message), "crc32: the bytes that came have %08x", static_cast<unsigned>(computed));
    return Refuse(ErrorCode::kBadCrc, message);
  }
  return bytes;
}

}  // namespace serial_console
