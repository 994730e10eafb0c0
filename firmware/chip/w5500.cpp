// SPDX-License-Identifier: Apache-2.0
// A W5500 at SPI, with the pins of FIRMWARE_W5500_*.
#include <array>

#include "driver/gpio.h"
#include "driver/spi_master.h"
#include "esp_eth_mac_spi.h"
#include "esp_mac.h"
#include "ethernet.h"
#include "sdkconfig.h"

namespace firmware {
namespace {

constexpr spi_host_device_t kBus = SPI2_HOST;

esp_err_t StartBus() {
  const spi_bus_config_t bus = {.mosi_io_num = CONFIG_FIRMWARE_W5500_MOSI,
                                .miso_io_num = CONFIG_FIRMWARE_W5500_MISO,
                                .sclk_io_num = CONFIG_FIRMWARE_W5500_SCLK,
                                .quadwp_io_num = -1,
                                .quadhd_io_num = -1};
  const esp_err_t started = spi_bus_initialize(kBus, &bus, SPI_DMA_CH_AUTO);
  return started == ESP_ERR_INVALID_STATE ? ESP_OK : started;  // it has been started by an earlier attempt
}

esp_err_t StartInterrupts() {
  const esp_err_t started = gpio_install_isr_service(0);
  return started == ESP_ERR_INVALID_STATE ? ESP_OK : started;
}

}  // namespace

std::expected<EthernetParts, std::string> MakeEthernet() {
  esp_err_t error = StartBus();
  if (error == ESP_OK) error = StartInterrupts();
  if (error != ESP_OK) return std::unexpected(std::string("no SPI for the W5500: ") + esp_err_to_name(error));
  spi_device_interface_config_t device{};
  device.clock_speed_hz = CONFIG_FIRMWARE_W5500_MHZ * 1'000'000;
  device.spics_io_num = CONFIG_FIRMWARE_W5500_CS;
  device.queue_size = 16;
  eth_w5500_config_t chip = ETH_W5500_DEFAULT_CONFIG(kBus, &device);
  chip.int_gpio_num = CONFIG_FIRMWARE_W5500_INT;
  eth_mac_config_t mac_settings = ETH_MAC_DEFAULT_CONFIG();
  mac_settings.flags |= ETH_MAC_FLAG_PIN_TO_CORE;  // core 0, which boots
  eth_phy_config_t phy_settings = ETH_PHY_DEFAULT_CONFIG();
  phy_settings.reset_gpio_num = CONFIG_FIRMWARE_W5500_RESET;
  EthernetParts parts;
  parts.mac.reset(esp_eth_mac_new_w5500(&chip, &mac_settings));
  parts.phy.reset(esp_eth_phy_new_w5500(&phy_settings));
  if (!parts.mac || !parts.phy) return std::unexpected("no W5500 answers at SPI");
  return parts;
}

}  // namespace firmware
