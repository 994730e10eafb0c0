// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "esp_err.h"

enum gpio_num_t : int { GPIO_NUM_NC = -1 };
enum gpio_mode_t { GPIO_MODE_INPUT, GPIO_MODE_OUTPUT };

esp_err_t gpio_reset_pin(gpio_num_t pin);
esp_err_t gpio_set_direction(gpio_num_t pin, gpio_mode_t mode);
esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level);
esp_err_t gpio_pullup_en(gpio_num_t pin);
int gpio_get_level(gpio_num_t pin);
