# SPDX-License-Identifier: Apache-2.0
"""What was heard in the last hour and day: levels, the spectrogram's strip, and what rules would have made of it."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from described_api import ALWAYS, Client, hear, owner_of, rules_set
from device_core import SimulatedDevice
from small_host import SmallHost

LOUD = {"schema": 1, "rules": [{"name": "loud", "level": {"min_dbfs": -20}, "hold_s": 0}]}


def preview(client: Client, document: object) -> Any:
    answer = client.ask("POST", "rules/preview", document)
    assert answer.status == 200, answer
    return answer.json


def test_a_preview_is_what_the_rules_then_do(owner: Client) -> None:
    rules_set(owner, LOUD)
    for amplitude in (300, 20_000, 300, 20_000, 300):
        hear(owner.device, 4, amplitude)
    lines = owner.ask("GET", "events?limit=100").json["events"]
    told = sorted((line for line in lines if line["kind"] == "end"), key=lambda line: line["start_sample"])
    assert len(told) == 2
    found = preview(owner, LOUD)
    assert found["seconds"] == pytest.approx(20, abs=1)
    end = round(found["seconds"] * 16_000)
    assert [(event["rule"], event["duration_s"]) for event in found["events"]] == [
        ("loud", pytest.approx(line["duration_s"])) for line in told
    ]
    for event, line in zip(found["events"], told, strict=True):
        assert event["start_s"] == pytest.approx((line["start_sample"] - end) / 16_000, abs=1e-3)
        assert event["peak"] == pytest.approx(line["peak"], abs=1e-4)
    assert owner.ask("GET", "events?limit=100").json["events"] == lines, "a preview changes nothing"


def test_an_event_that_goes_on_is_previewed_and_one_that_is_not_heard_is_none(owner: Client) -> None:
    hear(owner.device, 4)
    assert [event["rule"] for event in preview(owner, ALWAYS)["events"]] == ["always"]
    assert preview(owner, LOUD)["events"] == []
    assert preview(owner, {"schema": 1, "rules": []})["events"] == []


def test_a_preview_before_anything_was_heard_is_empty(owner: Client) -> None:
    found = preview(owner, ALWAYS)
    assert (found["events"], found["seconds"]) == ([], 0)


def test_a_preview_sees_the_strongest_classes(owner: Client) -> None:
    hear(owner.device, 3)
    scores = owner.ask("GET", "scores?k=20").stream
    assert scores is not None
    hear(owner.device, 1)
    (data,) = re.findall(rb"event: scores\nid: \d+\ndata: (.*)\n\n", scores.next() or b"")
    top = [entry["name"] for entry in json.loads(data)["top"]]
    rule = {"name": "x", "on": 0.05, "off": 0.02, "hold_s": 0}
    strongest = {"schema": 1, "rules": [rule | {"classes": top[:1]}]}
    assert len(preview(owner, strongest)["events"]) == 1


def test_a_mistake_in_a_preview_is_told_with_its_place(owner: Client, stranger: Client) -> None:
    wrong = {"schema": 1, "rules": [{"name": "x", "classes": ["Tuba"], "on": 0.5, "off": 0.4}]}
    answer = owner.ask("POST", "rules/preview", wrong)
    assert (answer.status, answer.json["pointer"]) == (422, "/rules/0/classes/0")
    assert stranger.ask("POST", "rules/preview", ALWAYS).status == 401


def test_levels_are_those_of_the_sound(owner: Client) -> None:
    hear(owner.device, 3, 16_384)
    answer = owner.ask("GET", "levels?seconds=60&step=10").json
    assert answer["step_s"] == 10
    assert len(answer["level_dbfs"]) == len(answer["floor_dbfs"]) == 6
    known = [level for level in answer["level_dbfs"] if level is not None]
    assert known == [pytest.approx(-6.02, abs=0.05)] * len(known)
    assert known
    assert answer["level_dbfs"][-1] == known[-1]
    day = owner.ask("GET", "levels?seconds=86400&step=60").json
    assert len(day["level_dbfs"]) == 1440
    assert [level for level in day["level_dbfs"] if level is not None] == known[-1:]


@pytest.mark.parametrize("query", ["step=15", "seconds=86400&step=10", "seconds=10&step=20", "seconds=86401"])
def test_levels_that_cannot_be_had_are_refused(owner: Client, query: str) -> None:
    assert owner.ask("GET", f"levels?{query}").status == 400


def test_the_strip_is_the_new_half_of_the_patch(owner: Client) -> None:
    stream = owner.ask("GET", "scores?mel").stream
    assert stream is not None
    time = np.arange(16_000) / 16_000
    owner.device.hear((8000 * np.sin(2 * np.pi * 1000 * time)).astype(np.int16), "test")
    (text,) = re.findall(rb'"mel":"([^"]+)"', stream.next() or b"")
    strip = np.frombuffer(base64.b64decode(text), np.uint8).reshape(12, 64)
    mel_hz = 700 * (np.exp(np.linspace(*(1127 * np.log1p(np.array([125, 7500]) / 700)), 66)[1:-1] / 1127) - 1)
    assert abs(mel_hz[strip.mean(axis=0).argmax()] - 1000) < 60
    assert strip.std(axis=0).max() < 5, "a steady tone looks the same in every frame"


@pytest.mark.parametrize("classes", [1, 3, 1024])
def test_scores_and_previews_are_of_as_many_classes_as_the_model_has(tmp_path: Path, classes: int) -> None:
    owner = owner_of(SimulatedDevice(SmallHost(storage=str(tmp_path / "storage"), classes=classes), "test"))
    assert owner.ask("GET", "classes").json["classes"] == [f"Sound {index}" for index in range(classes)]
    scores = owner.ask("GET", "scores?k=20").stream
    assert scores is not None
    hear(owner.device, 2)
    (data,) = re.findall(rb"event: scores\nid: \d+\ndata: (.*)\n\n", scores.next() or b"")
    top = json.loads(data)["top"]
    assert len(top) == min(classes, 20)
    assert len({entry["index"] for entry in top}) == len(top)
    rule = {"name": "x", "classes": [top[0]["name"]], "on": 0.004, "off": 0.004, "hold_s": 0}
    found = preview(owner, {"schema": 1, "rules": [rule]})["events"]
    assert len(found) == (top[0]["score"] > 0.004)
