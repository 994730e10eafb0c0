# SPDX-License-Identifier: Apache-2.0
"""Getting the model onto a board: over a cable, as one image with the firmware, or from a browser."""

from yamnet_tools.flashing.board import Board, connect
from yamnet_tools.flashing.merge import merge
from yamnet_tools.flashing.web import write_web
from yamnet_tools.flashing.write import check_partition, write_model

__all__ = ["Board", "check_partition", "connect", "merge", "write_model", "write_web"]
