# SPDX-License-Identifier: Apache-2.0
"""A tool's section of a document replaces itself and nothing else."""

from pathlib import Path

from yamnet_tools.document_section import insert_section


def test_a_section_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("# Title\n\nmine\n")
    insert_section(document, "<!-- a -->", "<!-- /a -->", "one")
    document.write_text(document.read_text() + "\nafter\n")
    for _ in range(2):
        insert_section(document, "<!-- a -->", "<!-- /a -->", "two\n")
        assert document.read_text() == "# Title\n\nmine\n\n<!-- a -->\n\ntwo\n\n<!-- /a -->\n\nafter\n"


def test_a_document_that_is_not_there_gets_a_title(tmp_path: Path) -> None:
    insert_section(tmp_path / "a.md", "<!-- a -->", "<!-- /a -->", "one")
    assert (tmp_path / "a.md").read_text() == "# Accuracy\n\n<!-- a -->\n\none\n\n<!-- /a -->\n"
