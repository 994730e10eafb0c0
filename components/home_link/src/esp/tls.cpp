// SPDX-License-Identifier: Apache-2.0
#include "tls.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "esp_tls_errors.h"
#include "mbedtls/x509_crt.h"

namespace home_link::esp {

std::string ConnectionFailure::Text() const {
  // The bundle of common authorities calls it fatal when it knows none that has signed.
  const int error = std::abs(tls);
  if (certificate != 0 || error == -MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || error == -MBEDTLS_ERR_X509_FATAL_ERROR) {
    if (pinned) return "its certificate has another fingerprint";
    std::array<char, 160> why{};
    mbedtls_x509_crt_verify_info(why.data(), why.size(), "", static_cast<uint32_t>(certificate));
    const std::string_view first(why.data(), std::strcspn(why.data(), "\n"));
    return "its certificate is refused" + (first.empty() ? "" : ": " + std::string(first));
  }
  if (esp == ESP_ERR_ESP_TLS_CANNOT_RESOLVE_HOSTNAME) return "there is no such host";
  if (esp == ESP_ERR_ESP_TLS_CONNECTION_TIMEOUT) return "it does not answer in time";
  if (tls != 0) return "TLS fails: code " + std::to_string(tls);
  if (socket != 0) {
    std::string text = std::strerror(socket);
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
    return text;
  }
  return esp == ESP_OK ? "it has closed the connection" : esp_err_to_name(esp);
}

}  // namespace home_link::esp
