// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <string>

#include "home_link/home_link.h"
#include "home_link/transport.h"
#include "simulated_host.h"

namespace device_core {

/// The MQTT client of a simulated device: `mqtt` of its host, an object with connect(broker: dict), close(topic,
/// payload), subscribe(topic), unsubscribe(topic), publish(id, topic, payload, qos, retain) and poll() -> (kind, text,
/// payload, retained, id) or None. A host without one cannot connect.
class PythonTransport final : public home_link::Transport {
 public:
  /// @param host  outlives this.
  explicit PythonTransport(const SimulatedHost& host) : host_(host) {}

  void Connect(const home_link::Connection& connection) override;
  void Close(const home_link::Message& last) override;
  void Subscribe(const std::string& topic) override;
  void Unsubscribe(const std::string& topic) override;
  void Publish(const home_link::Message& message, uint32_t id) override;
  std::optional<Input> Poll() override;

 private:
  template <typename Call>
  void Try(Call&& call);

  const SimulatedHost& host_;
  std::string failure_;  ///< What Python raised; the connection is lost by it.
};

/// What Home Assistant asks of a simulated device: its host has `id` and `url`, and takes what it says of itself as a
/// line of the log.
class SimulatedSite final : public home_link::Site {
 public:
  /// @param host  outlives this.
  explicit SimulatedSite(SimulatedHost& host) : host_(host) {}

  std::string id() const override { return host_.Text("id", "simulated"); }
  std::string url() const override { return host_.Text("url", ""); }
  bool has_network() const override { return true; }
  void Restart() override { restart_requested_ = true; }
  void Identify() override { host_.Log(listening::LogLevel::kInfo, "identify", "here I am"); }

  bool restart_requested() const { return restart_requested_; }

 private:
  SimulatedHost& host_;
  std::atomic<bool> restart_requested_ = false;
};

}  // namespace device_core
