# SPDX-License-Identifier: Apache-2.0
"""The page's Network view: Home Assistant's broker, the webhook, Wi-Fi."""

from collections.abc import Callable
from typing import Any

import pytest

from page_visitor import wait_until
from simulated_site import Site

pytestmark = pytest.mark.slow

Visit = Callable[..., Any]


@pytest.fixture
def visitor(site: Site, visit: Visit) -> Any:
    """Somebody before the Network view of a device of this test alone."""
    visitor = visit(site).has_token().open("network")
    visitor.page.locator(".p-mqtt [type=submit]").wait_for()
    return visitor


def field(visitor: Any, panel: str, name: str) -> Any:
    return visitor.page.locator(f'.p-{panel} [data-field="{name}"]').locator("input, textarea, select").first


def save(visitor: Any, panel: str) -> None:
    visitor.page.locator(f".p-{panel}").get_by_role("button", name="Save").click()


# Home Assistant


def test_a_broker_is_set_and_its_password_never_shown_again(site: Site, visitor: Any) -> None:
    visitor.sees("off", ".p-mqtt .facts")
    visitor.page.get_by_role("switch", name="Tell the broker").check()
    field(visitor, "mqtt", "host").fill("127.0.0.1")
    field(visitor, "mqtt", "port").fill("1")
    field(visitor, "mqtt", "user").fill("yamnet")
    field(visitor, "mqtt", "password").fill("hard to guess")
    save(visitor, "mqtt")
    visitor.sees("Saved", "#notices")
    told = site.json("mqtt")
    assert (told["on"], told["host"], told["port"], told["user"]) == (True, "127.0.0.1", 1, "yamnet")
    assert told["password_set"]
    assert field(visitor, "mqtt", "password").input_value() == ""
    assert field(visitor, "mqtt", "password").get_attribute("placeholder") == "set, and stays"
    assert "hard to guess" not in visitor.page.content()
    wait_until(lambda: "127.0.0.1" in visitor.text(".p-mqtt .facts") or "refused" in visitor.text(".p-mqtt .facts"))
    assert visitor.page.locator(".p-mqtt .bad").count() == 1
    field(visitor, "mqtt", "user").fill("another")
    save(visitor, "mqtt")
    wait_until(lambda: site.json("mqtt")["user"] == "another")
    assert site.json("mqtt")["password_set"]
    visitor.page.locator(".p-mqtt").get_by_role("button", name="Remove the password").click()
    save(visitor, "mqtt")
    wait_until(lambda: not site.json("mqtt")["password_set"])


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("host", "", "name the broker"),
        ("port", "many", "must be a number"),
        ("port", "70000", "1 to 65535"),
        ("topic_prefix", "a/#", "without + # $"),
    ],
)
def test_what_is_wrong_with_the_broker_is_said_at_its_field(
    site: Site, visitor: Any, name: str, typed: str, said: str
) -> None:
    visitor.page.get_by_role("switch", name="Tell the broker").check()
    visitor.page.locator(".p-mqtt summary").click()
    if name != "host":
        field(visitor, "mqtt", "host").fill("broker")
    field(visitor, "mqtt", name).fill(typed)
    visitor.page.locator(".p-mqtt summary").click()
    save(visitor, "mqtt")
    visitor.sees(said, f'.p-mqtt [data-field="{name}"] .error')
    assert field(visitor, "mqtt", name).get_attribute("aria-invalid") == "true"
    assert field(visitor, "mqtt", name).evaluate("input => input === document.activeElement")
    assert not site.json("mqtt")["on"]
    field(visitor, "mqtt", name).fill("1883" if name == "port" else "fine")
    save(visitor, "mqtt")
    wait_until(lambda: site.json("mqtt")["on"])
    assert visitor.text(f'.p-mqtt [data-field="{name}"]').find(said) == -1


def test_tls_asks_for_a_certificate_or_a_fingerprint(site: Site, visitor: Any) -> None:
    assert not field(visitor, "mqtt", "ca").is_visible()
    visitor.page.get_by_role("switch", name="TLS").check()
    save(visitor, "mqtt")
    visitor.sees("either the broker's CA or its fingerprint", '.p-mqtt [data-field="ca"] .error')
    field(visitor, "mqtt", "fingerprint").fill("12:34")
    save(visitor, "mqtt")
    visitor.sees("64 hexadecimal digits", '.p-mqtt [data-field="fingerprint"] .error')
    field(visitor, "mqtt", "fingerprint").fill(":".join(["AB"] * 32))
    save(visitor, "mqtt")
    wait_until(lambda: site.json("mqtt")["fingerprint"] == "ab" * 32)


def test_what_is_typed_outlives_what_the_device_tells_meanwhile(site: Site, visitor: Any) -> None:
    field(visitor, "mqtt", "host").fill("mine")
    mqtt = site.json("mqtt") | {"host": "theirs"}
    for told in ("password_set", "online", "connection"):
        del mqtt[told]
    with site.ask("PUT", "mqtt", mqtt) as answer:
        assert answer.status == 200
    with visitor.page.expect_response("**/api/v1/mqtt"):
        pass
    visitor.page.wait_for_timeout(100)
    assert field(visitor, "mqtt", "host").input_value() == "mine"
