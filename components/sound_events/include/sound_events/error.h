// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sound_events {

enum class ErrorCode {
  kTooLarge,      ///< A rule document has more bytes than kMaxDocumentBytes, or a set more rules than kMaxRules.
  kSyntax,        ///< Not JSON (RFC 8259).
  kInvalidRule,   ///< JSON, but no rule set: unknown field, unknown class, value out of range, duplicate name.
  kInvalidSpec,   ///< A constructor's argument is out of range.
  kInvalidState,  ///< A stored state is damaged or of another version.
  kOutOfOrder,    ///< A patch is older than the one before it.
};

/// Why something was refused: the code for programs, the path and the text (one line) for people.
struct Error {
  ErrorCode code;
  std::string path;  ///< Where in the document, as a JSON pointer (RFC 6901); empty for the document itself.
  std::string message;

  /// Path and message as one line.
  std::string Text() const { return path.empty() ? message : path + ": " + message; }
};

}  // namespace sound_events
