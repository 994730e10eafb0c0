// SPDX-License-Identifier: Apache-2.0
// QEMU's interrupt matrix forgets to lower an interrupt whose source is routed elsewhere. What is typed while the
// chip's ROM runs raises the console's interrupt there, and ESP-IDF then takes its route away: whoever is given that
// interrupt next, the task watchdog for one, is called for ever.
#include "esp_rom_sys.h"
#include "hal/uart_ll.h"
#include "soc/interrupts.h"

namespace {

constexpr int kRomConsoleInterrupt = 5;
constexpr int kNoInterrupt = 6;  ///< ESP-IDF's ETS_INVALID_INUM, where it routes what nobody has asked for.

}  // namespace

/// Runs before any interrupt is given away.
extern "C" __attribute__((constructor)) void LowerConsoleInterrupt() {
  esp_rom_route_intr_matrix(0, ETS_UART0_INTR_SOURCE, kRomConsoleInterrupt);
  uart_ll_disable_intr_mask(UART_LL_GET_HW(0), UART_LL_INTR_MASK);
  esp_rom_route_intr_matrix(0, ETS_UART0_INTR_SOURCE, kNoInterrupt);
}
