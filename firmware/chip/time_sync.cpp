// SPDX-License-Identifier: Apache-2.0
#include "time_sync.h"

#include <ctime>
#include <mutex>
#include <string>

#include "esp_log.h"
#include "esp_netif_sntp.h"
#include "free_rtos_lock.h"
#include "network_interface.h"

namespace firmware {
namespace {

constexpr char kTag[] = "time";

FreeRtosLock lock;
std::string server;  // SNTP keeps a pointer to its characters
bool running = false;

void Told(timeval* now) {
  ESP_LOGI(kTag, "%lld s since 1970, by %s", static_cast<long long>(now->tv_sec), server.c_str());
}

void Run() {
  esp_sntp_config_t settings = ESP_NETIF_SNTP_DEFAULT_CONFIG(server.c_str());
  settings.sync_cb = Told;
  if (const esp_err_t started = esp_netif_sntp_init(&settings); started != ESP_OK)
    ESP_LOGE(kTag, "SNTP does not start: %s", esp_err_to_name(started));
}

}  // namespace

void StartTimeSync() {
  const std::lock_guard guard(lock);
  if (!running) Run();
  running = true;
}

void SetTimeServer(const std::string& name) {
  const std::lock_guard guard(lock);
  if (name == server) return;
  if (running) esp_netif_sntp_deinit();
  server = name;
  if (running) Run();
}

}  // namespace firmware
