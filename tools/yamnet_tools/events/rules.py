# SPDX-License-Identifier: Apache-2.0
"""Rules by name: the presets that ship with the device, or rule files."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from device_core import RuleSet, presets
from yamnet_tools.errors import UsageError, YamnetToolsError


class RulesError(YamnetToolsError):
    """Rules that cannot be used; the text says which, where in them and why."""


class UnknownRulesError(RulesError, UsageError):
    """A name that is no rule file's, no preset's, or none of a document's rules'."""


def load_rules(names: Iterable[str], class_names: Sequence[str]) -> RuleSet:
    """Read presets and rule files and join them.

    Args:
        names: Of presets ("baby"), or paths of JSON files (docs/rules.md).
        class_names: The model's, in output order.

    Raises:
        RulesError: No preset and no file of that name; a rule is refused; the joined rules are too many.
    """
    joined = RuleSet()
    for name in names:
        rules = _load(name, class_names)
        try:
            joined.add(rules)
        except ValueError as error:
            raise RulesError(f"{name}: {error}") from error
    return joined


def rule_document(name: str) -> bytes:
    """A rule document: a file's, or else a preset's.

    Raises:
        UnknownRulesError: there is neither; a preset that may have been meant is named.
    """
    shipped = presets()
    path = Path(name)
    if path.is_file():
        return path.read_bytes()
    if name in shipped:
        return shipped[name].encode()
    near = difflib.get_close_matches(name, shipped, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UnknownRulesError(f"{name}: neither a rule file nor one of the presets {', '.join(sorted(shipped))}{hint}")


def _load(name: str, class_names: Sequence[str]) -> RuleSet:
    data = rule_document(name)
    try:
        return RuleSet.parse_bytes(data, list(class_names))
    except ValueError as error:
        raise RulesError(f"{name}: {error}") from error
