// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "listening/mute_switch.h"

namespace firmware {

/// Where the board has a button, a click mutes and unmutes; where it has a LED, it is red while the microphone is off.
/// @param mute  lives for as long as the device runs.
/// Shows for some seconds which device it is, where there is a LED. From any task.
void Blink();

void StartPanel(listening::MuteSwitch& mute);

}  // namespace firmware
