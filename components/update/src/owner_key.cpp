// SPDX-License-Identifier: Apache-2.0
#include "update/owner_key.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/sha256.h"

namespace update {
namespace {

constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";

// SubjectPublicKeyInfo of an uncompressed point on P-256 up to the point (RFC 5480, section 2).
constexpr std::array<uint8_t, 26> kPrefix = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                             0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                             0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr size_t kDerBytes = kPrefix.size() + OwnerKey::kPointBytes;

}  // namespace

std::expected<OwnerKey, std::string> OwnerKey::Parse(std::string_view pem) {
  const size_t begin = pem.find(kBegin), end = pem.find(kEnd);
  if (begin == pem.npos || end == pem.npos || end < begin) {
    return std::unexpected("this is no public key in PEM; a private key stays with its owner");
  }
  std::string base64;
  for (const char c : pem.substr(begin + kBegin.size(), end - begin - kBegin.size())) {
    if (c != '\n' && c != '\r' && c != ' ') base64.push_back(c);
  }
  std::array<uint8_t, kDerBytes> der;
  if (base64.size() != base::Base64Length(der.size()) || base::DecodeBase64(base64, der) != der.size() ||
      !std::equal(kPrefix.begin(), kPrefix.end(), der.begin()) || der[kPrefix.size()] != 4) {
    return std::unexpected("this is no ECDSA key on P-256 (openssl ecparam -name prime256v1 -genkey)");
  }
  OwnerKey key;
  std::copy(der.begin() + kPrefix.size(), der.end(), key.point.begin());
  base::Sha256 sha256;
  sha256.Update(der);
  key.fingerprint = sha256.Finish();
  return key;
}

std::expected<Signature, std::string> ParseSignature(std::string_view base64) {
  Signature signature;
  if (base64.size() == base::Base64Length(signature.size()) &&
      base::DecodeBase64(base64, signature) == signature.size()) {
    return signature;
  }
  return std::unexpected("a signature is the base64 of 64 bytes, r and s");
}

Digest DigestOf(std::string_view hex) {
  const auto value = [](char c) { return static_cast<uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  Digest digest{};
  for (size_t i = 0; i < digest.size() && 2 * i + 1 < hex.size(); ++i) {
    digest[i] = static_cast<uint8_t>(value(hex[2 * i]) << 4 | value(hex[2 * i + 1]));
  }
  return digest;
}

}  // namespace update
