# SPDX-License-Identifier: Apache-2.0
"""SPIFFS images: the same bytes as spiffsgen.py, what goes in comes out, damage is said."""

import json
import random
import re
import struct
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spiffs_oracle.c_library import CLibraryReader
from spiffs_oracle.cases import CASES, Case
from spiffs_oracle.spiffsgen import spiffsgen_image
from yamnet_tools.errors import SpiffsError
from yamnet_tools.files import sha256_hex
from yamnet_tools.spiffs import Geometry, ImageFullError, build_image, read_image
from yamnet_tools.spiffs.writer import check_device_can_open

GOLDEN = json.loads((Path(__file__).parent / "data" / "spiffs_golden.json").read_text())

SMALL = 0x10000


def _contents(image: bytes, geometry: Geometry | None = None) -> list[tuple[str, bytes | None]]:
    return [(file.name, file.data) for file in read_image(image, geometry).files]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_image_is_the_one_spiffsgen_makes(case: Case) -> None:
    image = build_image(case.files(), case.image_size, case.geometry)
    assert sha256_hex(image) == GOLDEN[case.name]
    volume = read_image(image, case.geometry)
    assert volume.problems == []
    assert [(file.name, file.data) for file in volume.files] == case.files()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_hashes_are_those_of_spiffsgen(case: Case, tmp_path: Path) -> None:
    image = spiffsgen_image(case.files(), case.image_size, case.geometry, tmp_path)
    assert sha256_hex(image) == GOLDEN[case.name]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_c_library_reads_what_the_device_can_mount(case: Case, tmp_path: Path) -> None:
    if [p for p in case.geometry.device_problems(case.image_size) if "sectors" not in p]:
        pytest.skip("not a geometry the C library mounts")
    files = dict(case.files())
    openable = {name: data for name, data in files.items() if len(name) < case.geometry.name_length}
    image = build_image(list(openable.items()), case.image_size, case.geometry)
    assert CLibraryReader(tmp_path).read(image, case.geometry) == openable


@st.composite
def _geometries(draw: st.DrawFn) -> Geometry:
    page_size = draw(st.sampled_from([128, 256, 512, 1024, 2048]))
    pages = draw(st.sampled_from([2, 4, 16, 32, 48, 128, 256]))
    assume(pages != page_size // 2)  # their lookup table has no room for a magic
    return Geometry(
        page_size=page_size,
        block_size=page_size * pages,
        name_length=draw(st.integers(2, 64)),
        metadata_length=draw(st.integers(0, 40)),
        magic=draw(st.booleans()),
        magic_length=draw(st.booleans()),
        aligned_tables=draw(st.booleans()),
        byte_order=draw(st.sampled_from(["little", "big"])),
    )


_NAME_LETTERS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=63)


@st.composite
def _file_sets(draw: st.DrawFn) -> tuple[Geometry, list[tuple[str, bytes]], int]:
    geometry = draw(_geometries())
    names = draw(st.lists(_NAME_LETTERS.map(lambda n: "/" + n[: geometry.name_length - 1]), max_size=8, unique=True))
    exact = st.integers(0, 40).map(lambda pages: pages * geometry.data_capacity)
    sizes = [draw(st.one_of(st.integers(0, 60_000), exact, st.just(0))) for _ in names]
    source = random.Random(draw(st.integers(0, 2**32)))
    files = [(name, source.randbytes(size)) for name, size in zip(names, sizes, strict=True)]
    pages = sum(geometry.pages_for_file(size) for size in sizes)
    blocks = max(1, -(-pages // geometry.object_pages_per_block)) + draw(st.integers(0, 3))
    return geometry, files, blocks * geometry.block_size


@settings(max_examples=150, deadline=None)
@given(_file_sets())
def test_what_goes_in_comes_out(case: tuple[Geometry, list[tuple[str, bytes]], int]) -> None:
    geometry, files, image_size = case
    image = build_image(files, image_size, geometry)
    assert len(image) == image_size
    volume = read_image(image, geometry)
    assert volume.problems == []
    assert [(file.name, file.data) for file in volume.files] == files


@settings(max_examples=60, deadline=None)
@given(_file_sets())
def test_random_images_are_those_of_spiffsgen(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[Geometry, list[tuple[str, bytes]], int]
) -> None:
    geometry, files, image_size = case
    expected = spiffsgen_image(files, image_size, geometry, tmp_path_factory.getbasetemp())
    assert build_image(files, image_size, geometry) == expected


def test_names_in_other_alphabets_take_bytes_not_letters() -> None:
    files = [("/Geräusch", b"x" * 900), ("/音", b"y")]
    assert _contents(build_image(files, SMALL)) == files


@pytest.mark.parametrize("name", ["yamnet.tflite", "/", "", "/a\0b", "/" + "n" * 32, "/" + "ü" * 16])
def test_impossible_names_are_refused(name: str) -> None:
    with pytest.raises(SpiffsError, match="name"):
        build_image([(name, b"")], SMALL)


def test_a_name_twice_is_refused() -> None:
    with pytest.raises(SpiffsError, match="'/a' is there twice"):
        build_image([("/a", b""), ("/a", b"")], SMALL)


def test_a_name_that_fills_its_field_cannot_be_opened_by_a_device() -> None:
    check_device_can_open(["/" + "n" * 30], Geometry())
    with pytest.raises(SpiffsError, match=r"32 bytes.*at most 31"):
        check_device_can_open(["/" + "n" * 31], Geometry())


def test_a_full_image_says_how_many_bytes_are_missing() -> None:
    files = [("/a", bytes(70_000)), ("/b", bytes(5_000))]
    with pytest.raises(ImageFullError) as caught:
        build_image(files, SMALL)
    missing = caught.value.missing_bytes
    assert f"{missing:,} bytes are missing" in str(caught.value)
    assert _contents(build_image(files, SMALL + missing)) == files
    with pytest.raises(ImageFullError):
        build_image(files, SMALL + missing - Geometry().block_size)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"page_size": 300}, "power of two"),
        ({"page_size": 0}, "power of two"),
        ({"block_size": 1000}, "multiple of the page size"),
        ({"name_length": 1}, "name length"),
        ({"metadata_length": -1}, "metadata length"),
        ({"name_length": 250}, "cannot hold a file header"),
        ({"block_size": 256}, "no room beside their lookup pages"),
        ({"block_size": 0x8000}, "no room for a magic"),
    ],
)
def test_impossible_geometries_are_refused(changes: dict[str, int], text: str) -> None:
    with pytest.raises(SpiffsError, match=text):
        Geometry(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, -4096, 5000])
def test_impossible_image_sizes_are_refused(size: int) -> None:
    with pytest.raises(SpiffsError, match="whole number of blocks"):
        build_image([], size)


def test_too_many_pages_are_refused() -> None:
    with pytest.raises(SpiffsError, match="use larger pages"):
        build_image([], 32 << 20)


class TestDamage:
    """Whatever is wrong is said, and a damaged file has no content."""

    FILES = (("/first", bytes(range(256)) * 8), ("/second", b"2" * 40_000), ("/third", b"3"))

    @pytest.fixture
    def image(self) -> bytearray:
        return bytearray(build_image(self.FILES, SMALL))

    @staticmethod
    def _page_of(image: bytes, object_id: int, span: int) -> int:
        header = struct.pack("<HHB", object_id, span, 0xF8 if object_id & 0x8000 else 0xFC)
        return next(at for at in range(0, len(image), 256) if image[at : at + 5] == header)

    def _expect(self, image: bytes, problem: str, *damaged: str) -> None:
        volume = read_image(bytes(image))
        assert re.search(problem, volume.problems[0])
        assert {file.name for file in volume.files if file.data is None} == set(damaged)
        for file in volume.files:
            assert file.data in (None, dict(self.FILES)[file.name])

    def test_one_bad_magic(self, image: bytearray) -> None:
        image[Geometry().magic_offset(2)] ^= 1
        self._expect(image, "1 of 16 blocks are without the magic of this format, the first at 0x2000")

    def test_no_magic_at_all(self, image: bytearray) -> None:
        for block in range(len(image) // 4096):
            image[Geometry().magic_offset(block)] = 0
            image[Geometry().magic_offset(block) + 1] = block
        self._expect(image, "no SPIFFS image of this format")

    def test_blank_flash(self) -> None:
        volume = read_image(b"\xff" * SMALL)
        assert len(volume.problems) == 1
        assert "no SPIFFS image of this format" in volume.problems[0]
        assert volume.files == []

    def test_another_length(self, image: bytearray) -> None:
        self._expect(image + b"\xff" * 4096, r"it has 17 blocks and was made for 16 \(65,536 bytes\)")
        self._expect(image + b"\xff", "65,537 bytes are 1 more than 16 whole blocks")
        self._expect(image[:-100], "65,436 bytes are 3,996 more than 15 whole blocks")
        self._expect(image[: -4096 * 6], "it has 10 blocks and was made for 16", "/second")

    def test_one_block_of_something_else(self) -> None:
        text = (b"Nothing that was ever meant to be a file system. " * 84)[:4096]
        assert "no SPIFFS image of this format" in read_image(text).problems[0]

    def test_an_erased_data_page(self, image: bytearray) -> None:
        at = self._page_of(image, 2, 7)
        image[at : at + 256] = b"\xff" * 256
        self._expect(image, f"the page at 0x{at:x} is not what its block's lookup table says", "/second")
        assert any("/second is damaged" in problem for problem in read_image(bytes(image)).problems)

    def test_a_lost_index_page(self, image: bytearray) -> None:
        page = self._page_of(image, 0x8002, 1) // 256
        struct.pack_into("<H", image, Geometry().lookup_offset(page), 0)
        self._expect(image, "/second is damaged", "/second")

    def test_a_lost_header(self, image: bytearray) -> None:
        page = self._page_of(image, 0x8003, 0) // 256
        struct.pack_into("<H", image, Geometry().lookup_offset(page), 0)
        self._expect(image, "object 0x0003 has pages, but not the one with the file's name")
        assert [file.name for file in read_image(bytes(image)).files] == ["/first", "/second"]

    @pytest.mark.parametrize("size", [0, 100, 2300, 60_000, 0xFFFFFFFF])
    def test_a_wrong_file_length(self, image: bytearray, size: int) -> None:
        struct.pack_into("<I", image, self._page_of(image, 0x8001, 0) + 8, size)
        self._expect(image, "/first is damaged", "/first")

    @pytest.mark.parametrize(("at", "value"), [(13, ord("x")), (12, 9), (14, 0), (15, 0xFF)])
    def test_a_wrong_name_or_type(self, image: bytearray, at: int, value: int) -> None:
        header = self._page_of(image, 0x8001, 0)
        image[header + at] = value
        assert f"the header at 0x{header:x} is not a file's" in read_image(bytes(image)).problems[0]

    def test_a_page_twice(self, image: bytearray) -> None:
        second = self._page_of(image, 2, 4)
        struct.pack_into("<H", image, second + 2, 3)
        self._expect(image, f"the page at 0x{second:x} is not what", "/second")

    def test_a_name_twice(self, image: bytearray) -> None:
        header = self._page_of(image, 0x8003, 0)
        image[header + 13 : header + 21] = b"/second\0"
        assert read_image(bytes(image)).problems == ["2 files have the name /second"]

    def test_deleted_files_and_pages_are_no_damage(self, image: bytearray) -> None:
        # As SPIFFS_remove() leaves it: lookup entries zero, page flags cleared.
        for page in Geometry().object_pages(len(image) // 4096):
            offset = Geometry().lookup_offset(page)
            if struct.unpack_from("<H", image, offset)[0] & 0x7FFF == 2:
                struct.pack_into("<H", image, offset, 0)
                image[page * 256 + 4] &= 0x7F
        volume = read_image(bytes(image))
        assert volume.problems == []
        assert [file.name for file in volume.files] == ["/first", "/third"]

    def test_less_than_a_block_is_an_error(self) -> None:
        with pytest.raises(SpiffsError, match="less than one SPIFFS block"):
            read_image(b"\xff" * 4095)


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=600), st.integers(4096, 40_000))
def test_arbitrary_bytes_are_survived(pattern: bytes, length: int) -> None:
    volume = read_image((pattern * (length // len(pattern) + 1))[:length])
    assert volume.problems


def test_random_corruption_is_survived() -> None:
    files = TestDamage.FILES
    sound = build_image(files, SMALL)
    source = random.Random(7)
    found = 0
    for _ in range(400):
        image = bytearray(sound)
        for _ in range(source.randrange(1, 30)):
            at = source.randrange(256) * 256 + source.randrange(60)  # headers and tables, where it hurts most
            image[at] = source.choice([0x00, 0xFF, source.randrange(256), image[at] ^ (1 << source.randrange(8))])
        found += bool(read_image(bytes(image)).problems)
    assert found > 200  # the rest hit content, which SPIFFS has no checksum for
