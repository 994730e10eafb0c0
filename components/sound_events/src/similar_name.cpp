// SPDX-License-Identifier: Apache-2.0
#include "similar_name.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace sound_events {
namespace {

constexpr std::string_view kBetweenParts = ", ";
constexpr size_t kShortestStem = 4;

bool SameLetter(char a, char b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return lower(a) == lower(b);
}

bool BeginsWith(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && std::ranges::equal(text.substr(0, start.size()), start, SameLetter);
}

/// @param row  memory.
size_t EditDistance(std::string_view a, std::string_view b, std::vector<size_t>& row) {
  row.resize(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (SameLetter(a[i], b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// Of a name and of each of its parts the least. One that begins with the other is as near as one letter.
size_t Distance(std::string_view text, std::string_view name, std::vector<size_t>& row) {
  size_t least = EditDistance(text, name, row);
  if (BeginsWith(name, text) || (name.size() >= kShortestStem && BeginsWith(text, name)))
    least = std::min(least, size_t{1});
  for (size_t start = 0; start <= name.size();) {
    const size_t end = std::min(name.find(kBetweenParts, start), name.size());
    least = std::min(least, EditDistance(text, name.substr(start, end - start), row));
    start = end + kBetweenParts.size();
  }
  return least;
}

}  // namespace

std::string_view SimilarName(std::string_view text, std::span<const std::string> names) {
  if (text.empty()) return {};
  std::string_view nearest;
  size_t bound = std::max(text.size() / 3, size_t{1}) + 1;
  std::vector<size_t> row;
  for (const std::string& name : names) {
    if (const size_t distance = Distance(text, name, row); distance < bound) {
      bound = distance;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace sound_events
