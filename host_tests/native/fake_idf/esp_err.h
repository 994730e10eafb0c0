// SPDX-License-Identifier: Apache-2.0
#pragma once

using esp_err_t = int;
inline constexpr esp_err_t ESP_OK = 0;
inline constexpr esp_err_t ESP_FAIL = -1;
inline constexpr esp_err_t ESP_ERR_TIMEOUT = 0x107;

inline const char* esp_err_to_name(esp_err_t error) {
  return error == ESP_OK ? "ESP_OK" : error == ESP_ERR_TIMEOUT ? "ESP_ERR_TIMEOUT" : "ESP_FAIL";
}
