// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "home_link/http_client.h"
#include "simulated_host.h"

namespace device_core {

/// The HTTP client of a simulated device: `http` of its host, an object with begin(url, ca, fingerprint, headers: dict,
/// body: bytes) and poll() -> (status, failure) or None.
class PythonHttpClient final : public home_link::HttpClient {
 public:
  /// @param host  outlives this.
  explicit PythonHttpClient(const SimulatedHost& host) : host_(host) {}

  void Begin(home_link::Post post) override;
  std::optional<home_link::Answer> Poll() override;

 private:
  const SimulatedHost& host_;
  std::optional<home_link::Answer> raised_;
};

}  // namespace device_core
