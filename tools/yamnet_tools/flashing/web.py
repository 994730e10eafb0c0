# SPDX-License-Identifier: Apache-2.0
"""A folder that flashes a board from a browser, with ESP Web Tools.

The manifest's format: https://esphome.github.io/esp-web-tools/
"""

import json
from pathlib import Path

from yamnet_tools.files import write_bytes
from yamnet_tools.flashing.build_folder import read_firmware
from yamnet_tools.model_image import read_placement
from yamnet_tools.templates import render


def write_web(build_folder: Path, image: Path, folder: Path) -> list[Path]:
    """Write manifest.json, index.html, and copies of bootloader, partition table, app and model.

    Returns:
        The files written.

    Raises:
        FlashError, PartitionError: build and model do not go together, or are not there.
        OSError: a file cannot be read or written.
    """
    placement = read_placement(image)
    firmware = read_firmware(build_folder, placement, image.stat().st_size)
    sources = [(part.offset, part.path) for part in firmware.parts] + [(placement.offset, image)]
    parts, written = [], []
    for offset, source in sorted(sources):
        name = f"{offset:06x}-{source.name}"
        write_bytes(folder / name, source.read_bytes())
        parts.append({"path": name, "offset": offset})
        written.append(folder / name)
    manifest = {
        "name": firmware.name,
        "version": firmware.version,
        "new_install_prompt_erase": True,
        "new_install_improv_wait_time": 0,  # the firmware does not speak Improv
        "builds": [{"chipFamily": "ESP32-S3", "parts": parts}],
    }
    page = render("flashing/install.html.j2", name=firmware.name, version=firmware.version)
    for name, text in (("manifest.json", json.dumps(manifest, indent=1) + "\n"), ("index.html", page)):
        write_bytes(folder / name, text.encode())
        written.append(folder / name)
    return written
