# SPDX-License-Identifier: Apache-2.0
"""What the QEMU tests put into flash; needs no ESP-IDF."""

from firmware_files import OTA_0_SELECTED, select_first_app
from firmware_targets import CHECKOUT, FLASH_BYTES
from partition_binary import to_binary
from yamnet_tools import partition_table


def test_the_first_app_is_chosen_and_nothing_else_is_touched() -> None:
    partitions = partition_table.read_csv(CHECKOUT / "partitions.csv")
    otadata = partition_table.find(partitions, "otadata")
    flash = bytearray(b"\xff" * FLASH_BYTES)
    table = to_binary(partitions)
    flash[partition_table.TABLE_OFFSET : partition_table.TABLE_OFFSET + len(table)] = table
    expected = bytearray(flash)
    expected[otadata.offset : otadata.offset + 32] = OTA_0_SELECTED
    select_first_app(flash)
    assert flash == expected
    # esp_rom_crc32_le(UINT32_MAX, sequence number 1), as every ESP-IDF device has it in flash.
    assert OTA_0_SELECTED[-4:] == bytes.fromhex("9a984347")
