// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace base {

/// SHA-256 (FIPS 180-4) of data that comes in pieces: by the chip's hash unit where there is one. Allocates.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void Update(std::span<const uint8_t> data);
  /// @return the hash in 64 lower-case hexadecimal digits; none when the hash unit failed. Update() must not be called
  ///         afterwards.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace base
