// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <unistd.h>

#include <cstdlib>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "serial_console/console_port.h"
#include "shared_output.h"

namespace serial_console {

std::expected<void, std::string> OpenConsolePort() { return ShareOutputWithLog(); }

size_t ReadConsolePort(std::span<char> bytes) {
  // A task that waits in the kernel keeps the others of its priority from running: it sleeps in FreeRTOS instead.
  pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (poll(&input, 1, 0) <= 0) {
    vTaskDelay(1);
    return 0;
  }
  const ssize_t got = read(STDIN_FILENO, bytes.data(), bytes.size());
  if (got == 0) std::_Exit(EXIT_SUCCESS);  // whoever spoke to us is gone
  return got > 0 ? static_cast<size_t>(got) : 0;
}

}  // namespace serial_console
