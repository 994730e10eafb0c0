// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "home_link/house.h"
#include "home_link/settings.h"
#include "home_link/site.h"
#include "listening/device.h"

namespace home_link {

/// A device as those see it who are told of it. One task calls it.
class HouseView {
 public:
  /// All outlive this.
  HouseView(listening::Device& device, const HomeSettings& settings, const Site& site)
      : device_(device), settings_(settings), site_(site) {}

  House Look();

 private:
  /// What a rule document says that does not change with what is heard.
  struct Rules {
    uint32_t tag;
    std::vector<HouseRule> rules;
  };

  listening::Device& device_;
  const HomeSettings& settings_;
  const Site& site_;
  std::optional<Rules> rules_;
};

}  // namespace home_link
