# SPDX-License-Identifier: Apache-2.0
"""A folder that flashes a board from a browser, with ESP Web Tools.

The manifest's format: https://esphome.github.io/esp-web-tools/
"""

import json
from pathlib import Path

from yamnet_tools.files import refuse_overwriting, write_bytes
from yamnet_tools.flashing.build_folder import read_firmware
from yamnet_tools.flashing.write import BLANK
from yamnet_tools.model_image import image_files, read_placement
from yamnet_tools.templates import render

_IMPROV_S = 15
"""How long the page waits for a board that it has just flashed, to ask for its Wi-Fi."""


def write_web(build_folder: Path, image: Path, folder: Path) -> list[Path]:
    """Write manifest.json, index.html, and copies of bootloader, partition table, app and model.

    Returns:
        The files written.

    Raises:
        FlashError, PartitionError: build and model do not go together, or are not there.
        OutputError: the folder holds a file of the build or the model that would be replaced.
        OSError: a file cannot be read or written.
    """
    placement = read_placement(image)
    firmware = read_firmware(build_folder, placement, image.stat().st_size)
    sources = [(part.offset, part.path) for part in firmware.parts] + [(placement.offset, image)]
    copies = [(f"{offset:06x}-{source.name}", offset, source.read_bytes()) for offset, source in sorted(sources)]
    if firmware.second_place is not None:  # a model that came over the air must not be taken for the one to use
        copies.append((f"{firmware.second_place:06x}-blank.bin", firmware.second_place, BLANK))
    parts = [{"path": name, "offset": offset} for name, offset, _ in copies]
    manifest = {
        "name": firmware.name,
        "version": firmware.version,
        "new_install_prompt_erase": True,
        "new_install_improv_wait_time": _IMPROV_S,
        "builds": [{"chipFamily": "ESP32-S3", "parts": parts}],
    }
    page = render("flashing/install.html.j2", name=firmware.name, version=firmware.version)
    contents = {folder / name: data for name, _, data in copies}
    contents[folder / "manifest.json"] = (json.dumps(manifest, indent=1) + "\n").encode()
    contents[folder / "index.html"] = page.encode()
    refuse_overwriting(contents, [*firmware.files, *image_files(image)])
    for path, data in contents.items():
        write_bytes(path, data)
    return list(contents)
