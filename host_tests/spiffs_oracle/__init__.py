# SPDX-License-Identifier: Apache-2.0
"""ESP-IDF's own SPIFFS code as judge: spiffsgen.py writes, the C library reads. Both need IDF_PATH."""
