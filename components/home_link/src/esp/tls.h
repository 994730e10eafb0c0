// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/sha256.h"
#include "esp_err.h"
#include "mbedtls/ssl.h"

namespace home_link::esp {

/// Takes the server whose certificate has a fingerprint, and no other: ESP-IDF's hook for bundles of certificates gives
/// no way to hand something to the check, so that each `Client` has a place of its own.
template <typename Client>
class Pin {
 public:
  /// @param fingerprint  SHA-256 in 64 lower-case digits. Not while a connection is being made.
  static void Set(const std::string& fingerprint) { wanted_ = fingerprint; }

  /// For crt_bundle_attach; the name in the certificate does not matter then.
  static esp_err_t Attach(void* config) {
    auto* const tls = static_cast<mbedtls_ssl_config*>(config);
    static mbedtls_x509_crt no_ca{};  // mbedTLS asks nobody where there is no CA at all
    mbedtls_ssl_conf_ca_chain(tls, &no_ca, nullptr);
    mbedtls_ssl_conf_authmode(tls, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_verify(tls, Check, nullptr);
    return ESP_OK;
  }

 private:
  static int Check(void*, mbedtls_x509_crt* certificate, int depth, uint32_t* flags) {
    *flags = 0;
    if (depth > 0) return 0;  // who has issued it does not matter
    base::Sha256 hash;
    hash.Update({certificate->raw.p, certificate->raw.len});
    if (hash.Finish() != wanted_) *flags = MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    return 0;
  }

  static inline std::string wanted_;
};

/// Why there is no connection, for people.
struct ConnectionFailure {
  esp_err_t esp;    ///< esp-tls's.
  int tls;          ///< Of mbedTLS, 0: none.
  int certificate;  ///< Flags of mbedTLS's check.
  int socket;       ///< errno, 0: none.
  bool pinned;      ///< By a fingerprint.

  std::string Text() const;
};

}  // namespace home_link::esp
