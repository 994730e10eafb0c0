// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/json_writer.h"
#include "listening/update_state.h"

namespace device_api {

/// What is being replaced and how far that is, or null.
void WriteBusy(const std::optional<listening::UpdateState::Busy>& busy, base::JsonWriter& json);

}  // namespace device_api
