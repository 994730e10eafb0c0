// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "listening/error.h"
#include "listening/services.h"

namespace listening {

/// The secret of the device's owner: whoever knows it may change things. Made at random at the first start and kept in
/// settings; whoever is at the console may read and renew it. From any task.
class OwnerToken {
 public:
  static constexpr size_t kLeastBytes = 12;
  static constexpr size_t kMostBytes = 64;

  explicit OwnerToken(Services& services);

  std::string text() const;

  /// @return kRefused unless it is kLeastBytes to kMostBytes visible ASCII characters; kFailed when it cannot be
  /// stored.
  ///         The old one stays then.
  std::expected<void, Error> Set(std::string_view token);

  /// Makes another at random: 80 bits in four groups of four letters and digits.
  std::expected<void, Error> Renew();

 private:
  Services& services_;
  std::unique_ptr<base::Lock> lock_;
  std::string text_;
};

/// A secret at random for people to copy: groups of four letters and digits, 20 bits each, with '-' between them.
std::string DrawSecret(Services& services, size_t groups);

/// Whether two secrets are equal, in a time that tells nothing but their lengths.
bool EqualSecrets(std::string_view one, std::string_view other);

}  // namespace listening
