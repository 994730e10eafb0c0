// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "serial_console/error.h"

namespace serial_console {

inline constexpr uint32_t kMaxRequestId = 999'999'999;

/// One request line taken apart; the views point into the line.
struct Request {
  static constexpr size_t kMaxArguments = 8;  ///< No command has more than four.

  std::string_view command;
  std::array<std::string_view, kMaxArguments> argument_words;
  size_t argument_count = 0;

  std::span<const std::string_view> arguments() const { return {argument_words.data(), argument_count}; }
};

/// A request, or why it is none; with the id where one could be read, so that the refusal carries it too.
struct ParsedLine {
  std::optional<uint32_t> id;
  std::expected<Request, Error> request;
};

/// @param line  without its end.
/// @return kBadRequest for a line that is no request, kBadArgument for a broken id or too many words.
ParsedLine ParseRequest(std::string_view line);

/// A decimal number without sign, leading zeros allowed.
/// @return nothing unless all of `word` is a number of at most `most`.
std::optional<uint64_t> ParseNumber(std::string_view word, uint64_t most);

/// Bytes that travel as two words, their CRC32 and their base64.
/// @param buffer  receives them.
/// @return the part of `buffer` that they fill; kBadArgument or kBadCrc.
std::expected<std::span<uint8_t>, Error> ParseBytes(std::string_view crc32, std::string_view base64,
                                                    std::span<uint8_t> buffer);

}  // namespace serial_console
