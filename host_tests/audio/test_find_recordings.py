# SPDX-License-Identifier: Apache-2.0
"""Files, folders and patterns to recordings."""

import os
from pathlib import Path

import pytest

from yamnet_tools.audio import STDIN, find_recordings
from yamnet_tools.errors import AudioError


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "b.wav",
        "a.FLAC",
        "aa/z.wav",
        "notes.txt",
        "deep/er/c.ogg",
        "deep/d.mp3",
        ".hidden/e.wav",
        "deep/._d.mp3",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("argument", "found"),
    [
        (STDIN, [STDIN]),
        ("notes.txt", ["notes.txt"]),  # named outright, it is tried
        ("missing.wav", ["missing.wav"]),  # opening it says that it is missing
        (".", ["a.FLAC", "aa/z.wav", "b.wav", "deep/d.mp3", "deep/er/c.ogg"]),
        ("deep", ["deep/d.mp3", "deep/er/c.ogg"]),
        ("*.wav", ["b.wav"]),
        ("**/*.[mo]*", ["deep/d.mp3", "deep/er/c.ogg"]),
        ("d??p", ["deep/d.mp3", "deep/er/c.ogg"]),
    ],
)
def test_arguments_stand_for_recordings(argument: str, found: list[str]) -> None:
    assert find_recordings(argument) == found


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tree: Path) -> None:
    (tree / "take [1].wav").touch()
    assert find_recordings("take [1].wav") == ["take [1].wav"]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("empty", "empty: no audio in this folder"),
        ("*.aac", r"\*\.aac: no file matches"),
        ("emp*", "no audio"),
        ("", "'': an empty name"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_nothing_found_is_an_error(argument: str, reason: str) -> None:
    with pytest.raises(AudioError, match=reason):
        find_recordings(argument)


def test_links_to_folders_are_followed_and_each_folder_is_heard_once(tree: Path) -> None:
    elsewhere = tree / ".hidden"
    (tree / "deep" / "linked").symlink_to(elsewhere)
    (tree / "deep" / "loop").symlink_to(tree / "deep")
    (tree / "deep" / "also").symlink_to(tree / "deep" / "er")
    assert find_recordings("deep") == ["deep/d.mp3", "deep/er/c.ogg", "deep/linked/e.wav"]


def test_a_pipe_in_a_folder_is_no_recording_and_a_broken_link_is_one_that_fails(tree: Path) -> None:
    os.mkfifo(tree / "deep" / "pipe.wav")
    (tree / "deep" / "gone.wav").symlink_to(tree / "nowhere.wav")
    assert find_recordings("deep") == ["deep/d.mp3", "deep/er/c.ogg", "deep/gone.wav"]
    assert find_recordings("deep/pipe.wav") == ["deep/pipe.wav"]  # named outright, somebody may be writing


def test_a_folder_that_may_not_be_read(tree: Path) -> None:
    (tree / "deep" / "er").chmod(0)
    uid = os.geteuid()
    if uid == 0:  # root may read anything, so be somebody else for a moment
        for folder in (tree, *tree.parents[:2]):
            folder.chmod(0o755)
        os.seteuid(65534)
    try:
        with pytest.raises(AudioError, match="er: Permission denied"):
            find_recordings("deep")
    finally:
        os.seteuid(uid)
        (tree / "deep" / "er").chmod(0o755)
