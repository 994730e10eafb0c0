// SPDX-License-Identifier: Apache-2.0
#include "home_link/esp/esp_mqtt_transport.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "home_link/link.h"
#include "mqtt_client.h"
#include "tls.h"

namespace home_link::esp {
namespace {

using Input = Transport::Input;
using Kind = Input::Kind;

constexpr int kOperationMs = 5000;
constexpr int kBufferBytes = 2048;
constexpr int kStackBytes = 6144;
constexpr size_t kMostWaiting = 64;

std::string Reason(const esp_mqtt_error_codes_t& error, bool pinned) {
  if (error.error_type == MQTT_ERROR_TYPE_CONNECTION_REFUSED) {
    switch (static_cast<int>(error.connect_return_code)) {
      case MQTT_CONNECTION_REFUSE_BAD_USERNAME:
      case MQTT_CONNECTION_REFUSE_NOT_AUTHORIZED:
      case MQTT5_BAD_USERNAME_OR_PWD:
      case MQTT5_NOT_AUTHORIZED:
        return "it refuses the connection: Not authorized";
      default:
        return "it refuses the connection: code " + std::to_string(error.connect_return_code);
    }
  }
  return ConnectionFailure{.esp = error.esp_tls_last_esp_err,
                           .tls = error.esp_tls_stack_err,
                           .certificate = error.esp_tls_cert_verify_flags,
                           .socket = error.esp_transport_sock_errno,
                           .pinned = pinned}
      .Text();
}

class EspMqttTransport final : public Transport {
 public:
  explicit EspMqttTransport(listening::Services& services) : lock_(services.MakeLock()) {}
  ~EspMqttTransport() override { Drop(); }

  void Connect(const Connection& connection) override {
    Drop();
    connection_ = connection;
    const MqttSettings& broker = connection_.broker;
    Pin<EspMqttTransport>::Set(broker.fingerprint);
    esp_mqtt_client_config_t config{};
    config.broker.address.hostname = broker.host.c_str();
    config.broker.address.port = broker.port;
    config.broker.address.transport = broker.tls ? MQTT_TRANSPORT_OVER_SSL : MQTT_TRANSPORT_OVER_TCP;
    if (broker.tls && !broker.ca.empty()) config.broker.verification.certificate = broker.ca.c_str();
    if (broker.tls && broker.ca.empty()) {
      config.broker.verification.crt_bundle_attach = Pin<EspMqttTransport>::Attach;
      config.broker.verification.skip_cert_common_name_check = true;
    }
    config.credentials.client_id = connection_.client_id.c_str();
    if (!broker.user.empty()) config.credentials.username = broker.user.c_str();
    if (!broker.password.empty()) config.credentials.authentication.password = broker.password.c_str();
    config.session.last_will.topic = connection_.will.topic.c_str();
    config.session.last_will.msg = connection_.will.payload.c_str();
    config.session.last_will.qos = connection_.will.qos;
    config.session.last_will.retain = connection_.will.retain;
    config.session.keepalive = connection_.keepalive_s;
    config.session.protocol_ver = broker.version == MqttVersion::k5 ? MQTT_PROTOCOL_V_5 : MQTT_PROTOCOL_V_3_1_1;
    config.network.disable_auto_reconnect = true;
    config.network.timeout_ms = kOperationMs;
    config.task.stack_size = kStackBytes;
    config.buffer.size = kBufferBytes;
    client_ = esp_mqtt_client_init(&config);
    const bool started = client_ != nullptr &&
                         esp_mqtt_client_register_event(client_, MQTT_EVENT_ANY, OnEvent, this) == ESP_OK &&
                         esp_mqtt_client_start(client_) == ESP_OK;
    if (!started) Tell({.kind = Kind::kLost, .text = "there is no memory for a client", .payload = {}});
  }

  void Close(const Message& last) override {
    if (client_ != nullptr) {
      esp_mqtt_client_publish(client_, last.topic.c_str(), last.payload.data(), static_cast<int>(last.payload.size()),
                              0, last.retain);
      esp_mqtt_client_disconnect(client_);
    }
    Drop();
  }

  void Subscribe(const std::string& topic) override {
    if (client_ != nullptr) esp_mqtt_client_subscribe_single(client_, topic.c_str(), 1);
  }

  void Unsubscribe(const std::string& topic) override {
    if (client_ != nullptr) esp_mqtt_client_unsubscribe(client_, topic.c_str());
  }

  void Publish(const Message& message, uint32_t id) override {
    if (client_ == nullptr) return;
    const int sent =
        esp_mqtt_client_enqueue(client_, message.topic.c_str(), message.payload.data(),
                                static_cast<int>(message.payload.size()), message.qos, message.retain, true);
    if (sent < 0) return Tell({.kind = Kind::kLost, .text = "there is no memory for a message", .payload = {}});
    ids_[sent] = id;
  }

  std::optional<Input> Poll() override {
    const std::lock_guard guard(*lock_);
    if (inputs_.empty()) return std::nullopt;
    Input input = std::move(inputs_.front());
    inputs_.pop_front();
    if (input.kind == Kind::kPublished) {
      const auto sent = ids_.extract(static_cast<int>(input.id));
      input.id = sent ? sent.mapped() : 0;
    }
    return input;
  }

 private:
  static void OnEvent(void* self, esp_event_base_t, int32_t, void* event) {
    static_cast<EspMqttTransport*>(self)->Take(*static_cast<esp_mqtt_event_t*>(event));
  }

  /// In the client's task.
  void Take(const esp_mqtt_event_t& event) {
    switch (event.event_id) {
      case MQTT_EVENT_CONNECTED:
        return Tell({.kind = Kind::kConnected, .text = {}, .payload = {}});
      case MQTT_EVENT_ERROR:
        reason_ = Reason(*event.error_handle, !connection_.broker.fingerprint.empty());
        return;
      case MQTT_EVENT_DISCONNECTED:
        if (reason_.empty()) reason_ = "it has closed the connection";
        return Tell({.kind = Kind::kLost, .text = std::exchange(reason_, {}), .payload = {}});
      case MQTT_EVENT_PUBLISHED:
        return Tell({.kind = Kind::kPublished, .text = {}, .payload = {}, .id = static_cast<uint32_t>(event.msg_id)});
      case MQTT_EVENT_DELETED:
        return Tell({.kind = Kind::kLost, .text = "it does not confirm what it is sent", .payload = {}});
      case MQTT_EVENT_DATA:
        return Gather(event);
      default:
        return;
    }
  }

  /// A message comes in pieces. Of one that is too large the core is shown as much as tells it so.
  void Gather(const esp_mqtt_event_t& event) {
    if (event.current_data_offset == 0) {
      gathered_ = {.kind = Kind::kMessage,
                   .text = std::string(event.topic, static_cast<size_t>(event.topic_len)),
                   .payload = {},
                   .retained = event.retain};
    }
    const size_t room = Link::kMostPayloadBytes + 1 - gathered_.payload.size();
    gathered_.payload.append(event.data, std::min(room, static_cast<size_t>(event.data_len)));
    if (event.current_data_offset + event.data_len < event.total_data_len) return;
    Tell(std::exchange(gathered_, {}));
  }

  void Tell(Input input) {
    const std::lock_guard guard(*lock_);
    // Messages are given up first: whoever floods the topics must not take the memory.
    if (input.kind == Kind::kMessage && inputs_.size() >= kMostWaiting) return;
    inputs_.push_back(std::move(input));
  }

  void Drop() {
    if (client_ != nullptr) esp_mqtt_client_destroy(client_);
    client_ = nullptr;
    const std::lock_guard guard(*lock_);
    inputs_.clear();
    ids_.clear();
    reason_.clear();
  }

  std::unique_ptr<base::Lock> lock_;
  Connection connection_;  ///< The client keeps pointers into it.
  esp_mqtt_client_handle_t client_ = nullptr;
  std::map<int, uint32_t> ids_;  ///< Of messages on their way, by the client's numbers.
  std::string reason_;           ///< Why the connection is about to be lost.
  Input gathered_;
  std::deque<Input> inputs_;  ///< Under the lock.
};

}  // namespace

std::unique_ptr<Transport> MakeEspMqttTransport(listening::Services& services) {
  return std::make_unique<EspMqttTransport>(services);
}

}  // namespace home_link::esp
