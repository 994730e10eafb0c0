# SPDX-License-Identifier: Apache-2.0
"""From what a person types after --classes to class indexes.

A third of YAMNet's names contain commas ("Baby cry, infant cry"), so a comma both separates names and belongs to
them: of all readings, the one that takes the longest names wins.
"""

import difflib
from collections.abc import Sequence

from yamnet_tools.errors import UsageError

_SEPARATOR = ";"
_SUGGESTIONS = 3


class UnknownClassError(UsageError):
    """A name or index that stands for no class, or for more than one."""


def select_classes(requests: Sequence[str], names: Sequence[str]) -> list[int]:
    """Resolve classes given by name or index.

    Args:
        requests: Each holds one or more classes, separated by `;` or commas. A class is its index, its name, one part
            of a name that contains commas, or the unambiguous beginning of a name; case does not matter.
        names: The model's class names in index order.

    Returns:
        Indexes in the order they were asked for, each once.

    Raises:
        UnknownClassError: Nothing or several classes fit; the text suggests the nearest names.
    """
    chosen: list[int] = []
    for request in requests:
        for listed in request.split(_SEPARATOR):
            chosen += _resolve_list([word.strip() for word in listed.split(",") if word.strip()], names)
    if not chosen:
        raise UnknownClassError("no class is named")
    return list(dict.fromkeys(chosen))


def _resolve_list(words: list[str], names: Sequence[str]) -> list[int]:
    chosen = []
    longest = max(name.count(",") + 1 for name in names)
    while words:
        for count in range(min(longest, len(words)), 0, -1):
            matches = _matches(", ".join(words[:count]), names)
            if len(matches) == 1:
                chosen.append(matches[0])
                words = words[count:]
                break
        else:
            raise UnknownClassError(_explain(words[0], names))
    return chosen


def _matches(text: str, names: Sequence[str]) -> list[int]:
    """Indexes of the classes `text` may mean; of the best kind of match only."""
    if text.isascii() and text.isdigit():
        return [int(text)] if int(text) < len(names) else []
    wanted = text.casefold()
    if not wanted:
        return []
    folded = [name.casefold() for name in names]
    kinds = (
        [index for index, name in enumerate(folded) if name == wanted],
        [index for index, name in enumerate(folded) if wanted in name.split(", ")],
        [index for index, name in enumerate(folded) if name.startswith(wanted)],
    )
    return next((found for found in kinds if found), [])


def _explain(text: str, names: Sequence[str]) -> str:
    if text.lstrip("+-").isdigit():
        return f"there is no class {text}: indexes go from 0 to {len(names) - 1}"
    candidates = [names[index] for index in _matches(text, names)]
    if candidates:
        return f"'{text}' may be {_quoted(candidates)}: say more of the name"
    parts = {part.casefold(): name for name in names for part in (*name.split(", "), name)}
    near = [parts[part] for part in difflib.get_close_matches(text.casefold(), parts, n=_SUGGESTIONS, cutoff=0.5)]
    near += [name for name in names if text.casefold() in name.casefold()]
    hint = f"; did you mean {_quoted(list(dict.fromkeys(near)))}?" if near else "; yamnet_class_map.csv lists them all"
    return f"no class is called '{text}'{hint}"


def _quoted(names: list[str]) -> str:
    shown = [f"'{name}'" for name in names[: 2 * _SUGGESTIONS]]
    if len(shown) < len(names):
        shown.append(f"{len(names) - len(shown)} more")
    return " or ".join(shown) if len(shown) < 3 else f"{', '.join(shown[:-1])} or {shown[-1]}"
