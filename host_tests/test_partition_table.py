# SPDX-License-Identifier: Apache-2.0
"""partitions.csv and the binary table: as ESP-IDF's gen_esp32part.py has them."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiffs_oracle.spiffsgen import load_idf_module
from yamnet_tools import partition_table
from yamnet_tools.errors import PartitionError
from yamnet_tools.files import sha256_hex
from yamnet_tools.partition_table import Partition, parse_binary, parse_csv, to_binary
from yamnet_tools.paths import CHECKOUT

EVERYTHING = """
# Name, Type, SubType, Offset, Size, Flags
boot,   bootloader, primary, N/A, N/A
table , partition_table, primary, N/A, N/A,
nvs,      data, nvs,      ,  0x6000,
otadata,0x1,  0x0,,  8k, encrypted
 phy_init, data, phy,      , 0x1000,,
ota_0, APP, ota_0, , 1M
ota_15, app, ota_15, , 0x100000,
test,     0,  test, 0x400000, 0b1000000000000000,

yamnet,   data, spiffs, 5120K, 5M, readonly:encrypted
custom,   0x40, 0xfe,     , 1_000
tail, data, , , -0xC00000,
spelled_out_to_more_than_16, data, fat, , 4K
"""

# SHA-256 of what gen_esp32part.py (ESP-IDF v5.5.4) makes of EVERYTHING with --primary-bootloader-offset 0.
EVERYTHING_SHA256 = "bd37c3074457985941a1af3a7c2b04adfbcfecaa58429fca4330d7ffe2f676e5"
OWN_SHA256 = {
    "partitions.csv": "e769d52d96774f48f30d3b38f8d41d552347ddd2e1cd8e642184dcc373fc1ec9",
    "partitions.mapped.csv": "7aa8f9c430cb5d0653e9dd272ab5018eae8ed946aada8fae783dd262f3101b00",
}


def _oracle(text: str) -> bytes:
    generator = load_idf_module("components/partition_table/gen_esp32part.py")
    generator.quiet = True
    generator.offset_part_table = 0x8000
    generator.primary_bootloader_offset = 0
    table = generator.PartitionTable.from_csv(text)
    table.verify()
    binary = table.to_binary()
    assert isinstance(binary, bytes)
    return binary


def test_every_form_of_the_syntax() -> None:
    table = parse_csv(EVERYTHING)
    assert sha256_hex(to_binary(table)) == EVERYTHING_SHA256
    by_label = {partition.label: partition for partition in table}
    assert by_label["boot"] == Partition("boot", 2, 0, 0, 0x8000)
    assert by_label["table"] == Partition("table", 3, 0, 0x8000, 0x1000)
    assert by_label["nvs"] == Partition("nvs", 1, 2, 0x9000, 0x6000)
    assert by_label["otadata"] == Partition("otadata", 1, 0, 0xF000, 0x2000, encrypted=True)
    assert by_label["ota_0"].offset == 0x20000  # the next multiple of 64 KB
    assert by_label["yamnet"] == Partition("yamnet", 1, 0x82, 0x500000, 0x500000, encrypted=True, readonly=True)
    assert by_label["custom"] == Partition("custom", 0x40, 0xFE, 0xA00000, 1000)
    assert by_label["tail"].end == 0xC00000


def test_every_form_is_what_esp_idf_makes_of_it() -> None:
    assert sha256_hex(_oracle(EVERYTHING)) == EVERYTHING_SHA256


@pytest.mark.parametrize("name", OWN_SHA256)
def test_own_table(name: str) -> None:
    table = partition_table.read_csv(CHECKOUT / name)
    assert sha256_hex(to_binary(table)) == OWN_SHA256[name]
    assert max(partition.end for partition in table) == 16 << 20
    yamnet = partition_table.find(table, "yamnet")
    assert (yamnet.type_name, yamnet.size) == ("data/spiffs", 5 << 20)


@pytest.mark.parametrize("name", OWN_SHA256)
def test_own_table_is_what_esp_idf_makes_of_it(name: str) -> None:
    assert sha256_hex(_oracle((CHECKOUT / name).read_text())) == OWN_SHA256[name]


def test_binary_round_trip() -> None:
    table = partition_table.read_csv(CHECKOUT / "partitions.csv")
    binary = to_binary(table)
    assert len(binary) == 0xC00
    assert parse_binary(binary) == table
    assert parse_binary(binary + b"signature" * 10) == table


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a, data, nvs, 0x9000", "line 1: 'a' has no size"),
        ("a, data, nvs,, 6K,\nb", "line 2: 'b' has no type"),
        ("a, app, , , 1M", "line 1: 'a' is an app and has no subtype"),
        ("a, data, nvs, , 24Q", "line 1: '24Q' is no number"),
        ("a, data, nvs, , M", "line 1: 'M' is no number"),
        ("a, dta, nvs, , 24K", "line 1: 'dta' is neither a number nor one of: app"),
        ("a, data, nvm, , 24K", "line 1: 'nvm' is neither"),
        ("a, data, nvs, , 24K, secret", "line 1: 'a' has an unknown flag 'secret'"),
        ("a, data, nvs, 0x8000, 24K", "line 1: 'a' starts at 0x8000, but the partition table ends at 0x9000"),
        ("a, data, nvs, , 24K\nb, data, fat, 0xe000, 4K", "line 2: 'b' starts at 0xe000, but 'a' ends at 0xf000"),
        ("a, data, fat, 0x9100, 24K", "'a' .* does not start at a multiple of 0x1000"),
        ("a, app, ota_0, 0x18000, 64K", "'a' .* does not start at a multiple of 0x10000"),
        ("a, app, ota_0, , 0x10100", "no whole number of flash sectors"),
        ("a, data, fat, , 4K\na, data, fat, , 4K", "two partitions have the label 'a'"),
        ("a, data, ota, , 8K\nb, data, ota, , 8K", "2 partitions of type data/ota"),
        ("a, data, ota, , 4K", "must have 8,192 bytes"),
        ("a, data, nvs, , 4K", "or the flag readonly"),
        ("a, data, coredump, , 64K, readonly", "cannot be readonly"),
        ("a, data, fat, 0x20000, -0x10000", "line 1: 'a' has a value that is out of range"),
        ("a, data, fat, , 5000M", "line 1: 'a' has a value that is out of range"),
        ("a, 300, 1, , 4K", "line 1: 'a' has a value that is out of range"),
        ("$NO_SUCH_VARIABLE", "line 1: no variable 'NO_SUCH_VARIABLE'"),
        ("r, bootloader, recovery, N/A, N/A", "line 1: 'r' is a recovery bootloader"),
    ],
)
def test_wrong_tables_are_refused(text: str, message: str) -> None:
    with pytest.raises(PartitionError, match=message):
        parse_csv(text)


def test_variables_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_SIZE", "5M")
    assert parse_csv("yamnet, data, spiffs, , $MODEL_SIZE")[0].size == 5 << 20


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_any_encoding_with_a_mark(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "partitions.csv"
    path.write_bytes("# Größen\nyamnet, data, spiffs, , 5M\n".encode(encoding))
    assert partition_table.read_csv(path)[0].label == "yamnet"


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "partitions.csv"
    path.write_bytes(b"\x80\x81")
    with pytest.raises(PartitionError, match=r"partitions.csv: not text in utf-8"):
        partition_table.read_csv(path)


def test_damaged_binary_tables_are_refused() -> None:
    binary = to_binary(parse_csv("nvs, data, nvs, , 24K\nyamnet, data, spiffs, , 5M"))
    with pytest.raises(PartitionError, match="MD5"):
        parse_binary(binary[:40] + b"\x07" + binary[41:])
    with pytest.raises(PartitionError, match=r"entry 1 .* starts with 0050"):
        parse_binary(binary[:32] + b"\0" + binary[33:])
    with pytest.raises(PartitionError, match="no end mark"):
        parse_binary(binary[:96])
    with pytest.raises(PartitionError, match="breaks off"):
        parse_binary(binary[:50])
    assert parse_binary(b"\xff" * 0xC00) == []


def test_a_full_table_is_refused() -> None:
    rows = [f"p{i}, data, fat, , 4K" for i in range(95)]
    assert len(parse_binary(to_binary(parse_csv("\n".join(rows[:94]))))) == 94
    with pytest.raises(PartitionError, match="room for 3072"):
        to_binary(parse_csv("\n".join(rows)))


def test_a_missing_label_names_those_there_are() -> None:
    table = parse_csv("nvs, data, nvs, , 24K\nmodel, data, spiffs, , 5M")
    with pytest.raises(PartitionError, match=r"no partition 'yamnet' .* nvs, model"):
        partition_table.find(table, "yamnet")


_OFFSETS = st.one_of(st.just(""), st.integers(0x9, 0x400).map(lambda sector: hex(sector * 0x1000)))
_SIZES = st.one_of(
    st.integers(1, 512).map(lambda k: f"{4 * k}{'kK'[k % 2]}"),
    st.integers(1, 3).map("{}M".format),
    st.integers(1, 0x200).map(lambda sectors: str(sectors * 0x1000)),
    st.integers(0x100, 0x800).map(lambda sectors: f"-{sectors * 0x1000:#x}"),
)
_KINDS = st.sampled_from(
    ["app, factory", "app, ota_3", "0, 0x11", "data, nvs", "data, fat", "data,", "1, 0x82", "0x40, 7", "data, ota"]
)
_FLAG_FIELDS = st.sampled_from(["", "encrypted", "readonly", "encrypted:readonly"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(_KINDS, _OFFSETS, _SIZES, _FLAG_FIELDS), max_size=6))
def test_random_tables_are_what_esp_idf_makes_of_them(rows: list[tuple[str, str, str, str]]) -> None:
    text = "\n".join(f"p{i}, " + ", ".join(row) for i, row in enumerate(rows))
    try:
        expected = _oracle(text)
    except (RuntimeError, struct.error):  # its InputError is a RuntimeError; a negative size is left to struct
        with pytest.raises(PartitionError):
            parse_csv(text)
    else:
        assert to_binary(parse_csv(text)) == expected
