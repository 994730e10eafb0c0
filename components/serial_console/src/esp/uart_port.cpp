// SPDX-License-Identifier: Apache-2.0
#include "driver/uart.h"
#include "driver/uart_vfs.h"
#include "esp_err.h"
#include "esp_rom_uart.h"
#include "sdkconfig.h"
#include "serial_console/console_port.h"
#include "shared_output.h"

namespace serial_console {
namespace {

constexpr auto kPort = static_cast<uart_port_t>(CONFIG_ESP_CONSOLE_UART_NUM);
constexpr int kReceiveBytes = 16384;  // a whole line may come in while an inference runs
constexpr TickType_t kWait = pdMS_TO_TICKS(50);

/// Takes out what came since power-on: the rest of a request whose begin nobody has read. Installing the driver with
/// bytes in the FIFO leaves its interrupt asserted in QEMU, which then runs nothing else.
void DropEarlyBytes() {
  uint8_t byte = 0;
  for (int i = 0; i < kReceiveBytes && esp_rom_output_rx_one_char(&byte) == 0; ++i) {
  }
}

}  // namespace

std::expected<void, std::string> OpenConsolePort() {
  DropEarlyBytes();
  if (const esp_err_t result = uart_driver_install(kPort, kReceiveBytes, 0, 0, nullptr, 0); result != ESP_OK) {
    return std::unexpected(std::string("UART: ") + esp_err_to_name(result));
  }
  uart_vfs_dev_use_driver(kPort);
  return ShareOutputWithLog();
}

size_t ReadConsolePort(std::span<char> bytes) {
  // The first byte is waited for; the others are taken as far as they are there.
  const int first = uart_read_bytes(kPort, bytes.data(), 1, kWait);
  if (first <= 0) return 0;
  const int more = uart_read_bytes(kPort, bytes.data() + 1, bytes.size() - 1, 0);
  return 1 + static_cast<size_t>(more > 0 ? more : 0);
}

}  // namespace serial_console
