// SPDX-License-Identifier: Apache-2.0
#include "python_transport.h"

#include <nanobind/stl/string.h>

#include <utility>

namespace nb = nanobind;

namespace device_core {
namespace {

nb::bytes Bytes(const std::string& text) { return nb::bytes(text.data(), text.size()); }

/// Calls Python; returns what it raised, or nothing.
template <typename Call>
std::string Raised(Call&& call) {
  const nb::gil_scoped_acquire gil;
  try {
    call();
    return "";
  } catch (nb::python_error& raised) {
    return nb::cast<std::string>(nb::str(raised.value()));
  }
}

home_link::Transport::Input InputOf(const nb::tuple& told) {
  using Kind = home_link::Transport::Input::Kind;
  const auto kind = nb::cast<std::string>(told[0]);
  const auto payload = nb::cast<nb::bytes>(told[2]);
  return {.kind = kind == "connected"   ? Kind::kConnected
                  : kind == "message"   ? Kind::kMessage
                  : kind == "published" ? Kind::kPublished
                                        : Kind::kLost,
          .text = nb::cast<std::string>(told[1]),
          .payload = std::string(payload.c_str(), payload.size()),
          .retained = nb::cast<bool>(told[3]),
          .id = nb::cast<uint32_t>(told[4])};
}

}  // namespace

template <typename Call>
void PythonTransport::Try(Call&& call) {
  if (failure_.empty()) failure_ = Raised(std::forward<Call>(call));
}

void PythonTransport::Connect(const home_link::Connection& connection) {
  failure_.clear();
  Try([&] {
    const home_link::MqttSettings& broker = connection.broker;
    nb::dict told;
    told["host"] = broker.host;
    told["port"] = broker.port;
    told["user"] = broker.user;
    told["password"] = broker.password;
    told["tls"] = broker.tls;
    told["ca"] = broker.ca;
    told["fingerprint"] = broker.fingerprint;
    told["client_id"] = connection.client_id;
    told["keepalive_s"] = connection.keepalive_s;
    told["version"] = broker.version == home_link::MqttVersion::k5 ? "5" : "3.1.1";
    told["will_topic"] = connection.will.topic;
    told["will_payload"] = connection.will.payload;
    host_.part("mqtt").attr("connect")(told);
  });
}

void PythonTransport::Close(const home_link::Message& last) {
  Try([&] { host_.part("mqtt").attr("close")(last.topic, Bytes(last.payload)); });
}

void PythonTransport::Subscribe(const std::string& topic) {
  Try([&] { host_.part("mqtt").attr("subscribe")(topic); });
}

void PythonTransport::Unsubscribe(const std::string& topic) {
  Try([&] { host_.part("mqtt").attr("unsubscribe")(topic); });
}

void PythonTransport::Publish(const home_link::Message& message, uint32_t id) {
  failure_ = Raised([&] {
    host_.part("mqtt").attr("publish")(id, message.topic, Bytes(message.payload), message.qos, message.retain);
  });
}

std::optional<home_link::Transport::Input> PythonTransport::Poll() {
  std::optional<Input> input;
  Try([&] {
    const nb::object told = host_.part("mqtt").attr("poll")();
    if (!told.is_none()) input = InputOf(nb::cast<nb::tuple>(told));
  });
  if (failure_.empty()) return input;
  return Input{.kind = Input::Kind::kLost, .text = std::exchange(failure_, {}), .payload = {}};
}

}  // namespace device_core
