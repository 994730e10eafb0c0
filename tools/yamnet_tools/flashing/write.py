# SPDX-License-Identifier: Apache-2.0
"""Writing the model partition of a board, and nothing else."""

from collections.abc import Callable, Sequence

from yamnet_tools import partition_table
from yamnet_tools.errors import FlashError, PartitionError
from yamnet_tools.flashing.board import Board, Progress, no_progress
from yamnet_tools.model_image import Placement
from yamnet_tools.partition_table import TABLE_BYTES, TABLE_OFFSET, Partition
from yamnet_tools.paths import PARTITION_LABEL, SECOND_LABEL

BLANK = b"\xff" * 4096
"""A sector without anything."""


def read_table(board: Board, offset: int = TABLE_OFFSET) -> list[Partition]:
    """The partition table in a board's flash.

    Raises:
        FlashError: there is none, or it is damaged.
    """
    data = board.read(offset, TABLE_BYTES)
    try:
        table = partition_table.parse_binary(data)
    except PartitionError as error:
        raise FlashError(
            f"{board.port}: no partition table at 0x{offset:x} ({error}); flash the firmware first: idf.py flash"
        ) from error
    if not table:
        raise FlashError(
            f"{board.port}: the partition table at 0x{offset:x} is empty; flash the firmware first: idf.py flash"
        )
    return table


def check_partition(table: Sequence[Partition], placement: Placement, whose: str) -> None:
    """Refuse a table whose model partition is not the one an image was made for.

    Args:
        table: the board's or a build's.
        placement: the image's.
        whose: for the message, as "the board".

    Raises:
        FlashError: it has none, or its label, type, offset or size differ; the text names each.
    """
    wanted = placement.partition
    found = next((partition for partition in table if partition.label == wanted.label), None)
    if found is None:
        labels = ", ".join(partition.label for partition in table)
        raise FlashError(
            f"{whose} has no partition {wanted.label!r}, but: {labels}; flash this project's firmware first"
        )
    differences = []
    if (found.type, found.subtype) != (wanted.type, wanted.subtype):
        differences.append(f"type {found.type_name} instead of {wanted.type_name}")
    if found.offset != wanted.offset:
        differences.append(f"offset 0x{found.offset:x} instead of 0x{wanted.offset:x}")
    if found.size != wanted.size:
        differences.append(f"size {found.size:,} instead of {wanted.size:,} bytes")
    if differences:
        raise FlashError(
            f"{whose} has another partition {wanted.label!r} than the image was made for: {', '.join(differences)}; "
            "flash this checkout's firmware, or make the image for that table: tools/mkspiffs_model.py --partitions"
        )


def check_fits(image_size: int, placement: Placement, flash_size: int | None) -> None:
    """Refuse an image that is larger than its partition, or a partition that ends behind the flash.

    Raises:
        FlashError: with the number of bytes that are too many.
    """
    if image_size > placement.size:
        raise FlashError(
            f"the image has {image_size:,} bytes, the partition {placement.label!r} {placement.size:,}: "
            f"{image_size - placement.size:,} too many"
        )
    if flash_size is not None and placement.offset + placement.size > flash_size:
        raise FlashError(
            f"the partition {placement.label!r} ends at {placement.offset + placement.size:,} bytes, the board's flash "
            f"at {flash_size:,}: this board is too small"
        )


def write_model(
    board: Board,
    image: bytes,
    placement: Placement,
    *,
    table_offset: int = TABLE_OFFSET,
    force: bool = False,
    report: Callable[[str], None] = lambda _: None,
    progress: Progress = no_progress,
) -> bool:
    """Check, write and verify.

    Args:
        board: connected.
        image: of the model partition.
        placement: where it belongs.
        table_offset: where the board's partition table lies.
        force: write even what is there already.
        report: takes a line for people about each step.
        progress: takes how much is written, and of how much.

    Returns:
        Whether the image was written: not when the board had it already.

    Raises:
        FlashError: table or flash of the board do not fit, the connection broke, or flash does not hold the image.
    """
    check_board(board, len(image), placement, table_offset=table_offset)
    report(f"{board.port}: the board's partition table has {placement.partition}")
    empty_second_place(board, table_offset=table_offset, report=report)
    if not force and board.holds(placement.offset, image):
        report("the board has this image already")
        return False
    board.write(placement.offset, image, progress)
    if not board.holds(placement.offset, image):
        raise FlashError(
            f"{board.port}: flash does not hold what was written to 0x{placement.offset:x}; repeat with --baud 115200"
        )
    report(f"written and verified: {len(image):,} bytes at 0x{placement.offset:x}, MD5 computed by the chip is equal")
    return True


def empty_second_place(
    board: Board, *, table_offset: int = TABLE_OFFSET, report: Callable[[str], None] = lambda _: None
) -> None:
    """Take a model that came over the air out of its way: the device uses what is left (docs/updates.md).

    Raises:
        FlashError: the connection broke.
    """
    second = next((part for part in read_table(board, table_offset) if part.label == SECOND_LABEL), None)
    if second is None or board.holds(second.offset, BLANK):
        return
    board.write(second.offset, BLANK, no_progress)
    report(f"{second.label!r} is emptied, so that the device uses {PARTITION_LABEL!r}")


def check_board(board: Board, image_size: int, placement: Placement, *, table_offset: int = TABLE_OFFSET) -> None:
    """Everything that is checked before anything is written.

    Raises:
        FlashError: the board's table or flash do not fit, or cannot be read.
    """
    check_partition(read_table(board, table_offset), placement, f"{board.port}: the board")
    check_fits(image_size, placement, board.flash_size)
