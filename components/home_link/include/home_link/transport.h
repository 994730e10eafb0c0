// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "home_link/message.h"
#include "home_link/settings.h"

namespace home_link {

/// Whom to connect to, and how.
struct Connection {
  MqttSettings broker;
  std::string client_id;
  Message will;
  int keepalive_s;
};

/// An MQTT 3.1.1 client: esp-mqtt on the chip, paho on a PC. Every connection is a new one: what was on its way with
/// the last one is forgotten, as is its session. One task calls it, and none of it waits for the network.
class Transport {
 public:
  struct Input {
    enum class Kind {
      kConnected,
      kLost,  ///< Or not to be had; nothing more comes of this connection.
      kMessage,
      kPublished,  ///< The broker has a message of QoS 1.
    };
    Kind kind;
    std::string text;  ///< Of kLost why, of kMessage the topic.
    std::string payload;
    bool retained = false;
    uint32_t id = 0;  ///< Of kPublished.
  };

  virtual ~Transport() = default;
  /// Begins to connect; a connection that there is ends.
  virtual void Connect(const Connection& connection) = 0;
  /// Ends the connection, after what is to be said last.
  virtual void Close(const Message& last) = 0;
  virtual void Subscribe(const std::string& topic) = 0;
  virtual void Unsubscribe(const std::string& topic) = 0;
  virtual void Publish(const Message& message, uint32_t id) = 0;
  /// What has happened since, one after the other.
  virtual std::optional<Input> Poll() = 0;
};

}  // namespace home_link
