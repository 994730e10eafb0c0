// SPDX-License-Identifier: Apache-2.0
// Pins: the makers' public schematics, board support packages and pin tables. None was checked on silicon by this
// project. BOOT is GPIO0 on every module; it is a button of ours only where nothing else hangs on that pin.
#include "wiring.h"

#include "sdkconfig.h"

namespace board {

#if CONFIG_BOARD_WAVESHARE_S3_CAM
const Wiring kWiring = {.name = "waveshare-esp32-s3-cam",
                        .audio = {.mclk = 10, .bclk = 11, .ws = 12, .din = 13, .i2c_address = 0x40},
                        .sda = 8,
                        .scl = 7,
                        .button = 0};
#elif CONFIG_BOARD_BOX_3
const Wiring kWiring = {.name = "esp32-s3-box-3",
                        .audio = {.mclk = 2, .bclk = 17, .ws = 45, .din = 16, .i2c_address = 0x40},
                        .sda = 8,
                        .scl = 18,
                        .button = 0};
#elif CONFIG_BOARD_KORVO_2
// The user's buttons hang on one ADC pin; BOOT shares GPIO0 with the display, which we do not use.
const Wiring kWiring = {.name = "esp32-s3-korvo-2",
                        .audio = {.mclk = 16, .bclk = 9, .ws = 45, .din = 10, .i2c_address = 0x40},
                        .sda = 17,
                        .scl = 18,
                        .button = 0};
#elif CONFIG_BOARD_CORES3
// GPIO0 is MCLK.
const Wiring kWiring = {.name = "m5stack-cores3",
                        .audio = {.mclk = 0, .bclk = 34, .ws = 33, .din = 14, .i2c_address = 0x40},
                        .sda = 12,
                        .scl = 11};
#elif CONFIG_BOARD_T_DECK
// LilyGO: GPIO0 (BOOT, the trackball's click) is not available while the microphones are used.
const Wiring kWiring = {.name = "lilygo-t-deck",
                        .audio = {.mclk = 48, .bclk = 47, .ws = 21, .din = 14, .i2c_address = 0x40},
                        .sda = 18,
                        .scl = 8,
                        .power = 10};
#elif CONFIG_BOARD_CUSTOM
const Wiring kWiring = {.name = "custom",
                        .audio = {.mclk = CONFIG_BOARD_PIN_MCLK,
                                  .bclk = CONFIG_BOARD_PIN_BCLK,
                                  .ws = CONFIG_BOARD_PIN_WS,
                                  .din = CONFIG_BOARD_PIN_DIN,
                                  .i2c_address = CONFIG_BOARD_ES7210_ADDRESS},
                        .sda = CONFIG_BOARD_PIN_SDA,
                        .scl = CONFIG_BOARD_PIN_SCL,
                        .power = CONFIG_BOARD_PIN_POWER,
                        .button = CONFIG_BOARD_PIN_BUTTON,
                        .led = CONFIG_BOARD_PIN_LED,
#if CONFIG_BOARD_LED_ACTIVE_LOW
                        .led_active_low = true};
#else
                        .led_active_low = false};
#endif
#endif

}  // namespace board
