// SPDX-License-Identifier: Apache-2.0
#include "own_certificate.h"

#include <array>

#include "mbedtls/ecp.h"
#include "mbedtls/pk.h"
#include "mbedtls/x509_crt.h"

namespace firmware {
namespace {

constexpr char kKeyKey[] = "https/key";
constexpr char kCertificateKey[] = "https/certificate";
constexpr char kName[] = "CN=yamnet";
constexpr char kFrom[] = "20250101000000";  // the chip has no clock yet when it makes its certificate
constexpr char kUntil[] = "20991231235959";

struct Key {
  Key() { mbedtls_pk_init(&pk); }
  ~Key() { mbedtls_pk_free(&pk); }
  mbedtls_pk_context pk;
};

struct Writer {
  Writer() { mbedtls_x509write_crt_init(&crt); }
  ~Writer() { mbedtls_x509write_crt_free(&crt); }
  mbedtls_x509write_cert crt;
};

int FillRandom(void* services, unsigned char* bytes, size_t size) {
  static_cast<listening::Services*>(services)->FillRandom({bytes, size});
  return 0;
}

std::string Said(int error) { return "no certificate: mbedTLS error " + std::to_string(error); }

/// mbedTLS writes DER to the end of a buffer.
/// @param size  what it wrote, or an error below 0.
std::expected<std::vector<uint8_t>, std::string> Written(std::span<const uint8_t> buffer, int size) {
  if (size < 0) return std::unexpected(Said(size));
  return std::vector<uint8_t>(buffer.end() - size, buffer.end());
}

std::expected<OwnCertificate, std::string> Make(listening::Services& services) {
  Key key;
  Writer writer;
  std::array<uint8_t, 16> serial{};
  services.FillRandom(serial);
  serial[0] &= 0x7f;  // a positive number
  int error = mbedtls_pk_setup(&key.pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
  if (error == 0) error = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key.pk), FillRandom, &services);
  mbedtls_x509write_cert& crt = writer.crt;
  mbedtls_x509write_crt_set_version(&crt, MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_x509write_crt_set_md_alg(&crt, MBEDTLS_MD_SHA256);
  mbedtls_x509write_crt_set_subject_key(&crt, &key.pk);
  mbedtls_x509write_crt_set_issuer_key(&crt, &key.pk);
  if (error == 0) error = mbedtls_x509write_crt_set_subject_name(&crt, kName);
  if (error == 0) error = mbedtls_x509write_crt_set_issuer_name(&crt, kName);
  if (error == 0) error = mbedtls_x509write_crt_set_serial_raw(&crt, serial.data(), serial.size());
  if (error == 0) error = mbedtls_x509write_crt_set_validity(&crt, kFrom, kUntil);
  if (error != 0) return std::unexpected(Said(error));
  std::vector<uint8_t> buffer(1024);
  const auto key_bytes = Written(buffer, mbedtls_pk_write_key_der(&key.pk, buffer.data(), buffer.size()));
  if (!key_bytes) return std::unexpected(key_bytes.error());
  const auto certificate =
      Written(buffer, mbedtls_x509write_crt_der(&crt, buffer.data(), buffer.size(), FillRandom, &services));
  if (!certificate) return std::unexpected(certificate.error());
  return OwnCertificate{*key_bytes, *certificate};
}

}  // namespace

std::expected<OwnCertificate, std::string> LoadOwnCertificate(listening::Services& services) {
  listening::Settings& settings = services.settings();
  OwnCertificate stored{settings.Load(kKeyKey), settings.Load(kCertificateKey)};
  if (!stored.key.empty() && !stored.certificate.empty()) return stored;
  auto made = Make(services);
  if (!made) return made;
  // The certificate last: whatever is cut off before it makes both anew.
  if (const auto kept = settings.Store(kKeyKey, made->key); !kept) return std::unexpected(kept.error());
  if (const auto kept = settings.Store(kCertificateKey, made->certificate); !kept) return std::unexpected(kept.error());
  return made;
}

}  // namespace firmware
