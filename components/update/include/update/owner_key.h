// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace update {

/// The public key whose owner signs updates: ECDSA on P-256 (FIPS 186-5).
struct OwnerKey {
  static constexpr size_t kMostBytes = 512;  ///< Of the PEM text.
  static constexpr size_t kPointBytes = 65;

  std::array<uint8_t, kPointBytes> point;  ///< 0x04, x, y (SEC 1, section 2.3.3).
  std::string fingerprint;                 ///< SHA-256 of the key's DER, 64 digits.

  /// @param pem  "-----BEGIN PUBLIC KEY-----" … as `openssl ec -pubout` prints it (RFC 7468, RFC 5480).
  /// @return why it is none.
  static std::expected<OwnerKey, std::string> Parse(std::string_view pem);
};

using Signature = std::array<uint8_t, 64>;  ///< r, s: each 32 bytes, big-endian (IEEE P1363).
using Digest = std::array<uint8_t, 32>;

/// @return nothing when the text is not the base64 of one.
std::expected<Signature, std::string> ParseSignature(std::string_view base64);

/// 64 hexadecimal digits as bytes.
Digest DigestOf(std::string_view hex);

/// ECDSA with SHA-256, by whatever library the place has.
class SignatureCheck {
 public:
  virtual ~SignatureCheck() = default;
  virtual bool Fits(const OwnerKey& key, const Digest& digest, const Signature& signature) = 0;
};

}  // namespace update
