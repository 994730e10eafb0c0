# SPDX-License-Identifier: Apache-2.0
"""tools/device.py over a serial line and over HTTP: the same commands tell the same, and what only one of them can."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from simulated_site import ALARM, Site, simulated_site
from yamnet_tools.device import Device
from yamnet_tools.device.command import main
from yamnet_tools.device.heard import Heard, Told
from yamnet_tools.device.http_address import HttpAddress
from yamnet_tools.device.http_device import HttpDevice
from yamnet_tools.device.http_line import HttpLine
from yamnet_tools.device.owner_token import OwnerToken
from yamnet_tools.errors import AudioError, DeviceError, UsageError
from yamnet_tools.simulated_device.http_server import HttpServer
from yamnet_tools.simulated_device.live import LiveInput

pytestmark = pytest.mark.slow

Tool = Callable[..., str]
CHANGING = ("audio", "events", "storage", "inference", "memory", "tasks", "uptime_ms")
RULE = '{"name": "beep", "classes": ["CLASS"], "on": 0.4, "off": 0.2}'


@pytest.fixture
def site(model_image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """It hears an alarm."""
    with simulated_site(model_image, live=LiveInput(ALARM), storage=tmp_path / "storage") as site:
        monkeypatch.setenv("YAMNET_TOKEN", site.token)
        yield site


@pytest.fixture(params=["console", "http"])
def place(request: pytest.FixtureRequest, site: Site) -> str:
    return site.console if request.param == "console" else site.address


@pytest.fixture
def tool(capsys: pytest.CaptureFixture[str]) -> Tool:
    def run(place: str, *arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main([*arguments, "--port", place, "--no-log"]) == code
        return capsys.readouterr().out

    return run


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def http_device(site: Site) -> HttpDevice:
    return HttpDevice(HttpLine(HttpAddress.parse(site.address), timeout_s=10, token=OwnerToken(site.token, "a test")))


def muted_after_an_alarm(site: Site) -> HttpDevice:
    """A clip is complete and nothing changes any more."""
    device = http_device(site)
    wait_for(lambda: any(line["rule"] == "smoke_alarm" for line in device.events().latest))
    device.mute(True)
    wait_for(lambda: not device.events().active and not device.events().fields["storage"]["recording"])
    return device


def test_info_is_the_same(site: Site, tool: Tool) -> None:
    def unchanging(text: str, *more: str) -> list[str]:
        return [line for line in text.splitlines() if line.split(" ", 1)[0] not in (*CHANGING, *more)]

    console, http = tool(site.console, "info"), tool(site.address, "info")
    assert unchanging(console, "console", "token") == unchanging(http, "name", "utc", "update")
    assert f"token      {site.token}\n" in console
    assert site.token not in http
    assert "name       YAMNet\n" in http
    for fields in (json.loads(tool(place, "info", "--json")) for place in (site.console, site.address)):
        assert fields["boot"]["ready"] is True
        assert site.token not in json.dumps(fields)


@pytest.mark.parametrize("way", ["console", "address"])
def test_a_failed_start_is_told(
    model_image: Path, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch, tool: Tool
) -> None:
    data = bytearray(model_image.read_bytes())
    data[0x300164] ^= 1
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(data)
    reason = r"model: yamnet\.tflite is not the file that the manifest names"
    with simulated_site(damaged) as site:
        monkeypatch.setenv("YAMNET_TOKEN", site.token)
        assert re.search(f"FAILED .* {reason[7:]}", tool(getattr(site, way), "info", code=1))
        for command in ("events", "rules"):
            with pytest.raises(DeviceError, match=f"^the device refused .*: {reason}$"):
                tool(getattr(site, way), command)


def test_what_goes_on_is_the_same(site: Site, tool: Tool) -> None:
    muted_after_an_alarm(site)
    for command in (["events"], ["rules"], ["rules", "--show"], ["storage"], ["events", "--json"]):
        console, http = (tool(place, *command) for place in (site.console, site.address))
        if "--json" in command:
            assert json.loads(console) == json.loads(http)
        else:
            assert console == http
    assert re.search(r"smoke_alarm end, \S+ s, peak 0\.\d+, 20\S+\.wav\n", tool(site.address, "events"))


def test_without_storage_it_is_the_same(model_image: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated_site(model_image, heard=[ALARM]) as site:
        monkeypatch.setenv("YAMNET_TOKEN", site.token)
        for command in ("events", "storage"):
            assert tool(site.console, command) == tool(site.address, command)
        assert "smoke_alarm start" in tool(site.address, "events")
        with pytest.raises(DeviceError, match="refused GET clips: 503: clips: there is no storage"):
            tool(site.address, "clips", "list")
        for place in (site.console, site.address):
            with pytest.raises(DeviceError, match=r"refused .*volume: there is none|flash: there is no such one"):
                tool(place, "storage", "--format", "flash")


def test_rules_are_replaced_and_outlive_a_restart(place: str, tmp_path: Path, tool: Tool) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    padding = " " * 20_000  # more than one request of the console's carries
    good.write_text('{"schema": 1, "rules": [' + padding + RULE.replace("CLASS", "Beep, bleep") + "]}")
    bad.write_text('{"schema": 1, "rules": [' + RULE.replace("CLASS", "Tuba solo") + "]}")
    assert f"{good}: 1 rules run now, and after a restart\n1 rules, stored, a document of 20," in tool(
        place, "rules", str(good)
    )
    with pytest.raises(DeviceError, match=r'/rules/0/classes/0: there is no class "Tuba solo"'):
        tool(place, "rules", str(bad))
    assert re.fullmatch(r"back after its restart; uptime \d+\.\d s, ready\n", tool(place, "reboot"))
    assert json.loads(tool(place, "info", "--json"))["boot"]["count"] == 2
    assert tool(place, "rules", "--show") == good.read_text() + "\n"
    assert "the 11 rules of the presets run now\n11 rules, presets, " in tool(place, "rules", "--presets")


def test_rules_that_somebody_else_has_replaced_stay(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    device = http_device(site)
    mine, theirs = (json.dumps({"schema": 1, "rules": [{"name": name, "level": {"min_dbfs": -9}}]}) for name in "ab")
    document = HttpDevice._document

    def read_before(self: HttpDevice) -> tuple[bytes, str]:
        read = document(self)
        monkeypatch.undo()
        http_device(site).set_rules(theirs.encode())
        return read

    monkeypatch.setattr(HttpDevice, "_document", read_before)
    with pytest.raises(DeviceError, match="refused PUT rules: 412: other rules are in force by now"):
        device.set_rules(mine.encode())
    assert device.rule_document() == theirs


def test_a_rule_that_is_switched_off_is_told(site: Site, tool: Tool) -> None:
    with site.ask("PUT", "rules/loud/enabled", {"enabled": False}) as answer:
        assert answer.status == 204
    text = tool(site.address, "rules")
    assert text.startswith("10 rules, presets")
    assert text.endswith(f"\n  {'loud':<20} off\n")


def test_it_is_heard_and_told_the_same(site: Site) -> None:
    heard: dict[str, list[Heard | Told]] = {"console": [], "http": []}

    def listen(name: str, device: Device | HttpDevice) -> None:
        heard[name] = [what for what in device.hear(9) if not isinstance(what, str)]

    with Device.open(site.console) as console:
        threads = [
            threading.Thread(target=listen, args=("console", console)),
            threading.Thread(target=listen, args=("http", http_device(site))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    patches = {name: {p.start_s: p.table() for p in what if isinstance(p, Heard)} for name, what in heard.items()}
    both = patches["console"].keys() & {round(start_s, 2) for start_s in patches["http"]}
    assert len(both) >= 8
    by_time = {round(start_s, 2): table for start_s, table in patches["http"].items()}
    assert {start_s: patches["console"][start_s] for start_s in both} == {start_s: by_time[start_s] for start_s in both}
    told = {name: [event.text for event in what if isinstance(event, Told)] for name, what in heard.items()}
    starts = [text for text in told["console"] if " start: " in text]
    assert any(text.startswith("smoke_alarm ") for text in starts)
    assert [text for text in told["http"] if " start: " in text] == starts


def test_listening_prints_a_table_and_events(place: str, tool: Tool) -> None:
    text = tool(place, "listen", "--seconds", "8")
    assert re.search(r"^ +\d+\.\d\d s\nSmoke detector, smoke alarm +0\.\d\d #+$", text, re.MULTILINE)
    assert re.search(r"^event: smoke_alarm \d+ start: \d+\.\d\d s to .* s, peak 0\.\d{3}, goes on$", text, re.MULTILINE)


def test_listening_goes_on_when_the_device_comes_back_and_misses_no_event(model_image: Path, tmp_path: Path) -> None:
    came: list[Heard | Told | str] = []
    with simulated_site(model_image, live=LiveInput(ALARM), storage=tmp_path) as site:
        with closing(HttpServer(lambda: site.simulator.device, 0)) as server:
            address = HttpAddress.parse(server.address)
            away = HttpDevice(HttpLine(address, timeout_s=10, token=OwnerToken(site.token, "a test")))
            listener = threading.Thread(target=lambda: came.extend(until_told_after_its_return(away)))
            listener.start()
            time.sleep(0.5)
        wait_for(lambda: any(line["rule"] == "smoke_alarm" for line in http_device(site).events().latest))
        with closing(HttpServer(lambda: site.simulator.device, address.port or 0)):
            listener.join(timeout=30)
            assert not listener.is_alive()
    notes = [what for what in came if isinstance(what, str)]
    assert sum("trying again" in note for note in notes) == 1
    assert notes.count("the device is back") == 1
    assert any(what.text.startswith("smoke_alarm 2 start") for what in came if isinstance(what, Told))


def until_told_after_its_return(device: HttpDevice) -> Iterator[Heard | Told | str]:
    back = False
    for what in device.hear(40):
        yield what
        back = back or what == "the device is back"
        if back and isinstance(what, Told) and what.text.startswith("smoke_alarm"):
            return


def test_that_it_is_muted_is_told(site: Site, tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool(site.address, "mute") == "not muted\n"
    assert tool(site.address, "mute", "on") == "muted: it hears nothing\n"
    assert "muted      True\n" in tool(site.console, "info")
    assert main(["--port", site.address, "listen", "--seconds", "1"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "| muted: it hears nothing until `device.py mute off` or its button\n" in said.err
    assert tool(site.address, "mute", "off") == "not muted\n"


def test_the_log_is_told(site: Site, tool: Tool) -> None:
    assert "boot: ready after " in tool(site.address, "log")
    assert re.search(r"heard: \d", tool(site.console, "log", "--seconds", "3"))


@pytest.mark.parametrize("command", [["score", "x.npy"], ["profile"], ["selftest"], ["compare", "x.wav"]])
def test_what_only_the_console_can_says_so(command: list[str]) -> None:
    with pytest.raises(UsageError, match=f"^{command[0]} needs the serial console: --port PORT, not http://y.local$"):
        main([*command, "--port", "http://y.local"])


@pytest.mark.parametrize("command", [["clips", "list"], ["clips", "get", "a.wav"], ["clips", "play", "x"], ["mute"]])
def test_what_only_http_can_says_so(command: list[str]) -> None:
    with pytest.raises(
        UsageError, match=f"^{command[0]} needs HTTP: --port http://yamnet-1a2b.local, not /dev/ttyACM9$"
    ):
        main([*command, "--port", "/dev/ttyACM9"])
    with pytest.raises(
        UsageError, match=f"^{command[0]} needs HTTP: --port http://yamnet-1a2b.local, not a serial port$"
    ):
        main(command)


def test_clips_are_listed_and_fetched(site: Site, tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    muted_after_an_alarm(site)
    (clip,) = (tmp_path / "storage").glob("*.wav")
    size = clip.stat().st_size
    seconds = (size - 512) / 32_000
    assert tool(site.address, "clips", "list") == f"{clip.name:<36}  {size:>11,} bytes  {size / 32_000:6.1f} s\n"
    fields = json.loads(tool(site.address, "clips", "list", "--json"))
    assert (fields["name"], fields["bytes"], fields["starred"]) == (clip.name, size, False)
    folder = tmp_path / "fetched"
    folder.mkdir()
    for out, path in [(folder, folder / clip.name), (folder / "it.wav", folder / "it.wav")]:
        for _ in range(2):
            assert tool(site.address, "clips", "get", clip.name, "--out", str(out)) == f"{path}: {size:,} bytes\n"
        assert path.read_bytes() == clip.read_bytes()
    monkeypatch.chdir(tmp_path)
    assert tool(site.address, "clips", "get", clip.name) == f"{clip.name}: {size:,} bytes\n"
    for out in ("nowhere/it.wav", "nowhere/"):
        with pytest.raises(DeviceError, match=f"^--out {out}: there is no such folder$"):
            tool(site.address, "clips", "get", clip.name, "--out", out)
    for name in ("../secret.wav", "/etc/passwd", "..", "a b.wav", "x" * 300 + ".wav"):
        with pytest.raises(DeviceError, match="no clip is called so; `clips list` shows their names"):
            tool(site.address, "clips", "get", name)
    with pytest.raises(DeviceError, match=r"refused GET clips/other\.wav: 404: other\.wav: there is no such one"):
        tool(site.address, "clips", "get", "other.wav", "--out", str(folder / "other.wav"))
    assert sorted(path.name for path in folder.iterdir()) == [clip.name, "it.wav"]

    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioError, match="clips play needs the sounddevice package: pip install"):
        tool(site.address, "clips", "play", clip.name)
    played: list[np.ndarray] = []
    fake = SimpleNamespace(play=lambda pcm, *_, **__: played.append(pcm), PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    assert tool(site.address, "clips", "play", clip.name) == f"{clip.name}: {seconds:.1f} s\n"
    np.testing.assert_array_equal(played[0], soundfile.read(clip, dtype="int16")[0])


def test_clips_come_in_pages_newest_first(
    site: Site, tool: Tool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    muted_after_an_alarm(site)
    (clip,) = (tmp_path / "storage").glob("*.wav")
    names = [f"20200101T00{number // 60:02}{number % 60:02}Z_0001-9{number:04}.wav" for number in range(230)]
    for name in names:
        (tmp_path / "storage" / name).write_bytes(clip.read_bytes()[:2048])
    http_device(site).reboot()
    there = [clip.name, *reversed(names)]
    listed = tool(site.address, "clips", "list", "--limit", "500").splitlines()
    assert [line.split()[0] for line in listed] == there
    main(["--port", site.address, "clips", "list"])
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()] == there[:20]
    assert said.err == f"there are older ones: --before {there[19]}\n"
    listed = tool(site.address, "clips", "list", "--before", there[19], "--limit", "150").splitlines()
    assert [line.split()[0] for line in listed] == there[20:170]


def test_without_the_token_it_says_where_it_is(site: Site, monkeypatch: pytest.MonkeyPatch, tool: Tool) -> None:
    monkeypatch.delenv("YAMNET_TOKEN")
    needed = (
        rf"{site.address}: the owner's token is needed: give it by --token or \$YAMNET_TOKEN; `device.py info` over"
    )
    with pytest.raises(DeviceError, match=needed):
        tool(site.address, "info")
    assert tool(site.address, "mute", "--token", site.token) == "not muted\n"

    typed = iter(["", site.token])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    with pytest.raises(DeviceError, match=needed):
        tool(site.address, "rules")
    assert tool(site.address, "rules").startswith("11 rules")
    with site.ask("PUT", "settings", {"name": "H", "place": "", "open_reading": True, "open_audio": False}) as answer:
        assert answer.status == 200
    assert tool(site.address, "rules").startswith("11 rules"), "nobody is asked for what nobody needs"


def test_a_wrong_token_is_told_and_then_slowed_down(site: Site, monkeypatch: pytest.MonkeyPatch, tool: Tool) -> None:
    with pytest.raises(DeviceError, match=r": --token is not the owner's token; `device\.py info` over the serial"):
        tool(site.address, "info", "--token", "aaaa-bbbb-cccc-dddd")
    monkeypatch.setenv("YAMNET_TOKEN", "aaaa-bbbb-cccc-dddd")
    for _ in range(8):
        with pytest.raises(DeviceError, match=r": \$YAMNET_TOKEN is not the owner's token;|too many wrong tokens"):
            tool(site.address, "info")
    with pytest.raises(DeviceError, match=r"too many wrong tokens came from this computer; wait \d+ s, and then give"):
        tool(site.address, "info", "--token", site.token)


def test_http_needs_no_pyserial_and_a_serial_port_says_that_it_does(site: Site) -> None:
    program = (
        "import sys; sys.modules['serial'] = None; from yamnet_tools.device.command import main; "
        "from yamnet_tools.cli import run; sys.exit(run(main))"
    )

    def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60)

    assert ask("--port", site.address, "rules").stdout.startswith("11 rules, presets")
    for arguments in (["info"], ["--port", site.console, "info"]):
        result = ask(*arguments)
        assert result.returncode == 1
        assert re.fullmatch(r"\S+: error: a serial port needs the pyserial package: pip install .*\n", result.stderr)


def test_the_microphone_is_recorded(place: str, tool: Tool, tmp_path: Path) -> None:
    """What the simulated device plays, gapless, in a folder of the label's name."""
    told = tool(place, "record", "--label", "alarm", "--data", str(tmp_path / "data"), "--count", "2", "--seconds", "1")
    clips = sorted((tmp_path / "data" / "alarm").glob("*.wav"))
    assert [line.partition(": ")[0] for line in told.splitlines()] == [str(clip) for clip in clips]
    played, _ = soundfile.read(ALARM, dtype="int16")
    over_and_over = np.tile(played, 2).tobytes()
    for clip in clips:
        pcm, rate = soundfile.read(clip, dtype="int16")
        assert (rate, pcm.shape) == (16_000, (16_000,))
        assert pcm.tobytes() in over_and_over


@pytest.mark.parametrize("label", ["", "..", "a/b", " a", "a\nb"])
def test_a_label_is_a_folders_name(site: Site, label: str) -> None:
    with pytest.raises(UsageError, match="no name for a folder"):
        main(["record", "--label", label, "--port", site.address])
