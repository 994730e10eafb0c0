# SPDX-License-Identifier: Apache-2.0
"""A simulated device that posts its events to a real HTTP server: one that is well, slow, wrong or away."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from described_api import ALWAYS, rules_set
from device_runner import Runner
from mosquitto import Certificates, free_port, wait_for
from receiver import Receiver

pytestmark = pytest.mark.slow

SECRET = "a secret of the house's own"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@contextmanager
def device(folder: Path, url: str, **settings: object) -> Iterator[Runner]:
    document = {"on": True, "url": url, "secret": SECRET, "ca": "", "fingerprint": ""} | settings
    with closing(Runner(folder, {"home_link/webhook": json.dumps(document).encode()})) as runner:
        yield runner


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with closing(Receiver(0)) as receiver:
        yield receiver


def state(runner: Runner) -> dict[str, Any]:
    told: dict[str, Any] = runner.owner.ask("GET", "webhook").json
    return told


def says(runner: Runner, text: str) -> Callable[[], bool]:
    return lambda: text in state(runner)["last"]


def signature(secret: bytes, headers: dict[str, str], body: bytes) -> str:
    """As the Standard Webhooks specification has it."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def test_each_start_and_end_is_posted_and_signed(tmp_path: Path, receiver: Receiver) -> None:
    with device(tmp_path, receiver.url) as runner:
        runner.hear()
        wait_for(lambda: receiver.posts)
        other = {"schema": 1, "rules": [ALWAYS["rules"][0] | {"name": "other"}]}  # type: ignore[index]
        runner.do(lambda: rules_set(runner.owner, other))
        wait_for(lambda: len(receiver.bodies()) == 2)
        wait_for(lambda: state(runner)["delivered"] == 2)
        start, end = receiver.bodies()
        assert (start["type"], end["type"]) == ("event.start", "event.end")
        assert start["device"] == {"id": "dev", "name": "YAMNet", "place": "", "url": "http://dev/"}
        assert (start["data"]["rule"], start["data"]["event_type"], start["data"]["late"]) == ("always", "start", False)
        assert start["data"]["clip_url"] == f"http://dev/api/v1/clips/{start['data']['clip']}"
        assert end["data"]["reason"] == "rules_changed"
        ids = []
        for headers, body in receiver.posts:
            assert headers["content-type"] == "application/json"
            assert hmac.compare_digest(headers["webhook-signature"], signature(SECRET.encode(), headers, body))
            assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
            ids.append(headers["webhook-id"])
        assert ids == [f"dev_{start['data']['id']}_start", f"dev_{start['data']['id']}_end"]
        told = state(runner)
        assert (told["waiting"], told["dropped"], told["has_secret"]) == (0, 0, True)
        assert told["last"] == f"{receiver.where} has taken the last event"
        assert runner.told("webhook") == []


def test_a_secret_in_base64_is_what_it_stands_for(tmp_path: Path, receiver: Receiver) -> None:
    key = bytes(range(32))
    with device(tmp_path, receiver.url, secret="whsec_" + base64.b64encode(key).decode()) as runner:
        assert runner.owner.ask("POST", "webhook/test").status == 202
        wait_for(says(runner, "has taken a test"))
        ((headers, body),) = receiver.posts
        assert headers["webhook-signature"] == signature(key, headers, body)
        assert json.loads(body)["type"] == "test"
        assert state(runner)["delivered"] == 0


def test_what_was_not_posted_is_posted_after_a_restart(tmp_path: Path) -> None:
    port = free_port()
    with device(tmp_path, f"http://localhost:{port}/", secret="x" * 100) as runner:
        runner.hear()
        runner.do(lambda: rules_set(runner.owner, {"schema": 1, "rules": []}))
        wait_for(lambda: state(runner)["waiting"] == 2)
        first = runner.device
        runner.owner.ask("POST", "restart")
        wait_for(lambda: runner.device is not first and state(runner)["waiting"] == 2)
        with closing(Receiver(port)) as receiver:
            wait_for(lambda: len(receiver.bodies()) == 2)
            assert [body["type"] for body in receiver.bodies()] == ["event.start", "event.end"]
            for headers, body in receiver.posts:
                assert headers["webhook-signature"] == signature(b"x" * 100, headers, body)
            data = receiver.bodies()[0]["data"]
            assert (data["rule"], data["late"], len(data["top"])) == ("always", True, 5)
            journal = [json.loads(line) for line in (tmp_path / "journal-000001.jsonl").read_text().splitlines()]
            for field in ("id", "utc", "clip", "duration_s", "level_dbfs", "floor_dbfs"):
                assert data[field] == journal[0][field], field
            wait_for(lambda: state(runner)["delivered"] == 2)
            second, posts = runner.device, len(receiver.posts)
            runner.owner.ask("POST", "restart")
            wait_for(lambda: runner.device is not second and "nothing" in state(runner)["last"])
            runner.stop.wait(1)
            assert len(receiver.posts) == posts, "they were posted before"


def test_without_a_secret_nothing_is_signed(tmp_path: Path, receiver: Receiver) -> None:
    with device(tmp_path, receiver.url, secret="") as runner:
        runner.hear()
        wait_for(lambda: receiver.posts)
        assert "webhook-signature" not in receiver.posts[0][0]
        assert not state(runner)["has_secret"]


def test_what_fails_is_posted_again_until_it_is_taken(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [500, 503, 301]
    with device(tmp_path, receiver.url) as runner:
        runner.hear()
        wait_for(says(runner, "it redirects (301), which is not followed; it is tried again"))
        assert state(runner)["waiting"] == 1
        wait_for(lambda: state(runner)["delivered"] == 1)
        assert len({headers["webhook-id"] for headers, _ in receiver.posts}) == 1
        assert len(receiver.posts) == 4
        where = receiver.where
        assert runner.told("webhook") == [
            f"{where} does not take an event: it answers 500; it is tried again",
            f"{where} does not take an event: it answers 503; it is tried again",
            f"{where} does not take an event: it redirects (301), which is not followed; it is tried again",
            f"{where} has taken the last event",
        ]
        assert not any("private" in line for line in runner.host.logs)


def test_what_the_receiver_cannot_do_anything_with_is_dropped_and_the_next_comes(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answers = [422]
    with device(tmp_path, receiver.url) as runner:
        runner.hear()
        wait_for(lambda: state(runner)["dropped"] == 1)
        runner.do(lambda: rules_set(runner.owner, {"schema": 1, "rules": []}))
        wait_for(lambda: state(runner)["delivered"] == 1)
        assert [body["type"] for body in receiver.bodies()] == ["event.start", "event.end"]


def test_a_slow_receiver_keeps_nobody_waiting(tmp_path: Path, receiver: Receiver) -> None:
    receiver.pause_s = 3
    with device(tmp_path, receiver.url) as runner:
        runner.hear()
        wait_for(lambda: receiver.posts)
        runner.do(lambda: rules_set(runner.owner, {"schema": 1, "rules": []}))
        wait_for(lambda: state(runner)["waiting"] == 2)
        assert state(runner)["delivered"] == 0, "the answer has not come yet"
        wait_for(lambda: state(runner)["delivered"] == 2)


def test_events_wait_for_a_receiver_that_is_away_and_the_oldest_go(tmp_path: Path) -> None:
    port = free_port()
    with device(tmp_path, f"http://localhost:{port}/") as runner:
        for number in range(40):
            rule = ALWAYS["rules"][0] | {"name": f"r{number}"}  # type: ignore[index]
            runner.do(lambda rule=rule: rules_set(runner.owner, {"schema": 1, "rules": [rule]}))  # type: ignore[misc]
            runner.hear()
        wait_for(lambda: "connection refused" in state(runner)["last"])
        wait_for(lambda: state(runner)["waiting"] + state(runner)["dropped"] == 40 + 39, 120)
        assert state(runner)["waiting"] == 64
        with closing(Receiver(port)) as receiver:
            wait_for(lambda: state(runner)["delivered"] == 64, 120)
            assert (state(runner)["waiting"], state(runner)["dropped"]) == (0, 15)
            numbers = [body["data"]["id"] for body in receiver.bodies()]
            assert numbers == sorted(numbers)
        assert len(runner.told("webhook")) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ca": "other.pem"}, "its certificate is refused: unable to get local issuer certificate"),
        ({}, "its certificate is refused: unable to get local issuer certificate"),
        ({"fingerprint": "0" * 64}, "its certificate has another fingerprint"),
    ],
)
def test_another_certificate_gets_nothing(
    tmp_path: Path, certificates: Certificates, change: dict[str, str], reason: str
) -> None:
    if "ca" in change:
        change = {"ca": (certificates.folder / change["ca"]).read_text()}
    with closing(Receiver(0, certificates)) as receiver, device(tmp_path, receiver.url, **change) as runner:
        runner.hear()
        wait_for(says(runner, reason))
        assert receiver.posts == []
        assert runner.told("webhook") == [f"{receiver.where} does not take an event: {reason}; it is tried again"]


@pytest.mark.parametrize("by", ["ca", "fingerprint"])
def test_the_right_certificate_gets_all(tmp_path: Path, certificates: Certificates, by: str) -> None:
    trust = {"ca": (certificates.folder / "ca.pem").read_text()} if by == "ca" else {by: certificates.fingerprint}
    with closing(Receiver(0, certificates)) as receiver, device(tmp_path, receiver.url, **trust) as runner:
        runner.hear()
        wait_for(lambda: state(runner)["delivered"] == 1)


def test_settings_are_the_owners_and_the_secret_is_nobodys(tmp_path: Path, receiver: Receiver) -> None:
    with device(tmp_path, receiver.url) as runner:
        owner = runner.owner
        opened = owner.ask("GET", "settings").json
        kept = {name: opened[name] for name in ("name", "place")}
        assert SECRET.encode() not in owner.ask("GET", "webhook").body
        nobody = {"authorization": ""}
        assert owner.ask("GET", "webhook", **nobody).status == 401, kept
        assert owner.ask("PUT", "webhook", {"on": False, "url": ""}, **nobody).status == 401
        assert owner.ask("POST", "webhook/test", **nobody).status == 401
        assert owner.ask("PUT", "webhook", {"on": True, "url": receiver.url}).json["has_secret"]
        assert not owner.ask("PUT", "webhook", {"on": True, "url": receiver.url, "secret": ""}).json["has_secret"]
        assert owner.ask("PUT", "webhook", {"on": False, "url": ""}).status == 200
        assert owner.ask("POST", "webhook/test").status == 409
        wait_for(says(runner, "off"))


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"url": ""}, "/url"),
        ({"url": "ftp://x/"}, "/url"),
        ({"url": "http:///x"}, "/url"),
        ({"url": "http://user:word@host/"}, "/url"),
        ({"url": "http://host:99999/"}, "/url"),
        ({"url": "http://host/a\r\nX: y"}, "/url"),
        ({"url": "http://host/#part"}, "/url"),
        ({"url": "http://host/", "secret": "short"}, "/secret"),
        ({"url": "http://host/", "fingerprint": "0" * 64}, "/url"),
        ({"url": "https://host/", "fingerprint": "0"}, "/fingerprint"),
        ({"url": "https://host/", "ca": "no"}, "/ca"),
        ({"url": "https://host/", "more": 1}, "/more"),
        ({}, "/url"),
    ],
)
def test_settings_that_are_wrong_change_nothing(
    tmp_path: Path, receiver: Receiver, settings: dict[str, object], pointer: str
) -> None:
    with device(tmp_path, receiver.url) as runner:
        before = state(runner)
        answer = runner.owner.ask("PUT", "webhook", {"on": True} | settings)
        assert (answer.status, answer.json["pointer"]) == (422, pointer)
        assert state(runner)["url"] == before["url"]
