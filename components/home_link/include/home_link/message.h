// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace home_link {

struct Message {
  std::string topic;
  std::string payload;
  int qos = 1;  ///< 0 or 1.
  bool retain = true;

  bool operator==(const Message&) const = default;
};

}  // namespace home_link
