// SPDX-License-Identifier: Apache-2.0
#include "log_tee.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

#include "esp_log.h"

namespace firmware {
namespace {

listening::LogLines* kept = nullptr;
vprintf_like_t print = nullptr;

int Tee(const char* format, va_list arguments) {
  std::array<char, listening::LogLines::kMostBytes + 1> line;
  va_list again;
  va_copy(again, arguments);
  const int size = std::vsnprintf(line.data(), line.size(), format, again);
  va_end(again);
  if (size > 0) kept->Add({line.data(), std::min(static_cast<size_t>(size), line.size() - 1)});
  return print(format, arguments);
}

}  // namespace

void KeepLogLines(listening::LogLines& lines) {
  kept = &lines;
  print = esp_log_set_vprintf(Tee);
}

}  // namespace firmware
