# SPDX-License-Identifier: Apache-2.0
"""A rule document is taken whole or refused with the place and the reason."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_core import RuleSet
from patches import CLASSES, document, parse, rule


def _floor(limit: float) -> dict[str, float]:
    return {"reference_dbfs": -60, "threshold_per_db": 0.01, "limit": limit}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"classes": ["Baby cry"]}, '/rules/0/classes/0: there is no class "Baby cry"; there is "Baby cry, infant cry"'),
    ({"classes": ["Tuba"]}, '/rules/0/classes/0: there is no class "Tuba"'),
    ({"classes": ["Tu\x1b[31m\nba"]}, '/rules/0/classes/0: there is no class "Tu?[31m?ba"'),
    ({"classes": [8]}, "/rules/0/classes/0: 8 is out of range; it must be 0 to 7"),
    ({"classes": [-1]}, "/rules/0/classes/0: -1 is out of range"),
    ({"classes": [1.5]}, "/rules/0/classes/0: must be a whole number"),
    ({"classes": ["Dog", 3]}, "/rules/0/classes/1: the class Dog stands here twice"),
    ({"classes": [{"class": "Dog", "weight": 0}]}, "/rules/0/classes/0/weight: 0 is out of range"),
    ({"classes": [{"class": "Dog", "weight": 5}]}, "/rules/0/classes/0/weight: 5 is out of range"),
    ({"classes": [{"weight": 1}]}, "/rules/0/classes/0: class is missing"),
    ({"classes": "Dog"}, "/rules/0/classes: must be an array, not a string"),
    ({"classes": [None]}, "/rules/0/classes/0: must be a string, not null"),
    ({"classes": []}, "need"),
    ({"suppress": ["Tuba"]}, "/rules/0/suppress/0: there is no class"),
    ({"on": 1.2}, "/rules/0/on: 1.2 is out of range; it must be 0.003 to 1"),
    ({"on": 0}, "/rules/0/on: 0 is out of range"),
    ({"on": -0.5}, "/rules/0/on: -0.5 is out of range"),
    ({"on": "0.5"}, "/rules/0/on: must be a number, not a string"),
    ({"on": None}, "/rules/0: on is missing"),
    ({"off": None}, "/rules/0: off is missing"),
    ({"off": 0.6}, '/rules/0: "off" must not be above "on"'),
    ({"name": None}, "/rules/0: name is missing"),
    ({"name": ""}, "/rules/0/name: must be a letter"),
    ({"name": "a b"}, "/rules/0/name: must be a letter"),
    ({"name": "a" * 32}, "/rules/0/name: a string of more than 31 bytes"),
    ({"combine": "mean"}, '/rules/0/combine: must be "max", "sum" or "noisy-or"'),
    ({"patches": {"need": 3, "of": 2}}, '/rules/0/patches: "need" must not be above "of"'),
    ({"patches": {"need": 1, "of": 33}}, "/rules/0/patches/of: 33 is out of range"),
    ({"patches": {"need": 1}}, "/rules/0/patches: of is missing"),
    ({"lasting": {"on": 0.6, "patches": {"need": 1, "of": 1}}}, '/rules/0: "on" in "lasting" must be "off" to "on"'),
    ({"lasting": {"on": 0.2, "patches": {"need": 1, "of": 1}}}, '/rules/0: "on" in "lasting" must be "off" to "on"'),
    ({"lasting": {"on": 0.4}}, "/rules/0/lasting: patches is missing"),
    ({"min_duration_s": 400}, '/rules/0: "min_duration_s" must not be above "max_duration_s"'),
    ({"hold_s": -1}, "/rules/0/hold_s: -1 is out of range"),
    ({"hold_s": 1e300}, "/rules/0/hold_s: is out of range"),
    ({"level": {"min_dbfs": 3}}, "/rules/0/level/min_dbfs: 3 is out of range"),
    ({"level": {"loud": 3}}, "/rules/0/level/loud: there is no such field"),
    ({"floor": {"reference_dbfs": -60}}, "/rules/0/floor: threshold_per_db is missing"),
    ({"gap": "carry on"}, '/rules/0/gap: must be "end" or'),
    ({"gap": {"bridge_s": 4000}}, "/rules/0/gap/bridge_s: 4000 is out of range"),
    ({"priority": 10}, "/rules/0/priority: 10 is out of range"),
    ({"yields": 1}, "/rules/0/yields: must be true or false, not a number"),
    ({"quiet_hours": [{"from": "24:00", "to": "06:00"}]}, "/rules/0/quiet_hours/0/from: must be a time of day"),
    ({"quiet_hours": [{"from": "6:00", "to": "07:00"}]}, "/rules/0/quiet_hours/0/from: must be a time of day"),
    ({"quiet_hours": [{"from": "06:00", "to": "06:00"}]}, '"from" and "to" must differ'),
    ({"quiet_hours": [{"from": "06:00", "to": "07:00"}] * 5}, "/rules/0/quiet_hours/4: there may be at most 4"),
    ({"volume": 3}, "/rules/0/volume: there is no such field"),
    ({"suppress": [3, 2]}, '"suppress" has Baby cry, infant cry, which is one of its own "classes"'),
    (
        {"suppress": [{"class": "Baby cry, infant cry", "weight": 0.5}]},
        '"suppress" has Baby cry, infant cry, which is one of its own "classes"',
    ),
    ({"floor": _floor(0.5)}, '"limit" in "floor" must leave 0.003 of "off"'),
    ({"floor": _floor(0.3)}, '"limit" in "floor" must leave 0.003 of "off"'),
    ({"floor": _floor(0.298)}, '"limit" in "floor" must leave 0.003 of "off"'),
    ({"classes": ["Baby crie"]}, '/rules/0/classes/0: there is no class "Baby crie"; there is "Baby cry, infant cry"'),
    ({"classes": ["Barking dog"]}, '/rules/0/classes/0: there is no class "Barking dog"'),
    ({"classes": ["Nock"]}, 'there is no class "Nock"; there is "Knock"'),
    ({"classes": ["Glasses"]}, 'there is no class "Glasses"; there is "Glass"'),
    ({"suppress": ["musik"]}, '/rules/0/suppress/0: there is no class "musik"; there is "Music"'),
]


@pytest.mark.parametrize(("fields", "reason"), REFUSED, ids=[json.dumps(fields)[:60] for fields, _ in REFUSED])
def test_a_bad_rule_is_refused_with_its_place_and_the_reason(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared whole below
        parse(rule(**fields))
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON at line 1: it ends too early"),
        ("[]", "must be an object, not an array"),
        ("{}", "schema is missing"),
        ('{"schema": 2, "rules": []}', "/schema: this program reads schema version 1"),
        ('{"schema": 1}', "rules is missing"),
        ('{"schema": 1, "schema": 1, "rules": []}', "/schema: stands here twice"),
        ('{"schema": 1, "rules": []} x', "more text after the end"),
        ('{"schema": 1,\n "rules": [}', "not JSON at line 2"),
        ('{"schema": 1, "rules": [],}', "a field's name must stand here"),
        ('{"schema": 01, "rules": []}', "superfluous 0"),
        ('{"schema": +1, "rules": []}', "a value must stand here"),
        ('{"schema": 1.0000000000000000000001, "rules": []}', "/schema: has more than 15 digits"),
        ('{"schema": 1, "rules": ' + "[" * 1000, "/rules/0: must be an object, not an array"),
        ('{"schema": 1, "rules": [{"name": ' + '{"name":' * 1000, "/rules/0/name: must be a string, not an object"),
        ('{"schema": 1, "rules": [{"name": "a\\ud800"}]}', "half a surrogate pair"),
        ('{"schema": 1, "rules": [{"name": "a\x01"}]}', "a control character in a string"),
        ('{"schema": 1, "rules": [{"name": "a', "a string has no end"),
        ('{"schema": NaN, "rules": []}', "/schema: not JSON at line 1: a value must stand here"),
        ('{"schema": 1e999, "rules": []}', "/schema: is out of range"),
        ('\ufeff\ufeff{"schema": 1, "rules": []}', "not JSON at line 1: a value must stand here"),
    ],
)
def test_a_broken_document_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        RuleSet.parse(text, CLASSES)
    assert reason in str(caught.value)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert RuleSet.parse("\ufeff" + document(rule()), CLASSES).rules[0].name == "baby"


def test_bytes_that_are_not_utf8_are_refused() -> None:
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
        with pytest.raises(ValueError, match="not UTF-8"):
            RuleSet.parse_bytes(b'{"schema": 1, "rules": [{"title": "' + bad + b'"}]}', CLASSES)


def test_duplicate_names_are_refused() -> None:
    with pytest.raises(ValueError, match='/rules/1: there is another rule "baby"'):
        parse(rule(), rule())


def test_the_thirty_third_rule_is_refused() -> None:
    rules = [rule(name=f"rule{number}") for number in range(33)]
    assert len(parse(*rules[:32]).rules) == 32
    with pytest.raises(ValueError, match="/rules/32: there may be at most 32 rules"):
        parse(*rules)


def test_too_many_classes_in_all_are_refused() -> None:
    names = [str(index) for index in range(521)]
    rules = [rule(name=f"rule{n}", classes=list(range(8)), suppress=list(range(8, 16))) for n in range(32)]
    assert len(RuleSet.parse(document(*rules), names).rules) == 32
    wide = RuleSet.parse(document(rule(classes=list(range(32)))), names)
    joined = RuleSet.parse(document(*rules[:31]), names)
    with pytest.raises(ValueError, match="at most 512 classes"):
        joined.add(wide)
    many = [rule(name=f"rule{n}", classes=list(range(32)), suppress=list(range(32, 48))) for n in range(11)]
    with pytest.raises(ValueError, match="/rules/10: all rules together may name at most 512 classes"):
        RuleSet.parse(document(*many), names)


def test_a_megabyte_is_refused_without_being_read() -> None:
    text = document(rule())
    assert RuleSet.parse(text + " " * (32_768 - len(text)), CLASSES).rules
    for size in (32_769, 1_048_576):
        with pytest.raises(ValueError, match=f"the rules have {size} bytes; at most 32768 are read"):
            RuleSet.parse(text + " " * (size - len(text)), CLASSES)


def test_thresholds_may_move_as_far_as_something_is_left_of_them() -> None:
    assert parse(rule(floor=_floor(0.297), suppress=["Dog"])).rules


def test_what_a_rule_says_arrives() -> None:
    (read,) = parse(
        rule(
            title='Bébé "pleure" \U0001f476',
            classes=[{"class": "Dog", "weight": 0.25}, 4],
            combine="sum",
            suppress=[{"class": "Music", "weight": 2}],
            patches={"need": 3, "of": 5},
            min_duration_s=0.5,
            max_duration_s=20,
            hold_s=1.25,
            cool_off_s=7,
            priority=4,
        )
    ).rules
    assert (read.name, read.title, read.combine) == ("baby", 'Bébé "pleure" \U0001f476', "sum")
    assert read.classes == [(3, 0.25), (4, 1.0)]
    assert read.suppress == [(7, 2.0)]
    assert (read.patches, read.priority) == ((3, 5), 4)
    assert (read.min_duration, read.max_duration, read.hold, read.cool_off) == (8_000, 320_000, 20_000, 112_000)
    assert read.on == pytest.approx(0.5, abs=1e-5)


def test_sets_are_joined_or_refused_whole() -> None:
    joined = parse(rule())
    joined.add(parse(rule(name="dog")))
    assert [each.name for each in joined.rules] == ["baby", "dog"]
    with pytest.raises(ValueError, match='"dog" is in both'):
        joined.add(parse(rule(name="cat"), rule(name="dog")))
    many = parse(*[rule(name=f"rule{number}") for number in range(31)])
    with pytest.raises(ValueError, match="at most 32"):
        joined.add(many)
    assert [each.name for each in joined.rules] == ["baby", "dog"]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_document_is_refused_or_still_json(data: st.DataObject) -> None:
    good = document(rule(title="ü", quiet_hours=[{"from": "22:00", "to": "06:00"}], level={"min_dbfs": -50})).encode()
    position = data.draw(st.integers(0, len(good) - 1))
    length = data.draw(st.integers(0, 4))
    damaged = good[:position] + data.draw(st.binary(max_size=4)) + good[position + length :]
    try:
        RuleSet.parse_bytes(damaged, CLASSES)
    except ValueError:
        return
    json.loads(damaged.decode("utf-8"))
