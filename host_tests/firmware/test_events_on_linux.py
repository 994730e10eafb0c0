# SPDX-License-Identifier: Apache-2.0
"""From a replayed recording to events, clips and journal lines, with ESP-IDF's Linux target."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from firmware_console import Console, ConsoleError
from firmware_events import (
    RATE,
    check_clips,
    check_same_events,
    classified,
    refusal,
    rule_document,
    set_rules,
    wait_until_kept,
)
from firmware_targets import CHECKOUT, build, run_on_linux

pytestmark = pytest.mark.slow

KITCHEN = CHECKOUT / "examples" / "audio" / "kitchen.wav"
ALWAYS = json.dumps({"schema": 1, "rules": [{"name": "always", "level": {"min_dbfs": -100}, "hold_s": 0}]})


@pytest.fixture(scope="module")
def app() -> Path:
    return build("linux", "linux", ["sdkconfig.defaults"])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def console(app: Path, model_dir: Path, state: Path) -> Iterator[Console]:
    with run_on_linux(app, model_dir, KITCHEN, state=state) as running:
        yield running


def test_a_replayed_recording_becomes_events_clips_and_journal_lines(
    console: Console, model_file: Path, state: Path
) -> None:
    expected = classified(KITCHEN, model_file)
    assert "smoke_alarm" in {event["rule"] for event in expected}
    answer = wait_until_kept(console, len(expected))
    check_same_events(answer["latest"], expected)
    journal = [json.loads(line) for line in (state / "events" / "journal-000001.jsonl").read_text().splitlines()]
    assert journal == answer["latest"]
    recording, _ = soundfile.read(KITCHEN, dtype="int16")
    check_clips(journal, recording, lambda name: state / "events" / name)
    assert answer["storage"]["volume"] == "folder"
    assert answer["storage"]["samples_dropped"] == answer["storage"]["events_dropped"] == 0
    for event in expected:
        console.wait_for_log(f"event: {event['rule']}")
    line = console.wait_for_log("heartbeat: ", 30)
    assert "floor -60.0 dBFS (assumed)" in line
    assert f"events {len(expected)}, rules " in line
    assert "storage folder" in line


def test_rules_of_ones_own_replace_the_presets_and_outlive_a_restart(
    console: Console, app: Path, model_dir: Path, model_file: Path, state: Path
) -> None:
    presets = rule_document(console)
    names = [rule["name"] for rule in json.loads(presets)["rules"]]
    answer = console.ask("rules")
    assert answer["source"] == "presets"
    assert [rule["name"] for rule in answer["rules"]] == names
    assert set_rules(console, ALWAYS) == 1
    assert rule_document(console) == ALWAYS
    console.reboot()
    with run_on_linux(app, model_dir, KITCHEN, state=state) as again:
        answer = again.ask("rules")
        assert answer["source"] == "stored"
        assert [rule["name"] for rule in answer["rules"]] == ["always"]
        kept = wait_until_kept(again, 1)
        mine = state / "always.json"
        mine.write_text(ALWAYS)
        check_same_events(
            [line for line in kept["latest"] if line["boot"] == 2],
            classified(KITCHEN, model_file, str(mine)),
        )
        assert again.ask("rules", "presets")["rules"] == len(names)
        assert rule_document(again) == presets


def test_a_bad_document_is_refused_with_place_and_reason_and_the_rules_stay(console: Console) -> None:
    before = rule_document(console)
    rule = {"name": "x", "classes": ["Speech"], "on": 0.5, "off": 0.5}

    def document(*rules: object) -> str:
        return json.dumps({"schema": 1, "rules": rules})

    for bad, reason in (
        (document(rule | {"classes": ["Tuba"]}), 'bad_argument: /rules/0/classes/0: there is no class "Tuba"'),
        (document(rule | {"on": 1.5}), "bad_argument: /rules/0/on: "),
        (document(rule | {"off": 0.6}), "bad_argument: /rules/0"),
        (document(rule, rule), "bad_argument: /rules/1: there is another rule"),
        (document(*(rule | {"name": f"x{i}"} for i in range(33))), "bad_argument: "),
        ("[" * 5000, "bad_argument: "),
        (" " * 32_769, "bad_argument: total: a document has 1 to 32768 bytes"),
    ):
        assert reason in refusal(console, bad)
        assert rule_document(console) == before
    with pytest.raises(ConsoleError, match="usage: @rules"):
        console.ask("rules", "sing")


def test_the_noise_floor_outlives_a_restart(app: Path, model_dir: Path, state: Path, tmp_path: Path) -> None:
    room = tmp_path / "room.wav"
    noise = np.random.default_rng(1).standard_normal(40 * RATE) * 32768 * 10 ** (-50 / 20)
    soundfile.write(room, noise.astype(np.int16), RATE, subtype="PCM_16")
    with run_on_linux(app, model_dir, room, state=state) as console:
        console.wait_for_log("the recording has ended")
        learned = console.ask("events")
        assert learned["floor_known"] is True
        assert learned["floor_dbfs"] == pytest.approx(-50, abs=1)
        console.reboot()
    with run_on_linux(app, model_dir, state=state) as console:
        again = console.ask("events")
        assert (again["floor_known"], again["floor_dbfs"]) == (True, learned["floor_dbfs"])
        assert console.ask("info")["boot"]["count"] == 2


def test_without_storage_events_are_told_all_the_same(app: Path, model_dir: Path, state: Path) -> None:
    (state / "events").write_text("not a folder")
    with run_on_linux(app, model_dir, KITCHEN, state=state) as console:
        console.wait_for_log("the recording has ended")
        console.wait_for_log("event: smoke_alarm")
        answer = console.ask("events")
        assert answer["storage"]["volume"] == ""
        assert answer["storage"]["last_error"]
        shutil.move(state / "events", state / "elsewhere")
        kept = wait_until_kept(console, 1)  # a medium that comes back gets the lines that waited
        assert kept["storage"]["volume"] == "folder"
