# SPDX-License-Identifier: Apache-2.0
"""tools/fleet.py with fifty simulated devices."""

import hashlib
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from described_api import ALWAYS
from simulated_fleet import OLD_FIRMWARE, Cutter, Fleet, simulated_fleet
from yamnet_tools.errors import UpdateError
from yamnet_tools.fleet.command import main
from yamnet_tools.updating import app_image

FIFTY = 50
OTHER = {"schema": 1, "rules": [{"name": "loud", "level": {"min_dbfs": -20}, "hold_s": 0, "title": "Laut"}]}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with simulated_fleet(FIFTY, tmp_path_factory.mktemp("fleet")) as devices:
        for device in devices:
            device.put_rules({"schema": 1, "rules": []})
        yield devices


@pytest.fixture
def run(fleet: Fleet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """fleet.py with the fleet's list: its exit code, and the lines that it prints, sorted, those of both streams."""
    monkeypatch.delenv("YAMNET_TOKEN", raising=False)

    def run(*arguments: str) -> tuple[int, list[str]]:
        code = main(["--list", str(fleet.list_file), "--timeout", "30", *arguments])  # fifty share this computer
        told = capsys.readouterr()
        text = told.out + told.err
        for device in fleet:
            assert device.token not in text, "a token is shown to nobody"
        return code, sorted(text.splitlines())

    yield run
    fleet.write_list(fleet.list_file)
    fleet.list_file.with_suffix(".pushed.json").unlink(missing_ok=True)


def of(name: str, lines: list[str]) -> list[str]:
    """What is said of a device."""
    return [line.removeprefix(f"{name}: ") for line in lines if line.startswith(f"{name}: ")]


def test_all_are_shown_side_by_side(fleet: Fleet, run: Any) -> None:
    fleet[3].keep_a_clip()
    fleet[7].leave()
    fleet.write_list(fleet.list_file, token_room_21="k7qm-2xhf-9tdw-pb4n")
    try:
        code, lines = run("status", "--once", "--json")
    finally:
        fleet[7].come_back()
    assert code == 1
    (text,) = lines
    health = {row["name"]: row for row in json.loads(text)}
    assert len(health) == FIFTY
    assert "the connection was refused" in health["room-08"]["problem"]
    assert "fleet.toml: room-21: the token is not the owner's token" in health["room-21"]["problem"]
    model = json.loads(fleet[3].ask("GET", "status")[2])["model"]["sha256"]
    expected = {
        "problem": "",
        "version": "1",
        "model": model[:8],
        "rules": fleet[3].ask("GET", "rules")[1]["ETag"].strip('"'),
        "signal_dbm": None,
        "free_heap": 5000,
        "overruns": 0,
        "muted": False,
    }
    assert {name: health["room-04"][name] for name in expected} == expected
    assert (health["room-04"]["last_event"]["rule"], health["room-04"]["last_event"]["kind"]) == ("always", "end")
    assert health["room-05"]["last_event"] is None
    assert sum(1 for row in health.values() if row["problem"]) == 2

    code, lines = run("status", "--once", "--only", "room-04", "--only", "room-05")
    assert code == 0
    assert [line.split()[0] for line in lines] == ["device", "room-04", "room-05"]
    assert "always end, " in lines[1]


def test_rules_are_set_on_all_and_nobodys_edit_is_lost(fleet: Fleet, run: Any, tmp_path: Path) -> None:
    document = tmp_path / "rules.json"
    document.write_text(json.dumps(OTHER))
    before = fleet[0].ask("GET", "rules")[1]["ETag"]
    code, lines = run("rules", str(document), "--dry-run", "--replace")
    assert code == 0
    assert sum("rules: would change" in line for line in lines) == FIFTY
    assert any('+   "title": "Laut"' in line for line in of("room-01", lines))
    assert fleet[0].ask("GET", "rules")[1]["ETag"] == before

    code, lines = run("rules", str(document))
    assert code == 1
    assert sum("somebody else has set it: left as it is" in line for line in lines) == FIFTY, "the test has"
    code, lines = run("rules", str(document), "--replace")
    assert code == 0
    assert sum("rules: set" in line for line in lines) == FIFTY
    assert all(json.loads(device.ask("GET", "rules")[2]) == OTHER for device in fleet)
    assert all("rules: the same" in line for line in run("rules", str(document))[1])

    fleet[11].put_rules(ALWAYS)
    changed = OTHER | {"rules": [OTHER["rules"][0] | {"title": "Lärm"}]}  # type: ignore[index]
    document.write_text(json.dumps(changed))
    fleet[12].leave()
    try:
        code, lines = run("rules", str(document))
    finally:
        fleet[12].come_back()
    assert code == 1
    assert of("room-12", lines) == [
        "rules: somebody else has set it: left as it is; --dry-run shows it, --replace replaces it"
    ]
    assert "refused" in of("room-13", lines)[0]
    assert json.loads(fleet[11].ask("GET", "rules")[2]) == ALWAYS
    assert sum("rules: set" in line for line in lines) == FIFTY - 2
    assert run("rules", str(document), "--only", "room-13") == (0, ["room-13: rules: set"])


def test_who_edits_in_the_very_moment_is_not_overwritten(
    fleet: Fleet, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "rules.json"
    document.write_text(json.dumps(OTHER))
    device = fleet[2]
    device.put_rules({"schema": 1, "rules": []})
    http = device.updatable.http

    def somebody_is_faster(method: str, target: str, *rest: Any) -> Any:
        if (method, target) == ("PUT", "/api/v1/rules"):
            device.put_rules(ALWAYS)
        return http(method, target, *rest)

    monkeypatch.setattr(device.updatable, "http", somebody_is_faster)
    code, lines = run("rules", str(document), "--replace", "--only", device.name)
    assert (code, of(device.name, lines)) == (1, ["rules: somebody has just changed it; look at it with --dry-run"])
    assert json.loads(device.ask("GET", "rules")[2]) == ALWAYS


def test_a_document_that_no_device_takes_changes_nothing(run: Any, fleet: Fleet, tmp_path: Path) -> None:
    document = tmp_path / "rules.json"
    document.write_text('{"schema": 1, "rules": [{"name": "x", "classes": ["Tuba"], "on": 0.5, "off": 0.4}]}')
    before = fleet[1].ask("GET", "rules")[2]
    code, lines = run("rules", str(document), "--only", "room-02", "--replace")
    assert code == 1
    assert '422: /rules/0/classes/0: there is no class "Tuba"' in lines[0]
    assert fleet[1].ask("GET", "rules")[2] == before


def test_settings_are_set_and_others_stay(fleet: Fleet, run: Any, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('[settings]\nopen_reading = true\n[clock]\ntime_zone = "Europe/Berlin"\n')
    mine = {"name": "Nursery", "place": "attic", "open_reading": False, "open_audio": False}
    assert fleet[4].ask("PUT", "settings", mine)[0] == 200
    code, lines = run("settings", str(settings), "--only", "room-05", "--only", "room-06")
    assert code == 1
    assert of("room-05", lines) == [
        "clock: set",
        "settings: somebody else has set it: left as it is; --dry-run shows it, --replace replaces it",
    ]
    assert of("room-06", lines) == ["clock: set", "settings: set"]
    code, lines = run("settings", str(settings), "--dry-run", "--replace", "--only", "room-05")
    assert '- "open_reading": false,' in [line.strip() for line in of("room-05", lines)]
    assert run("settings", str(settings), "--replace", "--only", "room-05")[0] == 0
    told = json.loads(fleet[4].ask("GET", "settings")[2])
    assert told == mine | {"open_reading": True, "configured": True}
    assert json.loads(fleet[5].ask("GET", "clock")[2])["time_zone"] == "Europe/Berlin"

    settings.write_text('[mqtt]\non = true\nhost = "broker.lan"\nuser = "fleet"\npassword = "a secret of mine"\n')
    assert run("settings", str(settings), "--only", "room-06") == (0, ["room-06: mqtt: set"])
    told = json.loads(fleet[5].ask("GET", "mqtt")[2])
    assert (told["host"], told["port"], told["password_set"]) == ("broker.lan", 1883, True)
    code, lines = run("settings", str(settings), "--dry-run", "--only", "room-06")
    assert of("room-06", lines) == ["  a secret, which cannot be compared", "mqtt: would change"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[settings]\nname = "x"', "name is each device's own"),
        ("[clock]\nzone = 1", "has no 'zone'; there are time_server, time_zone"),
        ("[wifi]\nx = 1", "there is no such group; there are settings, clock, mqtt, webhook"),
        ("clock = 1", "there is no such group"),
        ("[clock", "this is no TOML"),
    ],
)
def test_settings_that_are_none_are_refused(text: str, told: str, run: Any, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(Exception, match=told):
        run("settings", str(path))


# --- Updates


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, fleet: Fleet) -> Iterator[None]:
    monkeypatch.setattr("yamnet_tools.fleet.update._PAUSE_S", 0.05)
    monkeypatch.setattr("yamnet_tools.updating.send._PAUSE_S", 0.05)
    yield
    for device in fleet:
        device.updatable.__init__(device.device)  # type: ignore[misc]


def firmware(tmp_path: Path, version: str) -> tuple[Path, bytes]:
    data = app_image.make(version)
    (tmp_path / "firmware.bin").write_bytes(data)
    return tmp_path / "firmware.bin", data


def waves(lines: list[str]) -> list[int]:
    return [line.count(",") + 1 for line in lines if line.startswith("wave ")]


@pytest.mark.usefixtures("quick")
def test_an_update_stops_at_the_first_failure_and_goes_on(fleet: Fleet, run: Any, tmp_path: Path) -> None:
    image, data = firmware(tmp_path, "2.0")
    fleet[2].updatable.breaks = True
    fleet[30].leave()
    try:
        code, lines = run("update", str(image), "--at-once", "16")
        assert code == 1
        assert waves(lines) == [1, 3]
        assert of("room-03", lines) == [
            "FAILED: it runs what it had before: it crashed as it started, and the one before runs again"
        ]
        assert of("room-31", lines)[0].startswith("left out: ")
        assert "3 run it; 1 failed; 1 left out; 45 not tried" in lines
        assert sum(bool(device.updatable.taken) for device in fleet) == 4, "nobody else was touched"

        fleet[2].updatable.breaks = False
        code, lines = run("update", str(image), "--at-once", "16")
        assert (code, waves(lines)) == (1, [9, 36, 1])
        assert "49 run it; 1 left out" in lines
    finally:
        fleet[30].come_back()
    code, lines = run("update", str(image), "--at-once", "16")
    assert (code, waves(lines)) == (0, [1])
    assert of("room-31", lines) == ["runs it"]
    assert all(device.updatable.runs == data for device in fleet)
    assert sum(len(device.updatable.taken) for device in fleet) == FIFTY + 1, "who had it was not given it again"


@pytest.mark.usefixtures("quick")
def test_a_dry_run_shows_the_waves(fleet: Fleet, run: Any, tmp_path: Path) -> None:
    image, _ = firmware(tmp_path, "2.0")
    code, lines = run("update", str(image), "--dry-run", "--canary", "room-40")
    assert (code, waves(lines)) == (0, [1, 3, 12, 34])
    assert "wave 1: room-40" in lines
    assert not any(device.updatable.taken for device in fleet)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("crashes", "FAILED: it runs what it had before: it crashed as it started, and the one before runs again"),
        ("hangs", r"FAILED: http://[^ ]+: no verdict on the firmware within 2 s: "),
    ],
)
@pytest.mark.usefixtures("quick")
def test_a_bad_firmware_reaches_one_device(fleet: Fleet, run: Any, tmp_path: Path, version: str, told: str) -> None:
    image, _ = firmware(tmp_path, version)
    code, lines = run("update", str(image), "--patience", "2")
    assert (code, waves(lines)) == (1, [1])
    assert re.match(told, of("room-01", lines)[0])
    assert "1 failed; 49 not tried" in lines
    assert sum(bool(device.updatable.taken) for device in fleet) == 1


@pytest.mark.usefixtures("quick")
def test_what_a_device_refuses_is_told(fleet: Fleet, run: Any, tmp_path: Path) -> None:
    image, _ = firmware(tmp_path, "other-chip")
    code, lines = run("update", str(image))
    assert (code, of("room-01", lines)) == (
        1,
        ["FAILED: the device refused PUT update/firmware: 422: it is for another chip"],
    )
    assert all(device.updatable.runs == OLD_FIRMWARE for device in fleet)
    fleet.write_list(fleet.list_file, token_room_01="k7qm-2xhf-9tdw-pb4n")
    code, lines = run("update", str(image), "--only", "room-01")
    assert "the token is not the owner's token" in of("room-01", lines)[0]


def test_what_is_no_image_is_sent_to_nobody(fleet: Fleet, run: Any, tmp_path: Path) -> None:
    image = tmp_path / "photo.png"
    for data in (b"", b"PNG" * 100, bytes(1 << 16)):
        image.write_bytes(data)
        with pytest.raises(UpdateError, match=r"photo\.png: neither an app image"):
            run("update", str(image))
    assert not any(device.updatable.taken for device in fleet)


@pytest.mark.usefixtures("quick")
def test_an_answer_that_is_lost_is_no_failure(fleet: Fleet, run: Any, tmp_path: Path) -> None:
    """The device takes it and restarts before it has said so."""
    image, data = firmware(tmp_path, "2.0")
    with closing(Cutter(fleet[0].port)) as cutter:
        fleet.write_list(fleet.list_file, port_room_01=str(cutter.port))
        cutter.after, cutter.only = 0, b"PUT"
        code, lines = run("update", str(image), "--only", "room-01")
        assert (code, of("room-01", lines), fleet[0].updatable.runs) == (0, ["runs it"], data)
        cutter.before = True
        image, _ = firmware(tmp_path, "2.1")
        code, lines = run("update", str(image), "--only", "room-01")
        assert code == 1
        assert "FAILED: http://" in of("room-01", lines)[0]
        assert "the connection broke before the answer came" in of("room-01", lines)[0]
        assert fleet[0].updatable.runs == data


# --- Clips and journals


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_clips_and_journals_are_pulled_from_all(fleet: Fleet, run: Any, tmp_path: Path) -> None:
    for device in fleet:
        device.keep_a_clip(1)
    fleet[7].leave()
    fleet.write_list(fleet.list_file, token_room_21="k7qm-2xhf-9tdw-pb4n")
    try:
        code, lines = run("pull", str(tmp_path))
    finally:
        fleet[7].come_back()
    assert code == 1
    assert "the connection was refused" in of("room-08", lines)[0]
    assert "is not the owner's token" in of("room-21", lines)[0]
    for device in fleet:
        if device.name in ("room-08", "room-21"):
            continue
        (clip, *_) = sorted((tmp_path / device.name / "clips").iterdir())
        there = json.loads(device.ask("GET", "clips")[2])["clips"]
        assert len(there) == len(list((tmp_path / device.name / "clips").iterdir()))
        assert clip.read_bytes()[:4] == b"RIFF"
        kept = lines_of(tmp_path / device.name / "journal.jsonl")
        assert [json.loads(line)["kind"] for line in kept[-2:]] == ["start", "end"]
        assert all(zlib.crc32(line[:-18].encode()) == int(line[-10:-2], 16) for line in kept), "as they were written"
    fleet.write_list(fleet.list_file)
    code, lines = run("pull", str(tmp_path))
    assert code == 0
    assert of("room-01", lines) == ["0 new journal lines, 0 new clips, 0 bytes"]
    assert of("room-08", lines)[-1].endswith("bytes")
    assert len(list((tmp_path / "room-08" / "clips").iterdir())) == 1


def test_a_pull_that_is_cut_off_goes_on(fleet: Fleet, run: Any, tmp_path: Path) -> None:
    device = fleet[20]
    device.keep_a_clip(6)
    (name, size), *_ = [
        (clip["name"], clip["bytes"])
        for clip in json.loads(device.ask("GET", "clips")[2])["clips"]
        if clip["bytes"] > 150_000
    ]
    with closing(Cutter(device.port)) as cutter:
        fleet.write_list(fleet.list_file, port_room_21=str(cutter.port))
        run("pull", str(tmp_path), "--only", "room-21")
        path = tmp_path / "room-21" / "clips" / name
        part = path.with_name(f".{name}.part")
        whole = path.read_bytes()
        path.unlink()
        cutter.after = 100_000
        code, lines = run("pull", str(tmp_path), "--only", "room-21", "--no-journal")
        assert (code, path.exists()) == (1, False)
        assert "broke in the middle of the answer" in of("room-21", lines)[0]
        have = part.stat().st_size
        assert 90_000 < have < 100_000
        cutter.after = None
        cutter.requests.clear()
        code, lines = run("pull", str(tmp_path), "--only", "room-21")
        assert code == 0
        assert path.read_bytes() == whole
        assert len(whole) == size
        assert any(f"Range: bytes={have}-".encode() in request for request in cutter.requests)
        assert sorted(path.parent.iterdir()) == sorted(path.parent.glob("[!.]*")), "nothing half-done stays"

        path.unlink()
        part.write_bytes(b"x" * 1000)
        part.with_suffix(".etag").write_text('"another clip of this name"')
        assert run("pull", str(tmp_path), "--only", "room-21")[0] == 0
        assert path.read_bytes() == whole, "what another clip had is not gone on with"

        path.unlink()
        part.write_bytes(b"x" * 1000)
        etag = device.ask("GET", f"clips/{name}")[1]["ETag"]
        part.with_suffix(".etag").write_text(etag)
        assert run("pull", str(tmp_path), "--only", "room-21")[0] == 0
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(whole).digest(), "the hash has told"


def test_a_damaged_download_is_not_taken(
    fleet: Fleet, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = fleet[22]
    device.keep_a_clip(1)
    http = device.updatable.http

    def lies(method: str, target: str, *rest: Any) -> Any:
        status, headers, content, length = http(method, target, *rest)
        if target.endswith("digest.json"):
            return status, headers, json.dumps({"bytes": 1, "sha256": "0" * 64}).encode(), None
        return status, headers, content, length

    monkeypatch.setattr(device.updatable, "http", lies)
    code, lines = run("pull", str(tmp_path), "--only", device.name)
    assert code == 1
    assert "what came has another SHA-256 than what the device has, twice" in of(device.name, lines)[0]
    assert [path for path in (tmp_path / device.name / "clips").iterdir() if path.suffix == ".wav"] == []


def test_a_journal_that_is_cut_off_goes_on(
    fleet: Fleet, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yamnet_tools.fleet.journal._PAGE", 3)
    device = fleet[25]
    for _ in range(6):
        device.keep_a_clip(1)
    all_of_it = json.loads(device.ask("GET", "events?limit=100")[2])["events"][::-1]
    assert len(all_of_it) >= 12
    journal, part = tmp_path / device.name / "journal.jsonl", tmp_path / device.name / ".journal.part"

    def pull() -> int:
        return int(run("pull", str(tmp_path), "--only", device.name, "--no-clips")[0])

    def kept() -> list[Any]:
        return [json.loads(line) for line in lines_of(journal)]

    http, calls = device.updatable.http, 0

    def goes_away(method: str, target: str, *rest: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 2:
            return 503, [("Content-Type", "text/html")], b"a proxy on a bad day", None
        return http(method, target, *rest)

    monkeypatch.setattr(device.updatable, "http", goes_away)
    assert pull() == 1
    assert not journal.exists()
    assert len(lines_of(part)) == 2
    with part.open("a") as file:
        file.write('{"lines": ["torn')
    monkeypatch.setattr(device.updatable, "http", http)
    device.keep_a_clip(1)
    assert pull() == 0
    assert kept()[: len(all_of_it)] == all_of_it
    assert len(kept()) == len(all_of_it) + 2
    assert not part.exists()

    lines = lines_of(journal)
    journal.write_text("".join(f"{line}\n" for line in lines[:5]))
    part.write_text(json.dumps({"lines": [lines[-1]], "next": "99.1.0"}) + "\n")
    assert pull() == 0
    assert lines_of(journal) == lines, "a cursor from before a restart is worth nothing, and nothing is missing"

    damaged = lines[-1].replace('"kind":"end"', '"kind":"END"')
    monkeypatch.setattr(
        device.updatable,
        "http",
        lambda *_: (
            200,
            [("Content-Type", "application/json")],
            f'{{"events":[{damaged}],"next":null}}'.encode(),
            None,
        ),
    )
    assert pull() == 1
    assert lines_of(journal) == lines


def test_the_list_may_be_moved(fleet: Fleet, run: Any, tmp_path: Path) -> None:
    other = Path(shutil.copy(fleet.list_file, tmp_path / "other.toml"))
    other.chmod(0o600)
    assert main(["status", "--once", "--json", "--list", str(other), "--only", "room-01"]) == 0
    assert run("status", "--once", "--only", "room-01")[0] == 0
