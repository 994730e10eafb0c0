// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace base {

/// SHA-256 (FIPS 180-4) of data that comes in pieces.
class Sha256 {
 public:
  void Update(std::span<const uint8_t> data);
  /// @return the hash in 64 lower-case hexadecimal digits. Update() must not be called afterwards.
  std::string Finish();

 private:
  void Compress(const uint8_t* block);

  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> block_;
  uint64_t total_ = 0;
};

}  // namespace base
