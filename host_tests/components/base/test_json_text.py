# SPDX-License-Identifier: Apache-2.0
"""Text through the JSON writer: what the console's answers carry it by."""

import json

from hypothesis import given
from hypothesis import strategies as st

from device_core import json_text


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    written = json_text(text.encode())
    assert written.isascii()
    assert json.loads(written) == text


def test_titles_of_people_come_back() -> None:
    for text in ("Türklingel", "ドアベル", "🔔 Tür", 'a "quoted" \\ one', "\u0000\u007f"):
        assert json.loads(json_text(text.encode())) == text


def test_what_is_no_utf8_becomes_replacement_characters() -> None:
    for broken in (b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80", b"a\x80b"):
        text = json.loads(json_text(broken))
        assert "\ufffd" in text
        assert text.replace("\ufffd", "") == broken.decode(errors="ignore")
