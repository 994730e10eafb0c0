# SPDX-License-Identifier: Apache-2.0
"""Somebody before the page of a device, and what is done to the device meanwhile."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulated_site import Site

PATIENCE_S = 120
"""Longer than anything takes on a busy machine; what comes sooner is not waited for."""


def settle(site: Site) -> None:
    """Say that the first run is over."""
    settings = {"name": "Kitchen", "place": "Shelf", "open_reading": False, "open_audio": False}
    with site.ask("PUT", "settings", settings) as answer:
        assert answer.status == 200


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


@dataclass
class Visitor:
    """Somebody before the page. What must never happen on it is noted."""

    site: Site
    page: Any
    requests: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("console", self._note)
        self.page.set_default_timeout(PATIENCE_S * 1000)

    def _note(self, message: Any) -> None:
        refused = message.text.startswith(
            "Failed to load resource"
        )  # the API's refusals; tests see what becomes of them
        if message.type in ("error", "warning") and not refused:
            self.troubles.append(f"console: {message.text}")

    def open(self, view: str = "now") -> "Visitor":
        self.page.goto(f"{self.site.address}/#/{view}")
        return self

    def log_in(self, token: str | None = None) -> "Visitor":
        self.page.locator("#token").fill(token or self.site.token)
        self.page.get_by_role("button", name="Log in").click()
        return self

    def has_token(self) -> "Visitor":
        """Get the cookie without the form."""
        answer = self.page.request.post(f"{self.site.address}/api/v1/session", data={"token": self.site.token})
        assert answer.status == 204
        return self

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text())

    def sees(self, text: str, selector: str = "body") -> None:
        """Wait until an element has a text. What is reported otherwise spares pytest Playwright's own sources."""
        found = self.page.locator(selector).filter(has_text=text).first
        deadline = time.monotonic() + PATIENCE_S
        while not found.is_visible():
            if time.monotonic() > deadline:
                said = self.page.locator(selector).all_inner_texts()
                raise AssertionError(f"{selector} does not say {text!r}; it says {said}; {self.troubles}")
            self.page.wait_for_timeout(50)

    def rules(self) -> Any:
        """The document in force on the device."""
        with self.site.ask("GET", "rules") as answer:
            return json.loads(answer.read())
