# SPDX-License-Identifier: Apache-2.0
"""How tools/fleet.py comes to know its devices: by mDNS on this computer, and by its list."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from mosquitto import wait_for
from simulated_fleet import Fleet, FleetDevice, simulated_fleet
from yamnet_tools.errors import DeviceError
from yamnet_tools.fleet import list_file
from yamnet_tools.fleet.command import main
from yamnet_tools.fleet.discovery import SERVICE, find
from yamnet_tools.paths import CHECKOUT
from yamnet_tools.simulated_device.announcement import Announcement
from yamnet_tools.simulated_device.command import main as simulate
from yamnet_tools.updating import app_image


@pytest.fixture(autouse=True)
def no_running_loop() -> Iterator[None]:
    """Playwright leaves its event loop running in the thread of the tests; zeroconf would use it, and wait for ever."""
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with simulated_fleet(2, tmp_path_factory.mktemp("pair")) as devices:
        yield devices


def announced(devices: Sequence[FleetDevice]) -> ExitStack:
    stack = ExitStack()
    for device in devices:
        stack.enter_context(Announcement(device.device, f"{device.name}-{device.port}", device.port))
    return stack


def test_devices_that_announce_themselves_are_found_and_listed(
    pair: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "home.toml"
    ids = {f"{device.name}-{device.port}": device for device in pair}
    assert (
        pair[0].ask(
            "PUT", "settings", {"name": "Kü\u202eche", "place": "", "open_reading": False, "open_audio": False}
        )[0]
        == 200
    )
    with announced(pair):
        found = {device.id: device for device in find(10, ids)}
        for name, device in ids.items():
            told = found[name]
            assert told.url == f"http://127.0.0.1:{device.port}"
            assert told.host.startswith("yamnet-")
            assert told.host.endswith(".local")
            assert told.version == "1"
            assert json.loads(device.ask("GET", "status")[2])["model"]["sha256"].startswith(told.model)
        assert found[f"{pair[0].name}-{pair[0].port}"].name == "Küche", "nothing that turns a line around"

        assert main(["find", "--write", str(path)]) == 0
        assert "give each its token" in capsys.readouterr().err
        assert path.stat().st_mode & 0o777 == 0o600
        entries = {entry.id: entry for entry in list_file.read(path)}
        assert set(ids) <= set(entries)
        text = path.read_text()
        for name, device in ids.items():
            text = text.replace(f'id = "{name}"\ntoken = ""', f'id = "{name}"\ntoken = "{device.token}"')
        path.write_text(text)
        assert main(["find", "--write", str(path)]) == 0
        assert "nothing new" in capsys.readouterr().err
        assert path.read_text() == text, "what somebody has written stays"

        only = [part for name in ids for part in ("--only", entries[name].name)]
        assert main(["--list", str(path), "status", "--once", "--json", *only]) == 0
        health = json.loads(capsys.readouterr().out)
        assert {row["url"] for row in health} == {f"http://127.0.0.1:{device.port}" for device in pair}
        monkeypatch.chdir(tmp_path)
        assert main(["status", "--once", "--json"]) == 1
        told = {row["url"]: row for row in json.loads(capsys.readouterr().out)}
        row = told[f"http://127.0.0.1:{pair[0].port}"]
        assert "the owner's token is needed: list it in fleet.toml" in row["problem"], (
            "no token goes to who only says so"
        )
    assert main(["--list", str(path), "status", "--once", "--json", "--only", entries[next(iter(ids))].name]) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert row["problem"] == "it does not announce itself in this network; is it on?"


def test_two_devices_of_one_id_do_not_announce_themselves(pair: Fleet) -> None:
    with (
        Announcement(pair[0].device, "twin", pair[0].port),
        pytest.raises(DeviceError, match="--id twin: another device announces itself by it"),
        Announcement(pair[1].device, "twin", pair[1].port),
    ):
        pass


def test_rubbish_in_the_network_is_no_device(pair: Fleet) -> None:
    zeroconf = pytest.importorskip("zeroconf")
    strange = [
        {"name": b"no id"},
        {"id": b"\x1b[2J\xff\xfe", "name": b"\x00" * 50, "version": None},
        {b"\xff": b"x", "id": b""},
    ]
    with zeroconf.Zeroconf(interfaces=["127.0.0.1"]) as mouth, announced(pair[:1]):
        for number, properties in enumerate(strange):
            mouth.register_service(
                zeroconf.ServiceInfo(
                    SERVICE, f"strange-{number}.{SERVICE}", port=1, addresses=[socket.inet_aton("127.0.0.1")],
                    server=f"strange-{number}.local.", properties=properties,
                )
            )  # fmt: skip
        found = {device.id: device for device in find(3)}
    assert f"{pair[0].name}-{pair[0].port}" in found
    (odd,) = (device for device in found.values() if device.host.startswith("strange"))
    assert "\x1b" not in odd.id + odd.name


def test_what_is_announced_is_the_http_api(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.touch()
    with pytest.raises(DeviceError, match="--announce: what is announced is the HTTP API: --http PORT, too"):
        simulate(["--image", str(image), "--announce"])


# --- The list


GOOD = '[[device]]\nname = "kitchen"\nurl = "http://127.0.0.1:1"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[device]\n", r"fleet\.toml: this is no TOML"),
        ("[[device]]\nname = 1\n", r"fleet\.toml: device 1: name, url, id and token are texts"),
        (GOOD + 'tokn = "x"\n', r"device 1: there is no field 'tokn'; there are name, url, id and token"),
        (GOOD.replace("kitchen", "../etc"), r"device 1: a name is letters, digits"),
        (GOOD.replace("kitchen", ""), r"device 1: a name is letters, digits"),
        ('[[device]]\nname = "hall"\n', r"hall needs a url or an id, and not both"),
        (GOOD + 'id = "x"\n', r"kitchen needs a url or an id, and not both"),
        (GOOD.replace("http://", "socket://"), r"kitchen: a url is like http://yamnet-1a2b\.local, not 'socket:"),
        (GOOD.replace(":1", ":99999"), r"kitchen: url http://127\.0\.0\.1:99999: this is no address"),
        (GOOD.replace("127", "me:secret@127"), r"kitchen: url http://…: an address has a host, a port and a path"),
        (GOOD + GOOD.replace(":1", ":2"), r"two devices have the name kitchen"),
        (GOOD + GOOD.replace("kitchen", "hall"), r"two devices have the url http://127\.0\.0\.1:1"),
        (GOOD + 'token = "two words"\n', r"kitchen: the token: a token is one word of ASCII characters"),
        ("", r"fleet\.toml: there is no device in it"),
        ('[devices]\nname = "x"\n', r"it has \[\[device\]\] entries and nothing else; devices is none"),
        ("device = 1\n", r"it has \[\[device\]\] entries and nothing else"),
    ],
)
def test_a_list_that_is_none_is_one_line(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "fleet.toml"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(DeviceError, match=told) as caught:
        main(["--list", str(path), "status", "--once", "--json"])
    assert "\n" not in str(caught.value)
    assert "two words" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_tokens_that_others_may_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text(GOOD + 'token = "k7qm-2xhf-9tdw-pb4n"\n')
    path.chmod(0o644)
    with pytest.raises(DeviceError, match="others on this computer may read its tokens: chmod 600"):
        main(["--list", str(path), "status", "--once"])


def test_names_that_there_are_not_are_told(pair: Fleet, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="--only cellar: there is none; there are room-01, room-02"):
        main(["--list", str(pair.list_file), "status", "--once", "--only", "cellar"])
    image = tmp_path / "app.bin"
    image.write_bytes(app_image.make("2.0"))
    with pytest.raises(DeviceError, match="--canary cellar: there is none"):
        main(["--list", str(pair.list_file), "update", str(image), "--canary", "cellar"])
    with pytest.raises(DeviceError, match=r"nothing\.toml: the list of devices cannot be read: No such file"):
        main(["--list", str(tmp_path / "nothing.toml"), "status", "--once"])


def test_one_token_for_all_is_taken_from_the_environment(
    pair: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text(f'[[device]]\nname = "kitchen"\nurl = "http://127.0.0.1:{pair[0].port}"\n')
    monkeypatch.setenv("YAMNET_TOKEN", pair[0].token)
    assert main(["--list", str(path), "status", "--once", "--json"]) == 0
    monkeypatch.setenv("YAMNET_TOKEN", "k7qm-2xhf-9tdw-pb4n")
    assert main(["--list", str(path), "status", "--once", "--json"]) == 1


# --- The live table


def test_the_table_lives_on_a_terminal(pair: Fleet) -> None:
    terminal, other = os.openpty()
    command = [
        sys.executable,
        str(CHECKOUT / "tools/fleet.py"),
        "--list",
        str(pair.list_file),
        "status",
        "--every",
        "0.3",
    ]
    process = subprocess.Popen(
        command,
        stdout=other,
        stderr=other,
        env=os.environ | {"COLUMNS": "200", "TERM": "xterm"},
        # Behind a shell's `&`, where the tests may run, it is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    os.close(other)
    text = b""

    def shown(what: bytes) -> bool:
        nonlocal text
        text += os.read(terminal, 1 << 16)
        return what in text

    try:
        wait_for(lambda: shown(b"room-02"))
        pair[1].leave()
        try:
            wait_for(lambda: shown(b"refused"))
        finally:
            pair[1].come_back()
        process.send_signal(signal.SIGINT)
        with suppress(OSError):  # the terminal's end, once nobody writes there any more
            while os.read(terminal, 1 << 16):
                pass
        assert process.wait(60) == 130
    finally:
        process.kill()
        os.close(terminal)
    assert pair[0].token.encode() not in text
