# SPDX-License-Identifier: Apache-2.0
"""The page's files as the device gives them to a browser."""

import gzip

import pytest

from component_script import load
from device_core import SimulatedDevice
from yamnet_tools.paths import CHECKOUT

PAGE = CHECKOUT / "components" / "device_api" / "page"
EMBED = load("device_api/embed_page.py")


def get(device: SimulatedDevice, target: str, method: str = "GET", **fields: str) -> tuple[int, dict[str, str], bytes]:
    sent = {"host": "yamnet.local"} | {name.replace("_", "-"): value for name, value in fields.items()}
    status, headers, body, _ = device.http(method, target, sent, b"", "10.0.0.2")
    assert isinstance(body, bytes)
    return status, dict(headers), body


@pytest.mark.parametrize("name", [file.name for file in sorted(PAGE.iterdir())])
def test_each_file_is_given_to_everybody(device: SimulatedDevice, name: str) -> None:
    status, headers, body = get(device, f"/{name}")
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert gzip.decompress(body) == EMBED.content(PAGE / name)
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert get(device, f"/{name}", if_none_match=headers["ETag"])[0] == 304
    assert get(device, f"/{name}", "HEAD")[2] == b""
    assert get(device, f"/{name}", "PUT")[0] == 405


def test_the_page_itself_is_at_the_root(device: SimulatedDevice) -> None:
    status, headers, body = get(device, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert body == get(device, "/index.html")[2]


@pytest.mark.parametrize("script", sorted(file.name for file in PAGE.glob("*.js")))
def test_scripts_go_without_their_comments(script: str) -> None:
    source = (PAGE / script).read_bytes().splitlines()
    lines = EMBED.content(PAGE / script).splitlines()
    comments = (b"//", b"/*", b"*")
    assert lines == [line for line in source if not line.lstrip().startswith(comments)]


@pytest.mark.parametrize("target", ["/nothing", "/page/index.html", "/..", "/index.html/x", "/api", "/INDEX.HTML"])
def test_what_is_not_there_is_not_there(device: SimulatedDevice, target: str) -> None:
    assert get(device, target)[0] == 404


def test_a_foreign_name_gets_no_page(device: SimulatedDevice) -> None:
    assert get(device, "/", host="evil.example")[0] == 421
