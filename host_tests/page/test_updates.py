# SPDX-License-Identifier: Apache-2.0
"""Updates of firmware and model from the page."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from page_visitor import settle, wait_until
from simulated_site import Site, simulated_site
from yamnet_tools.simulated_device.live import LiveInput
from yamnet_tools.updating import app_image
from yamnet_tools.updating.signing import SigningKey

pytestmark = pytest.mark.slow

Visit = Callable[..., Any]


@pytest.fixture
def updating_site(model_image: Path, recording: Path, tmp_path: Path) -> Iterator[Site]:
    """A device that judges a new firmware soon, and on which version 6.6 crashes."""
    options = {"live": LiveInput(recording), "storage": tmp_path, "trial_s": 3, "crash_version": "6.6"}
    with simulated_site(model_image, **options) as site:
        settle(site)
        yield site


def send(visitor: Any, what: str, name: str, data: bytes, signature: bytes | None = None) -> None:
    part = visitor.page.locator(f".update-{what}")
    part.locator(f'[data-field="{what}"] input').set_input_files({"name": name, "mimeType": "", "buffer": data})
    if signature is not None:
        file = {"name": "signature", "mimeType": "", "buffer": signature}
        part.locator(f'[data-field="{what}-signature"] input').set_input_files(file)
    part.get_by_role("button", name="Install").click()


def slow_down(visitor: Any) -> None:
    """Let the page send as slowly as over a Wi-Fi that is not the best."""
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 500_000}
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", conditions)


def open_device(site: Site, visit: Visit) -> Any:
    visitor = visit(site).has_token().open("device")
    visitor.sees("Running", ".update-firmware")
    return visitor


def test_a_firmware_is_sent_judged_and_taken_back(updating_site: Site, visit: Visit) -> None:
    visitor = open_device(updating_site, visit)
    first = updating_site.json("update")["firmware"]["version"]
    assert not visitor.page.locator(".update-firmware .danger").is_visible()
    slow_down(visitor)
    send(visitor, "firmware", "yamnet.bin", app_image.make("9.9", filling=b"x" * 1_500_000))
    visitor.page.locator(".update-firmware progress").wait_for()
    visitor.sees("% sent", ".update-firmware")
    visitor.sees("It is back after", ".update-firmware .restarting")
    visitor.sees("9.9", ".update-firmware .facts")
    wait_until(lambda: updating_site.json("update")["firmware"]["state"] == "confirmed")
    last = updating_site.json("update")["last"]
    visitor.sees(last, ".p-updates")
    visitor.page.get_by_role("button", name=f"Back to {first}").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert updating_site.json("update")["firmware"]["version"] == "9.9"
    visitor.page.get_by_role("button", name=f"Back to {first}").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name=f"Back to {first}").click()
    visitor.sees("It is back after", ".update-firmware .restarting")
    wait_until(lambda: updating_site.json("update")["firmware"]["version"] == first)
    visitor.sees("Back to 9.9", ".update-firmware")


def test_a_firmware_that_crashes_is_gone_again_and_the_page_says_so(updating_site: Site, visit: Visit) -> None:
    visitor = open_device(updating_site, visit)
    first = updating_site.json("update")["firmware"]["version"]
    send(visitor, "firmware", "yamnet.bin", app_image.make("6.6"))
    visitor.sees("It is back after", ".update-firmware .restarting")
    wait_until(lambda: "6.6" in (updating_site.json("update")["last"] or ""))
    visitor.sees(updating_site.json("update")["last"], ".p-updates")
    visitor.sees(first, ".update-firmware .facts")


def test_what_is_no_image_is_refused_at_its_field(updating_site: Site, visit: Visit) -> None:
    visitor = open_device(updating_site, visit)
    visitor.page.locator(".update-model").get_by_role("button", name="Install").click()
    visitor.sees("Choose a file first", '[data-field="model"] .error')
    before = updating_site.json("update")
    whole = app_image.make("9.9")
    broken = bytearray(whole)
    broken[-50] ^= 1
    for data in (b"no image", bytes(broken), whole[:-10], app_image.make("9.9", project="another")):
        send(visitor, "firmware", "yamnet.bin", data)
        visitor.page.locator('.update-firmware [aria-invalid="true"]').wait_for()
        assert visitor.text('[data-field="firmware"] .error') != ""
        visitor.page.locator('[data-field="firmware"] .error').evaluate("error => (error.textContent = '')")
    send(visitor, "model", "yamnet.bin", b"\xff" * 5_000_000)
    visitor.page.locator('.update-model [aria-invalid="true"]').wait_for()
    after = updating_site.json("update")
    assert (after["firmware"], after["model"]) == (before["firmware"], before["model"])


def test_with_an_owners_key_only_what_is_signed_is_taken(updating_site: Site, visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    private = ec.generate_private_key(ec.SECP256R1())
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(private.private_bytes(encoding, form, serialization.NoEncryption()))
    key = SigningKey(path)
    visitor = open_device(updating_site, visit)
    page = visitor.page
    assert not page.locator('[data-field="firmware-signature"]').is_visible()
    page.locator(".update-key summary").click()
    visitor.sees("unsigned updates are taken", ".update-key")
    page.get_by_label("Public key").fill("no key")
    page.locator(".update-key button").click()
    page.locator('.update-key [aria-invalid="true"], .update-key .error:not(:empty)').first.wait_for()
    page.get_by_label("Public key").fill(key.public_pem)
    page.locator(".update-key button").click()
    visitor.sees(updating_site.json("update")["owner_key"] or "?", ".update-key")
    image = app_image.make("9.9")
    send(visitor, "firmware", "yamnet.bin", image)
    visitor.sees("sign", '[data-field="firmware"] .error')
    send(visitor, "firmware", "yamnet.bin", image, base64.b64decode(key.sign(image)))
    visitor.sees("It is back after", ".update-firmware .restarting")
    wait_until(lambda: updating_site.json("update")["firmware"]["version"] == "9.9")
    page.locator(".update-key button").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the key").click()
    visitor.sees("sign", ".update-key .error:not(:empty)")
    page.locator(".update-key").get_by_label("Signature").fill(key.sign_change(""))
    page.locator(".update-key button").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the key").click()
    wait_until(lambda: updating_site.json("update")["owner_key"] is None)
