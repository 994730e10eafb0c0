# SPDX-License-Identifier: Apache-2.0
"""--classes: what a person types, commas and all."""

import csv
from pathlib import Path

import pytest

from yamnet_tools.classify.classes import UnknownClassError, select_classes


@pytest.fixture
def names(weights_dir: Path) -> list[str]:
    with (weights_dir / "yamnet_class_map.csv").open(newline="", encoding="utf-8") as stream:
        return [row["display_name"] for row in csv.DictReader(stream)]


@pytest.mark.parametrize(
    ("requests", "chosen"),
    [
        (["20"], [20]),
        (["0, 20 ;393"], [0, 20, 393]),
        (["Speech"], [0]),  # exact, though 'Speech synthesizer' begins like it
        (["speech SYNTH"], [5]),
        (["Baby cry, infant cry"], [20]),
        (["baby cry,infant cry"], [20]),
        (["infant cry"], [20]),
        (["Baby cry, infant cry, Speech, smoke alarm"], [20, 0, 393]),
        (["Speech,Livestock, farm animals, working animals,Dog"], [0, 81, 69]),
        (["Child speech, kid speaking; 20", "Dog"], [1, 20, 69]),
        (["Dog; dog, 69"], [69]),
        (["Speech,"], [0]),
        (["Vehicle horn, car"], [302]),
    ],
)
def test_readings(names: list[str], requests: list[str], chosen: list[int]) -> None:
    assert select_classes(requests, names) == chosen


def test_every_name_stands_for_its_class_alone_and_in_a_list(names: list[str]) -> None:
    assert len(set(names)) == len(names) == 521
    for index, name in enumerate(names):
        assert select_classes([name.upper()], names) == [index]
    assert select_classes([",".join(names)], names) == list(range(521))
    assert select_classes([";".join(reversed(names))], names) == list(range(520, -1, -1))


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ("Smoke alrm", "no class is called 'Smoke alrm'; did you mean .*'Smoke detector, smoke alarm'"),
        ("Barkk", "did you mean 'Bark'"),
        ("xyzzyq", "no class is called 'xyzzyq'; yamnet_class_map.csv lists them all"),
        ("521", "there is no class 521: indexes go from 0 to 520"),
        ("-1", "there is no class -1"),
        ("Child", "'Child' may be 'Child speech, kid speaking'.* or .*: say more of the name"),
        ("Speech; ; zzz", "no class is called 'zzz'"),
        (" ; ", "no class is named"),
    ],
)
def test_what_fits_no_class_or_several_is_explained(names: list[str], request_: str, reason: str) -> None:
    with pytest.raises(UnknownClassError, match=reason) as caught:
        select_classes([request_], names)
    assert "\n" not in str(caught.value)
