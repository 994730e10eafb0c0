// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "listening/services.h"

namespace firmware {

/// Settings in NVS: a key is "<namespace>/<name>", each of 15 characters at most, a value a blob.
class NvsSettings final : public listening::Settings {
 public:
  NvsSettings();

  std::vector<uint8_t> Load(const char* key) override;
  std::expected<void, std::string> Store(const char* key, std::span<const uint8_t> value) override;
  std::expected<void, std::string> Forget(const char* key) override;

 private:
  std::string broken_;  ///< Why NVS did not start; empty when it did.
};

}  // namespace firmware
