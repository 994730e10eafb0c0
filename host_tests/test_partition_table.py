# SPDX-License-Identifier: Apache-2.0
"""partitions.csv and the binary table: as ESP-IDF's gen_esp32part.py has them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partition_binary import to_binary
from spiffs_oracle.spiffsgen import load_idf_module
from yamnet_tools import partition_table
from yamnet_tools.errors import PartitionError
from yamnet_tools.partition_table import Partition, parse_binary, parse_csv
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
new_boot, bootloader, ota, , N/A
new_table, partition_table, ota, ,
test,     0,  test, 0x400000, 32768,

yamnet,   data, spiffs, 5120K, 5M, readonly:encrypted
custom,   0x40, 0xfe,     , 1000
spelled_out_to_more_than_16, data,, , 4K
fünfzehn_Bytesö, data, fat, , 4K
"""

PLACED = [
    Partition("boot", 2, 0, 0, 0x8000),
    Partition("table", 3, 0, 0x8000, 0x1000),
    Partition("nvs", 1, 2, 0x9000, 0x6000),
    Partition("otadata", 1, 0, 0xF000, 0x2000),
    Partition("phy_init", 1, 1, 0x11000, 0x1000),
    Partition("ota_0", 0, 0x10, 0x20000, 0x100000),  # at the next multiple of 64 KB
    Partition("ota_15", 0, 0x1F, 0x120000, 0x100000),
    Partition("new_boot", 2, 1, 0x220000, 0x8000),
    Partition("new_table", 3, 1, 0x228000, 0x1000),
    Partition("test", 0, 0x20, 0x400000, 0x8000),
    Partition("yamnet", 1, 0x82, 0x500000, 0x500000),
    Partition("custom", 0x40, 0xFE, 0xA00000, 1000),
    Partition("spelled_out_to_m", 1, 6, 0xA01000, 0x1000),
    Partition("fünfzehn_Bytes", 1, 0x81, 0xA02000, 0x1000),
]

OWN = sorted(path.name for path in CHECKOUT.glob("partitions*.csv"))


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
    assert parse_csv(EVERYTHING) == PLACED


def test_every_form_is_what_esp_idf_makes_of_it() -> None:
    assert parse_binary(_oracle(EVERYTHING)) == PLACED


@pytest.mark.parametrize("name", OWN)
def test_own_table(name: str) -> None:
    table = partition_table.read_csv(CHECKOUT / name)
    assert max(partition.end for partition in table) == 16 << 20
    yamnet = partition_table.find(table, "yamnet")
    assert (yamnet.type_name, yamnet.size) == ("data/spiffs", 0x4C0000)


@pytest.mark.parametrize("name", OWN)
def test_own_table_is_what_esp_idf_makes_of_it(name: str) -> None:
    assert parse_binary(_oracle((CHECKOUT / name).read_text())) == partition_table.read_csv(CHECKOUT / name)


def test_binary_round_trip() -> None:
    binary = to_binary(PLACED)
    assert len(binary) == 0xC00
    assert parse_binary(binary) == PLACED
    assert parse_binary(binary + b"signature" * 10) == PLACED


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
        ("a, data, nvs, 0x8000, 24K", "line 1: 'a' starts at 0x8000, but the partition table ends at 0x9000"),
        ("a, data, nvs, , 24K\nb, data, fat, 0xe000, 4K", "line 2: 'b' starts at 0xe000, but 'a' ends at 0xf000"),
        ("a, data, fat, 0x9100, 24K", "line 1: 'a' starts at 0x9100, which is no multiple of 0x1000"),
        ("a, app, ota_0, 0x18000, 64K", "line 1: 'a' starts at 0x18000, which is no multiple of 0x10000"),
        ("a, data, fat, , 4K\na, data, fat, , 4K", "line 2: two partitions have the label 'a'"),
        ("a, data, fat, , -1", "line 1: 'a' has a value that is out of range: size -1"),
        ("a, data, fat, , 5000M", "line 1: 'a' has a value that is out of range: size"),
        ("a, data, fat, 5000M, 4K", "line 1: 'a' has a value that is out of range: offset"),
        ("a, 300, 1, , 4K", "line 1: 'a' has a value that is out of range: type 300"),
        ("a, data, fat, , $SIZE", "line 1: '\\$SIZE' is no number"),
        ("r, bootloader, recovery, N/A, N/A", "line 1: 'r' is a recovery bootloader"),
    ],
)
def test_wrong_tables_are_refused(text: str, message: str) -> None:
    with pytest.raises(PartitionError, match=message):
        parse_csv(text)


def test_a_mark_at_the_beginning_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "partitions.csv"
    path.write_bytes("# Größen\nyamnet, data, spiffs, , 5M\n".encode("utf-8-sig"))
    assert partition_table.read_csv(path)[0].label == "yamnet"


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "partitions.csv"
    path.write_bytes(b"\x80\x81")
    with pytest.raises(PartitionError, match=r"partitions.csv: not text in UTF-8"):
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


def test_a_missing_label_names_those_there_are() -> None:
    table = parse_csv("nvs, data, nvs, , 24K\nmodel, data, spiffs, , 5M")
    with pytest.raises(PartitionError, match=r"no partition 'yamnet' .* nvs, model"):
        partition_table.find(table, "yamnet")


_OFFSETS = st.one_of(st.just(""), st.integers(0x9, 0x400).map(lambda sector: hex(sector * 0x1000)))
_SIZES = st.one_of(
    st.integers(1, 512).map(lambda k: f"{4 * k}{'kK'[k % 2]}"),
    st.integers(1, 3).map("{}M".format),
    st.integers(1, 0x200).map(lambda sectors: str(sectors * 0x1000)),
)
_KINDS = st.sampled_from(
    ["app, factory", "app, ota_3", "0, 0x11", "data, phy", "data, littlefs", "data,", "1, 0x82", "0x40, 7"]
)
_FLAG_FIELDS = st.sampled_from(["", "encrypted", "readonly", "encrypted:readonly"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(_KINDS, _OFFSETS, _SIZES, _FLAG_FIELDS), max_size=6))
def test_random_tables_are_what_esp_idf_makes_of_them(rows: list[tuple[str, str, str, str]]) -> None:
    text = "\n".join(f"p{i}, " + ", ".join(row) for i, row in enumerate(rows))
    try:
        expected = _oracle(text)
    except RuntimeError:  # its InputError is one
        with pytest.raises(PartitionError):
            parse_csv(text)
    else:
        assert parse_csv(text) == parse_binary(expected)
