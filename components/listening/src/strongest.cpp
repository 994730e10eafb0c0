// SPDX-License-Identifier: Apache-2.0
#include "listening/strongest.h"

namespace listening {

std::span<const uint16_t> Strongest(std::span<const int8_t> scores, std::span<uint16_t> order) {
  if (order.empty()) return {};
  size_t count = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (count == order.size() && scores[i] <= scores[order[count - 1]]) continue;
    if (count < order.size()) ++count;
    size_t place = count - 1;
    for (; place > 0 && scores[order[place - 1]] < scores[i]; --place) order[place] = order[place - 1];
    order[place] = static_cast<uint16_t>(i);
  }
  return order.first(count);
}

}  // namespace listening
