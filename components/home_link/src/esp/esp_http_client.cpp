// SPDX-License-Identifier: Apache-2.0
#include "home_link/esp/esp_http_client.h"

#include <cstring>
#include <mutex>
#include <utility>

#include "esp_crt_bundle.h"
#include "esp_http_client.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "tls.h"

namespace home_link::esp {
namespace {

constexpr uint32_t kStackBytes = 8192;
constexpr UBaseType_t kPriority = 3;
constexpr BaseType_t kCore = 0;
constexpr int kHeadBytes = 1024;  ///< Of what is sent: the address is a part of it.

class EspHttpClient final : public HttpClient {
 public:
  explicit EspHttpClient(listening::Services& services) : lock_(services.MakeLock()) {}

  void Begin(Post post) override {
    post_ = std::move(post);
    Pin<EspHttpClient>::Set(post_.fingerprint);
    const auto run = [](void* self) {
      static_cast<EspHttpClient*>(self)->Exchange();
      vTaskDelete(nullptr);
    };
    if (xTaskCreatePinnedToCore(run, "webhook", kStackBytes, this, kPriority, nullptr, kCore) != pdPASS)
      Tell({.failure = "there is no memory for a connection"});
  }

  std::optional<Answer> Poll() override {
    const std::lock_guard guard(*lock_);
    return std::exchange(answer_, std::nullopt);
  }

 private:
  void Exchange() {
    esp_http_client_config_t config{};
    config.url = post_.url.c_str();
    config.method = HTTP_METHOD_POST;
    config.timeout_ms = kLongestMs;
    config.disable_auto_redirect = true;
    config.max_authorization_retries = -1;
    config.buffer_size_tx = kHeadBytes;
    if (!post_.ca.empty()) {
      config.cert_pem = post_.ca.c_str();
    } else if (!post_.fingerprint.empty()) {
      config.crt_bundle_attach = Pin<EspHttpClient>::Attach;
      config.skip_cert_common_name_check = true;
    } else {
      config.crt_bundle_attach = esp_crt_bundle_attach;
    }
    esp_http_client_handle_t client = esp_http_client_init(&config);
    if (client == nullptr) return Tell({.failure = "there is no memory for a connection"});
    for (const auto& [name, value] : post_.headers) esp_http_client_set_header(client, name.c_str(), value.c_str());
    Answer answer = Ask(client);
    esp_http_client_cleanup(client);
    Tell(std::move(answer));  // the next one may begin now
  }

  Answer Ask(esp_http_client_handle_t client) const {
    const auto size = static_cast<int>(post_.body.size());
    if (const esp_err_t opened = esp_http_client_open(client, size); opened != ESP_OK)
      return {.failure = Failure(client, opened)};
    if (esp_http_client_write(client, post_.body.data(), size) != size) return {.failure = Failure(client, ESP_OK)};
    const int64_t length = esp_http_client_fetch_headers(client);
    if (length == -ESP_ERR_HTTP_EAGAIN) return {.failure = "it does not answer in time"};
    const int status = esp_http_client_get_status_code(client);
    if (length < 0 || status < 100) return {.failure = Failure(client, ESP_OK)};
    return {.status = status, .failure = {}};
  }

  std::string Failure(esp_http_client_handle_t client, esp_err_t error) const {
    ConnectionFailure failure{.esp = error,
                              .tls = 0,
                              .certificate = 0,
                              .socket = esp_http_client_get_errno(client),
                              .pinned = !post_.fingerprint.empty()};
    failure.esp = esp_http_client_get_and_clear_last_tls_error(client, &failure.tls, &failure.certificate);
    return failure.Text();
  }

  void Tell(Answer answer) {
    const std::lock_guard guard(*lock_);
    answer_ = std::move(answer);
  }

  std::unique_ptr<base::Lock> lock_;
  Post post_;
  std::optional<Answer> answer_;  ///< Under the lock.
};

}  // namespace

std::unique_ptr<HttpClient> MakeEspHttpClient(listening::Services& services) {
  return std::make_unique<EspHttpClient>(services);
}

}  // namespace home_link::esp
