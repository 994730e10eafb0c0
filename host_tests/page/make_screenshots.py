# SPDX-License-Identifier: Apache-2.0
"""Takes docs/images/page-*.png from a device that runs: every view, phone and desktop, light and dark.

    python tools/simulate_device.py --wifi --http 8080 --storage out/page --play HOUR_OF_SOUND.wav
    python host_tests/page/make_screenshots.py http://localhost:8080 TOKEN     # after an hour, for a full timeline

Nothing on the device is changed.
"""

import argparse
import io
import shutil
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SCREENS = {"phone": (390, 844), "desktop": (1280, 860)}
SCHEMES = ("light", "dark")
STRIP_MS = 32_000
COLOURS = 96
CLIPS_TRIED = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url", help="where the device is, as http://localhost:8080")
    parser.add_argument("token", help="its owner's")
    options = parser.parse_args()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pages = {
            f"{screen}-{scheme}": browser.new_page(
                viewport={"width": size[0], "height": size[1]},
                color_scheme=scheme,
                locale="en-GB",
                reduced_motion="reduce",
            )
            for screen, size in SCREENS.items()
            for scheme in SCHEMES
        }
        for name, page in pages.items():
            page.goto(options.url)
            page.locator("#token").wait_for()
            keep(page, f"login-{name}")
            page.locator("#token").fill(options.token)
            page.locator("button[type=submit]").click()
            page.locator("#mute").wait_for()
            if not page.request.get(f"{options.url}/api/v1/settings").json()["configured"]:
                raise SystemExit("the device has not been through its first run: do that first")
        next(iter(pages.values())).wait_for_timeout(STRIP_MS)
        for name, page in pages.items():
            keep(page, f"now-{name}")
            for view, prepare in (
                ("timeline", play),
                ("rules", edit),
                ("network", wait),
                ("device", wait),
                ("welcome", wait),
            ):
                page.goto(f"{options.url}/#/{view}")
                prepare(page)
                keep(page, f"{view}-{name}")
            page.goto(f"{options.url}/setup.html")
            page.locator(".networks li").first.wait_for()
            keep(page, f"setup-{name}")
        browser.close()


def wait(page: Any) -> None:
    page.wait_for_timeout(1000)


def play(page: Any) -> None:
    """Choose an event whose clip is there."""
    wait(page)
    for index in range(min(CLIPS_TRIED, page.locator(".events button").count())):
        page.locator(".events button").nth(index).click()
        page.wait_for_timeout(800)
        if page.locator(".wave canvas").count():
            break
    page.evaluate("scrollTo(0, 0)")
    wait(page)


def edit(page: Any) -> None:
    """Change a rule and try it; the change is not saved."""
    page.get_by_role("button", name="Edit Dog barking").click()
    page.get_by_role("textbox", name="Begins at").fill("30")
    page.locator("#preview").click()
    page.locator(".preview .lanes").wait_for()
    wait(page)
    page.locator(".rule.open").evaluate("rule => scrollTo(0, rule.offsetTop - 80)")
    wait(page)


def keep(page: Any, name: str) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    few = picture.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(IMAGES / f"page-{name}.png", optimize=True)


if __name__ == "__main__":
    main()
