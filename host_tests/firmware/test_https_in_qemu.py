# SPDX-License-Identifier: Apache-2.0
"""The HTTP API in TLS: the ESP32-S3 binary with FIRMWARE_HTTPS, in Espressif's QEMU."""

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_http import (
    LIVE,
    Site,
    check_it_tells_what_the_console_tells,
    listen,
    patches_in,
    site_in_qemu,
    tell_memory,
)
from firmware_targets import QEMU_DEFAULTS, build

pytestmark = pytest.mark.slow


class SecureSite(Site):
    """A firmware that is asked in TLS; its certificate is its own, so that nobody vouches for it."""

    def connect(self) -> http.client.HTTPConnection:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)

    def certificate(self) -> str:
        return ssl.get_server_certificate(("127.0.0.1", self.port))


@pytest.fixture(scope="module")
def app() -> Path:
    return build("qemu-https", "esp32s3", [*QEMU_DEFAULTS, "sdkconfig.https"], LIVE)


@pytest.fixture(scope="module")
def flash_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("https")


@pytest.fixture(scope="module")
def site(app: Path, hearing_kitchen: Path, flash_folder: Path) -> Iterator[Site]:
    with site_in_qemu(app, hearing_kitchen, flash_folder, SecureSite, 443) as site:
        yield site


def test_it_tells_what_the_console_tells(site: Site) -> None:
    check_it_tells_what_the_console_tells(site)


def test_pages_and_listeners_take_memory_that_comes_back(site: Site) -> None:
    """With -s it prints the figures of docs/hardware.md."""
    tell_memory("server idle", site.console)
    with listen(site, ["scores"]):
        tell_memory("one page", site.console)
    with listen(site, ["scores"] * 6 + ["audio.wav"] * 2) as listeners:
        tell_memory("6 pages and 2 audio listeners", site.console)
    tell_memory("all have gone", site.console)
    assert not any(listener.lost for listener in listeners)
    patches = patches_in(listeners[0].taken)
    assert patches == list(range(patches[0], patches[0] + len(patches)))
    audio = site.json("status")["audio"]
    assert (audio["overruns"], audio["gaps"]) == (0, 0)


def test_its_certificate_outlives_a_restart(
    site: SecureSite, app: Path, hearing_kitchen: Path, flash_folder: Path
) -> None:
    before = site.certificate()
    site.console.reboot()
    with site_in_qemu(app, hearing_kitchen, flash_folder, SecureSite, 443) as again:
        assert isinstance(again, SecureSite)
        assert again.certificate() == before
