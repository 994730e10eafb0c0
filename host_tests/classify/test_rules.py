# SPDX-License-Identifier: Apache-2.0
"""classify.py --rules: events printed, drawn and in --json, as the device's detector finds them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "audio"

ALWAYS = {"schema": 1, "rules": [{"name": "always", "level": {"min_dbfs": -100}, "hold_s": 0}]}


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    path = tmp_path / "always.json"
    path.write_text(json.dumps(ALWAYS))
    return path


def events_of(result: Any) -> list[dict[str, Any]]:
    assert result.returncode == 0, result.stderr
    events: list[dict[str, Any]] = json.loads(result.stdout)["events"]
    return events


def test_presets_tell_what_the_examples_are(classify: Any) -> None:
    rules = [event["rule"] for event in events_of(classify(EXAMPLES / "siren.wav", "--rules", "alarms", "--json"))]
    assert rules == ["siren"]
    found = events_of(classify(EXAMPLES / "smoke_alarm_t3.wav", "--rules", "baby,alarms", "--json"))
    assert [event["rule"] for event in found] == ["smoke_alarm"]
    assert found[0]["top"][0]["name"] == "Smoke detector, smoke alarm"
    assert events_of(classify(EXAMPLES / "noise.wav", "--rules", "baby,alarms,pets,glass,speech", "--json")) == []


@pytest.mark.slow
def test_events_are_printed_and_marked_in_the_plot(classify: Any, tmp_path: Path) -> None:
    plain, marked = tmp_path / "plain.png", tmp_path / "marked.png"
    clip = EXAMPLES / "siren.wav"
    classify(clip, "--plot", plain)
    result = classify(clip, "--rules", "alarms", "--plot", marked)
    assert result.returncode == 0
    assert "  events:\n    0:00.00 - 0:07.70  0.98  Siren (Siren, Alarm, Police car (siren))" in result.stdout
    assert plain.read_bytes() != marked.read_bytes()
    assert "events: none" in classify(EXAMPLES / "noise.wav", "--rules", "alarms").stdout


def test_without_rules_there_is_no_word_of_events(classify: Any) -> None:
    assert "  events:" not in classify(EXAMPLES / "noise.wav").stdout
    assert "events" not in json.loads(classify(EXAMPLES / "noise.wav", "--json").stdout)


def test_times_are_those_of_the_patches(classify: Any, tmp_path: Path, rule_file: Path) -> None:
    random = np.random.default_rng(1)
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, random.standard_normal(50_000) * 0.1, 16_000)
    (event,) = events_of(classify(clip, "--rules", rule_file, "--json"))
    assert (event["start_sample"], event["end_sample"], event["patches"]) == (0, 4 * 7_680 + 15_600, 5)
    assert event["reason"] == "stream_end"
    assert event["level_dbfs"] == pytest.approx(-20, abs=0.7)


def test_bad_rules_are_one_line_with_place_and_reason(classify: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"schema": 1, "rules": [{"name": "x", "classes": ["Tuba"], "on": 0.5, "off": 0.5}]}))
    clip = EXAMPLES / "noise.wav"
    for rules, reason, code in (
        (bad, 'bad.json: /rules/0/classes/0: there is no class "Tuba"', 1),
        ("no_such_preset", "no_such_preset: neither a rule file nor one of the presets alarms, baby", 2),
        ("baby,baby", 'the rule "baby" is in both sets', 1),
        (EXAMPLES / "noise.wav", "at most 32768 are read", 1),
    ):
        result = classify(clip, "--rules", rules)
        assert (result.returncode, result.stdout) == (code, "")
        assert reason in result.stderr
        assert result.stderr.count("\n") == 1
    assert classify(clip, "--rules", "baby,,pets").returncode == 2
