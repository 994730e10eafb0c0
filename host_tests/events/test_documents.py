# SPDX-License-Identifier: Apache-2.0
"""The presets, the schema that is shared with other programs, and the reader agree."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from device_core import RuleSet, presets
from yamnet_tools.events.rules import RulesError, load_rules

CHECKOUT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((CHECKOUT / "docs" / "rules.schema.json").read_text())
CLASSES = [f"class {index}" for index in range(521)]
PLAIN = {"name": "x", "classes": [3], "on": 0.5, "off": 0.25}


def rule(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in (PLAIN | fields).items() if value is not None}


GOOD = [
    rule(),
    rule(name="a-b_C9", title="t", combine="sum", suppress=[{"class": "class 7", "weight": 0.01}]),
    rule(lasting={"on": 0.3, "patches": {"need": 3, "of": 8}}, patches={"need": 32, "of": 32}),
    rule(min_duration_s=0, max_duration_s=86_400, hold_s=3600, cool_off_s=86_400, update_s=0.5),
    rule(level={}, floor={"reference_dbfs": -60, "threshold_per_db": -0.1, "limit": 0.2}),
    rule(gap="end", priority=9, yields=True, quiet_hours=[{"from": "22:00", "to": "06:00"}]),
    rule(gap={"bridge_s": 3600}),
    rule(classes=None, on=None, off=None, level={"min_dbfs": -100}),
    rule(classes=[], on=None, off=None, level={"above_floor_db": 0}),
    rule(classes=None, pattern={"kind": "t4"}),
    rule(pattern={"kind": "t3", "weight": 0.01, "required": True}),
]
BAD = [
    rule(name=None),
    rule(name="9"),
    rule(name="a" * 32),
    rule(on=0),
    rule(on=1.1),
    rule(off=None),
    rule(on=None),
    rule(on=True),
    rule(classes=None),
    rule(classes=None, on=None, off=None),
    rule(classes=None, on=None, off=None, level={"hysteresis_db": 3}),
    rule(classes=[521]),
    rule(classes=[-1]),
    rule(classes=[{"class": 3, "weight": 4.1}]),
    rule(classes=list(range(33))),
    rule(classes=None, on=None, off=None, pattern={"kind": "t3"}),
    rule(pattern={}),
    rule(pattern={"kind": "t5"}),
    rule(pattern={"kind": "t3", "weight": 4.1}),
    rule(pattern={"kind": "t3", "required": 1}),
    rule(combine="mean"),
    rule(patches={"need": 0, "of": 1}),
    rule(patches={"need": 1}),
    rule(lasting={"on": 0.3}),
    rule(max_duration_s=0.5),
    rule(update_s=0),
    rule(level={"min_dbfs": 1}),
    rule(floor={"limit": 0.1}),
    rule(gap="bridge"),
    rule(priority=10),
    rule(priority=1.5),
    rule(yields=1),
    rule(quiet_hours=[{"from": "24:00", "to": "01:00"}]),
    rule(quiet_hours=[{"from": "22:00"}]),
    rule(colour="red"),
]


def fits_schema(document: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(document))


def is_read(document: Any) -> bool:
    try:
        RuleSet.parse(json.dumps(document), CLASSES)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("each", GOOD, ids=json.dumps)
def test_schema_and_reader_take_the_same(each: dict[str, Any]) -> None:
    document = {"schema": 1, "rules": [each]}
    assert is_read(document)
    assert fits_schema(document)


@pytest.mark.parametrize("each", BAD, ids=lambda each: json.dumps(each)[:80])
def test_schema_and_reader_refuse_the_same(each: dict[str, Any]) -> None:
    document = {"schema": 1, "rules": [each]}
    assert not is_read(document)
    assert not fits_schema(document)


@pytest.mark.parametrize("document", [{}, {"schema": 2, "rules": []}, {"schema": 1}, {"schema": 1, "rules": {}}, [], 3])
def test_other_documents_are_refused_by_both(document: Any) -> None:
    assert not is_read(document)
    assert not fits_schema(document)


def test_the_presets_are_those_the_product_promises() -> None:
    shipped = presets()
    assert sorted(shipped) == ["alarms", "baby", "doorbell", "glass", "loud", "pets", "speech"]
    folder = CHECKOUT / "components" / "sound_events" / "presets"
    for name, text in shipped.items():
        assert text == (folder / f"{name}.json").read_text()
        assert fits_schema(json.loads(text))


def test_all_presets_run_together_on_the_real_classes(weights_dir: Path) -> None:
    from yamnet_tools.model.class_map import read_class_map

    names = read_class_map((weights_dir / "yamnet_class_map.csv").read_bytes())
    rules = load_rules(sorted(presets()), names).rules
    assert {rule.name for rule in rules} >= {"baby", "smoke_alarm", "siren", "glass", "dog", "cat", "doorbell", "knock"}
    with pytest.raises(RulesError, match='the rule "baby" is in both sets'):
        load_rules(["baby", "baby"], names)


def test_the_document_s_example_is_a_rule_document() -> None:
    text = (CHECKOUT / "docs" / "rules.md").read_text()
    found = re.search(r"\n((?: {4}.*\n)+)", text)
    assert found is not None
    assert fits_schema(json.loads(found[1]))
