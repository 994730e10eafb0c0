# SPDX-License-Identifier: Apache-2.0
"""Where the converter looks for Google's files, and in which order."""

from dataclasses import replace
from pathlib import Path

import pytest

from yamnet_tools.errors import SourceError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model import source
from yamnet_tools.model.download import Artifact
from yamnet_tools.model.source import Search, find_class_map, find_weights

CONTENT = b"the published weights"
CLASS_MAP = b"the published class map"
PUBLISHED_WEIGHTS, PUBLISHED_CLASS_MAP = source.WEIGHTS, source.CLASS_MAP
NOWHERE = "http://127.0.0.1:9/"  # the discard port: refused at once


@pytest.fixture(autouse=True)
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins for Google's files, so that these tests need neither the files nor the net."""
    weights = replace(source.WEIGHTS, size=len(CONTENT), sha256=sha256_hex(CONTENT), urls=(NOWHERE,))
    class_map = Artifact(source.CLASS_MAP.name, len(CLASS_MAP), sha256_hex(CLASS_MAP), (NOWHERE,))
    monkeypatch.setattr(source, "WEIGHTS", weights)
    monkeypatch.setattr(source, "CLASS_MAP", class_map)


def put(folder: Path, content: bytes = CONTENT, name: str = source.WEIGHTS.name) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def test_places_are_searched_in_the_stated_order(
    bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline = Search(offline=True)
    with pytest.raises(SourceError):
        find_weights(offline)
    places = [
        put(tmp_path / "cache" / "yamnet-esp32s3"),
        put(bare_machine.parent / "shared" / "weights"),
        put(bare_machine / "weights"),
        put(tmp_path / "variable"),
        put(tmp_path / "named"),
    ]
    monkeypatch.delenv(source.WEIGHTS_VARIABLE, raising=False)
    for place in places[3:]:
        place.rename(place.with_suffix(".later"))
    for place in reversed(places[:3]):
        assert find_weights(offline).path == place
        place.unlink()
    for place in places:
        put(place.parent)
    monkeypatch.setenv(source.WEIGHTS_VARIABLE, str(places[3].parent))
    assert find_weights(offline).path == places[3]
    assert find_weights(Search(named=places[4], offline=True)).path == places[4]
    assert find_weights(Search(named=places[4].parent, offline=True)).path == places[4]


@pytest.mark.usefixtures("bare_machine")
def test_offline_message_says_where_to_get_and_where_to_put_it() -> None:
    with pytest.raises(SourceError) as caught:
        find_weights(Search(offline=True))
    text = str(caught.value)
    assert "\n" not in text
    for part in (NOWHERE, sha256_hex(CONTENT), "weights/", f"${source.WEIGHTS_VARIABLE}", "--weights", "offline"):
        assert part in text


@pytest.mark.usefixtures("bare_machine")
def test_failed_download_says_why_and_where_else_to_get_it() -> None:
    with pytest.raises(SourceError) as caught:
        find_weights(Search(timeout_s=2))
    for part in (NOWHERE, sha256_hex(CONTENT), "weights/", "cannot be downloaded"):
        assert part in str(caught.value)


def test_damaged_file_in_a_searched_place_is_returned_as_unknown(bare_machine: Path) -> None:
    put(bare_machine / "weights", b"x")
    found = find_weights(Search(offline=True))
    assert not found.known
    assert found.sha256 == sha256_hex(b"x")


@pytest.mark.usefixtures("bare_machine")
def test_damaged_file_in_the_cache_is_never_used(tmp_path: Path) -> None:
    put(tmp_path / "cache" / "yamnet-esp32s3", b"x" * len(CONTENT))
    with pytest.raises(SourceError, match="offline"):
        find_weights(Search(offline=True))


def test_right_file_wins_over_a_wrong_one_of_a_better_name(bare_machine: Path) -> None:
    put(bare_machine / "weights", b"x")
    right = put(bare_machine / "weights", name="1.tflite")
    assert find_weights(Search(offline=True)).path == right


def test_right_file_is_known_under_any_name(bare_machine: Path) -> None:
    right = put(bare_machine / "weights", name="downloaded (3).tflite")
    put(bare_machine / "weights", b"x", name="another.tflite")
    assert find_weights(Search(offline=True)).path == right


def test_named_places_that_do_not_fit_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere: no such file or folder"):
        find_weights(Search(named=tmp_path / "nowhere"))
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(1 << 30)
    with pytest.raises(SourceError, match="1,073,741,824 bytes are too many"):
        find_weights(Search(named=tmp_path / "huge"))
    with pytest.raises(SourceError, match="not a regular file"):
        find_weights(Search(named=Path("/dev/zero")))
    with pytest.raises(SourceError, match="this folder has none of"):
        find_weights(Search(named=tmp_path))


@pytest.mark.usefixtures("bare_machine")
def test_class_map_is_looked_for_beside_the_named_weights(tmp_path: Path) -> None:
    weights = put(tmp_path / "named")
    beside = put(tmp_path / "named", CLASS_MAP, source.CLASS_MAP.name)
    assert find_class_map(Search(named=weights, offline=True)).path == beside
    assert find_class_map(Search(named=weights.parent, offline=True)).known
    beside.unlink()
    with pytest.raises(SourceError, match=source.CLASS_MAP.name):
        find_class_map(Search(named=weights, offline=True))


def test_real_files_are_the_published_ones(weights_dir: Path) -> None:
    for published in (PUBLISHED_WEIGHTS, PUBLISHED_CLASS_MAP):
        content = (weights_dir / published.name).read_bytes()
        assert (len(content), sha256_hex(content)) == (published.size, published.sha256)
