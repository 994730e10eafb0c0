# SPDX-License-Identifier: Apache-2.0
"""Images of model partitions whose model computes nothing, small enough to try much with them."""

import numpy as np

from firmware_files import selftest
from yamnet_tools.model_image import content
from yamnet_tools.model_image.build import pack
from yamnet_tools.partition_table import Partition
from yamnet_tools.paths import CLASS_MAP_NAME, MODEL_NAME
from yamnet_tools.spiffs import Geometry

SMALL_BYTES = 20 * 4096


def small_model_image(name: str, size: int = SMALL_BYTES) -> bytes:
    """An image that is as a device wants it but for its model, which is some bytes made from `name`."""
    model = np.random.default_rng(name.encode()[0]).bytes(30_000)
    rows = "".join(f'{index},/m/{index:05d},"Sound {index}"\n' for index in range(521))
    vector = selftest(np.zeros((96, 64), np.int8), np.zeros(521, np.int8), (0.02, 3), (1 / 256, -128), model)
    files = {
        content.SELFTEST_NAME: vector,
        CLASS_MAP_NAME: f"index,mid,display_name\n{rows}".encode(),
        MODEL_NAME: model,
    }
    files = {"manifest.json": content.describe(files, {"source": {"file": f"{name}.tflite"}})} | files
    partition = Partition("yamnet", 1, 0x82, 0x520000, size)
    return pack([(f"/{file}", data) for file, data in files.items()], partition, Geometry()).data
