# SPDX-License-Identifier: Apache-2.0
"""A browser, devices to look at, and somebody who looks."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from page_visitor import Visitor, settle
from simulated_site import Site, simulated_site
from yamnet_tools.paths import CHECKOUT
from yamnet_tools.simulated_device.live import LiveInput

RATE = 16_000
EXAMPLES = CHECKOUT / "examples" / "audio"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install -e '.[test]'")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield made
        made.close()


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quiet room; an alarm from second 3 to 9, then quiet again until second 24."""
    alarm, _ = soundfile.read(EXAMPLES / "smoke_alarm_t3.wav", dtype="float32")
    room = np.random.default_rng(1).normal(0, 10 ** (-60 / 20), 24 * RATE).astype(np.float32)
    room[3 * RATE : 9 * RATE] += alarm[: 6 * RATE]
    path = tmp_path_factory.mktemp("recording") / "room.wav"
    soundfile.write(path, room, RATE, subtype="PCM_16")
    return path


@pytest.fixture
def site(model_image: Path, recording: Path, tmp_path: Path) -> Iterator[Site]:
    """A device of this test alone, whose owner has been through the first run."""
    with simulated_site(model_image, live=LiveInput(recording), storage=tmp_path) as site:
        settle(site)
        yield site


@pytest.fixture
def site_with_clip(model_image: Path, recording: Path, tmp_path: Path) -> Iterator[Site]:
    """A device of this test alone that has heard an alarm and kept its clip."""
    with simulated_site(model_image, live=LiveInput(recording), storage=tmp_path, heard=[recording]) as site:
        settle(site)
        yield site


@pytest.fixture(scope="module")
def lasting_site(model_image: Path, recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A device that several tests look at; it has heard an alarm and kept its clip."""
    with simulated_site(
        model_image, live=LiveInput(recording), storage=tmp_path_factory.mktemp("storage"), heard=[recording]
    ) as site:
        settle(site)
        yield site


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors, each with a browser of his own; fails if a page asked elsewhere, or something broke in it."""
    visitors: list[Visitor] = []
    contexts = []

    def make(site: Site, **options: Any) -> Visitor:
        contexts.append(
            browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1100, "height": 900}} | options)
        )
        visitors.append(Visitor(site, contexts[-1].new_page()))
        return visitors[-1]

    yield make
    for context in contexts:
        context.close()
    for visitor in visitors:
        assert visitor.troubles == []
        assert [
            url for url in visitor.requests if not url.startswith((f"{visitor.site.address}/", "data:", "blob:"))
        ] == []
