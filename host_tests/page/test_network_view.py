# SPDX-License-Identifier: Apache-2.0
"""The page's Network view: Home Assistant's broker, the webhook, Wi-Fi."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from page_visitor import settle, wait_until
from simulated_site import Site, simulated_site
from yamnet_tools.simulated_device.live import LiveInput
from yamnet_tools.simulated_device.wifi import DEFAULT_AIR, SimulatedRadio

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


def test_two_who_set_the_broker_do_not_overwrite_each_other(site: Site, visit: Visit) -> None:
    mine, theirs = visit(site).has_token().open("network"), visit(site).has_token().open("network")
    for visitor, host in ((mine, "mine"), (theirs, "theirs")):
        visitor.page.locator(".p-mqtt [type=submit]").wait_for()
        field(visitor, "mqtt", "host").fill(host)
    save(theirs, "mqtt")
    theirs.sees("Saved", "#notices")
    field(theirs, "mqtt", "host").fill("theirs-again")
    save(mine, "mqtt")
    mine.sees("Somebody else has saved meanwhile", ".p-mqtt .conflict")
    assert site.json("mqtt")["host"] == "theirs"
    assert field(mine, "mqtt", "host").input_value() == "mine"
    mine.page.get_by_role("button", name="Overwrite theirs with mine").click()
    wait_until(lambda: site.json("mqtt")["host"] == "mine")
    assert mine.text(".p-mqtt .conflict") == ""
    save(theirs, "mqtt")
    theirs.page.get_by_role("button", name="Load theirs, drop mine").click()
    wait_until(lambda: field(theirs, "mqtt", "host").input_value() == "mine")
    assert site.json("mqtt")["host"] == "mine"


# The webhook


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """The address of somebody who takes posts, and what was posted."""
    posted: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", posted
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_set_and_tried(site: Site, visitor: Any, receiver: tuple[str, list[bytes]]) -> None:
    url, posted = receiver
    panel = visitor.page.locator(".p-webhook")
    assert panel.get_by_role("button", name="Post a test").count() == 0
    panel.get_by_role("switch", name="Post events").check()
    field(visitor, "webhook", "url").fill("nonsense")
    save(visitor, "webhook")
    visitor.sees("http://", '.p-webhook [data-field="url"] .error')
    field(visitor, "webhook", "url").fill(url)
    field(visitor, "webhook", "secret").fill("short")
    save(visitor, "webhook")
    visitor.sees("16 to 128", '.p-webhook [data-field="secret"] .error')
    field(visitor, "webhook", "secret").fill("a secret of sixteen and more".replace(" ", "-"))
    save(visitor, "webhook")
    visitor.sees("Saved", "#notices")
    told = site.json("webhook")
    assert (told["on"], told["url"], told["has_secret"]) == (True, url, True)
    assert "a-secret" not in visitor.page.content()
    before = len(posted)
    panel.get_by_role("button", name="Post a test").click()
    visitor.sees("A test is posted", "#notices")
    wait_until(lambda: any(b"test" in each for each in posted[before:]))
    wait_until(lambda: site.json("webhook")["last"] in visitor.text(".p-webhook .facts"))


# Wi-Fi


@pytest.fixture
def wifi_site(model_image: Path, recording: Path, tmp_path: Path) -> Iterator[Site]:
    """A device with a radio that knows no network yet; its first run is over."""
    radio = SimulatedRadio(lambda: DEFAULT_AIR, speed=4)
    with simulated_site(model_image, live=LiveInput(recording), storage=tmp_path, radio=radio) as site:
        settle(site)
        wait_until(lambda: site.json("network")["state"] == "setup")
        yield site


def choose(visitor: Any, name: str, password: str | None) -> None:
    """Choose a network of those found, and join it."""
    page = visitor.page
    page.locator(".networks button", has=page.get_by_text(name, exact=True)).click()
    if password is not None:
        joining(visitor).locator('[data-field="password"] input').fill(password)
    page.get_by_role("button", name="Join", exact=True).click()


def joining(visitor: Any) -> Any:
    return visitor.page.locator("form", has=visitor.page.get_by_role("button", name="Join", exact=True))


def test_the_setup_page_joins_a_network_and_says_where_the_device_is_then(wifi_site: Site, visit: Visit) -> None:
    visitor = visit(wifi_site)
    visitor.page.goto(f"{wifi_site.address}/setup.html")
    visitor.sees("Neighbours", ".networks")
    assert visitor.page.locator(".networks strong").all_inner_texts()[0] == "Home"
    assert "good, \u221252 dBm" in visitor.text(".networks")
    choose(visitor, "Home", "wrong password")
    visitor.sees("the password is wrong", '[data-field="password"] .error')
    assert visitor.page.locator('[data-field="password"] input').get_attribute("aria-invalid") == "true"
    assert wifi_site.json("network")["known"] == []
    choose(visitor, "Home", "correct horse")
    visitor.sees("Joined Home", ".joining")
    network = wifi_site.json("network")
    assert [known["ssid"] for known in network["known"]] == ["Home"]
    links = visitor.page.locator(".joining a").evaluate_all("links => links.map((link) => link.href)")
    assert links == [f"http://{network['hostname']}.local/", "http://192.168.1.20/"]
    assert "correct horse" not in visitor.page.content()


def test_the_setup_page_speaks_german_and_leads_to_the_whole_page(wifi_site: Site, visit: Visit) -> None:
    visitor = visit(wifi_site, locale="de-DE")
    visitor.page.goto(f"{wifi_site.address}/setup.html")
    visitor.sees("WLAN wählen", "h1")
    visitor.sees("Neighbours", ".networks")
    visitor.page.get_by_label("Sprache").select_option("en")
    visitor.sees("Choose a Wi-Fi", "h1")
    visitor.page.get_by_role("link", name="The whole page").click()
    visitor.sees("Who are you?")


def test_the_setup_page_is_small(wifi_site: Site, visit: Visit) -> None:
    visitor = visit(wifi_site)
    sizes = []
    visitor.page.on("response", lambda response: sizes.append(int(response.headers.get("content-length", 0))))
    visitor.page.goto(f"{wifi_site.address}/setup.html")
    visitor.sees("Neighbours", ".networks")
    asked = {url.rpartition("/")[2] for url in visitor.requests}
    assert asked == {"setup.html", "style.css", "setup.js", "shared.js", "en.json", "icon.svg", "scan"}
    assert 0 < sum(sizes) < 25_000


def test_an_open_and_a_hidden_network_are_joined(wifi_site: Site, visit: Visit) -> None:
    visitor = visit(wifi_site)
    visitor.page.goto(f"{wifi_site.address}/setup.html")
    visitor.sees("Neighbours", ".networks")
    choose(visitor, "Open café", None)
    visitor.sees("Joined Open café", ".joining")
    joining(visitor).locator('[data-field="ssid"] input').fill("")
    visitor.page.get_by_role("button", name="Join", exact=True).click()
    visitor.sees("name", "form > .error")
    joining(visitor).locator('[data-field="ssid"] input').fill("Nowhere")
    visitor.page.get_by_role("button", name="Join", exact=True).click()
    visitor.sees("out of reach", '[data-field="password"] .error')
    assert [known["ssid"] for known in wifi_site.json("network")["known"]] == ["Open café"]


def test_the_setup_page_waits_for_a_device_that_changes_networks(wifi_site: Site, visit: Visit) -> None:
    visitor = visit(wifi_site)
    visitor.page.goto(f"{wifi_site.address}/setup.html")
    visitor.sees("Neighbours", ".networks")
    visitor.page.route("**/api/v1/network", lambda route: route.abort() if away else route.continue_())
    away: list[bool] = []
    visitor.page.on("request", lambda request: away.append(True) if request.url.endswith("/join") else None)
    choose(visitor, "Home", "correct horse")
    visitor.sees("does not answer just now", ".joining")
    visitor.sees(f"http://{wifi_site.json('network')['hostname']}.local", ".joining")
    away.clear()
    visitor.sees("Joined Home", ".joining")


def test_the_network_view_shows_and_changes_what_the_device_knows(wifi_site: Site, visit: Visit) -> None:
    site = wifi_site
    visitor = visit(site).has_token().open("network")
    visitor.sees("open for set-up", ".p-link")
    visitor.sees(site.json("network")["setup"]["password"], ".p-link")
    visitor.sees("It knows none yet", ".p-wifi")
    visitor.page.get_by_text("Join another network").click()
    visitor.page.get_by_role("button", name="Look for networks").click()
    choose(visitor, "Home", "correct horse")
    visitor.sees("Joined Home", ".joining")
    visitor.sees("connected", ".p-link")
    visitor.sees("good, \u221252 dBm", ".p-link")
    known = visitor.page.locator(".known li")
    known.locator("summary", has_text="Home").click()
    known.get_by_role("switch", name="Static address").check()
    static = {"address": "192.168.1.77", "netmask": "255.255.255.0", "gateway": "10.0.0.1", "dns": ""}
    for part, value in static.items():
        known.locator(f'[data-field="{part}"] input').fill(value)
    save(visitor, "wifi")
    visitor.sees("another address in the same network", '.known [data-field="gateway"] .error')
    assert site.json("network")["known"][0]["static_address"] is None
    known.locator('[data-field="gateway"] input').fill("192.168.1.1")
    field(visitor, "wifi", "country").fill("Germany")
    save(visitor, "wifi")
    visitor.sees(" ", '.p-wifi [data-field="country"] .error')
    assert visitor.text('.known [data-field="gateway"] .error') == ""
    field(visitor, "wifi", "country").fill("DE")
    save(visitor, "wifi")
    visitor.sees("Saved", "#notices")
    network = site.json("network")
    assert network["country"] == "DE"
    static["gateway"] = "192.168.1.1"
    assert network["known"] == [{"ssid": "Home", "has_password": True, "static_address": static}]
    visitor.sees("192.168.1.77", ".p-link")
    known.locator("summary", has_text="Home").click()
    visitor.page.get_by_role("button", name="Forget Home").click()
    save(visitor, "wifi")
    wait_until(lambda: site.json("network")["known"] == [])
    visitor.sees("It knows none yet", ".p-wifi")


def test_the_first_run_asks_for_a_network_where_none_is_joined(
    model_image: Path, recording: Path, tmp_path: Path, visit: Visit
) -> None:
    radio = SimulatedRadio(lambda: DEFAULT_AIR, speed=4)
    with simulated_site(model_image, live=LiveInput(recording), storage=tmp_path, radio=radio) as site:
        wait_until(lambda: site.json("network")["state"] == "setup")
        visitor = visit(site).has_token().open()
        visitor.sees("1 of 5: Token")
        for _ in range(4):
            visitor.page.get_by_role("button", name="Skip", exact=True).click()
        visitor.sees("5 of 5: Network")
        visitor.sees("Neighbours", ".networks")
        choose(visitor, "Home", "correct horse")
        visitor.sees("Joined Home", ".joining")
        visitor.page.get_by_role("button", name="Done").click()
        visitor.sees("What it hears")
        assert site.json("settings")["configured"]


@pytest.mark.parametrize(("scheme", "viewport"), [("light", (390, 844)), ("dark", (1280, 900))])
def test_axe_finds_nothing_serious_where_a_network_is_joined(
    wifi_site: Site, visit: Visit, scheme: str, viewport: tuple[int, int]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs pip install -e '.[test]'").Axe()
    options = {"color_scheme": scheme, "viewport": dict(zip(("width", "height"), viewport, strict=True))}
    visitor = visit(wifi_site, reduced_motion="reduce", **options).has_token()
    found = []

    def look(view: str) -> None:
        visitor.page.wait_for_timeout(400)  # what appears has appeared
        for violation in axe.run(visitor.page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found.append((view, violation["id"], [node["html"] for node in violation["nodes"]][:3]))
        width = visitor.page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport[0], f"{view} is wider than the screen"

    visitor.page.goto(f"{wifi_site.address}/setup.html")
    visitor.sees("Neighbours", ".networks")
    choose(visitor, "Home", "wrong password")
    visitor.sees("the password is wrong", '[data-field="password"] .error')
    look("setup")
    choose(visitor, "Home", "correct horse")
    visitor.sees("Joined Home", ".joining")
    look("setup, joined")
    visitor.open("network").page.locator(".known summary").click()
    visitor.page.get_by_role("switch", name="Static address").check()
    look("network")
    assert found == []


def test_without_wifi_there_is_none_to_set(visitor: Any) -> None:
    visitor.sees("127.0.0.1", ".p-link")
    assert not visitor.page.locator(".p-wifi").is_visible()
    assert visitor.page.locator(".p-mqtt").is_visible()
