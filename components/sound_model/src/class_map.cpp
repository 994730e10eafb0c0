// SPDX-License-Identifier: Apache-2.0
#include "sound_model/class_map.h"

#include <array>
#include <limits>
#include <optional>

namespace sound_model {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::array<std::string_view, 3> kHeader{"index", "mid", "display_name"};

using Row = std::array<std::string, 3>;

std::unexpected<Error> Damaged(std::string message) {
  return std::unexpected(Error{ErrorCode::kDamaged, "class map: " + std::move(message)});
}

/// Takes one field and the comma or line end after it.
/// @param ends_row  receives whether the field was its row's last.
std::optional<std::string> TakeField(std::string_view& csv, bool& ends_row) {
  std::string field;
  if (csv.starts_with('"')) {
    for (csv.remove_prefix(1);;) {
      if (csv.empty()) return std::nullopt;
      const char c = csv.front();
      csv.remove_prefix(1);
      if (c == '"') {
        if (!csv.starts_with('"')) break;
        csv.remove_prefix(1);
      }
      field += c;
    }
  } else {
    const size_t end = std::min(csv.find_first_of(",\r\n\""), csv.size());
    field = csv.substr(0, end);
    csv.remove_prefix(end);
  }
  ends_row = !csv.starts_with(',');
  if (ends_row && csv.starts_with('\r')) csv.remove_prefix(1);
  if (ends_row && !csv.empty() && !csv.starts_with('\n')) return std::nullopt;
  if (!csv.empty()) csv.remove_prefix(1);
  return field;
}

std::optional<Row> TakeRow(std::string_view& csv) {
  Row row;
  for (size_t i = 0; i < row.size(); ++i) {
    bool ends_row = false;
    auto field = TakeField(csv, ends_row);
    if (!field || ends_row != (i + 1 == row.size())) return std::nullopt;
    row[i] = *std::move(field);
  }
  return row;
}

}  // namespace

std::expected<ClassMap, Error> ClassMap::Parse(std::string_view csv) {
  if (csv.starts_with(kByteOrderMark)) csv.remove_prefix(kByteOrderMark.size());
  const auto header = TakeRow(csv);
  if (!header || !std::equal(header->begin(), header->end(), kHeader.begin())) {
    return Damaged("its first line is not index,mid,display_name");
  }
  ClassMap map;
  while (!csv.empty()) {
    const std::string index = std::to_string(map.ends_.size());
    if (map.ends_.size() == kMostClasses) return Damaged("more than " + std::to_string(kMostClasses) + " classes");
    const auto row = TakeRow(csv);
    if (!row || (*row)[0] != index || (*row)[2].find_first_not_of(' ') == std::string::npos) {
      return Damaged("row " + index + " is not class " + index + " with a machine id and a name");
    }
    map.text_ += (*row)[2];
    if (map.text_.size() > std::numeric_limits<uint16_t>::max()) return Damaged("its names are too long");
    map.ends_.push_back(static_cast<uint16_t>(map.text_.size()));
  }
  if (map.ends_.empty()) return Damaged("it has no classes");
  return map;
}

std::string_view ClassMap::name(size_t index) const {
  const size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(text_).substr(begin, ends_[index] - begin);
}

}  // namespace sound_model
