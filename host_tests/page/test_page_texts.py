# SPDX-License-Identifier: Apache-2.0
"""The page's files as they lie in the folder: their size and their texts."""

import gzip
import json
import re

import pytest

from component_script import load
from yamnet_tools.paths import CHECKOUT

PAGE = CHECKOUT / "components" / "device_api" / "page"
PRESETS = CHECKOUT / "components" / "sound_events" / "presets"
LANGUAGES = {file.stem: json.loads(file.read_text()) for file in PAGE.glob("*.json")}
SCRIPTS = {file.name: file.read_text() for file in PAGE.glob("*.js")}


def test_all_of_it_fits_into_60_kb() -> None:
    given = load("device_api/embed_page.py").given(PAGE)
    assert sum(len(gzip.compress(data, 9)) for data in given.values()) <= 60_000


def test_each_file_says_its_licence() -> None:
    assert [
        file.name for file in PAGE.iterdir() if file.suffix != ".json" and "SPDX-License" not in file.read_text()
    ] == []


def test_the_languages_have_the_same_texts() -> None:
    assert set(LANGUAGES) == {"en", "de"}
    english, german = LANGUAGES["en"], {key: text for key, text in LANGUAGES["de"].items() if key != "titles"}
    assert set(english) == set(german)
    for key, text in english.items():
        assert re.findall(r"\{\w+\}", str(text)) == re.findall(r"\{\w+\}", str(german[key])) or set(
            re.findall(r"\{\w+\}", str(text))
        ) == set(re.findall(r"\{\w+\}", str(german[key]))), key


def test_presets_are_called_by_german_names() -> None:
    titles = {rule["title"] for file in PRESETS.glob("*.json") for rule in json.loads(file.read_text())["rules"]}
    assert titles == set(LANGUAGES["de"]["titles"])


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_text_that_a_script_asks_for_is_there(script: str) -> None:
    asked = set(re.findall(r"\bt\(\s*'([\w.-]+)'", SCRIPTS[script]))
    assert asked <= set(LANGUAGES["en"])


def test_no_text_is_there_for_nobody() -> None:
    source = "\n".join(SCRIPTS.values())
    quoted = set(re.findall(r"'([\w-]+(?:\.[\w-]+)+)'", source))
    families = {f"{prefix}." for prefix in re.findall(r"`(\w+)\.\$\{", source)}
    families |= {f"{prefix}." for prefix in re.findall(r"\b(?:facts|settingsForm)\(\s*'(\w+)'", source)}
    families |= {"rule.", "rules.", "timeline.", "welcome."}
    titles = {f"{view}.title" for view in ("now", "timeline", "rules", "network", "device")}
    unused = {key for key in LANGUAGES["en"] if key not in quoted | titles and not key.startswith(tuple(families))}
    assert unused == set()


def test_nothing_is_built_from_text() -> None:
    dangerous = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style'"
    assert [name for name, source in SCRIPTS.items() if re.search(dangerous, source)] == []
    assert [page.name for page in PAGE.glob("*.html") if " style=" in page.read_text()] == []
