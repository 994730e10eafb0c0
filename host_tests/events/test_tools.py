# SPDX-License-Identifier: Apache-2.0
"""tune_rules.py and evaluate_events.py as a person runs them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from device_core import RuleSet, presets
from yamnet_tools.events.evaluate import TASKS, Row, table
from yamnet_tools.events.judge import Verdict
from yamnet_tools.events.plain_rule import PlainRule
from yamnet_tools.model import load_model

CHECKOUT = Path(__file__).resolve().parents[2]
ALARM = CHECKOUT / "examples" / "audio" / "smoke_alarm_t3.wav"


@pytest.fixture(scope="module")
def model(converted_model: Path) -> Path:
    return converted_model


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight alarms and eight noises, each of its own source, with an index."""
    folder = tmp_path_factory.mktemp("recordings")
    random = np.random.default_rng(1)
    alarm, rate = soundfile.read(ALARM)
    lines = ["path,label"]
    for number in range(8):
        noise = random.standard_normal(4 * rate)
        for kind, samples in (("alarm", alarm[: 4 * rate] + 0.002 * noise), ("noise", 0.05 * noise)):
            path = folder / kind / f"source{chr(97 + number)}.wav"
            path.parent.mkdir(exist_ok=True)
            soundfile.write(path, samples, rate)
            lines.append(f"{kind}/{path.name},{'siren' if kind == 'alarm' else kind}")
    (folder / "index.csv").write_text("\n".join(lines) + "\n")
    return folder


def run(tool: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHECKOUT / "tools" / tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
def test_tune_rules_recommends_and_writes_a_rule_that_works(model: Path, recordings: Path, tmp_path: Path) -> None:
    written, picture = tmp_path / "rule.json", tmp_path / "plot.png"
    positives, negatives = recordings / "alarm", recordings / "noise"
    arguments = ["--positives", positives, "--negatives", negatives, "--model", model]
    classes = ["--classes", "Smoke detector, smoke alarm", "--name", "smoke", "--write", written, "--plot", picture]
    result = run("tune_rules.py", *arguments, *classes)
    assert result.returncode == 0, result.stderr
    assert "kept back" in result.stdout
    assert "recommended: on " in result.stdout
    assert "began with   found" in result.stdout
    assert re.search(r"recommended  found 4 of 4 \(40% to 100%\); false alarms: 0 in .* minutes", result.stdout)
    assert re.search(r"of negatives \(0\.0 to \d{3}\.\d an hour\)", result.stdout), "a minute proves little"
    assert picture.read_bytes().startswith(b"\x89PNG")
    rules = RuleSet.parse(written.read_text(), list(load_model(model).class_names)).rules
    assert [rule.name for rule in rules] == ["smoke"]
    heard = run("classify.py", positives, "--rules", written, "--json", "--model", model)
    assert all(json.loads(line)["events"] for line in heard.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "reason", "code"),
    [
        (["--rule", "loud"], "a rule without classes has no threshold to tune", 1),
        (["--rule", "pets"], "--name must be one of dog, cat", 2),
        (["--rule", "none"], "neither a rule file nor one of the presets", 2),
        (["--classes", "Tuba; Zither"], "Tuba", 2),
        (["--classes", "Sirn"], "did you mean", 2),
        (["--rule", "baby", "--false-alarms-per-hour", "nan"], "nan is out of range: from 0", 2),
        (["--rule", "baby", "--false-alarms-per-hour", "-1"], "-1 is out of range: from 0", 2),
        (["--rule", "baby", "--false-alarms-per-hour", "few"], "'few' is no number", 2),
        (["--rule", "baby", "--plot", "x.txt"], "x.txt does not end in .png", 2),
        (["--rule", "baby", "--source", "night"], "'night' has no group", 2),
        (["--rule", "baby", "--source", "("], "'(' is no regular expression", 2),
        (["--rule", "baby", "--source", "night_(.*)"], "its name has no source as --source wants it", 1),
        (["--rule", "baby", "--plot", "nowhere.png/x.png/y.png", "--seed", "-1"], "-1 is out of range", 2),
    ],
)
def test_tune_rules_says_what_is_wrong(
    model: Path, recordings: Path, arguments: list[str], reason: str, code: int
) -> None:
    folders = ["--positives", recordings / "alarm", "--negatives", recordings / "noise", "--model", model]
    result = run("tune_rules.py", *folders, *arguments)
    assert (result.returncode, result.stdout) == (code, "")
    assert reason in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_no_rule_comes_out_of_recordings_that_carry_no_answer(model: Path, recordings: Path, tmp_path: Path) -> None:
    written, picture = tmp_path / "rule.json", tmp_path / "plot.png"
    folders = {"--positives": recordings / "alarm", "--negatives": recordings / "noise"}

    def refusal(*arguments: object, **folder: Path) -> str:
        words = [
            word
            for name, path in (folders | {f"--{key}": path for key, path in folder.items()}).items()
            for word in (name, path)
        ]
        result = run("tune_rules.py", *words, "--model", model, "--write", written, "--plot", picture, *arguments)
        assert result.returncode == 1, result.stdout
        assert not written.exists()
        assert not picture.exists()
        return result.stderr.splitlines()[-1]

    assert re.search(r"found none of \d+ positives", refusal("--classes", "Tick-tock"))
    few = refusal("--classes", "Smoke detector, smoke alarm", "--false-alarms-per-hour", "2")
    assert re.search(r"one false alarm is \d+\.\d an hour already; record at least 60 minutes", few)
    same = tmp_path / "same"
    same.mkdir()
    for path in (recordings / "alarm").iterdir():
        (same / f"x{path.name}").write_bytes(path.read_bytes())
    smoke = ("--classes", "Smoke detector, smoke alarm")
    assert "no threshold that finds anything keeps 0 false alarms an hour" in refusal(*smoke, negatives=same)
    one = refusal(*smoke, "--source", "(source).*")
    assert "too few recordings: both halves need 3 positives, and negatives" in one
    assert "8 positives of 1 sources, 8 negatives of 1 sources" in one


def test_tune_rules_never_replaces_what_it_reads(model: Path, recordings: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text(presets()["alarms"])
    folders = ["--positives", recordings / "alarm", "--negatives", recordings / "noise", "--model", model]
    result = run("tune_rules.py", *folders, "--rule", mine, "--name", "siren", "--write", mine)
    assert (result.returncode, result.stdout) == (1, "")
    assert "mine.json: would overwrite an input" in result.stderr
    assert mine.read_text() == presets()["alarms"]


def test_a_recording_cut_short_is_used_as_far_as_it_goes(model: Path, recordings: Path, tmp_path: Path) -> None:
    for path in (recordings / "alarm").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = (tmp_path / "sourcea.wav").read_bytes()
    (tmp_path / "sourcea.wav").write_bytes(whole[: len(whole) - 20_000])
    folders = ["--positives", tmp_path, "--negatives", recordings / "noise", "--model", model]
    result = run("tune_rules.py", *folders, "--classes", "Smoke detector, smoke alarm")
    assert result.returncode == 1
    assert re.search(r"sourcea\.wav: truncated: .*; heard as far as it goes", result.stderr)
    assert "recommended: " in result.stdout


def test_tune_rules_refuses_bad_folders(model: Path, recordings: Path, tmp_path: Path) -> None:
    written = tmp_path / "rule.json"
    bad = tmp_path / "bad"
    bad.mkdir()
    alarm = recordings / "alarm"

    def refusal(positives: Path, negatives: Path) -> str:
        folders = ["--positives", positives, "--negatives", negatives, "--write", written]
        result = run("tune_rules.py", *folders, "--rule", "baby", "--model", model)
        assert (result.returncode, result.stdout) == (1, "")
        assert not written.exists()
        return result.stderr.splitlines()[-1]

    assert "no audio in this folder" in refusal(bad, alarm)
    assert "No such file" in refusal(tmp_path / "nowhere", alarm)
    assert "it is among the positives and among the negatives" in refusal(alarm, alarm)
    (bad / "broken.wav").write_bytes(b"RIFF????WAVE")
    for path in alarm.iterdir():
        (bad / path.name).write_bytes(path.read_bytes())
    assert "broken.wav: " in refusal(bad, recordings / "noise")


def test_names_that_differ_in_a_number_are_recordings_of_their_own(
    model: Path, recordings: Path, tmp_path: Path
) -> None:
    for number, path in enumerate(sorted((recordings / "alarm").iterdir())):
        (tmp_path / f"alarm_{number}.wav").write_bytes(path.read_bytes())
    folders = ["--positives", tmp_path, "--negatives", recordings / "noise", "--model", model]
    result = run("tune_rules.py", *folders, "--classes", "Smoke detector, smoke alarm")
    assert result.returncode == 0, result.stderr
    assert "choosing half: 4 positives, 4 negatives" in result.stderr
    assert "recommended  found 4 of 4" in result.stdout


def test_tune_rules_needs_both_kinds_on_both_sides(model: Path, recordings: Path, tmp_path: Path) -> None:
    lone = tmp_path / "one.wav"
    lone.write_bytes((recordings / "alarm" / "sourcea.wav").read_bytes())
    arguments = ["--positives", tmp_path, "--negatives", recordings / "noise", "--rule", "baby", "--model", model]
    result = run("tune_rules.py", *arguments)
    assert result.returncode == 1
    assert "both halves need 3 positives, and negatives" in result.stderr


def test_evaluate_events_writes_its_table(model: Path, recordings: Path, tmp_path: Path) -> None:
    document = tmp_path / "accuracy.md"
    result = run("evaluate_events.py", "--audio", recordings, "--model", model, "--write", document)
    assert result.returncode == 0, result.stderr
    assert "| both | any loud sound |" in result.stdout
    assert result.stdout.strip() in document.read_text()


def test_the_table_says_who_leads(model: Path) -> None:
    def row(preset: tuple[int, int], plain: tuple[int, int]) -> str:
        judged = [Verdict(found, 10, false_alarms, 1.0) for found, false_alarms in (preset, plain)]
        rows = [Row("check", TASKS[0], judged[0], PlainRule(20, 0.1, judged[1]))]
        return table(rows, load_model(model)).splitlines()[-1]

    assert row((5, 0), (4, 1)).endswith("| beats | beats |")
    assert row((5, 0), (4, 0)).endswith("| beats | ties |")
    assert row((4, 2), (5, 1)).endswith("| **loses** | **loses** |")
