# SPDX-License-Identifier: Apache-2.0
"""The page's files as the device gives them to a browser."""

import gzip
import re
from pathlib import Path

import pytest

from component_script import load
from device_core import SimulatedDevice
from yamnet_tools.paths import CHECKOUT

PAGE = CHECKOUT / "components" / "device_api" / "page"
EMBED = load("device_api/embed_page.py")
GIVEN = EMBED.given(PAGE)


def get(device: SimulatedDevice, target: str, method: str = "GET", **fields: str) -> tuple[int, dict[str, str], bytes]:
    sent = {"host": "yamnet.local"} | {name.replace("_", "-"): value for name, value in fields.items()}
    status, headers, body, _ = device.http(method, target, sent, b"", "10.0.0.2")
    assert isinstance(body, bytes)
    return status, dict(headers), body


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_each_file_is_given_to_everybody(device: SimulatedDevice, name: str) -> None:
    status, headers, body = get(device, f"/{name}")
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert gzip.decompress(body) == GIVEN[name]
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert get(device, f"/{name}", if_none_match=headers["ETag"])[0] == 304
    assert get(device, f"/{name}", "HEAD")[2] == b""
    assert get(device, f"/{name}", "PUT")[0] == 405


def test_the_page_itself_is_at_the_root(device: SimulatedDevice) -> None:
    status, headers, body = get(device, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert body == get(device, "/index.html")[2]


def test_a_browser_is_given_three_scripts() -> None:
    assert sorted(name for name in GIVEN if name.endswith(".js")) == ["app.js", "setup.js", "shared.js"]
    asked = {
        name for page in ("index.html", "setup.html") for name in re.findall(rb'(?:src|href)="([^"]+)"', GIVEN[page])
    }
    assert asked == {b"app.js", b"setup.js", b"style.css", b"icon.svg"}
    for name in ("app.js", "setup.js"):
        assert re.findall(rb"^import .* from '(.*)';$", GIVEN[name], re.MULTILINE) == [b"./shared.js"]


def test_each_module_is_in_one_script_without_comments() -> None:
    together = b"".join(data for name, data in GIVEN.items() if name.endswith(".js")).decode()
    for file in PAGE.glob("*.js"):
        if file.stem not in ("app", "setup"):
            assert len(re.findall(rf"^const \${file.stem} = ", together, re.MULTILINE)) == 1
    assert "SPDX" not in together
    assert re.search(r"^ |/\*\*", together, re.MULTILINE) is None


PAGE_OF_ONE = {"a.html": '<script type="module" src="a.js"></script>'}
B_AND_C = {"b.js": "import { c } from './c.js';\n", "c.js": "import { b } from './b.js';\n"}
UNPACKED = "a.js, line 1 without comments: this cannot be packed: "


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.js": "", "font.woff": ""}, "of font.woff nobody knows what kind of file it is"),
        ({"a.js": "import { b } from './b.js';\n"}, "b.js: there is no such module, but a needs it"),
        ({}, "a.js: there is no such module, but a page needs it"),
        ({"a.js": "", "b.js": ""}, "b.js: no page needs it"),
        ({"a.js": "import { b } from './b.js';\n"} | B_AND_C, "b.js: it imports itself by way of a and b and c"),
        ({"a.js": "export default 1;\n"}, f"{UNPACKED}export default 1;"),
        ({"a.js": "import {\n  b,\n} from './b.js';\n"}, f"{UNPACKED}import {{"),
        ({"a.js": "import './b.js';\n"}, f"{UNPACKED}import './b.js';"),
        ({"a.js": "const text = `one\n  two`;\n"}, f"{UNPACKED}const text = `one"),
    ],
)
def test_what_cannot_be_packed_is_told_in_one_line(tmp_path: Path, files: dict[str, str], said: str) -> None:
    for name, text in (PAGE_OF_ONE | files).items():
        (tmp_path / name).write_text(text)
    with pytest.raises(EMBED.PageError, match=re.escape(said)):
        EMBED.given(tmp_path)


@pytest.mark.parametrize("target", ["/nothing", "/page/index.html", "/..", "/index.html/x", "/api", "/INDEX.HTML"])
def test_what_is_not_there_is_not_there(device: SimulatedDevice, target: str) -> None:
    assert get(device, target)[0] == 404


def test_a_foreign_name_gets_no_page(device: SimulatedDevice) -> None:
    assert get(device, "/", host="evil.example")[0] == 421
