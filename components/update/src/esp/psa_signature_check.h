// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "update/owner_key.h"

namespace update::esp {

/// By ESP-IDF's PSA Crypto.
class PsaSignatureCheck final : public SignatureCheck {
 public:
  bool Fits(const OwnerKey& key, const Digest& digest, const Signature& signature) override;
};

}  // namespace update::esp
