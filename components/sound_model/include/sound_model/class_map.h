// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sound_model/error.h"

namespace sound_model {

inline constexpr int kClasses = 521;

/// Display names of the model's outputs, from Google's yamnet_class_map.csv.
class ClassMap {
 public:
  /// @param csv  lines of index, machine id and display name after a header line; quoted fields may hold commas and
  /// doubled
  ///             quotes (RFC 4180).
  /// @return kDamaged unless there is exactly one row for each class, in order.
  static std::expected<ClassMap, Error> Parse(std::string_view csv);

  /// @param index  0 to kClasses - 1.
  std::string_view name(int index) const;

 private:
  std::string text_;  ///< All names, one after the other.
  std::vector<uint16_t> ends_;
};

}  // namespace sound_model
