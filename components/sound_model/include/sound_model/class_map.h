// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sound_model/error.h"

namespace sound_model {

/// That a model may have at most: what fixed memory is made for. Google's has 521.
inline constexpr size_t kMostClasses = 1024;

/// Display names of the model's outputs, in the form of Google's yamnet_class_map.csv.
class ClassMap {
 public:
  /// @param csv  lines of index, machine id and display name after a header line; quoted fields may hold commas and
  /// doubled
  ///             quotes (RFC 4180).
  /// @return kDamaged unless there are 1 to kMostClasses rows, in order.
  static std::expected<ClassMap, Error> Parse(std::string_view csv);

  size_t size() const { return ends_.size(); }

  /// @param index  0 to size() - 1.
  std::string_view name(size_t index) const;

 private:
  std::string text_;  ///< All names, one after the other.
  std::vector<uint16_t> ends_;
};

}  // namespace sound_model
