# SPDX-License-Identifier: Apache-2.0
"""tools/flash_model.py from its command line to its exit code."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from yamnet_tools import cli
from yamnet_tools.device.ports import find_port
from yamnet_tools.errors import DeviceError, FlashError
from yamnet_tools.flashing.board import BAUD, connect
from yamnet_tools.flashing.merge import merge
from yamnet_tools.flashing.web import write_web
from yamnet_tools.flashing.write import check_board, check_fits, write_model
from yamnet_tools.model_image import Placement, find_problems, read_placement
from yamnet_tools.partition_table import TABLE_OFFSET
from yamnet_tools.paths import CHECKOUT, MODEL_IMAGE
from yamnet_tools.spiffs import read_image


def main(arguments: Sequence[str] | None = None) -> int:
    """Flash, merge or prepare for a browser as the command line says; returns the exit code.

    Raises:
        YamnetToolsError: no image, no board, or a board that does not fit; nothing was written then unless it says so.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.fill_flash and options.merge is None:
        parser.error("--fill-flash is an option of --merge")
    if not options.image.is_file():
        raise FlashError(f"{options.image}: no model image; make it with tools/mkspiffs_model.py")
    placement = read_placement(options.image)
    image = options.image.read_bytes()
    check_fits(len(image), placement, None)
    if problems := find_problems(read_image(image)):
        raise FlashError(f"{options.image}: damaged: {problems[0]}; make it again with tools/mkspiffs_model.py")
    if options.merge is not None:
        size = merge(options.build_dir, options.image, options.merge, fill_flash=options.fill_flash)
        cli.say(f"wrote {options.merge}: {size:,} bytes; flash it at 0x0: esptool write-flash 0x0 {options.merge}")
        return cli.EXIT_OK
    if options.web is not None:
        for path in write_web(options.build_dir, options.image, options.web):
            cli.say(f"wrote {path}")
        cli.say(f"try it: python -m http.server -d {options.web} 8000, then http://localhost:8000 in Chrome or Edge")
        return cli.EXIT_OK
    if options.dry_run:
        return _dry_run(options, placement, image)
    return _flash(options, placement, image)


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("Write the model, and only the model, to a connected board.")
    parser.add_argument("--port", metavar="PORT", help="serial port (the only board's)")
    parser.add_argument(
        "--baud", type=cli.number(int, 1), default=BAUD, metavar="N", help="speed while writing (%(default)s)"
    )
    parser.add_argument("--image", type=Path, metavar="PATH", default=MODEL_IMAGE, help="out/model/yamnet_spiffs.bin")
    parser.add_argument(
        "--table-offset",
        type=cli.number(int, 0),
        default=TABLE_OFFSET,
        metavar="N",
        help="where the board's partition table lies (0x8000)",
    )
    parser.add_argument("--force", action="store_true", help="write even if the board has this image already")
    parser.add_argument("--no-reset", action="store_true", help="the chip is in download mode already; leave it there")
    parser.add_argument("--no-stub", action="store_true", help="slower, without esptool's flasher stub")
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--dry-run", action="store_true", help="check everything, say what would be written, write nothing"
    )
    action.add_argument(
        "--merge", type=Path, metavar="OUT", help="one image of bootloader, table, app and model instead"
    )
    action.add_argument("--web", type=Path, metavar="DIR", help="a folder for flashing from a browser instead")
    parser.add_argument(
        "--build-dir",
        type=Path,
        metavar="DIR",
        default=CHECKOUT / "build",
        help="ESP-IDF's build, for --merge and --web (build)",
    )
    parser.add_argument("--fill-flash", action="store_true", help="with --merge: as long as the flash chip, for QEMU")
    return parser


def _plan(path: Path, placement: Placement, image: bytes) -> str:
    return (
        f"{path}: {len(image):,} bytes, SHA-256 {placement.sha256}, to 0x{placement.offset:x}.."
        f"0x{placement.offset + len(image):x}, the partition {placement.label!r} ({placement.partition.type_name}, "
        f"{placement.size:,} bytes)"
    )


def _dry_run(options: argparse.Namespace, placement: Placement, image: bytes) -> int:
    print(_plan(options.image, placement, image))
    try:
        port = options.port or find_port()
    except DeviceError as error:
        print(f"nothing written, no board's partition table checked: {error}")
        return cli.EXIT_OK
    with connect(port, baud=options.baud, reset=not options.no_reset, stub=not options.no_stub) as board:
        check_board(board, len(image), placement, table_offset=options.table_offset)
        same = board.holds(placement.offset, image)
        if not options.no_reset:
            board.restart()
    print(
        f"{port}: an ESP32-S3 with this partition; {'it has this image already' if same else 'it holds another image'}"
    )
    print("nothing written")
    return cli.EXIT_OK


def _flash(options: argparse.Namespace, placement: Placement, image: bytes) -> int:
    port = options.port or find_port()
    cli.say(_plan(options.image, placement, image))
    with (
        connect(port, baud=options.baud, reset=not options.no_reset, stub=not options.no_stub) as board,
        tqdm(total=100, unit="%", desc="writing", leave=False, file=sys.stderr, disable=None) as bar,
    ):

        def progress(done: int, total: int) -> None:
            bar.update(round(100 * done / max(1, total)) - bar.n)

        write_model(
            board,
            image,
            placement,
            table_offset=options.table_offset,
            force=options.force,
            report=lambda line: bar.write(line, file=sys.stderr),
            progress=progress,
        )
        if not options.no_reset:
            board.restart()
            bar.write(f"{port}: restarted; `python tools/device.py --port {port} info` asks it", file=sys.stderr)
    return cli.EXIT_OK
