# SPDX-License-Identifier: Apache-2.0
"""Firmware and model over HTTP: a simulated device that is updated, by device.py and by others."""

import base64
import hashlib
import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulated_site import ALARM, Site, simulated_site
from yamnet_tools.device.command import main as device_command
from yamnet_tools.model_image.build import pack
from yamnet_tools.partition_table import Partition
from yamnet_tools.simulated_device.live import LiveInput
from yamnet_tools.simulated_device.stored import Faults, load_stored
from yamnet_tools.spiffs import Geometry
from yamnet_tools.updating import app_image

pytestmark = pytest.mark.slow

CRASHES = "6.6"


@pytest.fixture
def site(model_image: Path, tmp_path: Path) -> Iterator[Site]:
    options: dict[str, Any] = {"live": LiveInput(ALARM), "storage": tmp_path / "storage", "crash_version": CRASHES}
    with simulated_site(model_image, trial_s=0.0, **options) as site:
        yield site


@pytest.fixture
def tool(site: Site, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("YAMNET_TOKEN", site.token)
    return lambda *arguments: device_command(["--port", site.address, "update", *map(str, arguments)])


def app(folder: Path, version: str) -> Path:
    path = folder / f"{version}.bin"
    path.write_bytes(app_image.make(version, filling=b"app" * 20_000))
    return path


def other_model(image: Path, folder: Path, faults: Faults) -> Path:
    files = load_stored(image.read_bytes(), faults).files
    size = image.stat().st_size
    path = folder / "other.bin"
    named = [(f"/{name}", files[name]) for name in ("manifest.json", "selftest.bin", "yamnet_class_map.csv")]
    named.append(("/yamnet.tflite", files["yamnet.tflite"]))
    path.write_bytes(pack(named, Partition("yamnet", 1, 0x82, 0x520000, size), Geometry()).data)
    return path


def put(site: Site, kind: str, data: bytes, **fields: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    header = {"Authorization": f"Bearer {site.token}"} | {name.replace("_", "-"): text for name, text in fields.items()}
    connection.request("PUT", f"/api/v1/update/{kind}", data, header)
    with connection.getresponse() as answer:
        body = answer.read()
        return answer.status, json.loads(body) if body else {}


def test_a_firmware_is_tried_kept_and_taken_back(site: Site, tool: Any, tmp_path: Path, capsys: Any) -> None:
    first = site.json("update")["firmware"]
    assert (first["state"], first["partition"], first["previous"]) == ("confirmed", "ota_0", None)
    assert tool(app(tmp_path, "9.9")) == 0
    said = capsys.readouterr()
    assert said.out == f"firmware 9.9 after {first['version']}, works and is kept\n"
    assert "firmware: yamnet-esp32s3 9.9" in said.err
    now = site.json("update")["firmware"]
    assert now["previous"] == {"version": first["version"], "sha256": first["sha256"]}
    assert (now["version"], now["partition"]) == ("9.9", "ota_1")
    assert site.json("status")["firmware"]["version"] == "9.9"
    assert tool("--back", "firmware") == 0
    assert f"firmware {first['version']}, older than 9.9, works and is kept" in capsys.readouterr().out
    assert site.json("status")["firmware"]["version"] == first["version"]


def test_a_firmware_that_crashes_is_rolled_back(site: Site, tool: Any, tmp_path: Path, capsys: Any) -> None:
    before = site.json("update")["firmware"]["version"]
    assert tool(app(tmp_path, CRASHES)) == 1
    assert capsys.readouterr().out.endswith(f"did not prove itself: {before} is back\n")
    assert site.json("update")["firmware"]["version"] == before
    assert site.json("update")["firmware"]["previous"] is None
    with pytest.raises(Exception, match="409: there is no firmware before this one"):
        tool("--back", "firmware")


def test_rules_settings_and_clips_survive_both(
    site: Site, tool: Any, model_image: Path, tmp_path: Path, capsys: Any
) -> None:
    settings = {"name": "Hall", "place": "attic", "open_reading": False, "open_audio": False}
    document = {"schema": 1, "rules": [{"name": "always", "level": {"min_dbfs": -100}, "hold_s": 0}]}
    with site.ask("PUT", "settings", settings) as answer:
        assert answer.status == 200
    with site.ask("PUT", "rules", document, **{"If-Match": "*"}) as answer:
        assert answer.status == 200
    deadline = time.monotonic() + 60
    while not site.json("clips")["clips"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    clip = site.json("clips")["clips"][-1]["name"]
    before = site.json("update")["model"]
    assert tool(other_model(model_image, tmp_path, Faults(wrong_model=True))) == 0
    assert "passed its self-test and is kept" in capsys.readouterr().out
    assert tool(app(tmp_path, "9.9")) == 0
    assert site.json("status")["name"] == "Hall"
    assert site.json("rules") == document
    assert clip in [each["name"] for each in site.json("clips")["clips"]]
    model = site.json("update")["model"]
    assert model["sha256"] != before["sha256"]
    assert model["previous"] == {"name": before["name"], "sha256": before["sha256"]}
    capsys.readouterr()
    assert tool("--back", "model") == 0
    assert site.json("update")["model"]["sha256"] == before["sha256"]


def test_a_model_that_fails_its_self_test_goes_back(
    site: Site, tool: Any, model_image: Path, tmp_path: Path, capsys: Any
) -> None:
    before = site.json("update")["model"]
    broken = other_model(model_image, tmp_path, Faults(wrong_model=True, failing_selftest=True))
    assert tool(broken) == 1
    said = capsys.readouterr().out
    assert "outputs differ" in said
    assert said.endswith("is back\n")
    assert said.count("\n") == 1
    now = site.json("update")["model"]
    assert (now["sha256"], now["state"]) == (before["sha256"], "confirmed")
    assert site.json("status")["boot"]["ready"]


def test_what_is_wrong_is_one_line_and_nothing_changes(site: Site, model_image: Path) -> None:
    good = app_image.make("9.9", filling=b"app" * 20_000)
    model = model_image.read_bytes()
    damaged = bytearray(model)
    damaged[(2 << 20) + 2600] ^= 1  # in a page of the model
    digest = base64.b64encode(hashlib.sha256(good).digest()).decode()
    wrong = base64.b64encode(hashlib.sha256(b"").digest()).decode()
    tries: list[tuple[str, bytes, dict[str, str], int, str]] = [
        ("firmware", b"", {}, 422, "there is no image in it"),
        ("firmware", b"hello" * 10, {}, 422, "does not begin as an app image"),
        ("firmware", good[:-1], {}, 422, "cut off"),
        ("firmware", good[:200] + b"!" + good[201:], {}, 422, "checksum"),
        ("firmware", app_image.make("1", project="other"), {}, 422, "it is project 'other'"),
        ("firmware", good + bytes(4 << 20), {}, 413, "its slot 2621440"),
        ("firmware", model, {}, 413, "its slot 2621440"),
        ("firmware", good, {"Content_Digest": f"sha-256=:{wrong}:"}, 422, "Content-Digest"),
        ("firmware", good, {"Content_Digest": digest}, 400, "Content-Digest"),
        ("model", good, {}, 422, "make it for this partition table"),
        ("model", model[:-4096], {}, 422, "make it for this partition table"),
        ("model", bytes(len(model)), {}, 422, "does not begin as a SPIFFS image"),
        ("model", bytes(damaged), {}, 422, "manifest has another"),
    ]
    before = site.json("update")
    for kind, data, fields, status, part in tries:
        found, problem = put(site, kind, data, **fields)
        assert found == status, problem
        assert part in problem["detail"]
        assert "\n" not in problem["detail"]
        now = site.json("update")
        assert {name: now[name] for name in ("firmware", "model", "busy")} == {
            name: before[name] for name in ("firmware", "model", "busy")
        }


def test_who_may_update(site: Site) -> None:
    for header in ({}, {"Authorization": "Bearer wrong"}):
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
        connection.request("PUT", "/api/v1/update/firmware", app_image.make("9.9"), header)
        with connection.getresponse() as answer:
            assert answer.status == 401
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    connection.request("PUT", "/api/v1/update/firmware", iter([b"x"]), {"Authorization": f"Bearer {site.token}"})
    with connection.getresponse() as answer:
        assert answer.status == 411


def test_one_at_a_time_with_its_progress_and_what_stops_is_told(site: Site, model_image: Path) -> None:
    data = model_image.read_bytes()
    line = site.open_line()
    head = f"PUT /api/v1/update/model HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {site.token}\r\n"
    line.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data[:1_000_000])
    deadline = time.monotonic() + 30
    while (busy := site.json("status")["update"]) is None or busy["done"] < 1_000_000:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert busy == {"what": "model", "done": 1_000_000, "of": len(data)}
    status, problem = put(site, "firmware", app_image.make("9.9"))
    assert (status, problem["detail"]) == (409, "another update runs: model")
    with site.ask("GET", "scores?k=1") as live:
        assert live.readline()  # it listens meanwhile
    line.close()
    while site.json("status")["update"] is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert site.json("update")["last"] == f"the upload of a model stopped after 1000000 of {len(data)} bytes"


def test_the_owners_key_signs(site: Site, tool: Any, tmp_path: Path, capsys: Any) -> None:
    keys = [tmp_path / "mine.pem", tmp_path / "other.pem"]
    for key in keys:
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)], check=True)
    mine, other = keys
    image = app(tmp_path, "9.9")
    assert tool("--key", mine) == 0
    fingerprint = site.json("update")["owner_key"]
    der = subprocess.run(
        ["openssl", "ec", "-in", str(mine), "-pubout", "-outform", "der"], check=True, capture_output=True
    ).stdout
    assert fingerprint == hashlib.sha256(der).hexdigest()
    with pytest.raises(Exception, match=r"422: the owner's key .* no signature came"):
        tool(image)
    with pytest.raises(Exception, match="422: signature: it is not of the owner's key"):
        tool(image, "--sign-key", other)
    with pytest.raises(Exception, match="which must sign for its change"):
        tool("--key", "none")
    with pytest.raises(Exception, match="422: signature: it is not of the owner's key"):
        tool("--key", "none", "--sign-key", other)
    assert tool(image, "--sign-key", mine) == 0
    assert site.json("update")["owner_key"] == fingerprint
    assert tool("--key", other, "--sign-key", mine) == 0
    assert tool("--key", "none", "--sign-key", other) == 0
    assert site.json("update")["owner_key"] is None
    capsys.readouterr()


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("app.elf", b"\x7fELF" + bytes(100), "an ELF file"),
        ("yamnet.tflite", b"\x18\0\0\0TFL3" + bytes(100), "tools/mkspiffs_model.py --model"),
        ("notes.txt", b"hello", "neither an app image"),
        ("empty.bin", b"", "neither an app image"),
        ("half.bin", app_image.make("1")[:40], "no app image"),
    ],
)
def test_a_file_that_is_no_update_is_told_before_anything_is_sent(
    site: Site, tool: Any, tmp_path: Path, name: str, data: bytes, part: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Exception, match=part) as caught:
        tool(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert site.json("update")["last"] is None
