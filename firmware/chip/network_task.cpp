// SPDX-License-Identifier: Apache-2.0
#include "network_task.h"

#include "app.h"
#include "device_api/api.h"
#include "esp_log.h"
#include "link.h"
#include "network/esp/announcer.h"
#include "network/station.h"
#include "network_interface.h"
#include "sdkconfig.h"
#include "task_layout.h"

namespace firmware {
namespace {

constexpr char kTag[] = "network";
constexpr TickType_t kPeriod = pdMS_TO_TICKS(100);
constexpr int kTicksATelling = 50;
#if CONFIG_FIRMWARE_HTTPS
constexpr bool kTls = true;
#else
constexpr bool kTls = false;
#endif

struct Task {
  App& app;
  device_api::Api& api;

  network::esp::Announcement Tell() const {
    const listening::DeviceState state = app.device.state();
    const std::string name = api.home().naming().name;
    return {.name = name,
            .port = CONFIG_FIRMWARE_HTTP_PORT,
            .tls = kTls,
            .items = {{"id", DeviceId()},
                      {"name", name},
                      {"version", state.firmware.version},
                      {"model", state.model ? state.model->sha256.substr(0, 12) : ""},
                      {"api", "/api/v1"}}};
  }

  void Run() const {
    network::esp::Announcer announcer;
    if (const auto started = announcer.Start(Hostname()); !started) ESP_LOGE(kTag, "%s", started.error().c_str());
    network::Station* const station = TheNetwork(app.services).station();
    for (int tick = 0;; ++tick) {
      if (station != nullptr) station->Tick();
      if (tick % kTicksATelling == 0) announcer.Tell(Tell());
      vTaskDelay(kPeriod);
    }
  }
};

}  // namespace

void StartNetworkTask(App& app, device_api::Api& api) {
  StartTask(
      kNetworkTask, [](void* argument) { static_cast<const Task*>(argument)->Run(); }, new Task{app, api}, nullptr);
}

}  // namespace firmware
