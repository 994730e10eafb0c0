# SPDX-License-Identifier: Apache-2.0
"""Whether an image holds a whole model partition."""

from yamnet_tools.model_image import content
from yamnet_tools.paths import MANIFEST_NAME
from yamnet_tools.spiffs import Volume


def check_content(volume: Volume) -> list[str] | None:
    """Hold the files of an image against the manifest among them.

    Returns:
        One line for each thing that is wrong; None for an image without a manifest, which is no model partition.
    """
    files = {file.name.removeprefix("/"): file.data for file in volume.files if file.data is not None}
    if MANIFEST_NAME not in files:
        return None
    return content.check(files)
