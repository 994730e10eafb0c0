# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser, on a simulated device that hears a recording."""

import asyncio
import itertools
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from page_visitor import settle, wait_until
from simulated_site import Site, simulated_site
from yamnet_tools.paths import CHECKOUT
from yamnet_tools.simulated_device.http_server import HttpServer
from yamnet_tools.simulated_device.live import LiveInput

pytestmark = pytest.mark.slow

VIEWS = ("now", "timeline", "rules", "network", "device")
ALARM = "Smoke or CO alarm"
Visit = Callable[..., Any]


# Who is there


def test_the_first_run_leads_through_token_name_place_and_rules(
    model_image: Path, recording: Path, tmp_path: Path, visit: Visit
) -> None:
    with simulated_site(model_image, live=LiveInput(recording), storage=tmp_path) as site:
        visitor = visit(site).open().log_in()
        page = visitor.page
        visitor.sees("1 of 4: Token")
        page.get_by_role("button", name="Skip", exact=True).click()
        page.get_by_label("Name").fill("Nursery")
        page.get_by_role("button", name="Next").click()
        page.get_by_label("Place").fill("Above the bed")
        page.get_by_role("button", name="Next").click()
        page.get_by_role("switch", name="Dog barking").uncheck()
        page.get_by_role("button", name="Done").click()
        visitor.sees("What it hears")
        settings = site.json("settings")
        assert (settings["name"], settings["place"], settings["configured"]) == ("Nursery", "Above the bed", True)
        assert [rule["name"] for rule in site.json("rules/states")["rules"] if not rule["enabled"]] == ["dog"]
        page.reload()
        visitor.sees("What it hears")
        wait_until(lambda: page.title() == "Nursery")


def test_the_first_run_takes_another_token_and_can_be_skipped(
    model_image: Path, recording: Path, tmp_path: Path, visit: Visit
) -> None:
    with simulated_site(model_image, live=LiveInput(recording), storage=tmp_path) as site:
        visitor = visit(site).open().log_in()
        visitor.page.get_by_label("Another token").fill("long-enough-token")
        visitor.page.get_by_role("button", name="Next").click()
        visitor.sees("2 of 4: Name")
        visitor.page.get_by_role("button", name="Skip all").click()
        visitor.sees("What it hears")
        site.token = "long-enough-token"
        assert site.json("settings")["configured"]


def test_a_wrong_token_is_told_and_guessing_has_to_wait(site: Site, visit: Visit) -> None:
    visitor = visit(site).open().log_in("wrong-token")
    visitor.sees("This is not the owner", "#login-error")
    for _ in range(10):
        if "wait" in visitor.text("#login-error"):
            break
        visitor.log_in("wrong-token")
        visitor.page.wait_for_timeout(150)
    visitor.sees("Too many wrong tokens: wait", "#login-error")
    assert visitor.page.get_by_role("button", name="Log in").is_disabled()
    visitor.page.get_by_role("button", name="Log in", disabled=False).wait_for()
    visitor.log_in()
    visitor.sees("What it hears")


def test_a_token_that_was_changed_elsewhere_asks_again(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open("rules")
    visitor.sees(ALARM)
    with site.ask("PUT", "token", {"token": "another-long-token"}) as answer:
        assert answer.status == 204
    site.leave()
    site.come_back()
    visitor.sees("Who are you?")


def test_who_only_reads_changes_nothing(site: Site, visit: Visit) -> None:
    settings = {"name": "Kitchen", "place": "", "open_reading": True, "open_audio": False}
    with site.ask("PUT", "settings", settings) as answer:
        assert answer.status == 200
    visitor = visit(site).open()
    visitor.sees("Only the owner may listen")
    assert visitor.page.locator("#mute").is_hidden()
    assert visitor.page.locator(".listening button").is_disabled()
    visitor.open("rules").sees("Only the owner may change rules")
    assert visitor.page.get_by_role("switch").first.is_disabled()
    visitor.open("device").sees("Log in as the owner")
    assert visitor.page.get_by_role("button", name="Restart").count() == 0


# What it hears


def is_blank(visitor: Any) -> bool:
    """Whether no value is shown as live."""
    return bool(visitor.page.locator(".bars li").count() == 0 and "Level not known" in visitor.text(".meter"))


def test_the_live_view_shows_what_the_device_hears(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open()
    visitor.sees("Smoke detector", ".headline")
    visitor.sees("dBFS", ".meter")
    visitor.sees(ALARM, ".active")
    row = visitor.page.locator(".bars li").first
    assert row.locator("b").inner_text().endswith("%")
    assert row.locator("i").evaluate("bar => new DOMMatrix(getComputedStyle(bar).transform).a") > 0
    colours = visitor.page.locator(".screen canvas").evaluate(
        """canvas => {
          const { width, height } = canvas;
          const { data } = canvas.getContext('2d').getImageData(width * 0.8, 0, width * 0.2, height / 2);
          return new Set(new Uint32Array(data.buffer)).size;
        }"""
    )
    assert colours > 50
    visitor.sees("Listening", "#standing")


def test_an_event_is_shown_within_a_second_of_the_device_telling_it(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open()
    visitor.page.evaluate(
        """() => {
          window.seen = null;
          new MutationObserver(() => {
            const shown = document.querySelector('.now .lately')?.innerText.includes('Smoke');
            if (shown) window.seen ??= Date.now();
          }).observe(document.body, { childList: true, subtree: true, characterData: true });
        }"""
    )
    told: list[float] = []

    def listen() -> None:
        with site.ask("GET", "events?live") as live:
            while line := live.readline():
                if b'"kind":"start"' in line and b"smoke_alarm" in line:
                    told.append(time.time())
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    wait_until(lambda: visitor.page.evaluate("window.seen"), 30)
    thread.join()
    assert visitor.page.evaluate("window.seen") / 1000 - told[0] < 1
    visitor.sees(f"{ALARM} began at", "#announcer")


def test_live_sound_plays_without_a_gap_less_than_a_second_late(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token()
    visitor.page.add_init_script(
        """window.pieces = [];
        const start = AudioBufferSourceNode.prototype.start;
        AudioBufferSourceNode.prototype.start = function (when) {
          window.pieces.push({ when, ahead: when - this.context.currentTime, lasts: this.buffer.duration });
          start.call(this, when);
        };"""
    )
    visitor.open()
    visitor.page.get_by_role("button", name="Listen live").click()
    visitor.sees("You hear the device")
    wait_until(lambda: visitor.page.evaluate("window.pieces.length > 20"))
    pieces = visitor.page.evaluate("window.pieces")
    assert max(piece["ahead"] for piece in pieces) < 1
    assert sum(piece["lasts"] for piece in pieces) > 0.4
    together = sum(
        after["when"] == pytest.approx(before["when"] + before["lasts"], abs=1e-6)
        for before, after in itertools.pairwise(pieces)
    )
    assert together >= len(pieces) - 4
    visitor.page.get_by_role("button", name="Stop").click()
    visitor.page.get_by_role("button", name="Listen live").wait_for()
    count = visitor.page.evaluate("window.pieces.length")
    visitor.page.wait_for_timeout(400)
    assert visitor.page.evaluate("window.pieces.length") == count


def test_mute_is_one_tap_away_on_every_view_and_clearly_shown(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open("timeline")
    visitor.page.get_by_role("button", name="Mute", exact=True).click()
    for view in VIEWS:
        visitor.open(view).sees("The microphone is off", "#banner")
        visitor.sees("Muted", "#standing")
    assert site.json("status")["muted"]
    visitor.open("now").sees("Muted", ".headline")
    assert is_blank(visitor)
    with site.ask("POST", "mute", {"muted": False}) as answer:  # by the button on the board, say
        assert answer.status == 204
    visitor.sees("Listening", "#standing")
    visitor.page.get_by_role("button", name="Mute", exact=True).wait_for()
    assert visitor.page.locator("#banner").is_hidden()


# When it is away


def test_a_lost_connection_is_told_and_comes_back_by_itself(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open()
    visitor.page.locator(".bars li").first.wait_for()
    site.leave()
    visitor.sees("The device has not answered since", "#banner")
    assert is_blank(visitor)
    visitor.sees("Away", "#standing")
    assert visitor.page.locator("#mute").is_disabled()
    visitor.open("device").sees("The device has not answered since", "#banner")
    site.come_back()
    visitor.sees("Listening", "#standing")
    assert visitor.page.locator("#banner").is_hidden()
    visitor.sees("Self-test")
    visitor.open("now")
    visitor.page.locator(".bars li").first.wait_for()


def test_events_that_a_break_hid_are_there_after_it(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open("now")
    visitor.page.locator(".bars li").first.wait_for()
    site.leave()
    visitor.sees("Away", "#standing")
    lines = site.simulator.device.http("GET", "/api/v1/events", {"host": "localhost"}, b"", "127.0.0.1")
    assert lines[0] == 401
    time.sleep(6)  # the alarm begins meanwhile
    site.come_back()
    visitor.sees(ALARM, ".now .lately")


def test_a_device_that_says_nothing_for_five_seconds_is_away(
    site: Site, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = visit(site).has_token().open()
    visitor.page.locator(".bars li").first.wait_for()

    async def say_nothing(*_: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr("yamnet_tools.simulated_device.http_server._POLL_S", 3600)
    monkeypatch.setattr(HttpServer, "_send_stream", say_nothing)
    visitor.sees("The device has not answered since", "#banner")
    assert is_blank(visitor)


def test_a_slow_device_is_waited_for_and_asked_once(site: Site, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = visit(site).has_token()
    asked: list[str] = []
    serve = HttpServer._serve

    async def serve_late(server: HttpServer, scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") == "/api/v1/rules":
            asked.append(scope["method"])
            await asyncio.sleep(1.5)
        await serve(server, scope, receive, send)

    monkeypatch.setattr(HttpServer, "_serve", serve_late)
    site.leave()
    site.come_back()
    visitor.open("rules").page.get_by_role("heading", name="Rules").wait_for()
    visitor.open("now").page.get_by_role("heading", name="What it hears").wait_for()
    visitor.open("rules")
    edit(visitor, "Dog barking")
    visitor.page.get_by_label("Title").fill("Bello")
    save = visitor.page.get_by_role("button", name="Save")
    save.click()
    save.click()
    assert save.get_attribute("aria-busy") == "true"
    visitor.sees("The rules are saved")
    assert asked.count("PUT") == 1
    assert "Bello" in json.dumps(visitor.rules())


# What happened


def choose_alarm(visitor: Any) -> None:
    visitor.open("timeline")
    visitor.page.locator(".events button", has_text=ALARM).last.click()
    visitor.page.locator(".wave canvas").wait_for()


def test_a_clip_is_played_with_its_waveform(lasting_site: Site, visit: Visit) -> None:
    visitor = visit(lasting_site).has_token()
    choose_alarm(visitor)
    assert visitor.page.locator(".lanes .bar").count() >= 1
    visitor.sees("before it", ".legend")
    assert visitor.page.locator(".wave canvas").get_attribute("aria-label").startswith("Waveform: the event from")
    position = visitor.page.get_by_label("Position")
    assert float(position.input_value()) == 0
    visitor.page.get_by_role("button", name="Play").click()
    wait_until(lambda: visitor.page.evaluate("document.querySelector('.seek').value > 0.3"))
    visitor.page.get_by_role("button", name="Pause").click()
    visitor.page.locator(".wave canvas").click(position={"x": 200, "y": 40})
    assert float(position.input_value()) > 1


def test_a_bar_of_the_chart_chooses_its_event(lasting_site: Site, visit: Visit) -> None:
    visitor = visit(lasting_site).has_token().open("timeline")
    visitor.page.locator(".events button", has_text=ALARM).last.wait_for()
    bar = visitor.page.locator(".lane", has_text=ALARM).locator(".bar").last
    bar.locator(".hit").click(force=True)
    visitor.sees(ALARM, "#player-title")
    assert visitor.page.locator(".events [aria-current]").get_attribute("data-id") == bar.get_attribute("data-key")


def test_a_clip_is_starred_downloaded_and_deleted(site_with_clip: Site, visit: Visit) -> None:
    site = site_with_clip
    visitor = visit(site).has_token()
    choose_alarm(visitor)
    page = visitor.page
    page.locator("#star").click()
    page.locator("#star[aria-pressed=true]").wait_for()
    (clip,) = [clip for clip in site.json("clips")["clips"] if clip["starred"]]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == clip["name"]
    assert download.value.path().stat().st_size == clip["bytes"]
    page.locator("#remove").click()
    page.get_by_role("button", name="Cancel").click()
    assert clip["name"] in [each["name"] for each in site.json("clips")["clips"]]
    page.locator("#remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    visitor.sees("The clip is deleted")
    assert clip["name"] not in [each["name"] for each in site.json("clips")["clips"]]


def test_the_past_is_paged_through(model_image: Path, recording: Path, tmp_path: Path, visit: Visit) -> None:
    """With pages of one line, so that a few events make many."""
    with simulated_site(model_image, live=LiveInput(recording), storage=tmp_path, heard=[recording] * 3) as site:
        settle(site)
        events = {line["id"] for line in site.json("events?limit=100")["events"]}
        assert len(events) >= 5
        visitor = visit(site).has_token()
        visitor.page.route(
            "**/api/v1/events?limit=100*",
            lambda route: route.continue_(url=route.request.url.replace("limit=100", "limit=1")),
        )
        visitor.open("timeline")
        more = visitor.page.locator("#more")
        more.wait_for()

        def all_are_there() -> bool:
            more.evaluate("button => button.hidden || button.click()")
            return events <= ids(visitor)

        wait_until(all_are_there)
        assert sum("before=" in url for url in visitor.requests) >= 5


def ids(visitor: Any) -> set[str]:
    """The events in the list."""
    return set(visitor.page.locator(".events button").evaluate_all("buttons => buttons.map((each) => each.dataset.id)"))


# Rules


def edit(visitor: Any, title: str) -> None:
    visitor.page.get_by_role("button", name=f"Edit {title}").click()
    visitor.page.get_by_label("Title").wait_for()


def rule(visitor: Any, name: str) -> Any:
    (found,) = [each for each in visitor.rules()["rules"] if each["name"] == name]
    return found


def test_a_mistake_is_told_at_its_field_and_saved_only_without(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open("rules")
    edit(visitor, "Dog barking")
    page = visitor.page
    hold, off = page.get_by_role("textbox", name="Hold", exact=True), page.get_by_role("textbox", name="Goes on at")
    hold.fill("soon")
    visitor.sees("must be a number", '[data-field="hold_s"] .error')
    assert hold.get_attribute("aria-invalid") == "true"
    assert page.locator("#save").is_disabled()
    hold.fill("2,5")
    off.fill("95")
    visitor.sees("must not be above", '[data-field="off"] .error')
    assert visitor.text('[data-field="hold_s"] .error') == ""
    off.fill("12.5")
    visitor.sees("Good to save", "#verdict")
    page.locator("#save").click()
    visitor.sees("The rules are saved")
    assert (rule(visitor, "dog")["hold_s"], rule(visitor, "dog")["off"]) == (2.5, 0.125)
    assert rule(visitor, "dog")["classes"] == ["Dog", "Bark"]


def test_a_class_is_found_by_keyboard(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open("rules")
    edit(visitor, "Dog barking")
    search = visitor.page.get_by_role("combobox", name="Classes")
    search.press_sequentially("growl")
    visitor.page.get_by_role("option", name="Growling").wait_for()
    search.press("ArrowDown")
    search.press("ArrowUp")
    search.press("Enter")
    visitor.page.get_by_label("Weight of Growling").fill("0.5")
    visitor.sees("Good to save", "#verdict")
    visitor.page.locator("#save").click()
    visitor.sees("The rules are saved")
    assert rule(visitor, "dog")["classes"] == ["Dog", "Bark", {"class": "Growling", "weight": 0.5}]


def test_a_rule_is_added_tried_and_deleted(lasting_site: Site, visit: Visit) -> None:
    visitor = visit(lasting_site).has_token().open("rules")
    page = visitor.page
    before = visitor.rules()
    page.locator("#add").click()
    visitor.sees("need", '[data-field="classes"] .error')
    page.get_by_role("combobox", name="Classes").press_sequentially("smoke det")
    page.get_by_role("option").first.click()
    visitor.sees("Good to save", "#verdict")
    page.locator("#preview").click()
    visitor.sees("Looked at", ".preview")
    document = before | {
        "rules": [
            *before["rules"],
            {"name": "rule_1", "classes": ["Smoke detector, smoke alarm"], "on": 0.5, "off": 0.25},
        ]
    }
    with lasting_site.ask("POST", "rules/preview", document) as answer:
        expected = [event for event in json.loads(answer.read())["events"] if event["rule"] == "rule_1"]
    assert len(expected) >= 1
    drawn = page.locator(".preview .lane").first.locator(".bar").count()
    assert len(expected) - 1 <= drawn <= len(expected)
    assert visitor.rules() == before
    page.get_by_role("button", name="Delete this rule").click()
    visitor.sees("As on the device", "#verdict")


def test_rules_are_edited_as_json(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open("rules")
    page = visitor.page
    page.get_by_role("button", name="JSON").click()
    text = page.get_by_label("All rules as one document")
    text.wait_for()
    document = json.loads(text.input_value())
    assert document == visitor.rules()
    text.fill("{")
    visitor.sees("not JSON", "#json-error")
    document["rules"][0]["on"] = 7
    text.fill(json.dumps(document))
    visitor.sees("/rules/0/on: 7 is out of range", "#json-error")
    assert page.locator("#save").is_disabled()
    document["rules"][0]["on"] = 0.7
    text.fill(json.dumps(document))
    visitor.sees("Good to save", "#verdict")
    page.locator("#save").click()
    visitor.sees("The rules are saved")
    assert visitor.rules() == document


def test_two_editors_do_not_overwrite_each_other(site: Site, visit: Visit) -> None:
    mine, theirs = visit(site).has_token().open("rules"), visit(site).has_token().open("rules")
    for visitor, title in ((mine, "Mine"), (theirs, "Theirs")):
        edit(visitor, "Dog barking")
        visitor.page.get_by_label("Title").fill(title)
        visitor.sees("Good to save", "#verdict")
    theirs.page.locator("#save").click()
    theirs.sees("The rules are saved")
    mine.page.locator("#save").click()
    mine.sees("Somebody else has saved meanwhile", "#conflict")
    assert mine.page.get_by_label("Title").input_value() == "Mine"
    assert rule(mine, "dog")["title"] == "Theirs"
    mine.page.locator("#overwrite").click()
    mine.sees("The rules are saved")
    assert rule(mine, "dog")["title"] == "Mine"
    edit(theirs, "Theirs")
    theirs.page.get_by_label("Title").fill("Theirs again")
    theirs.sees("Good to save", "#verdict")
    theirs.page.locator("#save").click()
    theirs.page.locator("#load-theirs").click()
    theirs.sees("As on the device", "#verdict")
    theirs.sees("Mine", ".rules")
    assert rule(mine, "dog")["title"] == "Mine"


def test_an_edit_outlives_other_views_another_language_and_a_break(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open("rules")
    edit(visitor, "Dog barking")
    visitor.page.get_by_label("Title").fill("Unsaved")
    visitor.open("device").page.get_by_label("Language").select_option("de")
    visitor.sees("Neustart")
    site.leave()
    visitor.sees("Nicht erreichbar", "#standing")
    site.come_back()
    visitor.sees("Hört zu", "#standing")
    visitor.open("rules")
    assert visitor.page.locator('[data-field="title"] input').input_value() == "Unsaved"


def test_presets_come_back(site: Site, visit: Visit) -> None:
    with site.ask("PUT", "rules", {"schema": 1, "rules": []}, **{"If-Match": "*"}) as answer:
        assert answer.status == 200
    visitor = visit(site).has_token().open("rules")
    visitor.page.locator("#presets").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Back to the presets").click()
    visitor.sees("Dog barking")
    assert site.json("rules/states")["source"] == "presets"


# The device


def test_the_device_view_says_what_status_says(lasting_site: Site, visit: Visit) -> None:
    visitor = visit(lasting_site).has_token().open("device")
    status = lasting_site.json("status")
    visitor.sees(status["model"]["sha256"])
    visitor.sees("passed", ".p-health")
    visitor.sees(f"{status['inference']['p50_us'] / 1000:.0f}"[:1], ".p-health")
    visitor.page.get_by_text("Boot steps").click()
    for step in status["boot"]["steps"]:
        visitor.sees(step["name"], ".steps")
    visitor.page.get_by_role("button", name="Show the log").click()
    visitor.sees("heard: ", "pre")
    assert lasting_site.token not in visitor.page.content()


def test_settings_and_token_are_changed(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open("device")
    page = visitor.page
    name = page.locator('.p-settings [data-field="name"] input')
    wait_until(lambda: name.input_value() == "Kitchen")
    name.fill("Cellar")
    page.get_by_role("switch", name="Open reading").check()
    page.locator(".p-settings [type=submit]").click()
    visitor.sees("Cellar", ".brand")
    settings = site.json("settings")
    assert (settings["name"], settings["place"], settings["open_reading"]) == ("Cellar", "Shelf", True)
    page.get_by_label("Another token").fill("a-token-of-my-own")
    page.get_by_role("button", name="Change the token").click()
    page.get_by_role("dialog").get_by_role("button", name="Change the token").click()
    visitor.sees("The token is changed")
    site.token = "a-token-of-my-own"
    assert site.json("session")["owner"]
    assert page.get_by_role("button", name="Log out").is_visible()


def test_a_restart_is_asked_for_twice_and_seen_through(site: Site, visit: Visit) -> None:
    visitor = visit(site).has_token().open("device")
    visitor.page.get_by_role("button", name="Restart").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert site.json("status")["boot"]["count"] == 1
    visitor.page.get_by_role("button", name="Restart").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    visitor.sees("It is back after", ".p-restart .restarting")
    assert site.json("status")["boot"]["count"] == 2


# Everywhere


def test_a_volume_that_holds_something_else_is_formatted_when_its_owner_says_so(site: Site, visit: Visit) -> None:
    def foreign(route: Any) -> None:
        status = site.json("status")
        status["storage"]["volumes"] = [{"name": "flash", "state": "needs format"}]
        route.fulfill(json=status)

    visitor = visit(site).has_token()
    visitor.page.route("**/api/v1/status", foreign)
    asked: list[str] = []
    visitor.page.route(
        "**/api/v1/storage/**", lambda route: (asked.append(route.request.url), route.fulfill(status=202))
    )
    visitor.open("device")
    visitor.page.get_by_role("button", name="Format flash").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert asked == []
    visitor.page.get_by_role("button", name="Format flash").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Format flash").click()
    visitor.sees("flash is being formatted", "#notices")
    assert asked == [f"{site.address}/api/v1/storage/flash/format"]


def test_german_is_spoken_and_english_chosen_for_good(lasting_site: Site, visit: Visit) -> None:
    visitor = visit(lasting_site, locale="de-DE").has_token().open("device")
    visitor.sees("Neustart")
    assert visitor.page.locator("html").get_attribute("lang") == "de"
    visitor.open("rules").sees("Hund bellt")
    visitor.open("device").page.get_by_label("Sprache").select_option("en")
    visitor.sees("Boot steps")
    visitor.page.reload()
    visitor.sees("Boot steps")
    assert visitor.page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_no_view_shows_the_name_of_a_text(lasting_site: Site, visit: Visit, locale: str) -> None:
    texts = json.loads((CHECKOUT / "components" / "device_api" / "page" / "en.json").read_text())
    groups = "|".join({key.partition(".")[0] for key in texts})
    visitor = visit(lasting_site, locale=locale).has_token()
    for view in VIEWS:
        visitor.open(view).page.locator("h1, h2").first.wait_for()
        for form in visitor.page.locator("main form [type=submit]:visible").all():
            form.wait_for()
        visitor.page.wait_for_timeout(500)
        visitor.page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        shown = visitor.page.evaluate(
            """() => [document.body.innerText, ...[...document.querySelectorAll('[aria-label], [placeholder]')]
                .flatMap((each) => [each.ariaLabel, each.placeholder])].join(' ')"""
        )
        assert re.findall(rf"\b(?:{groups})\.[a-z_]+[\w.]*", shown) == []


def open_everything(visitor: Any, view: str) -> None:
    """A view with all in it that can be opened."""
    page = visitor.open(view).page
    if view == "timeline":
        choose_alarm(visitor)
    if view == "rules":
        edit(visitor, "Dog barking")
        page.get_by_text("More fields").click()
        page.get_by_role("textbox", name="Hold", exact=True).fill("x")
        visitor.sees("must be a number", '[data-field="hold_s"] .error')
    if view == "network":
        page.get_by_role("switch", name="TLS").check()
        for more in page.locator(".panel:visible summary").all():
            more.click()
        page.locator(".p-mqtt").get_by_role("button", name="Save").click()
        visitor.sees("TLS needs", ".p-mqtt .error")
    if view == "device":
        page.get_by_text("Boot steps").click()
        page.get_by_role("button", name="Show the log").click()
        visitor.sees("heard: ", "pre")
    page.wait_for_timeout(400)  # what appears has appeared


@pytest.mark.parametrize(("scheme", "viewport"), [("light", (390, 844)), ("dark", (1280, 900))])
def test_axe_finds_nothing_serious(lasting_site: Site, visit: Visit, scheme: str, viewport: tuple[int, int]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs pip install -e '.[test]'").Axe()
    options = {"color_scheme": scheme, "viewport": dict(zip(("width", "height"), viewport, strict=True))}
    visitor = visit(lasting_site, reduced_motion="reduce", **options).open()
    found = []

    def look(view: str) -> None:
        for violation in axe.run(visitor.page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found.append((view, violation["id"], [node["html"] for node in violation["nodes"]][:3]))

    visitor.sees("Who are you?")
    look("login")
    visitor.log_in().sees("What it hears")
    for view in VIEWS:
        open_everything(visitor, view)
        look(view)
        width = visitor.page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport[0], f"{view} is wider than the screen"
    visitor.open("welcome").sees("1 of 4")
    look("welcome")
    assert found == []


def test_the_keyboard_reaches_all_of_it(lasting_site: Site, visit: Visit) -> None:
    visitor = visit(lasting_site).has_token().open("timeline")
    visitor.page.locator(".events button").first.wait_for()
    visitor.sees("Listening", "#standing")
    reached = []
    for _ in range(30):
        visitor.page.keyboard.press("Tab")
        reached.append(visitor.page.evaluate("document.activeElement.innerText || document.activeElement.ariaLabel"))
        outline = visitor.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"nobody sees that {reached[-1]} has the focus"
        if visitor.page.evaluate("document.activeElement.matches('.events button')"):
            break
    assert [text for text in ("Mute", "Now", "Rules", "Day", "Earlier") if text not in reached] == []
    visitor.page.keyboard.press("Enter")
    visitor.sees("score up to", ".player")


def test_a_page_that_nobody_sees_gives_its_connections_back(lasting_site: Site, visit: Visit) -> None:
    visitor = visit(lasting_site).has_token()
    visitor.page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.away ?? false })")
    visitor.page.clock.install()
    ended: list[str] = []
    visitor.page.on("requestfailed", lambda request: ended.append(request.url.rpartition("/")[2]))
    visitor.open()
    visitor.page.locator(".bars li").first.wait_for()
    visitor.page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    visitor.page.clock.fast_forward(61_000)
    visitor.sees("Connecting", "#standing")
    assert sorted(ended) == ["events?live", "scores?mel&k=8&min=0.02"]
    visitor.page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    visitor.sees("Listening", "#standing")
