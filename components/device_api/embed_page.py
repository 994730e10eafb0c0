# SPDX-License-Identifier: Apache-2.0
"""Packs the page's files into a C++ list: embed_page.py FOLDER OUT. Part of the build; needs nothing but Python.

A browser is given one script for each of its pages and one of what they share, for a device has few connections, and
one file compresses better than thirty. In it each module is a function that returns what it exports.
"""

import gzip
import hashlib
import json
import re
import sys
from pathlib import Path

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}

SHARED = "shared.js"
COMMENT = re.compile(r"^ *(?://|/\*\*|\*(?= |/|$)).*\n", re.MULTILINE)
"""A line of JavaScript that is for people only."""

IMPORT = re.compile(r"^import (\{[^}\n]+\}|\* as \w+) from '\./(\w+)\.js';\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|class|function|async function) (\w+))", re.MULTILINE)
SCRIPT = re.compile(r'<script type="module" src="(\w+)\.js">')


class PageError(Exception):
    """A file that this cannot pack, in one line."""


def imports(source: str) -> dict[str, None]:
    """The modules that a module imports, in its order."""
    return dict.fromkeys(module for _, module in IMPORT.findall(source))


def in_order(name: str, sources: dict[str, str], found: dict[str, None], path: tuple[str, ...] = ()) -> dict[str, None]:
    """Adds a module to those found, after all that it needs."""
    if name in path:
        raise PageError(f"{name}.js: it imports itself by way of {' and '.join(path)}")
    if name not in sources:
        raise PageError(f"{name}.js: there is no such module, but {path[-1] if path else 'a page'} needs it")
    for needed in imports(sources[name]):
        if needed not in found:
            in_order(needed, sources, found, (*path, name))
    found[name] = None
    return found


def bare(name: str, source: str) -> str:
    """A module's code without comments, indentation, imports and exports; what it imports is taken from the others."""

    def taken(match: re.Match[str]) -> str:
        what, module = match.groups()
        names = what[5:] if what.startswith("*") else what.replace(" as ", ": ")
        return f"const {names} = ${module};\n"

    code = re.sub(r"^ +", "", EXPORT.sub("", IMPORT.sub(taken, COMMENT.sub("", source))), flags=re.MULTILINE)
    for number, line in enumerate(code.splitlines(), 1):
        if re.match(r"(?:import|export)\b", line) or line.count("`") % 2:
            raise PageError(f"{name}.js, line {number} without comments: this cannot be packed: {line}")
    return code


def wrapped(name: str, source: str) -> str:
    """A module as a function's result."""
    return f"const ${name} = (() => {{\n{bare(name, source)}return {{ {', '.join(EXPORT.findall(source))} }};\n}})();\n"


def scripts(sources: dict[str, str], pages: list[str]) -> dict[str, str]:
    """The scripts that a browser is given, by name, for the pages' first modules."""
    needed = {page: in_order(page, sources, {}) for page in pages}
    if idle := set(sources) - {name for each in needed.values() for name in each}:
        raise PageError(f"{min(idle)}.js: no page needs it")
    shared = [name for name in needed[pages[0]] if all(name in each for each in needed.values())]
    given = {SHARED: "".join(wrapped(name, sources[name]) for name in shared)}
    given[SHARED] += f"export {{ {', '.join('$' + name for name in shared)} }};\n"
    for page, modules in needed.items():
        own = [name for name in modules if name not in shared and name != page]
        given[f"{page}.js"] = (
            f"import {{ {', '.join('$' + name for name in shared)} }} from './{SHARED}';\n"
            + "".join(wrapped(name, sources[name]) for name in own)
            + bare(page, sources[page])
        )
    return given


def styles(text: str) -> str:
    """A style sheet without comments and what is there for the eye."""
    text = re.sub(r"/\*.*?\*/\n?|^ +", "", text, flags=re.MULTILINE)
    return re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", text)


def given(folder: Path) -> dict[str, bytes]:
    """What a browser is given, by name.

    Raises:
        PageError: a file cannot be packed.
    """
    files = sorted(folder.iterdir())
    if unknown := [file.name for file in files if file.suffix not in TYPES]:
        raise PageError(f"{folder}: of {unknown[0]} nobody knows what kind of file it is: add it to TYPES")
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    sources = {Path(name).stem: text for name, text in texts.items() if name.endswith(".js")}
    pages = sorted({page for name, text in texts.items() if name.endswith(".html") for page in SCRIPT.findall(text)})
    found = scripts(sources, pages)
    for name, text in texts.items():
        if name.endswith(".css"):
            found[name] = styles(text)
        elif name.endswith(".json"):
            found[name] = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
        elif not name.endswith(".js"):
            found[name] = text
    return {name: text.encode() for name, text in sorted(found.items())}


def entry(name: str, data: bytes) -> str:
    """A file as an initializer of PageFile."""
    packed = gzip.compress(data, 9, mtime=0)
    tag = hashlib.sha256(packed).hexdigest()[:16]
    literal = "".join(f"\\{byte:03o}" for byte in packed)
    kind = TYPES[Path(name).suffix]
    return f'{{"{name}", "{kind}", "\\"{tag}\\"", std::string_view("{literal}", {len(packed)})}},\n'


def main(folder: Path, out: Path) -> None:
    """Write the list of all files that a browser is given."""
    try:
        out.write_text("".join(entry(name, data) for name, data in given(folder).items()))
    except PageError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
