// SPDX-License-Identifier: Apache-2.0
#include "home.h"

#include <array>
#include <atomic>

#include "app.h"
#include "device_api/api.h"
#include "esp_log.h"
#include "home_link/esp/esp_http_client.h"
#include "home_link/esp/esp_mqtt_transport.h"
#include "home_link/home_link.h"
#include "home_link/webhook.h"
#include "network_interface.h"
#include "panel.h"
#include "task_layout.h"

namespace firmware {
namespace {

constexpr char kTag[] = "home";
constexpr TickType_t kPeriod = pdMS_TO_TICKS(100);
constexpr TickType_t kLongestGoodbye = pdMS_TO_TICKS(6000);  ///< One network operation of the client's.

/// ESP-IDF's clients, each with lines of its own for one failure; home_link says in one what they mean.
constexpr std::array kSilent = {"mqtt_client",     "mqtt5_client", "transport_base",     "esp-tls",
                                "esp-tls-mbedtls", "HTTP_CLIENT",  "esp-x509-crt-bundle"};

std::atomic<bool> started = false;
std::atomic<bool> closed = false;

class ChipSite final : public home_link::Site {
 public:
  std::string id() const override { return DeviceId(); }

  std::string url() const override { return PageUrl(); }

  bool has_network() const override {
    const auto network = ReadNetwork();
    return network && network->address;
  }

  void Restart() override { restart_requested_ = true; }

  void Identify() override {
    ESP_LOGW(kTag, "here I am: %s", DeviceId().c_str());
    Blink();
  }

  bool restart_requested() const { return restart_requested_; }

 private:
  bool restart_requested_ = false;
};

struct Home {
  Home(App& app, device_api::Api& api)
      : app(app),
        transport(home_link::esp::MakeEspMqttTransport(app.services)),
        client(home_link::esp::MakeEspHttpClient(app.services)),
        link(app.device, api.home(), *transport, site),
        webhook(app.device, api.home(), api.webhook(), *client, site) {}

  void Run() {
    while (!app.device.boot().finished() && !app.device.closed()) vTaskDelay(kPeriod);
    while (!app.device.closed() && !site.restart_requested()) {
      link.Tick();
      webhook.Tick();
      vTaskDelay(kPeriod);
    }
    link.Close();
    webhook.Close();
    closed = true;
    if (site.restart_requested() && !app.device.closed()) ShutDown(app);
    vTaskSuspend(nullptr);
  }

  App& app;
  ChipSite site;
  std::unique_ptr<home_link::Transport> transport;
  std::unique_ptr<home_link::HttpClient> client;
  home_link::HomeLink link;
  home_link::Webhook webhook;
};

}  // namespace

void StartHome(App& app, device_api::Api& api) {
  for (const char* tag : kSilent) esp_log_level_set(tag, ESP_LOG_NONE);
  auto* const home = new Home(app, api);
  started = true;
  StartTask(
      kHomeTask, [](void* argument) { static_cast<Home*>(argument)->Run(); }, home, nullptr);
}

void CloseHome() {
  if (!started) return;
  for (TickType_t waited = 0; !closed && waited < kLongestGoodbye; waited += kPeriod) vTaskDelay(kPeriod);
}

}  // namespace firmware
