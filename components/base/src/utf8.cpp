// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <cstddef>

namespace base {

uint32_t TakeCodePoint(std::string_view& text) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
  const uint8_t lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t code_point = length == 1 ? lead : lead & (0x7fu >> length);
  bool sound = length > 0 && length <= text.size();
  for (size_t i = 1; sound && i < length; ++i) {
    sound = byte(i) >> 6 == 2;
    code_point = code_point << 6 | (byte(i) & 0x3f);
  }
  sound = sound && code_point >= kSmallest[length] && code_point <= 0x10ffff && code_point >> 11 != 0xd800 >> 11;
  text.remove_prefix(sound ? length : 1);
  return sound ? code_point : kReplacementCharacter;
}

void AppendUtf8(std::string& text, uint32_t code_point) {
  const auto add = [&](uint32_t value) { text += static_cast<char>(value); };
  if (code_point < 0x80) return add(code_point);
  if (code_point < 0x800) {
    add(0xc0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      add(0xe0 | code_point >> 12);
    } else {
      add(0xf0 | code_point >> 18);
      add(0x80 | (code_point >> 12 & 0x3f));
    }
    add(0x80 | (code_point >> 6 & 0x3f));
  }
  add(0x80 | (code_point & 0x3f));
}

}  // namespace base
