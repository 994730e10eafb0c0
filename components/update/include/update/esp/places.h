// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "esp_err.h"
#include "update/updates.h"

namespace update::esp {

inline constexpr const char* kModelLabels[] = {"yamnet", "yamnet_1"};

/// The slots of this chip's partition table, and what checks signatures; they live for as long as the program runs.
/// @param models  whether models can be exchanged: not where another partition holds what is computed.
Updates::Places FindPlaces(bool models);

/// Whether the app that runs came by an update and nobody has confirmed it yet; FindPlaces() finds out.
bool AppIsOnTrial();
/// Tells the bootloader that it works.
esp_err_t ConfirmApp();

}  // namespace update::esp
