# SPDX-License-Identifier: Apache-2.0
"""tools/mkspiffs_model.py from its command line to its exit code."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from yamnet_tools import cli
from yamnet_tools.errors import SpiffsError, UsageError
from yamnet_tools.files import refuse_overwriting, sha256_hex, write_bytes
from yamnet_tools.model import convert
from yamnet_tools.model_image.build import ModelImage, build_model_image, pack
from yamnet_tools.model_image.placement import find_partition, path_beside
from yamnet_tools.model_image.verify import find_problems, has_manifest, refuse_damaged
from yamnet_tools.partition_table import Partition
from yamnet_tools.paths import DEFAULT_MODEL, MODEL_IMAGE, PARTITION_LABEL, PARTITION_TABLE, model_files
from yamnet_tools.spiffs import Geometry, read_image
from yamnet_tools.spiffs.extract import extract


def main(arguments: Sequence[str] | None = None) -> int:
    """Make, list, unpack or check an image as the command line says; returns the exit code.

    Raises:
        YamnetToolsError: there is no model, the files do not fit, the image would replace one, or cannot be read.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    geometry = _geometry(options)
    if options.list is not None:
        return _list(options.list, geometry)
    if options.verify is not None:
        return _verify(options.verify, geometry)
    if options.extract is not None:
        return _extract(options.extract[0], options.extract[1], geometry)
    return _make(options, geometry)


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Make the image of the model partition: model, class map, manifest and self-test vector in SPIFFS.",
        epilog="Sizes are in bytes. The options of the format have the names and defaults of ESP-IDF's spiffsgen.py.",
    )
    make = parser.add_argument_group("making an image")
    make.add_argument("--model", type=Path, metavar="PATH", help="a converted model (made by the converter if missing)")
    make.add_argument("--add", type=Path, action="append", default=[], metavar="FILE", help="pack this file, too")
    make.add_argument("--dir", type=Path, metavar="DIR", help="pack this folder's files instead of a model")
    make.add_argument("--follow-symlinks", action="store_true", help="also pack the folders that links in DIR lead to")
    make.add_argument("--order", choices=("name", "listed"), default="name", help="of its files (spiffsgen: listed)")
    make.add_argument("--partitions", type=Path, metavar="CSV", default=PARTITION_TABLE, help="gives offset and size")
    make.add_argument("--label", default=PARTITION_LABEL, help="the partition (%(default)s)")
    make.add_argument("--size", type=_size, help="of the image, instead of the partition's")
    make.add_argument("--out", type=Path, metavar="PATH", default=MODEL_IMAGE, help="out/model/yamnet_spiffs.bin")
    make.add_argument("--any-reader", action="store_true", help="also what ESP-IDF's SPIFFS cannot mount or open")
    read = parser.add_argument_group("reading one").add_mutually_exclusive_group()
    read.add_argument("--list", type=Path, metavar="IMAGE", help="show its files")
    read.add_argument("--verify", type=Path, metavar="IMAGE", help="check it, and its files against their hashes")
    read.add_argument("--extract", type=Path, nargs=2, metavar=("IMAGE", "DIR"), help="write its files to a folder")
    shape = parser.add_argument_group("the format")
    default = Geometry()
    shape.add_argument("--page-size", type=_size, default=default.page_size, metavar="N", help="%(default)s")
    shape.add_argument("--block-size", type=_size, default=default.block_size, metavar="N", help="%(default)s")
    shape.add_argument("--obj-name-len", type=_size, default=default.name_length, metavar="N", help="%(default)s")
    shape.add_argument("--meta-len", type=_size, default=default.metadata_length, metavar="N", help="%(default)s")
    _add_switch(shape, "magic", "CONFIG_SPIFFS_USE_MAGIC")
    _add_switch(shape, "magic-len", "CONFIG_SPIFFS_USE_MAGIC_LENGTH")
    shape.add_argument("--aligned-obj-ix-tables", action="store_true", help="SPIFFS_ALIGNED_OBJECT_INDEX_TABLES is on")
    shape.add_argument("--big-endian", action="store_true", help="for a big-endian CPU")
    return parser


def _geometry(options: argparse.Namespace) -> Geometry:
    try:
        return Geometry(
            page_size=options.page_size,
            block_size=options.block_size,
            name_length=options.obj_name_len,
            metadata_length=options.meta_len,
            magic=options.use_magic,
            magic_length=options.use_magic_len,
            aligned_tables=options.aligned_obj_ix_tables,
            byte_order="big" if options.big_endian else "little",
        )
    except SpiffsError as error:
        raise UsageError(str(error)) from error


def _add_switch(group: argparse._ArgumentGroup, name: str, setting: str) -> None:
    """A setting that is on unless `--no-…` says otherwise, spelt as spiffsgen.py spells it."""
    destination = f"use_{name.replace('-', '_')}"
    group.add_argument(f"--use-{name}", dest=destination, action="store_true", default=True, help=f"{setting} (on)")
    group.add_argument(f"--no-{name}", dest=destination, action="store_false", help=f"{setting} is off")


def _size(text: str) -> int:
    factor = {"K": 1024, "M": 1024 * 1024}.get(text[-1:].upper(), 1)
    try:
        return int(text if factor == 1 else text[:-1], 0) * factor
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size") from None


def _make(options: argparse.Namespace, geometry: Geometry) -> int:
    if options.out.is_dir():
        raise SpiffsError(f"{options.out}: a folder is in the way")
    if path_beside(options.out) == options.out:
        raise SpiffsError(f"{options.out}: the name that the image's description gets; call the image something.bin")
    refuse_overwriting((options.out, path_beside(options.out)), _inputs(options))
    partition = find_partition(options.partitions, options.label)
    if options.size is not None:
        partition = Partition(partition.label, partition.type, partition.subtype, partition.offset, options.size)
    added = [(f"/{path.name}", path.read_bytes()) for path in options.add]
    if options.dir is not None:
        files = _folder_files(
            options.dir, in_listed_order=options.order == "listed", follow_symlinks=options.follow_symlinks
        )
        image = pack([*files, *added], partition, geometry, for_device=not options.any_reader)
    else:
        image = build_model_image(_model(options.model), partition, geometry, added)
    write_bytes(options.out, image.data)
    image.placement.write(options.out)
    _say_made(options.out, image, partition, geometry)
    return cli.EXIT_OK


def _inputs(options: argparse.Namespace) -> list[Path]:
    given = [options.partitions, *options.add]
    if options.dir is not None:
        return given + _paths_in(options.dir, follow_symlinks=options.follow_symlinks)
    return given + model_files(options.model or DEFAULT_MODEL)


def _model(path: Path | None) -> Path:
    if path is None and not DEFAULT_MODEL.is_file():
        cli.say("no model yet: converting Google's")
        return convert(report=cli.say).model
    return path or DEFAULT_MODEL


def _paths_in(folder: Path, *, follow_symlinks: bool) -> list[Path]:
    if not folder.is_dir():
        raise SpiffsError(f"{folder}: not a folder")
    return [Path(root, name) for root, _, names in os.walk(folder, followlinks=follow_symlinks) for name in names]


def _folder_files(folder: Path, *, in_listed_order: bool, follow_symlinks: bool) -> list[tuple[str, bytes]]:
    """A folder's files with their path below it, as spiffsgen.py names them."""
    paths = _paths_in(folder, follow_symlinks=follow_symlinks)
    if not in_listed_order:
        paths.sort(key=lambda path: path.relative_to(folder).as_posix())
    return [("/" + path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths]


def _say_made(path: Path, image: ModelImage, partition: Partition, geometry: Geometry) -> None:
    for name, data in image.files:
        cli.say(f"  {len(data):>9,} {name}")
    volume = read_image(image.data, geometry)
    free = (volume.object_pages - volume.used_pages) * geometry.data_capacity
    cli.say(f"wrote {path}: {len(image.data):,} bytes for {partition}; about {free:,} bytes free")
    cli.say(f"      {path_beside(path)}: where it belongs")


def _list(path: Path, geometry: Geometry) -> int:
    volume = read_image(path.read_bytes(), geometry)
    for file in volume.files:
        digest = "damaged" if file.data is None else sha256_hex(file.data)
        print(f"{file.size:>10} {digest} {file.name}")
    refuse_damaged(path, volume.problems)
    return cli.EXIT_OK


def _verify(path: Path, geometry: Geometry) -> int:
    volume = read_image(path.read_bytes(), geometry)
    refuse_damaged(path, find_problems(volume))
    what = "sound, all files as their manifest says" if has_manifest(volume) else "sound; no manifest in it"
    print(f"{path}: {what}; {len(volume.files)} files, {volume.used_pages} of {volume.object_pages} pages used")
    return cli.EXIT_OK


def _extract(path: Path, folder: Path, geometry: Geometry) -> int:
    volume = read_image(path.read_bytes(), geometry)
    for target in extract(path, volume, folder):
        print(target)
    refuse_damaged(path, volume.problems)
    return cli.EXIT_OK
