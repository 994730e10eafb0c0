# SPDX-License-Identifier: Apache-2.0
"""The simulated device: as it should be, and misbehaving; and tools/device.py talking to it."""

import html
import json
import os
import re
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from device_core import RuleSet, preset_document
from yamnet_tools.audio import open_recording
from yamnet_tools.classify.scoring import score
from yamnet_tools.device import Device
from yamnet_tools.device.answers import Info
from yamnet_tools.device.command import main as device_tool
from yamnet_tools.device.conversation import RefusedError
from yamnet_tools.engines import Engine, open_engine
from yamnet_tools.errors import DeviceError
from yamnet_tools.events.clip_events import ClipEvents
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.model_image.command import main as make_image
from yamnet_tools.paths import CHECKOUT
from yamnet_tools.probe_audio import SAMPLE_RATE_HZ, sound_probes
from yamnet_tools.simulated_device import Faults, Misbehaviour, Simulator
from yamnet_tools.simulated_device.command import main as simulator_tool
from yamnet_tools.simulated_device.endpoint import Endpoint, PseudoTerminal, TcpPort
from yamnet_tools.simulated_device.live import LiveInput

pytestmark = pytest.mark.slow

Start = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def image(converted_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    shutil.copytree(converted_model.parent, folder, dirs_exist_ok=True)
    path = folder / "yamnet_spiffs.bin"
    assert make_image(["--model", str(folder / converted_model.name), "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def model(image: Path) -> YamnetModel:
    return load_model(image.with_name("yamnet.tflite"))


@pytest.fixture(scope="module")
def engine(model: YamnetModel) -> Engine:
    return open_engine("tflm", model)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three patches of a made-up voice."""
    path = tmp_path_factory.mktemp("clip") / "voice.wav"
    soundfile.write(path, sound_probes()[-1].pcm, SAMPLE_RATE_HZ, subtype="PCM_16")
    return path


@contextmanager
def running(image: Path, endpoint: Endpoint | None = None, **options: object) -> Iterator[str]:
    """A simulated device in a thread; gives the port to open."""
    line = endpoint or PseudoTerminal()
    simulator = Simulator(line, image, **options)  # type: ignore[arg-type]
    stop = threading.Event()
    thread = threading.Thread(target=simulator.run, args=(stop,))
    thread.start()
    try:
        yield line.address
    finally:
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()
        line.close()


def _patch(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-100, 60, (96, 64), np.int8)


@pytest.mark.parametrize("endpoint", [PseudoTerminal, lambda: TcpPort(0)], ids=["pseudo-terminal", "tcp"])
def test_it_scores_as_the_host(
    image: Path, model: YamnetModel, engine: Engine, endpoint: Callable[[], Endpoint]
) -> None:
    patch = _patch(1)
    with running(image, endpoint()) as port, Device.open(port) as device:
        info = device.info()
        assert info.problems() == []
        assert info.ready
        assert info.model_sha256 == model.sha256
        np.testing.assert_array_equal(device.score(patch).scores, engine.score(patch[None])[0])
        assert device.selftest().passed
        assert device.counters.retries == 0


def test_a_client_may_come_and_go(image: Path) -> None:
    with running(image, TcpPort(0)) as port:
        for _ in range(3):
            with Device.open(port) as device:
                device.info()


@pytest.mark.parametrize(
    ("misbehaviour", "counters"),
    [
        (Misbehaviour(flip=3e-5), ("damaged_requests", "damaged_answers")),
        (Misbehaviour(drop=3e-5), ("damaged_requests", "damaged_answers")),
        (Misbehaviour(log_mid_answer=0.2), ("damaged_answers",)),
        (Misbehaviour(delay=0.3, delay_s=1.0), ("timeouts",)),
        (Misbehaviour(reset=0.2), ("damaged_answers", "timeouts")),
    ],
    ids=["flipped bytes", "dropped bytes", "log lines in answers", "delays", "resets"],
)
def test_the_client_gets_right_answers_from_a_bad_line(
    image: Path, engine: Engine, misbehaviour: Misbehaviour, counters: tuple[str, ...]
) -> None:
    patches = np.stack([_patch(seed) for seed in range(8)])
    expected = engine.score(patches)
    with running(image, misbehaviour=replace(misbehaviour, seed=5)) as port, Device.open(port) as device:
        device.timeout_s = 0.9
        found = np.stack([device.score(patch).scores for patch in patches])
        assert sum(getattr(device.counters, name) for name in counters) > 0, device.counters
    np.testing.assert_array_equal(found, expected)


def test_no_number_is_believed_that_a_bad_line_made(image: Path) -> None:
    with (
        running(image, misbehaviour=Misbehaviour(drop=2e-4, flip=2e-4, seed=4)) as port,
        Device.open(port) as device,
    ):
        device.timeout_s = 1.0
        for _ in range(40):
            info = device.ask("info", parse=Info, attempts=20)
            assert info.problems() == []
            assert info.fields["model"]["bytes"] == 4_039_696
            assert info.fields["arena"]["size"] == 1 << 20
        assert device.counters.damaged_answers > 10


def test_it_resets_in_requests_and_in_answers(image: Path) -> None:
    logs: list[str] = []
    with (
        running(image, misbehaviour=Misbehaviour(reset=0.7, seed=1)) as port,
        Device.open(port, on_log=logs.append) as device,
    ):
        refused = cut = 0
        for number in range(8):
            device.send_raw(f"@help id={number}\n".encode())
            try:
                answers = device.read_answers(10, count=1)
            except DeviceError:
                cut += 1
                continue
            refused += answers[0].error == "bad_request"  # the end of a request whose start was lost
    assert cut >= 1
    assert refused >= 1
    assert sum("boot: ready" in line for line in logs) >= cut + refused


def test_audio_survives_a_bad_line(image: Path, clip: Path) -> None:
    with running(image, misbehaviour=Misbehaviour(flip=2e-5, log_mid_answer=0.1, seed=3)) as port:
        code = device_tool(
            [
                "--port",
                port,
                "--timeout",
                "2",
                "--no-log",
                "compare",
                str(clip),
                "--model",
                str(image.with_name("yamnet.tflite")),
            ]
        )
    assert code == 0


def test_a_wrong_model_passes_its_own_selftest_and_fails_the_comparison(
    image: Path, clip: Path, model: YamnetModel, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(image, faults=Faults(wrong_model=True)) as port:
        with Device.open(port) as device:
            assert device.info().model_sha256 != model.sha256
            assert device.selftest().passed
        assert device_tool(["--port", port, "compare", str(clip), "--model", str(model.path)]) == 1
    said = capsys.readouterr()
    assert "patches differ, outputs by up to" in said.out
    assert "warning: the device's model is" in said.err


@pytest.mark.parametrize(
    ("faults", "test", "told"),
    [
        (
            Faults(wrong_model=True),
            "a_clip_sent_as_audio",
            [r"patches differ, outputs by up to \d+ steps", r"expected 0\.\d+, came 0\.\d+, \d+ steps apart"],
        ),
        (
            Faults(failing_selftest=True),
            "info_is_complete",
            ["self-test: 521 of 521 outputs differ, by up to 3 steps", "nothing is scored with these kernels"],
        ),
    ],
    ids=["another model", "another self-test"],
)
@pytest.mark.usefixtures("audio_dir")
def test_a_failing_hardware_test_tells_what_to_look_at(
    image: Path, tmp_path: Path, faults: Faults, test: str, told: list[str]
) -> None:
    report = tmp_path / "report.xml"
    with running(image, faults=faults) as port:
        command = [sys.executable, "-m", "pytest", "-q", CHECKOUT / "host_tests" / "hil", "--device", "sim"]
        options = ["--port", port, "-k", test, "--junitxml", report, "--root-logdir", tmp_path / "logs"]
        result = subprocess.run([*command, *options], capture_output=True, text=True, cwd=CHECKOUT, timeout=300)
    assert result.returncode == 1, result.stdout + result.stderr
    (log,) = (tmp_path / "logs").rglob("dut.log")
    for text in (result.stdout, html.unescape(report.read_text())):
        for expected in [*told, f"{log}, its end:\n", "@ok "]:
            assert re.search(expected, text), f"{expected!r} is not in:\n{text}"


def test_a_failing_selftest_shows_in_info(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(image, faults=Faults(failing_selftest=True)) as port:
        assert device_tool(["--port", port, "selftest"]) == 1
        assert "FAILED: 521 outputs differ, by up to 3" in capsys.readouterr().out
        assert device_tool(["--port", port, "info"]) == 1
        assert "boot step failed: self-test" in capsys.readouterr().err


def test_a_damaged_image_leaves_the_device_up_and_not_ready(image: Path, tmp_path: Path) -> None:
    data = bytearray(image.read_bytes())
    data[0x300164] ^= 1
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(data)
    with running(damaged) as port, Device.open(port) as device:
        info = device.info()
        assert info.problems() == []
        assert not info.ready
        assert info.model_sha256 is None
        assert info.failed_steps[0] == "model: yamnet.tflite is not the file that the manifest names"
        with pytest.raises(RefusedError, match=r"not_ready: model: yamnet\.tflite is not the file"):
            device.score(_patch(0))
        with pytest.raises(RefusedError, match=r"refused @events: not_ready: model: yamnet\.tflite is not the file"):
            device.events()


def test_a_restart_counts_and_clears(image: Path) -> None:
    with running(image) as port, Device.open(port) as device:
        device.score(_patch(0))
        info = device.reboot()
        assert (info.fields["boot"]["count"], info.fields["boot"]["reset_reason"]) == (2, "software")
        assert info.fields["inference"]["patches"] == 0


def test_it_hears_what_it_plays(image: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(image, live=LiveInput(clip)) as port:
        assert device_tool(["--port", port, "--no-log", "listen", "--seconds", "4"]) == 0
        shown = capsys.readouterr().out
        with Device.open(port) as device:
            audio = device.info().fields["audio"]
    assert audio["source"] == f"replay {clip.name}"
    assert " s\n" in shown
    assert "#" in shown


def test_events_are_those_of_the_host_and_kept(image: Path, model: YamnetModel, engine: Engine, tmp_path: Path) -> None:
    clip = CHECKOUT / "examples" / "audio" / "smoke_alarm_t3.wav"
    logs: list[str] = []
    with (
        running(image, live=LiveInput(clip), storage=tmp_path) as port,
        Device.open(port, on_log=logs.append) as device,
    ):
        deadline = time.monotonic() + 60
        while not any("event: smoke_alarm" in line for line in logs) and time.monotonic() < deadline:
            list(device.log_lines(0.5))
        events = device.events()
        assert device.info().problems() == []
    host = ClipEvents(RuleSet.parse(preset_document(), list(model.class_names)), model)
    with open_recording(str(clip)) as recording:
        told = [event for step in score(recording.blocks(), model, engine) for event in host.add(step)]
    expected = next(event for event in told if event.rule == "smoke_alarm")
    heard = next(line for line in events.latest if line["rule"] == "smoke_alarm")
    assert (heard["id"], heard["kind"], heard["start_sample"], heard["end_sample"], heard["level_dbfs"]) == (
        f"0001-{expected.sequence:05}",
        expected.kind,
        expected.start_sample,
        expected.end_sample,
        expected.level,
    )
    assert heard["peak"] == pytest.approx(expected.peak, abs=1e-4)
    assert "smoke_alarm" in [rule.name for rule in events.active]
    (kept,) = tmp_path.glob("*.wav")
    assert heard["clip"] == kept.name
    journal = [json.loads(line) for line in (tmp_path / "journal-000001.jsonl").read_text().splitlines()]
    assert heard in journal
    played, heard_pcm = soundfile.read(clip, dtype="int16")[0], soundfile.read(kept, dtype="int16")[0]
    first = max(0, heard["start_sample"] - 5 * SAMPLE_RATE_HZ)
    assert np.array_equal(heard_pcm, np.take(played, np.arange(first, first + len(heard_pcm)), mode="wrap"))


def test_rules_are_replaced_as_a_whole_and_outlive_a_restart(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    padding = " " * 20_000  # more than one request carries
    rule = '{"name": "beep", "classes": ["CLASS"], "on": 0.4, "off": 0.2}'
    good.write_text('{"schema": 1, "rules": [' + padding + rule.replace("CLASS", "Beep, bleep") + "]}")
    bad.write_text('{"schema": 1, "rules": [' + rule.replace("CLASS", "Tuba solo") + "]}")
    with running(image) as port:
        assert device_tool(["rules", str(good), "--port", port]) == 0
        assert "1 rules, stored, a document of 20," in capsys.readouterr().out
        with pytest.raises(DeviceError, match=r'bad_argument: /rules/0/classes/0: there is no class "Tuba solo"'):
            device_tool(["rules", str(bad), "--port", port])
        assert device_tool(["reboot", "--port", port]) == 0
        capsys.readouterr()
        assert device_tool(["rules", "--show", "--port", port]) == 0
        assert capsys.readouterr().out == good.read_text() + "\n"
        assert device_tool(["rules", "--presets", "--port", port]) == 0
        assert "11 rules, presets" in capsys.readouterr().out
        assert device_tool(["events", "--port", port]) == 0
        assert "no level yet, noise floor -60.0 dBFS (assumed); 0 events" in capsys.readouterr().out


def test_profile_and_score_of_the_tool(
    image: Path, model: YamnetModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "patches.bin"
    raw.write_bytes(_patch(1).tobytes() + _patch(2).tobytes())
    with running(image) as port:
        assert device_tool(["--port", port, "profile"]) == 0
        assert "CONV_2D" in capsys.readouterr().out
        assert device_tool(["--port", port, "score", str(raw), "--model", str(model.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{raw} patch 0", f"{raw} patch 1"]


def test_a_recording_is_scored_patch_by_patch(
    image: Path, model: YamnetModel, engine: Engine, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, sound_probes()[-1].pcm[:8000], SAMPLE_RATE_HZ, subtype="PCM_16")
    with running(image) as port:  # the line's options may stand behind the command, too
        options = ["--model", str(model.path), "--json", "--port", port, "--timeout", "30"]
        assert device_tool(["score", str(clip), str(short), *options]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    expected = []
    for path in (clip, short):
        with open_recording(str(path)) as recording:
            steps = list(score(recording.blocks(), model, engine))
        expected += [(str(path), list(scores)) for step in steps for scores in step.scores]
    assert [(record["file"], record["scores"]) for record in records] == expected
    assert [record["patch"] for record in records][-1] == 0


@pytest.mark.parametrize("option", [["--timeout", "0"], ["--timeout", "soon"], ["--baud", "-9600"]])
def test_a_line_option_that_makes_no_sense_is_wrong_usage(option: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        device_tool(["info", *option])
    assert caught.value.code == 2


@pytest.mark.parametrize("option", [["--tcp", "70000"], ["--drop", "1.5"], ["--delay-seconds", "-1"], ["--flip", "x"]])
def test_a_misbehaviour_that_cannot_be_is_wrong_usage(option: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        simulator_tool(option)
    assert caught.value.code == 2


def test_a_tcp_port_in_use_is_told() -> None:
    with (
        closing(TcpPort(0)) as taken,
        pytest.raises(DeviceError, match=r"TCP port \d+ of 127\.0\.0\.1: Address already"),
    ):
        TcpPort(int(taken.address.rpartition(":")[2]))


def test_titles_are_utf8_and_many_long_ones_come_in_pages(image: Path, tmp_path: Path) -> None:
    titles = [f"{number:02} " + "Türklingel 🔔 ドア" * 3 for number in range(32)]
    rules = [{"name": f"r{i}", "title": title, "level": {"min_dbfs": -100}} for i, title in enumerate(titles)]
    document = json.dumps({"schema": 1, "rules": rules}, ensure_ascii=False).encode()
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, np.random.default_rng(1).integers(-9000, 9000, 16_000).astype(np.int16), 16_000)
    with running(image, live=LiveInput(loud)) as port, Device.open(port) as device:
        assert device.set_rules(document) == 32
        assert [rule.title for rule in device.rules().rules] == titles
        deadline = time.monotonic() + 30
        while len(device.events().active) < 32 and time.monotonic() < deadline:
            time.sleep(0.5)
        assert [rule.title for rule in device.events().active] == titles
        assert device.events().latest[-1]["kind"] == "start"


def test_a_document_of_the_largest_size_is_replaced_by_another(image: Path) -> None:
    def document(name: str, size: int) -> bytes:
        text = json.dumps({"schema": 1, "rules": [{"name": name, "level": {"min_dbfs": -100}}]})
        return text.ljust(size).encode()

    largest = RuleSet.max_document_bytes
    with running(image) as port, Device.open(port) as device:
        for name in ("first", "second"):
            assert device.set_rules(document(name, largest)) == 1
            assert [rule.name for rule in device.rules().rules] == [name]
        with pytest.raises(DeviceError, match=f"total: a document has 1 to {largest} bytes"):
            device.set_rules(document("third", largest + 1))
        assert [rule.name for rule in device.rules().rules] == ["second"]


def test_storage_is_told_and_a_volume_that_is_not_there_is_not_formatted(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(image) as port:
        assert device_tool(["storage", "--port", port]) == 0
        assert capsys.readouterr().out == "in use     none: events are told, and not kept\n"
        with pytest.raises(DeviceError, match="bad_argument: volume: there is none of that name"):
            device_tool(["storage", "--format", "flash", "--port", port])


def test_a_terminal_that_nobody_reads_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def select_without_waiting(*lists: object) -> object:
        ready = select.select(*lists[:3], 0)
        if not ready[1]:
            waits.append(lists[3])
        return ready

    monkeypatch.setattr("yamnet_tools.simulated_device.endpoint.select", SimpleNamespace(select=select_without_waiting))
    with closing(PseudoTerminal()) as line:
        for _ in range(100):
            line.write(b"x" * 1000)
        assert waits[0] == 1
        assert set(waits[1:]) == {0}
        while select.select([line._slave], [], [], 0.1)[0]:
            os.read(line._slave, 1 << 16)
        line.write(b"again")
        assert os.read(line._slave, 1 << 16).endswith(b"again")
