# SPDX-License-Identifier: Apache-2.0
"""A portable component has nothing of ESP-IDF, FreeRTOS or TFLM in it, and says which others it needs."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import native_build

pytestmark = pytest.mark.slow

COMPONENTS = native_build.CHECKOUT / "components"
NAMES = sorted(path.parent.name for path in COMPONENTS.glob("*/CMakeLists.txt"))
NOT_PORTABLE = {"esp", "tflm", "test_apps"}
TARGETS = ("esp32s3", "linux")
FOREIGN_SYMBOL = re.compile(
    r"esp_|nvs_|heap_caps_|gpio_|i2[cs]_|uart_|psa_|mbedtls_|tflite::|TfLite|Micro(Printf|Interpreter)"
    r"|(ul|ux|v|x|pv)(Task|Queue|Semaphore|Event|Timer|Stream|Port)[A-Z]"
)
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder() -> Path:
    """All components as static libraries, each linked with what its CMakeLists.txt names and nothing else."""
    return native_build.native_tests()


def archive(folder: Path, component: str) -> Path:
    """The component's static library; sources that a build generates lie beside it."""
    (found,) = folder.rglob(f"lib{component}.a")
    return found


@pytest.fixture(scope="module")
def linked(folder: Path) -> dict[str, set[str]]:
    """What each component links on a PC."""
    lines = (line.partition(":") for line in (folder / "siblings.txt").read_text().splitlines())
    return {name: set(libraries.split()) for name, _, libraries in lines}


def required(component: str, target: str) -> set[str]:
    """What a component requires of an ESP-IDF build."""
    script = Path(__file__).with_name("requirements.cmake")
    read = run("cmake", f"-DFOLDER={COMPONENTS / component}", f"-DIDF_TARGET={target}", "-P", script)
    assert read.returncode == 0, read.stderr
    return set(read.stdout.split())


def siblings(component: str) -> set[str]:
    return set().union(*(required(component, target) for target in TARGETS)) & set(NAMES)


def manifest(component: str) -> dict[str, object]:
    document = yaml.safe_load((COMPONENTS / component / "idf_component.yml").read_text())
    assert isinstance(document, dict)
    return document


def sources(component: str, *, portable: bool) -> Iterator[Path]:
    for path in sorted((COMPONENTS / component).rglob("*")):
        parts = path.relative_to(COMPONENTS / component).parts
        if path.suffix in {".h", ".cpp", ".c"} and not (portable and NOT_PORTABLE & set(parts)):
            yield path


def includes(path: Path) -> list[tuple[str, str]]:
    """(quote, name) of each #include."""
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("component", NAMES)
def test_the_closure_has_no_foreign_symbol(folder: Path, component: str) -> None:
    """It links with C++'s own libraries alone (the fixture has shown that), and names nothing foreign."""
    assert (folder / f"closure_{component}").is_file()
    listed = run("nm", "-C", archive(folder, component))
    assert listed.returncode == 0, listed.stderr
    symbols = [line.split(maxsplit=1 if line.startswith(" ") else 2)[-1] for line in listed.stdout.splitlines() if line]
    assert [symbol for symbol in symbols if FOREIGN_SYMBOL.match(symbol)] == []


@pytest.mark.parametrize("component", NAMES)
def test_portable_sources_include_what_is_theirs_their_siblings_or_the_languages(
    folder: Path, linked: dict[str, set[str]], component: str
) -> None:
    own = [COMPONENTS / component / "include", COMPONENTS / component / "src", archive(folder, component).parent]
    others = [COMPONENTS / sibling / "include" for sibling in linked[component]]
    unknown = []
    language = set()
    for path in sources(component, portable=True):
        for quote, name in includes(path):
            if quote == "<":
                language.add(name)
            elif not any((place / name).is_file() for place in (path.parent, *own, *others)):
                unknown.append(f"{path.relative_to(COMPONENTS)}: {name}")
    assert unknown == []
    for name in sorted(language):
        found = subprocess.run(
            ["g++", "-std=c++23", "-E", "-x", "c++", "-"], input=f"#include <{name}>\n", capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert found.returncode == 0, f"{component}: <{name}> is not C++'s nor POSIX's"


@pytest.mark.parametrize("component", NAMES)
def test_the_manifest_names_the_siblings_with_their_versions(linked: dict[str, set[str]], component: str) -> None:
    named = {
        name: entry
        for name, entry in manifest(component)["dependencies"].items()  # type: ignore[attr-defined]
        if name in NAMES
    }
    assert set(named) == siblings(component)
    assert linked[component] <= siblings(component)
    for sibling, entry in named.items():
        assert entry == {"version": manifest(sibling)["version"], "override_path": f"../{sibling}"}


@pytest.mark.parametrize("component", NAMES)
def test_no_sibling_is_named_in_vain(component: str) -> None:
    used = {name.partition("/")[0] for path in sources(component, portable=False) for _, name in includes(path)}
    assert siblings(component) - used == set()


@pytest.mark.parametrize("target", TARGETS)
def test_events_need_neither_model_nor_its_runtime(target: str) -> None:
    found = {"sound_events"}
    while more := set().union(*(required(name, target) for name in found & set(NAMES))) - found:
        found |= more
    assert found & set(NAMES) == {"base", "log_mel", "sound_events"}
    assert not found & {"esp-tflite-micro", "esp-nn", "spiffs"}
