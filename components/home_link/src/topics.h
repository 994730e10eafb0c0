// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace home_link {

/// The names of a device's own topics.
class Topics {
 public:
  /// @param prefix  of all devices.
  Topics(std::string_view prefix, std::string_view id) : base_((std::string(prefix) + '/').append(id)) {}

  std::string Of(std::string_view name) const { return (base_ + '/').append(name); }
  std::string Rule(std::string_view rule) const { return Of("rule/") + std::string(rule); }
  std::string Armed(std::string_view rule) const { return Rule(rule) + "/armed"; }
  std::string availability() const { return Of("availability"); }

  /// What is set by a command.
  static std::string Set(std::string_view topic) { return std::string(topic) + "/set"; }

 private:
  std::string base_;
};

}  // namespace home_link
