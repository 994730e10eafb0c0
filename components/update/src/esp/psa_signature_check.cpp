// SPDX-License-Identifier: Apache-2.0
#include "psa_signature_check.h"

#include <psa/crypto.h>

namespace update::esp {

bool PsaSignatureCheck::Fits(const OwnerKey& key, const Digest& digest, const Signature& signature) {
  if (psa_crypto_init() != PSA_SUCCESS) return false;
  psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
  psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
  psa_set_key_bits(&attributes, 256);
  psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_HASH);
  psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
  psa_key_id_t id = 0;
  if (psa_import_key(&attributes, key.point.data(), key.point.size(), &id) != PSA_SUCCESS) return false;
  const psa_status_t status = psa_verify_hash(id, PSA_ALG_ECDSA(PSA_ALG_SHA_256), digest.data(), digest.size(),
                                              signature.data(), signature.size());
  psa_destroy_key(id);
  return status == PSA_SUCCESS;
}

}  // namespace update::esp
