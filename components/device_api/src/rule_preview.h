// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>

#include "device_api/http.h"
#include "device_api/patch_history.h"
#include "sound_events/error.h"
#include "sound_events/rule_set.h"

namespace device_api {

/// What rules would have made of the patches that are remembered, as JSON that comes as it is found. Of each patch they
/// see the strongest classes only: the others count as not heard.
/// @return why the rules do not fit the model.
std::expected<std::unique_ptr<Stream>, sound_events::Error> RulePreview(listening::Device& device,
                                                                        const PatchHistory& history,
                                                                        sound_events::RuleSet rules);

}  // namespace device_api
