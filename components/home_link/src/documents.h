// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "entities.h"
#include "home_link/house.h"

namespace home_link {

/// What a device lacks to be well, one line; empty when it is.
std::string ProblemOf(const listening::DeviceState& state);

// The documents at topics of these names (docs/home-assistant.md).
std::string LevelsDocument(const listening::DeviceState& state);
std::string UpdateDocument(const Updatable& updatable);
std::string DiagnosticsDocument(const listening::DeviceState& state, uint32_t events_dropped);

/// An event as it is told.
struct Telling {
  const Report& report;
  const Described& described;
  int64_t now_ms;
  std::optional<int64_t> utc_ms;
};
std::string LastEventDocument(const Telling& telling);
std::string EventDocument(const Telling& telling);

// What is posted to a webhook (docs/webhook.md).
std::string WebhookDocument(const Telling& telling);
std::string WebhookTestDocument(const Described& described, std::optional<int64_t> utc_ms);

}  // namespace home_link
