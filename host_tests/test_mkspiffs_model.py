# SPDX-License-Identifier: Apache-2.0
"""tools/mkspiffs_model.py: a whole model partition from a model, and every image read back."""

import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spiffs_oracle.c_library import CLibraryReader
from yamnet_tools.engines import open_engine
from yamnet_tools.errors import ModelError, OutputError, PartitionError, SpiffsError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model import load_model
from yamnet_tools.model_image import read_placement, selftest
from yamnet_tools.model_image.command import main
from yamnet_tools.spiffs import Geometry, build_image, read_image

NAMES = ["/manifest.json", "/selftest.bin", "/yamnet_class_map.csv", "/yamnet.tflite"]


@pytest.fixture(scope="module")
def model(converted_model: Path) -> Path:
    return converted_model


@pytest.fixture(scope="module")
def image(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("image") / "yamnet_spiffs.bin"
    assert main(["--model", str(model), "--out", str(path)]) == 0
    return path


def test_the_image_holds_the_four_files_in_order(image: Path, model: Path) -> None:
    data = image.read_bytes()
    assert len(data) == 0x4C0000
    volume = read_image(data)
    assert volume.problems == []
    assert [file.name for file in volume.files] == NAMES
    files = {file.name: file.data for file in volume.files}
    assert files["/yamnet.tflite"] == model.read_bytes()
    manifest = json.loads(files["/manifest.json"] or b"")
    assert manifest["format"] == 1
    assert manifest["model"] == json.loads(model.with_name("manifest.json").read_bytes())
    for name in NAMES[1:]:
        content = files[name] or b""
        assert manifest["files"][name[1:]] == {"bytes": len(content), "sha256": sha256_hex(content)}


def test_a_file_of_ones_own_is_packed_behind_them(model: Path, tmp_path: Path) -> None:
    clip = tmp_path / "replay.wav"
    clip.write_bytes(b"RIFF" + bytes(1000))
    out = tmp_path / "image.bin"
    assert main(["--model", str(model), "--add", str(clip), "--out", str(out)]) == 0
    volume = read_image(out.read_bytes())
    assert [file.name for file in volume.files] == [*NAMES, "/replay.wav"]
    assert volume.files[-1].data == clip.read_bytes()
    assert main(["--verify", str(out)]) == 0


def test_a_device_reads_it(image: Path, tmp_path: Path) -> None:
    files = CLibraryReader(tmp_path).read(image.read_bytes(), Geometry())
    assert {name: len(data) for name, data in files.items()} == {
        file.name: file.size for file in read_image(image.read_bytes()).files
    }


def test_the_same_model_gives_the_same_image(image: Path, model: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.bin"
    main(["--model", str(model), "--out", str(again)])
    assert again.read_bytes() == image.read_bytes()


def test_the_selftest_vector_is_as_documented_and_right(image: Path, model: Path) -> None:
    stored = read_image(image.read_bytes()).file("/selftest.bin")
    assert stored is not None
    assert stored.data is not None
    data = stored.data
    # Read here by hand, as a device does, not by the module that wrote it.
    assert len(data) == 6736
    assert data[:4] == b"YAMT"
    assert struct.unpack_from("<III", data, 4) == (1, 6144, 521)
    loaded = load_model(model)
    assert struct.unpack_from("<fi", data, 16) == (
        np.float32(loaded.input_quantization.scale),
        loaded.input_quantization.zero_point,
    )
    assert struct.unpack_from("<fi", data, 24) == (1 / 256, -128)
    assert data[32:64].hex() == sha256_hex(model.read_bytes())
    assert data[6729:6732] == bytes(3)
    assert struct.unpack_from("<I", data, 6732) == (zlib.crc32(data[:6732]),)
    patch = np.frombuffer(data, np.int8, 6144, 64).reshape(1, 96, 64)
    outputs = np.frombuffer(data, np.int8, 521, 6208)
    np.testing.assert_array_equal(open_engine("tflm", loaded).score(patch)[0], outputs)
    assert np.count_nonzero(outputs > -128) > 50
    assert np.unique(patch).size > 100


@pytest.mark.parametrize("at", [0, 4, 33, 64, 6300, 6730, 6735])
def test_a_damaged_selftest_vector_is_refused(image: Path, at: int) -> None:
    stored = read_image(image.read_bytes()).file("/selftest.bin")
    assert stored is not None
    assert stored.data is not None
    damaged = bytearray(stored.data)
    damaged[at] ^= 0x10
    with pytest.raises(ModelError, match=r"selftest.bin: damaged"):
        selftest.from_bytes(bytes(damaged))


def test_the_placement_is_that_of_the_partition_table(image: Path) -> None:
    placement = read_placement(image)
    assert (placement.label, placement.type, placement.subtype) == ("yamnet", 1, 0x82)
    assert (placement.offset, placement.size) == (0x520000, 0x4C0000)


def test_a_placement_of_another_image_is_refused(image: Path, tmp_path: Path) -> None:
    other = tmp_path / "yamnet_spiffs.bin"
    other.write_bytes(image.read_bytes()[:-1] + b"\0")
    with pytest.raises(PartitionError, match="missing"):
        read_placement(other)
    other.with_suffix(".json").write_bytes(image.with_suffix(".json").read_bytes())
    with pytest.raises(PartitionError, match="of another image"):
        read_placement(other)


@pytest.mark.parametrize(
    ("rows", "size"),
    [
        ("yamnet, data, spiffs, 0x100000, 5M", 5 << 20),
        ("# a comment\n\nnvs, data, nvs, , 24K\nyamnet, 1, 0x82, , 4800k,", 4800 << 10),
    ],
)
def test_size_and_offset_come_from_the_partition_table(model: Path, tmp_path: Path, rows: str, size: int) -> None:
    table = tmp_path / "partitions.csv"
    table.write_text(rows)
    out = tmp_path / "image.bin"
    main(["--model", str(model), "--partitions", str(table), "--out", str(out)])
    assert out.stat().st_size == size
    assert read_placement(out).size == size


@pytest.mark.parametrize(
    ("rows", "error", "text"),
    [
        ("model, data, spiffs, , 5M", PartitionError, r"partitions\.csv: no partition 'yamnet'"),
        ("yamnet, data, fat, , 5M", PartitionError, "not of type data/spiffs"),
        ("yamnet, data, spiffs, , 4M", SpiffsError, "bytes are missing"),
        ("yamnet, data, spiffs, , 0x500100", SpiffsError, "not a whole number of blocks"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    model: Path, tmp_path: Path, rows: str, error: type[Exception], text: str
) -> None:
    table = tmp_path / "partitions.csv"
    table.write_text(rows)
    out = tmp_path / "image.bin"
    with pytest.raises(error, match=text):
        main(["--model", str(model), "--partitions", str(table), "--out", str(out)])
    assert not out.exists()


@pytest.mark.parametrize("name", ["yamnet.tflite", "manifest.bin", "yamnet_class_map.csv", "sub/../yamnet.tflite"])
def test_the_model_is_never_replaced_by_its_image(model: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model.parent, folder)
    (folder / "sub").mkdir()
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(OutputError, match="would overwrite an input"):
        main(["--model", str(folder / "yamnet.tflite"), "--out", str(folder / name)])
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_no_other_input_is_replaced_either(model: Path, tmp_path: Path) -> None:
    table = tmp_path / "partitions.csv"
    table.write_text("yamnet, data, spiffs, 0x100000, 5M")
    clip = tmp_path / "replay.wav"
    clip.write_bytes(b"RIFF")
    alias = tmp_path / "alias.bin"
    alias.symlink_to(clip)
    source = tmp_path / "in"
    source.mkdir()
    (source / "data.json").write_bytes(b"{}")
    given = ["--model", str(model), "--partitions", str(table), "--add", str(clip), "--out"]
    for out in (table, clip, alias):
        with pytest.raises(OutputError, match=f"{out.name}: would overwrite an input"):
            main([*given, str(out)])
    with pytest.raises(OutputError, match=r"data\.json: would overwrite an input"):
        main(["--dir", str(source), "--size", "64K", "--out", str(source / "data.bin")])
    assert (clip.read_bytes(), (source / "data.json").read_bytes()) == (b"RIFF", b"{}")
    assert table.read_text().startswith("yamnet")


def test_what_is_missing_is_exactly_what_is_needed(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "image.bin"
    with pytest.raises(SpiffsError, match="bytes are missing") as caught:
        main(["--model", str(model), "--size", "4M", "--out", str(out)])
    missing = int(str(caught.value).split(": ")[-1].split(" ")[0].replace(",", ""))
    assert main(["--model", str(model), "--size", str((4 << 20) + missing), "--out", str(out)]) == 0
    with pytest.raises(SpiffsError, match="4,096 bytes are missing"):
        main(["--model", str(model), "--size", str((4 << 20) + missing - 4096), "--out", str(out)])


def test_verify_finds_a_sound_image_sound(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--verify", str(image)]) == 0
    assert "sound, all files as their manifest says" in capsys.readouterr().out


def _truncate(data: bytes) -> bytes:
    return data[: 4 << 20]


def _flip_model_byte(data: bytes) -> bytes:
    at = (3 << 20) + 0x164  # in the middle of a data page
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _erase_sector(data: bytes) -> bytes:
    return data[: 2 << 20] + b"\xff" * 4096 + data[(2 << 20) + 4096 :]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_truncate, "it has 1,024 blocks and was made for 1,216"),
        (_flip_model_byte, r"yamnet\.tflite: its SHA-256 is [0-9a-f]{64}, manifest\.json has another$"),
        (
            _erase_sector,
            r"1 of 1,216 blocks are without the magic of this format, the first at 0x200000 \(and [0-9]+ more\)",
        ),
        (lambda data: bytes(len(data)), "no SPIFFS image of this format"),
        (lambda _: np.random.default_rng(0).bytes(1 << 18), "no SPIFFS image of this format"),
    ],
)
def test_verify_says_what_is_wrong_in_one_line(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[bytes], bytes], expected: str
) -> None:
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(change(image.read_bytes()))
    with pytest.raises(SpiffsError, match=rf"damaged\.bin: damaged: {expected}") as raised:
        main(["--verify", str(damaged)])
    assert "\n" not in str(raised.value)
    assert capsys.readouterr() == ("", "")


def test_a_damaged_file_is_listed_as_such_and_not_extracted(
    image: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(_erase_sector(image.read_bytes()))
    with pytest.raises(SpiffsError, match="damaged"):
        main(["--list", str(damaged)])
    assert capsys.readouterr().out.splitlines()[3].split() == [str(model.stat().st_size), "damaged", "/yamnet.tflite"]
    with pytest.raises(SpiffsError, match="damaged"):
        main(["--extract", str(damaged), str(tmp_path / "out")])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(name[1:] for name in NAMES[:3])


def test_extract_never_replaces_the_image(tmp_path: Path) -> None:
    image = tmp_path / "image.bin"
    image.write_bytes(build_image([("/a", b"a"), ("/image.bin", b"x")], 0x10000))
    before = image.read_bytes()
    with pytest.raises(OutputError, match=r"image\.bin: would overwrite an input"):
        main(["--extract", str(image), str(tmp_path)])
    assert image.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["image.bin"]


def test_verify_finds_a_swapped_model(image: Path, tmp_path: Path) -> None:
    files = [(file.name, file.data or b"") for file in read_image(image.read_bytes()).files]
    files[3] = ("/yamnet.tflite", files[3][1][:-1] + b"\x55")
    swapped = tmp_path / "swapped.bin"
    swapped.write_bytes(build_image(files, 5 << 20))
    with pytest.raises(SpiffsError, match=r"damaged: yamnet\.tflite: its SHA-256 is"):
        main(["--verify", str(swapped)])


def test_list_shows_sizes_and_hashes(image: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", str(image)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[3].split() == [str(model.stat().st_size), sha256_hex(model.read_bytes()), "/yamnet.tflite"]


def test_extract_gives_the_files_back(image: Path, model: Path, tmp_path: Path) -> None:
    assert main(["--extract", str(image), str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(name[1:] for name in NAMES)
    assert (tmp_path / "out" / "yamnet.tflite").read_bytes() == model.read_bytes()


@pytest.mark.parametrize("name", ["/../escaped", "/a/../../escaped", "/./a", "//a", "/a\nb"])
def test_extract_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    hostile = tmp_path / "hostile.bin"
    hostile.write_bytes(build_image([(name, b"x")], 0x10000))
    with pytest.raises(SpiffsError, match="in the image"):
        main(["--extract", str(hostile), str(tmp_path / "inside" / "out")])
    assert list(tmp_path.rglob("escaped")) == []


def test_any_folder_can_be_packed_and_unpacked(tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "deep.txt").write_bytes(b"deep")
    (source / "empty").write_bytes(b"")
    (source / "big").write_bytes(os.urandom(30_000))
    options = ["--page-size", "512", "--obj-name-len", "40", "--meta-len", "8", "--no-magic-len"]
    image = tmp_path / "image.bin"
    assert main(["--dir", str(source), "--size", "128K", "--out", str(image), *options]) == 0
    assert main(["--extract", str(image), str(tmp_path / "out"), *options]) == 0
    for path in (p for p in source.rglob("*") if p.is_file()):
        assert (tmp_path / "out" / path.relative_to(source)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("options", "geometry"),
    [
        ([], Geometry()),
        (["--use-magic", "--use-magic-len"], Geometry()),
        (["--no-magic"], Geometry(magic=False)),
        (["--no-magic-len"], Geometry(magic_length=False)),
        (["--no-magic", "--use-magic"], Geometry()),
        (["--page-size", "512", "--block-size", "8192"], Geometry(page_size=512, block_size=8192)),
        (["--obj-name-len", "40", "--meta-len", "9"], Geometry(name_length=40, metadata_length=9)),
        (["--aligned-obj-ix-tables", "--meta-len", "0"], Geometry(aligned_tables=True, metadata_length=0)),
        (["--big-endian"], Geometry(byte_order="big")),
    ],
)
def test_the_options_of_the_format_are_those_of_spiffsgen(
    tmp_path: Path, options: list[str], geometry: Geometry
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "data").write_bytes(bytes(range(256)) * 150)
    out = tmp_path / "image.bin"
    assert main(["--dir", str(source), "--size", "64K", "--out", str(out), "--any-reader", *options]) == 0
    assert out.read_bytes() == build_image([("/data", bytes(range(256)) * 150)], 1 << 16, geometry)


def test_links_to_folders_are_followed_on_request(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"there")
    source = tmp_path / "in"
    source.mkdir()
    (source / "link").symlink_to(tmp_path / "elsewhere")
    out = tmp_path / "image.bin"
    options = ["--dir", str(source), "--size", "64K", "--out", str(out)]
    assert main(options) == 0
    assert read_image(out.read_bytes()).files == []
    assert main([*options, "--follow-symlinks"]) == 0
    assert [(file.name, file.data) for file in read_image(out.read_bytes()).files] == [("/link/file", b"there")]


def test_what_a_device_could_not_use_is_refused_unless_asked_for(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / ("n" * 31)).write_bytes(b"x")
    options = ["--dir", str(source), "--size", "64K", "--out", str(tmp_path / "image.bin")]
    with pytest.raises(SpiffsError, match="opens at most 31"):
        main(options)
    with pytest.raises(SpiffsError, match="a device could not mount it"):
        main([*options, "--block-size", "8192"])
    assert main([*options, "--any-reader"]) == 0
