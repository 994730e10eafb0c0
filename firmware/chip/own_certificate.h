// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "listening/services.h"

namespace firmware {

/// A key (ECDSA, P-256) and a certificate that it has signed itself, both DER.
struct OwnCertificate {
  std::vector<uint8_t> key;
  std::vector<uint8_t> certificate;
};

/// That of the device: made at random the first time, and kept in its settings.
std::expected<OwnCertificate, std::string> LoadOwnCertificate(listening::Services& services);

}  // namespace firmware
