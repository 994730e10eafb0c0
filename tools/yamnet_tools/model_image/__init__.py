# SPDX-License-Identifier: Apache-2.0
"""The model partition's content, as docs/model-partition.md has it: made, described and checked."""

from yamnet_tools.model_image.build import ModelImage, build_model_image
from yamnet_tools.model_image.placement import Placement, image_files, read_placement
from yamnet_tools.model_image.verify import find_problems

__all__ = ["ModelImage", "Placement", "build_model_image", "find_problems", "image_files", "read_placement"]
