// SPDX-License-Identifier: Apache-2.0
// By the chip's hash unit, which ESP-IDF's PSA Crypto drives.
#include <psa/crypto.h>

#include <algorithm>
#include <array>

#include "base/hex.h"
#include "base/sha256.h"

namespace base {
namespace {

constexpr size_t kPieceBytes = 8192;  // PSA copies what it is given; a model in flash is more than there is room for

}  // namespace

struct Sha256::State {
  psa_hash_operation_t operation = PSA_HASH_OPERATION_INIT;
  psa_status_t status = PSA_SUCCESS;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  state_->status = psa_crypto_init();
  if (state_->status == PSA_SUCCESS) state_->status = psa_hash_setup(&state_->operation, PSA_ALG_SHA_256);
}

Sha256::~Sha256() { psa_hash_abort(&state_->operation); }

void Sha256::Update(std::span<const uint8_t> data) {
  while (state_->status == PSA_SUCCESS && !data.empty()) {
    const std::span<const uint8_t> piece = data.first(std::min(kPieceBytes, data.size()));
    state_->status = psa_hash_update(&state_->operation, piece.data(), piece.size());
    data = data.subspan(piece.size());
  }
}

std::string Sha256::Finish() {
  std::array<uint8_t, PSA_HASH_LENGTH(PSA_ALG_SHA_256)> hash;
  size_t length = 0;
  if (state_->status == PSA_SUCCESS) {
    state_->status = psa_hash_finish(&state_->operation, hash.data(), hash.size(), &length);
  }
  return state_->status == PSA_SUCCESS ? HexText(std::span(hash).first(length)) : "";
}

}  // namespace base
