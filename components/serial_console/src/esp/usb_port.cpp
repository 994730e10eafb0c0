// SPDX-License-Identifier: Apache-2.0
#include "driver/usb_serial_jtag.h"
#include "driver/usb_serial_jtag_vfs.h"
#include "esp_err.h"
#include "serial_console/console_port.h"
#include "shared_output.h"

namespace serial_console {
namespace {

constexpr uint32_t kReceiveBytes = 16384;  // a whole line may come in while an inference runs
constexpr uint32_t kTransmitBytes = 4096;
constexpr TickType_t kWait = pdMS_TO_TICKS(50);

}  // namespace

std::expected<void, std::string> OpenConsolePort() {
  usb_serial_jtag_driver_config_t config = {.tx_buffer_size = kTransmitBytes, .rx_buffer_size = kReceiveBytes};
  if (const esp_err_t result = usb_serial_jtag_driver_install(&config); result != ESP_OK) {
    return std::unexpected(std::string("USB-Serial-JTAG: ") + esp_err_to_name(result));
  }
  usb_serial_jtag_vfs_use_driver();
  return ShareOutputWithLog();
}

size_t ReadConsolePort(std::span<char> bytes) {
  const int got = usb_serial_jtag_read_bytes(bytes.data(), static_cast<uint32_t>(bytes.size()), kWait);
  return got > 0 ? static_cast<size_t>(got) : 0;
}

}  // namespace serial_console
