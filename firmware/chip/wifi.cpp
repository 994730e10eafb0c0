// SPDX-License-Identifier: Apache-2.0
#include "link.h"
#include "network/esp/esp_radio.h"
#include "network/station.h"
#include "network_interface.h"

namespace firmware {
namespace {

/// Made once, and there for as long as the device runs.
network::esp::EspRadio* radio = nullptr;

class WifiNetwork final : public network::Network {
 public:
  explicit WifiNetwork(listening::Services& services)
      : settings_(services),
        radio_(network::esp::MakeEspRadio(services, Hostname(), PageUrlAt(network::esp::kSetupAddress) + "setup.html")),
        station_(services, settings_, *radio_, Hostname()) {
    radio = radio_.get();
  }

  listening::NetworkState status() const override { return station_.status(); }
  network::Station* station() override { return &station_; }

 private:
  network::WifiSettings settings_;
  std::unique_ptr<network::esp::EspRadio> radio_;
  network::Station station_;
};

}  // namespace

std::unique_ptr<network::Network> MakeNetwork(listening::Services& services) {
  return std::make_unique<WifiNetwork>(services);
}

std::expected<std::string, std::string> StartLink() {
  if (const auto started = radio->Start(); !started) return std::unexpected(started.error());
  return "Wi-Fi";
}

}  // namespace firmware
