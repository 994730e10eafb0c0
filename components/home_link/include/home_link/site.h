// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace home_link {

/// What only the place knows that a device runs in.
class Site {
 public:
  virtual ~Site() = default;
  virtual std::string id() const = 0;   ///< Letters, digits, '_' and '-'; never changes.
  virtual std::string url() const = 0;  ///< Of the page, with a '/' at its end; empty where there is none.
  virtual bool has_network() const = 0;
  virtual void Restart() = 0;   ///< Soon, not within the call.
  virtual void Identify() = 0;  ///< Shows or says which device it is.
};

}  // namespace home_link
