# SPDX-License-Identifier: Apache-2.0
"""Another build of device_core in place of the installed one: the folder that DEVICE_CORE_DIR names, if it does."""

import importlib.util
import os
import sys
from pathlib import Path


def use_if_named() -> None:
    """To be called before anything imports device_core."""
    if not (named := os.environ.get("DEVICE_CORE_DIR")):
        return
    folder = Path(named)
    (extension,) = folder.glob("_core*.so")
    # Both by hand: an editable install's finder would give the installed extension to any package of this name.
    _load("device_core._core", extension)
    _load("device_core", folder / "__init__.py", [str(folder)])


def _load(name: str, file: Path, folders: list[str] | None = None) -> None:
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=folders)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
