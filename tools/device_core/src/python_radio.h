// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <string>

#include "network/radio.h"
#include "simulated_host.h"

namespace device_core {

/// The radio of a simulated device: `radio` of its host, an object with set_country(code), scan(), join(ssid, password,
/// static_address: str | None), leave(), open_setup(ssid, password), close_setup(), guests() -> int, rssi_dbm() -> int
/// | None, is_guest(peer) -> bool, portal() -> str and poll() -> (kind, text, [(ssid, rssi_dbm, secure, channel)]) or
/// None.
class PythonRadio final : public network::Radio {
 public:
  /// @param host  outlives this.
  explicit PythonRadio(const SimulatedHost& host) : host_(host) {}

  void SetCountry(const std::string& country) override;
  void Scan() override;
  void Join(const network::KnownNetwork& network) override;
  void Leave() override;
  std::expected<void, std::string> OpenSetup(const network::AccessPoint& setup) override;
  void CloseSetup() override;
  int guests() const override;
  std::optional<int> rssi_dbm() const override;
  bool IsGuest(std::string_view peer) const override;
  std::string portal() const override;
  std::optional<Input> Poll() override;

 private:
  const SimulatedHost& host_;
};

}  // namespace device_core
