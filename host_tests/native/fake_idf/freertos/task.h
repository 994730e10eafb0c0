// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "freertos/FreeRTOS.h"

void vTaskDelay(TickType_t ticks);
