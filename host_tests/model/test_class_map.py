# SPDX-License-Identifier: Apache-2.0
"""The class map is read whole or refused."""

import pytest

from yamnet_tools.errors import ModelError
from yamnet_tools.model.class_map import read_class_map

HEADER = b"index,mid,display_name\n"


def rows(count: int) -> bytes:
    return b"".join(b'%d,/m/%d,"Name, %d"\n' % (index, index, index) for index in range(count))


def test_googles_class_map(class_map_bytes: bytes) -> None:
    names = read_class_map(class_map_bytes)
    assert len(names) == 521
    assert (names[0], names[20], names[520]) == ("Speech", "Baby cry, infant cry", "Field recording")


def test_line_ends_and_byte_order_mark_do_not_matter() -> None:
    content = HEADER + rows(521)
    names = read_class_map(content)
    assert names[7] == "Name, 7"
    assert read_class_map(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")) == names


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "not a class map"),
        (b"\x00\xff\xfe", "not a class map"),
        (HEADER + b'0,/m/0,"open\n', "not a class map"),
        (b"mid,name\n" + rows(521), "its first line"),
        (HEADER + rows(520), "520 classes, not 521"),
        (HEADER + rows(522), "522 classes, not 521"),
        (HEADER + rows(521).replace(b"\n3,", b"\n4,"), "row 4 is not class 3"),
        (HEADER + rows(521).replace(b"Name, 9", b"", 1), "row 10"),
        (HEADER + rows(521).replace(b'"Name, 5"', b"Name, 5", 1), "row 6"),
        (HEADER + rows(521).replace(b"Name, 5", b"Na\x00me", 1), "row 6"),
        (HEADER + b"0,/m/0," + b"x" * (1 << 20), "not a class map"),
    ],
)
def test_anything_else_is_refused(content: bytes, text: str) -> None:
    with pytest.raises(ModelError, match=text):
        read_class_map(content, 521)
