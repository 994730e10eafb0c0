// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "serial_console/error.h"

namespace serial_console {

/// The part of a device that turns scores into events: what @rules and @events need of it. Called from the console's
/// task; errors as for Device.
class EventDevice {
 public:
  virtual ~EventDevice() = default;

  /// The fields of @rules, without braces; of the list what fits, from the `from`th rule on.
  virtual void WriteRules(size_t from, base::JsonWriter& json) = 0;
  /// The same of @events and the rules that are active.
  virtual void WriteEvents(size_t from, base::JsonWriter& json) = 0;

  virtual size_t max_document_bytes() const = 0;  ///< Of a rule document.
  virtual std::string RuleDocument() = 0;         ///< The one that runs, as JSON.

  /// Checks a document, stores it and runs its rules: all of it or nothing.
  /// @return how many rules it has; kBadArgument with the place and the reason, or kFailed: what ran before still runs.
  virtual std::expected<size_t, Error> SetRules(std::string_view json) = 0;
  /// Goes back to the presets.
  virtual std::expected<size_t, Error> SetPresets() = 0;
};

}  // namespace serial_console
