# SPDX-License-Identifier: Apache-2.0
"""Python that is part of a component's build, for tests to call."""

import importlib.util
from types import ModuleType

from yamnet_tools.paths import CHECKOUT


def load(name: str) -> ModuleType:
    """The script components/<name>."""
    path = CHECKOUT / "components" / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
