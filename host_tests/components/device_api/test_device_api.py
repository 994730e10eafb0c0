# SPDX-License-Identifier: Apache-2.0
"""The HTTP API's C++ against openapi.json, on a PC and without a server."""

import hashlib
import io
import json
import re
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from described_api import ALWAYS, HOST, METHODS, OPENAPI, RATE, Answer, Client, hear, rules_set
from device_core import SimulatedDevice
from small_host import SmallHost

# --- Who may do what


def all_operations() -> list[tuple[str, str]]:
    return [
        (method.upper(), form.strip("/").replace("{name}", "x.wav").replace("{rule}", "x").replace("{volume}", "x"))
        for form, operations in OPENAPI["paths"].items()
        for method in operations
        if method in METHODS
    ]


@pytest.mark.parametrize(("method", "path"), all_operations())
def test_nothing_is_told_or_done_without_the_token(stranger: Client, method: str, path: str) -> None:
    public = {("GET", "session"), ("POST", "session"), ("DELETE", "session"), ("GET", "openapi.json")}
    answer = stranger.ask(method, path)
    if (method, path) in public:
        assert answer.status in (200, 204, 400)
    else:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_opened_reading_opens_neither_sound_nor_change(owner: Client, stranger: Client) -> None:
    opened = {"name": "Kitchen", "place": "by the window", "open_reading": True, "open_audio": False}
    assert owner.ask("GET", "settings").json["configured"] is False
    assert owner.ask("PUT", "settings", opened).json == opened | {"configured": True}
    assert stranger.ask("GET", "session").json == {"name": "Kitchen", "owner": False, "read": True, "listen": False}
    assert owner.ask("GET", "session").json == {"name": "Kitchen", "owner": True, "read": True, "listen": True}
    assert stranger.ask("GET", "status").json["name"] == "Kitchen"
    for method, path in (
        ("GET", "audio.wav"),
        ("GET", "clips"),
        ("PUT", "settings"),
        ("POST", "restart"),
        ("GET", "log"),
    ):
        assert stranger.ask(method, path).status == 401
    assert owner.ask("PUT", "settings", opened | {"open_audio": True}).status == 200
    assert stranger.ask("GET", "audio.wav").status == 200
    assert stranger.ask("GET", "clips").status == 200


def test_settings_and_token_outlive_a_restart(host: SmallHost, owner: Client) -> None:
    token = owner.device.token
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", token)
    told = {"name": "Küche", "place": "", "open_reading": True, "open_audio": False}
    assert owner.ask("PUT", "settings", told).status == 200
    again = Client(SimulatedDevice(host, "test"))
    assert again.device.token == token
    assert again.ask("GET", "settings").json == told | {"configured": True}


def test_a_browser_gets_a_cookie_that_is_not_the_token(owner: Client, stranger: Client) -> None:
    token = owner.device.token
    assert stranger.ask("POST", "session", {"token": token[:-1] + "!"}).status == 401
    answer = stranger.ask("POST", "session", {"token": token})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert token not in cookie
    session = cookie.partition(";")[0]
    assert stranger.ask("GET", "status", cookie=f"other=1; {session}").status == 200
    assert owner.ask("PUT", "token", {"token": "another-token-of-mine"}).status == 204
    refused = stranger.ask("GET", "status", cookie=session)
    assert refused.status == 401
    assert "Max-Age=0" in refused.headers["Set-Cookie"]
    assert stranger.ask("GET", "status", authorization="Bearer another-token-of-mine").status == 200
    assert "Max-Age=0" in stranger.ask("DELETE", "session").headers["Set-Cookie"]


@pytest.mark.parametrize("token", ["short", "x" * 65, "with space in it", "ä" * 12, ""])
def test_a_token_that_is_none_is_refused(owner: Client, token: str) -> None:
    before = owner.device.token
    assert owner.ask("PUT", "token", {"token": token}).status == 422
    assert owner.device.token == before


def test_guessing_is_slowed_down_for_the_one_who_guesses(stranger: Client, owner: Client) -> None:
    statuses = [stranger.ask("GET", "status", authorization=f"Bearer guess-{i}").status for i in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert int(stranger.ask("GET", "status", authorization="Bearer x").headers["Retry-After"]) >= 1
    assert owner.ask("GET", "status", peer="10.0.0.3").status == 200
    assert owner.ask("GET", "status").status == 429, "not even the right token is compared meanwhile"


@pytest.mark.parametrize(
    "name", ["evil.example", "yamnet.local.evil.example", "", "a b", "[::1", "x" * 300, "127.0.0.1.nip.io"]
)
def test_foreign_names_are_not_answered(owner: Client, name: str) -> None:
    assert owner.ask("GET", "status", host=name).status == 421


@pytest.mark.parametrize("name", ["127.0.0.1:8080", "[fe80::1]:80", "yamnet", "YAMNET-12ab.LOCAL:80", "localhost:1"])
def test_local_names_are_answered(owner: Client, name: str) -> None:
    assert owner.ask("GET", "status", host=name).status == 200


def test_pages_of_other_sites_are_refused(owner: Client) -> None:
    for origin in ("http://evil.example", "null", f"http://{HOST}:81", f"http://{HOST}.evil.example", HOST):
        assert owner.ask("POST", "restart", origin=origin).status == 403
    assert not owner.device.restart_requested
    assert owner.ask("POST", "restart", origin=f"http://{HOST}").status == 202
    assert owner.device.restart_requested


def test_no_secret_is_told(owner: Client) -> None:
    for method, path in all_operations():
        if method == "GET" and path not in ("audio.wav", "scores"):
            assert owner.device.token.encode() not in owner.ask(method, path).body


# --- Rules


def test_two_editors_do_not_overwrite_each_other(owner: Client) -> None:
    other = {"schema": 1, "rules": [ALWAYS["rules"][0] | {"title": "Türklingel"}]}  # type: ignore[index]
    rules_set(owner, other)
    first = owner.ask("GET", "rules")
    tag = first.headers["ETag"]
    assert owner.ask("GET", "rules", if_none_match=tag).status == 304
    assert owner.ask("PUT", "rules", ALWAYS).status == 428
    set_one = owner.ask("PUT", "rules", ALWAYS, if_match=tag)
    assert set_one.json == {"rules": 1}
    refused = owner.ask("PUT", "rules", first.json, if_match=tag)
    assert refused.status == 412
    assert owner.ask("GET", "rules").json == ALWAYS
    assert owner.ask("PUT", "rules", first.json, if_match=set_one.headers["ETag"]).status == 200
    assert owner.ask("GET", "rules").json == other
    assert "do not fit this model" in owner.ask("POST", "rules/presets").json["detail"]


def test_a_mistake_is_told_with_its_place_and_nothing_changes(owner: Client) -> None:
    before = owner.ask("GET", "rules").body
    wrong = {"schema": 1, "rules": [{"name": "x", "classes": ["Tuba"], "on": 0.5, "off": 0.4}]}
    for answer in (owner.ask("POST", "rules/check", wrong), owner.ask("PUT", "rules", wrong, if_match="*")):
        assert answer.status == 422
        assert answer.json["pointer"] == "/rules/0/classes/0"
        assert 'there is no class "Tuba"' in answer.json["detail"]
    assert owner.ask("POST", "rules/check", ALWAYS).json == {"rules": 1}
    assert owner.ask("PUT", "rules", b" " * 40_000, if_match="*").status == 413
    assert owner.ask("GET", "rules").body == before


def test_a_rule_that_is_switched_off_stays_so(host: SmallHost, owner: Client) -> None:
    two = {"schema": 1, "rules": [*ALWAYS["rules"], {"name": "b", "level": {"min_dbfs": -60}, "hold_s": 0}]}  # type: ignore[misc]
    rules_set(owner, two)
    assert owner.ask("PUT", "rules/always/enabled", {"enabled": False}).status == 204
    assert owner.ask("PUT", "rules/nobody/enabled", {"enabled": False}).status == 404

    def states(client: Client) -> dict[str, tuple[bool, bool]]:
        answer = client.ask("GET", "rules/states").json
        return {rule["name"]: (rule["enabled"], rule["running"] is not None) for rule in answer["rules"]}

    expected = {"always": (False, False), "b": (True, True)}
    assert states(owner) == expected
    assert owner.ask("GET", "rules").json == two
    again = Client(SimulatedDevice(host, "test"))
    again.fields = owner.fields
    assert states(again) == expected
    hear(again.device, 3)
    assert {event["rule"] for event in again.ask("GET", "events").json["events"]} == {"b"}
    rules_set(again, two)
    assert states(again) == expected
    assert again.ask("PUT", "rules/always/enabled", {"enabled": True}).status == 204
    assert states(again)["always"] == (True, True)


# --- Events


def titled(number: int) -> dict[str, object]:
    """The rule that always finds something, but another one for each number."""
    return {"schema": 1, "rules": [ALWAYS["rules"][0] | {"title": f"number {number}"}]}  # type: ignore[index]


def all_events(client: Client) -> list[dict[str, Any]]:
    """The journal, newest first."""
    events: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = client.ask("GET", f"events?limit=50&before={cursor}" if cursor else "events?limit=50").json
        events += page["events"]
        if not (cursor := page["next"]):
            return events


def events_told(live: Answer) -> list[str]:
    """Ids and kinds that a stream tells now, without those it may tell later."""
    assert live.stream is not None
    told = b""
    for _ in range(200):
        told += live.stream.next() or b""
    lines = [json.loads(data) for data in re.findall(rb"data: (.*)\n\n", told)]
    return [line["id"] + line["kind"] for line in lines]


def test_events_come_in_pages_and_by_rule_and_time(owner: Client) -> None:
    for number in range(6):
        rules_set(owner, titled(number))  # ends the event
        hear(owner.device, 2)
    rules_set(owner, titled(6))
    owner.device.upkeep()
    events, cursor = [], ""
    while True:
        page = owner.ask("GET", f"events?limit=5&before={cursor}" if cursor else "events?limit=5").json
        assert len(page["events"]) <= 5
        events += page["events"]
        if not (cursor := page["next"]):
            break
    assert len(events) == 12
    assert [event["kind"] for event in events] == ["end", "start"] * 6
    assert [event["id"] for event in events] == sorted((event["id"] for event in events), reverse=True)
    assert owner.ask("GET", "events?rule=nobody").json == {"events": [], "next": None}
    assert len(owner.ask("GET", "events?since=0&limit=100").json["events"]) == 12
    assert owner.ask("GET", "events?until=1000").json["events"] == []


def test_a_reconnect_misses_no_event(owner: Client) -> None:
    rules_set(owner)
    live = owner.ask("GET", "events?live")
    assert live.stream is not None
    hear(owner.device, 2)
    told = re.findall(rb"id: (\S+)\ndata: (.*)\n\n", live.stream.next() or b"")
    assert [json.loads(data)["kind"] for _, data in told] == ["start"]
    for number in range(40):  # more than are kept in memory
        rules_set(owner, titled(number))
        hear(owner.device, 2)
    everything = [event["id"] + event["kind"] for event in all_events(owner)][::-1]
    again = owner.ask("GET", "events?live", last_event_id=told[0][0].decode())
    assert events_told(again) == everything[1:]
    assert events_told(live) == everything[1:], "a slow client misses none either"
    assert events_told(owner.ask("GET", "events?live", last_event_id="0099-00001-end")) == everything
    assert events_told(owner.ask("GET", "events?live", last_event_id=everything[-1][:-5] + "-start")) == []
    rules_set(owner, titled(40))
    owner.device.upkeep()
    assert len(events_told(again)) == 1
    assert len(events_told(live)) == 1


def test_a_rule_that_stays_the_same_goes_on_when_another_is_switched(owner: Client) -> None:
    other = {"name": "b", "level": {"min_dbfs": -60}, "hold_s": 0}
    rules_set(owner, {"schema": 1, "rules": [*ALWAYS["rules"], other]})  # type: ignore[misc]
    hear(owner.device, 2)
    for enabled in (False, True):
        assert owner.ask("PUT", "rules/b/enabled", {"enabled": enabled}).status == 204
    rules_set(owner, {"schema": 1, "rules": [other, *ALWAYS["rules"]]})  # type: ignore[misc]
    hear(owner.device, 2)
    told = [(event["rule"], event["kind"], event.get("reason")) for event in all_events(owner)][::-1]
    assert told == [
        ("always", "start", None),
        ("b", "start", None),
        ("b", "end", "rules_changed"),
        ("b", "start", None),
    ]


def test_who_came_before_the_first_event_and_reads_late_misses_none(owner: Client) -> None:
    live = owner.ask("GET", "events?live").stream
    assert live is not None
    for _ in range(20):  # more lines than are kept in memory
        rules_set(owner)
        hear(owner.device, 2)
        rules_set(owner, {"schema": 1, "rules": []})
    owner.device.upkeep()
    told = b"".join(live.next() or b"" for _ in range(100))
    kinds = [json.loads(data)["kind"] for data in re.findall(rb"data: (.*)\n\n", told)]
    assert kinds == ["start", "end"] * 20


def test_streams_end_when_the_device_restarts(owner: Client) -> None:
    streams = [owner.ask("GET", path).stream for path in ("events?live", "scores", "audio.wav")]
    owner.device.prepare_restart()
    for stream in streams:
        assert stream is not None
        while stream.next():
            pass
        assert stream.next() is None


def test_scores_are_those_of_the_patches(owner: Client) -> None:
    answer = owner.ask("GET", "scores?k=3&min=0.2")
    assert answer.stream is not None
    assert b"event: scores" not in (answer.stream.next() or b"")
    hear(owner.device, 1.1)
    (data,) = re.findall(rb"event: scores\nid: 1\ndata: (.*)\n\n", answer.stream.next() or b"")
    patch = json.loads(data)
    assert "mel" not in patch
    assert (patch["patch"], patch["start_sample"]) == (1, 0)
    assert len(patch["top"]) <= 3
    assert [entry["score"] for entry in patch["top"]] == sorted((e["score"] for e in patch["top"]), reverse=True)
    assert all(entry["name"] == f"Sound {entry['index']}" and entry["score"] >= 0.2 for entry in patch["top"])


# --- Sound


def test_live_sound_is_what_is_heard_and_a_slow_listener_is_given_up(owner: Client) -> None:
    quick, slow = (owner.ask("GET", "audio.wav").stream for _ in range(2))
    assert quick is not None
    assert slow is not None
    sound = quick.next() or b""
    assert slow.next()
    pcm = np.random.default_rng(1).integers(-3000, 3000, RATE * 40).astype(np.int16)
    for first in range(0, len(pcm), RATE):
        owner.device.hear(pcm[first : first + RATE], "test")
        while piece := quick.next():
            sound += piece
    assert sound[:4] == b"RIFF"
    assert np.array_equal(np.frombuffer(sound[44:], np.int16), pcm)
    assert slow.next() is None


@pytest.fixture
def clip(owner: Client) -> str:
    rules_set(owner)
    hear(owner.device, 3)
    assert [entry["recording"] for entry in owner.ask("GET", "clips").json["clips"]] == [True]
    rules_set(owner, {"schema": 1, "rules": []})
    hear(owner.device, 4)
    (entry,) = owner.ask("GET", "clips").json["clips"]
    assert entry["recording"] is False
    name: str = entry["name"]
    return name


def test_a_clip_is_had_whole_and_in_parts(owner: Client, clip: str) -> None:
    whole = owner.ask("GET", f"clips/{clip}")
    data = owner.drain(whole)
    assert whole.length == len(data)
    with wave.open(io.BytesIO(data)) as reader:
        assert (reader.getframerate(), reader.getnchannels()) == (RATE, 1)
        assert reader.getnframes() > RATE
    assert owner.ask("GET", f"clips/{clip}", if_none_match=whole.headers["ETag"]).status == 304
    for field, part in (
        ("bytes=0-99", data[:100]),
        ("bytes=100-", data[100:]),
        ("bytes=-7", data[-7:]),
        (f"bytes=5-{len(data) * 2}", data[5:]),
    ):
        answer = owner.ask("GET", f"clips/{clip}", range=field)
        assert answer.status == 206
        assert owner.drain(answer) == part
        assert answer.headers["Content-Range"].endswith(f"/{len(data)}")
    assert owner.ask("GET", f"clips/{clip}", range=f"bytes={len(data)}-").status == 416
    for field in ("bytes=9-3", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5"):
        assert owner.ask("GET", f"clips/{clip}", range=field).status == 200
    head = owner.ask("HEAD", f"clips/{clip}")
    assert (head.status, head.length, head.stream) == (200, len(data), None)


def test_a_download_goes_on_only_where_it_is_the_same_clip(owner: Client, clip: str) -> None:
    whole = owner.ask("GET", f"clips/{clip}")
    data = owner.drain(whole)
    rest = owner.ask("GET", f"clips/{clip}", range="bytes=100-", if_range=whole.headers["ETag"])
    assert (rest.status, owner.drain(rest)) == (206, data[100:])
    other = owner.ask("GET", f"clips/{clip}", range="bytes=100-", if_range='"another"')
    assert (other.status, owner.drain(other)) == (200, data)


def test_a_clip_has_a_hash(owner: Client, clip: str) -> None:
    data = owner.drain(owner.ask("GET", f"clips/{clip}"))
    digest = owner.ask("GET", f"clips/{clip}/digest.json")
    assert digest.json == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert owner.ask("GET", "clips/20261122T112244Z_0007-00012.wav/digest.json").status == 404


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("settings", {"place": "attic"}),
        ("clock", {"time_zone": "Europe/Berlin"}),
        ("mqtt", {"on": True, "host": "broker.local"}),
    ],
)
def test_two_who_set_something_do_not_overwrite_each_other(owner: Client, path: str, change: dict[str, Any]) -> None:
    told = {"settings": {"configured"}, "clock": {"utc"}, "mqtt": {"password_set", "online", "connection"}}[path]
    first = owner.ask("GET", path)
    before = {name: value for name, value in first.json.items() if name not in told}
    tag = first.headers["ETag"]
    assert owner.ask("GET", path).headers["ETag"] == tag
    changed = owner.ask("PUT", path, before | change, if_match=tag)
    assert changed.json.items() >= change.items()
    refused = owner.ask("PUT", path, before, if_match=tag)
    assert refused.status == 412
    assert owner.ask("GET", path).json.items() >= change.items()
    assert owner.ask("PUT", path, before, if_match=changed.headers["ETag"]).headers["ETag"] == tag
    assert owner.ask("PUT", path, before | change, if_match="*").status == 200
    assert owner.ask("PUT", path, before).status == 200, "who does not ask is not asked"


def test_a_waveform_is_that_of_the_clip(owner: Client, clip: str) -> None:
    with wave.open(io.BytesIO(owner.drain(owner.ask("GET", f"clips/{clip}")))) as reader:
        pcm = np.frombuffer(reader.readframes(reader.getnframes()), np.int16)
    first = owner.ask("GET", f"clips/{clip}/peaks.json")
    peaks = first.json
    parts = np.array_split(pcm >> 8, np.ceil(np.arange(1, 400) * len(pcm) / 400).astype(int))
    assert peaks == {
        "samples": len(pcm),
        "low": [int(part.min()) for part in parts],
        "high": [int(part.max()) for part in parts],
    }
    assert owner.ask("GET", f"clips/{clip}/peaks.json").json == peaks, "computed once"
    assert owner.ask("GET", f"clips/{clip}/peaks.json", if_none_match=first.headers["ETag"]).status == 304
    assert owner.ask("GET", "clips/20261122T112244Z_0007-00012.wav/peaks.json").status == 404


def test_a_clip_is_starred_and_deleted_and_a_download_of_it_ends(owner: Client, clip: str) -> None:
    assert owner.ask("PUT", f"clips/{clip}/star", {"starred": True}).status == 204
    assert owner.ask("GET", "clips").json["clips"][0]["starred"] is True
    download = owner.ask("GET", f"clips/{clip}").stream
    assert download is not None
    assert download.next()
    assert owner.ask("DELETE", f"clips/{clip}").status == 204
    assert download.next() is None
    assert owner.ask("GET", "clips").json == {"clips": [], "next": None}
    assert owner.ask("DELETE", f"clips/{clip}").status == 404


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "x%00.wav",
        "x" * 4096,
        "journal-000001.jsonl",
        "%ff",
        "%",
        "a//b",
        "%0a",
    ],
)
def test_no_name_reaches_what_is_no_clip(owner: Client, clip: str, name: str, tmp_path: Path) -> None:
    assert clip
    files = sorted(tmp_path.rglob("*"))
    for method, path in (("GET", f"clips/{name}"), ("DELETE", f"clips/{name}"), ("PUT", f"clips/{name}/star")):
        assert owner.ask(method, path, {"starred": True} if method == "PUT" else None).status in (400, 404)
    assert sorted(tmp_path.rglob("*")) == files


def test_only_what_needs_it_is_formatted(owner: Client) -> None:
    assert owner.ask("POST", "storage/nothing/format").status == 404
    answer = owner.ask("POST", "storage/folder/format")
    assert (answer.status, "never formatted" in answer.json["detail"]) == (409, True)


def test_without_storage_it_says_so() -> None:
    device = SimulatedDevice(SmallHost(), "test")
    client = Client(device)
    client.fields["authorization"] = f"Bearer {device.token}"
    for path in ("clips", "clips/20261122T112244Z_0007-00012.wav"):
        assert client.ask("GET", path).status == 503
    rules_set(client)
    hear(device, 3)
    (told,) = client.ask("GET", "events").json["events"]
    assert (told["kind"], told["clip"]) == ("start", None)
    assert client.ask("GET", "events?rule=nobody").json == {"events": [], "next": None}


# --- What is wrong


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("scores?k=0", "k: "),
        ("scores?k=1&k=2", "twice"),
        ("scores?min=nan", "min: "),
        ("events?limit=101", "limit: "),
        ("events?before=1.2", "cursor"),
        ("events?before=1.2.3x", "cursor"),
        ("events?colour=red", "colour: there is no such parameter"),
        ("status?x", "x: there is no such parameter"),
        ("clips?limit=-1", "limit: "),
    ],
)
def test_a_wrong_parameter_is_named(owner: Client, path: str, named: str) -> None:
    answer = owner.ask("GET", path)
    assert answer.status == 400
    assert named in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b"[]", 422, ""),
        (b'{"name":"x","place":"","open_reading":1,"open_audio":false}', 422, "/open_reading"),
        (b'{"name":"x","place":"","open_reading":true}', 422, "/open_audio"),
        (b'{"name":"x","place":"","open_reading":true,"open_audio":true,"admin":true}', 422, "/admin"),
        (b'{"name":"","place":"","open_reading":true,"open_audio":true}', 422, "/name"),
        (b'{"name":"' + b"x" * 65 + b'","place":"","open_reading":true,"open_audio":true}', 422, "/name"),
    ],
)
def test_a_wrong_body_is_told_with_its_place(owner: Client, body: bytes, status: int, pointer: str | None) -> None:
    before = owner.ask("GET", "settings").body
    answer = owner.ask("PUT", "settings", body)
    assert answer.status == status
    if pointer is not None:
        assert answer.json["pointer"] == pointer
    assert owner.ask("GET", "settings").body == before


def test_other_methods_are_told_which_there_are(owner: Client) -> None:
    answer = owner.ask("PATCH", "rules")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, PUT")
    assert owner.ask("GET", "nothing/here").status == 404


def test_metrics_are_prometheus_text(owner: Client) -> None:
    rules_set(
        owner, {"schema": 1, "rules": [*ALWAYS["rules"], ALWAYS["rules"][0] | {"name": "slow", "min_duration_s": 60}]}
    )  # type: ignore[index, misc]
    hear(owner.device, 3)
    lines = owner.ask("GET", "metrics").body.decode().splitlines()
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    for line in lines:
        if not line.startswith("#"):
            labels = r'\{[a-z]+="[A-Za-z0-9_.-]+"(,[a-z]+="[A-Za-z0-9_.-]+")*\}'
            assert re.fullmatch(rf"yamnet_[a-z0-9_]+({labels})? -?[0-9.e+-]+", line), line
            assert re.split(r"[ {]", line)[0] in typed
    assert "yamnet_ready 1" in lines
    assert "yamnet_muted 0" in lines
    model = owner.ask("GET", "status").json["model"]["sha256"]
    assert f'yamnet_info{{version="1",target="simulated",model="{model}"}} 1' in lines
    assert 'yamnet_rule_active{rule="always"} 1' in lines
    assert 'yamnet_rule_active{rule="slow"} 0' in lines, "an event that has not begun does not go on"
    assert "yamnet_audio_gaps_total 0" in lines


def test_the_description_is_shipped(stranger: Client) -> None:
    assert stranger.ask("GET", "openapi.json").json == OPENAPI


SHARED_DEVICE = SimulatedDevice(SmallHost(), "test")
"""Of all examples of the test below."""

PIECES = st.sampled_from(
    [
        "status",
        "rules",
        "clips",
        "events",
        "x",
        "..",
        "%2f",
        "%00",
        "%",
        "?",
        "&",
        "=",
        "/",
        "live",
        "limit=",
        "k=5",
        "é",
        "\n",
    ]
)


@settings(max_examples=400, deadline=None)
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "", "get"]),
    pieces=st.lists(PIECES, max_size=8),
    body=st.binary(max_size=60),
    fields=st.dictionaries(
        st.sampled_from(["range", "if-match", "origin", "cookie", "last-event-id"]), st.text(max_size=20)
    ),
)
def test_no_request_gets_more_than_an_answer(
    method: str, pieces: list[str], body: bytes, fields: dict[str, str]
) -> None:
    sent = {"host": HOST, "authorization": f"Bearer {SHARED_DEVICE.token}"} | fields
    status, _, content, _ = SHARED_DEVICE.http(method, "/api/v1/" + "".join(pieces), sent, body, "10.0.0.9")
    assert 200 <= status < 500 or status == 503, (status, content)
