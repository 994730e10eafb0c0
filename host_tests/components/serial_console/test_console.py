# SPDX-License-Identifier: Apache-2.0
"""The console's C++ against docs/serial-protocol.md, on a PC."""

import base64
import json
import re
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_core import LogMelSpec, PatchStream, SimulatedDevice
from small_host import SCALE, ZERO_POINT, SmallHost, small_files
from yamnet_tools.model_image import content

CHUNK = 4096
FILES = small_files(lambda patch: patch[:521])


class Line:
    """A console and a clock."""

    def __init__(self, host: SmallHost | None = None) -> None:
        self.host = host or SmallHost(FILES)
        self.device = SimulatedDevice(self.host, "test")
        self.host.scored = 0
        self.now_ms = 0

    def feed(self, data: bytes) -> list[str]:
        return self.device.serve(data, self.now_ms).decode("ascii").splitlines()

    def ask(self, request: str) -> tuple[str, dict[str, Any]]:
        (answer,) = self.feed(request.encode() + b"\n")
        kind, crc, text = answer.split(" ", 2)
        assert crc == f"{zlib.crc32(text.encode()):08x}"
        return kind, json.loads(text)

    def ok(self, request: str) -> dict[str, Any]:
        kind, fields = self.ask(request)
        assert kind == "@ok", fields
        return fields

    def error(self, request: str) -> tuple[str, str]:
        kind, fields = self.ask(request)
        assert kind == "@err", fields
        return fields["code"], fields["message"]


@pytest.fixture
def line() -> Line:
    return Line()


def words(data: bytes) -> str:
    return f"{zlib.crc32(data):08x} {base64.b64encode(data).decode()}"


def unwrap(field: dict[str, str]) -> bytes:
    data = base64.b64decode(field["base64"], validate=True)
    assert field["crc32"] == f"{zlib.crc32(data):08x}"
    return data


def heard(line: Line) -> bool:
    """Whether the device scores what its microphone hears."""
    before = line.host.scored
    line.device.hear(np.zeros(16_000, np.int16), "test")
    return line.host.scored > before


@given(st.binary(max_size=700))
@settings(max_examples=100, deadline=None)
def test_bytes_survive_the_way_there_and_back(data: bytes) -> None:
    line = Line()
    patch = (data + bytes(6144))[:6144]
    assert unwrap(line.ok(f"@score {words(patch)}")["scores"]) == patch[:521]


def test_every_answer_has_its_crc32(line: Line) -> None:
    (answer, refusal) = line.feed(b"@token id=7\n@nothing\n")
    for kind, text in (("@ok", answer), ("@err", refusal)):
        first, crc, json_text = text.split(" ", 2)
        assert (first, crc) == (kind, f"{zlib.crc32(json_text.encode()):08x}")


def test_the_clock_is_told_and_set(line: Line) -> None:
    line.host.clock_ahead_us = None
    fresh = Line(line.host)
    assert fresh.ok("@time") == {"time_zone": "", "time_server": "pool.ntp.org", "utc": None}
    assert fresh.ok("@time set 1800000000123")["utc"].startswith("2027-01-15T08:00:00.1")
    assert fresh.ok("@time zone Europe/Berlin")["time_zone"] == "Europe/Berlin"
    restarted = Line(line.host)
    told = restarted.ok("@time")
    assert (told["utc"][:16], told["time_zone"]) == ("2027-01-15T08:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ("@time set", "usage: @time"),
        ("@time set now", "utc_ms: no number"),
        ("@time set 99999999999999999999", "utc_ms: no number"),
        ("@time set 1500000000000", "utc_ms: it is 2025 or later"),
        ("@time set 253402300800000", "before the year 10000"),
        ("@time zone Europe/Atlantis", "time_zone: the IANA database has no such zone"),
        ("@time 1800000000000 1", "usage: @time"),
    ],
)
def test_a_clock_is_not_set_to_what_is_no_time(line: Line, request_: str, reason: str) -> None:
    code, message = line.error(request_)
    assert code == "bad_argument"
    assert reason in message


def test_who_is_at_the_console_sees_and_renews_the_owners_token(line: Line) -> None:
    token = line.ok("@token")["token"]
    assert token == line.device.token
    renewed = line.ok("@token renew")["token"]
    assert renewed != token
    assert renewed == line.device.token == SimulatedDevice(line.host, "test").token
    assert line.error("@token please") == ("bad_argument", "usage: @token [renew]")
    assert not any(secret in log for secret in (token, renewed) for log in line.host.logs)


def test_help_lists_the_commands_of_the_protocol(line: Line) -> None:
    names = [command["name"] for command in line.ok("@help")["commands"]]
    assert names == [
        "help",
        "info",
        "score",
        "pcm",
        "audio",
        "profile",
        "selftest",
        "rules",
        "events",
        "storage",
        "time",
        "token",
        "reboot",
    ]


def test_info_carries_the_devices_fields_and_the_consoles_own(line: Line) -> None:
    line.error("@what")
    info = line.ok("@info id=7")
    assert next(iter(info)) == "id"
    assert info.pop("id") == 7
    assert info.pop("console") == {"answered": 2, "errors": 1}
    state = json.loads(line.device.state())
    assert set(info) == set(state)
    assert info["firmware"] == {"name": "small", "version": "1", "idf": "none", "built": "today"}
    assert info["model"]["ops"] == ["RESHAPE", "FULLY_CONNECTED", "LOGISTIC"]
    assert info["memory"] == {
        "free_heap": 5000,
        "min_free_heap": 4000,
        "largest_heap_block": 5000,
        "free_psram": None,
        "min_free_psram": None,
    }


def test_profile_has_shares(line: Line) -> None:
    profile = line.ok("@profile")
    assert profile.pop("total_us") >= 0
    assert profile == {
        "total_cycles": 400,
        "ops": [
            {"index": 0, "op": "CONV_2D", "cycles": 300, "share": 0.75},
            {"index": 1, "op": "LOGISTIC", "cycles": 100, "share": 0.25},
        ],
    }


def test_selftest_passes_only_without_differences(line: Line) -> None:
    assert line.ok("@selftest") | {"invoke_us": 0} == {
        "passed": True, "differing_outputs": 0, "largest_difference": 0, "invoke_us": 0,
    }  # fmt: skip
    wrong = Line(SmallHost(small_files(lambda patch: bytes([patch[0] ^ 4, patch[1] ^ 1]) + patch[2:521])))
    assert wrong.ok("@selftest") | {"invoke_us": 0} == {
        "passed": False, "differing_outputs": 2, "largest_difference": 4, "invoke_us": 0,
    }  # fmt: skip
    assert wrong.error(f"@score {words(bytes(6144))}") == (
        "not_ready",
        "self-test: 2 of 521 outputs differ, by up to 4 steps: nothing is scored with these kernels",
    )


@pytest.mark.parametrize(
    ("request_line", "code", "part"),
    [
        ("hello", "bad_request", "'@'"),
        ("@", "bad_request", "@help"),
        ("@ info", "bad_request", "@help"),
        ("@info ", "bad_request", "single spaces"),
        ("@score  a b", "bad_request", "single spaces"),
        ("@inf\u00fc", "bad_request", "ASCII"),
        ("@in\tfo", "bad_request", "ASCII"),
        ("@INFO", "unknown_command", "selftest"),
        ("@info now", "bad_argument", "@info"),
        ("@info id=", "bad_argument", "id"),
        ("@info id=1000000000", "bad_argument", "id"),
        ("@info id=-1", "bad_argument", "id"),
        ("@info a b c d e f g h i", "bad_argument", "words"),
        ("@score", "bad_argument", "<crc32> <base64>"),
        ("@score 00000000 AAAA", "bad_argument", ""),
        ("@score XXXXXXXX AAAA", "bad_argument", "crc32"),
        ("@score 0000000 AAAA", "bad_argument", "crc32"),
        ("@score ff41d912 AAA", "bad_argument", "base64"),
        ("@score ff41d912 AA-A", "bad_argument", "base64"),
        ("@score 00000000 AB==", "bad_argument", "base64"),
        ("@pcm", "bad_argument", "begin"),
        ("@pcm start", "bad_argument", "begin"),
        ("@pcm end", "failed", "@pcm begin"),
        ("@pcm data 0 " + words(b"\0\0"), "failed", "@pcm begin"),
    ],
)
def test_a_bad_request_is_named_and_the_next_one_works(line: Line, request_line: str, code: str, part: str) -> None:
    if code == "bad_argument" and not part:
        code = "bad_crc"  # the bytes 00 00 00 have another CRC32
    got, message = line.error(request_line)
    assert got == code
    assert part in message
    assert line.ok("@help")


def test_refusals_carry_the_id(line: Line) -> None:
    assert line.ask("@nothing id=12")[1]["id"] == 12
    assert line.ask("@score id=999999999 1")[1]["id"] == 999_999_999


def test_a_short_patch_and_a_wrong_crc_are_refused(line: Line) -> None:
    assert line.error(f"@score {words(bytes(6143))}")[0] == "bad_argument"
    assert line.error(f"@score {words(bytes(6145))}")[0] == "bad_argument"
    assert line.error(f"@score 12345678 {base64.b64encode(bytes(6144)).decode()}")[0] == "bad_crc"
    assert line.host.scored == 0


def test_what_the_device_refuses_becomes_its_code(line: Line) -> None:
    without_model = Line(SmallHost({"manifest.json": FILES["manifest.json"]}))
    assert without_model.error(f"@score {words(bytes(6144))}") == (
        "not_ready",
        "class map: no file yamnet_class_map.csv",
    )
    for request in ("@pcm begin", "@profile", "@selftest", "@rules", "@events"):
        assert without_model.error(request)[0] == "not_ready"
    line.host.failure = RuntimeError("broken")
    assert line.error(f"@score {words(bytes(6144))}") == ("failed", "broken")


def test_lines_end_with_lf_or_crlf_and_empty_ones_are_passed_over(line: Line) -> None:
    answers = line.feed(b"\n\r\n@help\r\n\n@help\n")
    assert len(answers) == 2
    assert all(answer.startswith("@ok ") for answer in answers)


def test_the_longest_line_is_read_and_a_longer_one_dropped_whole(line: Line) -> None:
    longest = b"@" + b"x" * 12287
    assert "unknown_command" in line.feed(longest + b"\n")[0]
    assert "unknown_command" in line.feed(longest + b"\r\n")[0]
    (answer,) = line.feed(longest + b"x\n")
    assert "too_long" in answer
    (answer,) = line.feed(b"y" * 1_000_000 + b"@help\n")
    assert "too_long" in answer
    assert line.ok("@help")


def test_half_a_line_is_dropped_after_five_seconds(line: Line) -> None:
    assert line.feed(b"@he") == []
    line.now_ms = 4999
    assert line.feed(b"") == []
    line.now_ms = 5000
    (answer,) = line.feed(b"")
    assert "bad_request" in answer
    assert line.feed(b"") == []
    assert line.ok("@help")


def test_a_slow_typist_is_waited_for(line: Line) -> None:
    for letter in b"@help":
        assert line.feed(bytes([letter])) == []
        line.now_ms += 4000
    assert len(line.feed(b"\n")) == 1


def test_pcm_gives_the_patches_of_the_front_end(line: Line) -> None:
    pcm = np.random.default_rng(1).integers(-20000, 20000, 40_000).astype(np.int16)
    expected, starts = PatchStream(LogMelSpec.profile("yamnet"), SCALE, ZERO_POINT).feed(pcm)
    assert len(expected) == 4

    assert line.ok("@pcm begin") == {"chunk_samples": CHUNK}
    patches: list[dict[str, Any]] = []
    for first in range(0, len(pcm), CHUNK):
        chunk = pcm[first : first + CHUNK]
        answer = line.ok(f"@pcm data {first} {words(chunk.tobytes())}")
        assert answer["next_sample"] == first + len(chunk)
        patches += answer["patches"]
    assert not heard(line)
    assert line.ok("@pcm end") == {"samples": 40_000, "patches": 4}
    assert heard(line)
    assert [patch["start_sample"] for patch in patches] == list(starts)
    for patch, values in zip(patches, expected, strict=True):
        assert unwrap(patch["patch"]) == values.tobytes()
        assert unwrap(patch["scores"]) == values.tobytes()[:521]
        assert patch["invoke_us"] >= 0


def test_a_repeated_chunk_gets_the_same_answer_and_counts_once(line: Line) -> None:
    pcm = np.random.default_rng(2).integers(-20000, 20000, 5 * CHUNK).astype(np.int16)
    line.ok("@pcm begin")
    for first in range(0, len(pcm), CHUNK):
        request = f"@pcm data {first} {words(pcm[first : first + CHUNK].tobytes())}"
        assert line.ok(request) == line.ok(request)
    assert line.host.scored == 1
    assert line.ok("@pcm end") == {"samples": 5 * CHUNK, "patches": 1}


def test_a_chunk_out_of_order_is_refused_and_names_the_next(line: Line) -> None:
    line.ok("@pcm begin")
    line.ok(f"@pcm data 0 {words(bytes(200))}")
    code, message = line.error(f"@pcm data 300 {words(bytes(200))}")
    assert (code, "100" in message) == ("bad_argument", True)
    assert line.error(f"@pcm data 100 {words(bytes(3))}")[0] == "bad_argument"
    assert line.error(f"@pcm data -100 {words(bytes(2))}")[0] == "bad_argument"
    assert line.ok(f"@pcm data 100 {words(bytes(200))}")["next_sample"] == 200


def test_a_new_session_forgets_the_old_one(line: Line) -> None:
    pcm = np.random.default_rng(3).integers(-20000, 20000, 15_600).astype(np.int16)
    line.ok("@pcm begin")
    line.ok(f"@pcm data 0 {words(pcm[:CHUNK].tobytes())}")
    line.ok("@pcm begin")
    patches = []
    for first in range(0, len(pcm), CHUNK):
        patches += line.ok(f"@pcm data {first} {words(pcm[first : first + CHUNK].tobytes())}")["patches"]
    (expected,), _ = PatchStream(LogMelSpec.profile("yamnet"), SCALE, ZERO_POINT).feed(pcm)
    assert [unwrap(patch["patch"]) for patch in patches] == [expected.tobytes()]


def test_an_abandoned_session_ends_and_live_listening_goes_on(line: Line) -> None:
    line.ok("@pcm begin")
    line.now_ms = 29_999
    line.feed(b"")
    assert not heard(line)
    line.now_ms = 30_000
    line.feed(b"")
    assert heard(line)
    assert line.error(f"@pcm data 0 {words(bytes(2))}")[0] == "failed"


def test_reboot_is_answered_first(line: Line) -> None:
    assert line.ok("@reboot") == {}
    assert line.device.restart_requested


@pytest.mark.parametrize("classes", [1, 3, 1024])
def test_the_number_of_classes_is_the_models(classes: int) -> None:
    line = Line(SmallHost(classes=classes))
    assert line.ok("@info")["model"]["classes"] == classes
    assert line.ok("@selftest")["passed"]
    patch = bytes(range(256)) * 24
    assert unwrap(line.ok(f"@score {words(patch)}")["scores"]) == patch[:classes]
    line.ok("@pcm begin")
    for first in range(0, 15_600, CHUNK):
        pcm = bytes(2 * min(CHUNK, 15_600 - first))
        answer = line.ok(f"@pcm data {first} {words(pcm)}")
    (scored,) = answer["patches"]
    assert unwrap(scored["scores"]) == unwrap(scored["patch"])[:classes]
    line.ok("@pcm end")
    assert heard(line)


def test_a_class_map_of_another_model_is_refused() -> None:
    files = small_files(lambda patch: patch[:3], classes=3)
    del files["manifest.json"]
    files["yamnet_class_map.csv"] += b"3,/m/3,One more\n"
    line = Line(SmallHost(files | {"manifest.json": content.describe(files)}, classes=3))
    assert line.error(f"@score {words(bytes(6144))}") == (
        "not_ready", "model: it has 3 outputs, its class map 4 classes",
    )  # fmt: skip


def test_what_was_heard_lately_is_told(line: Line) -> None:
    pcm = np.random.default_rng(1).integers(-32768, 32767, 16_000, np.int16)
    line.device.hear(pcm, "test")
    told = line.ok("@audio")
    assert (told["next_sample"], told["chunk_samples"]) == (16_000, CHUNK)
    assert unwrap(line.ok("@audio 100 4096")["pcm"]) == pcm[100 : 100 + 4096].tobytes()
    assert unwrap(line.ok("@audio 15000 4096")["pcm"]) == pcm[15_000:].tobytes()
    assert unwrap(line.ok("@audio 16000 4096")["pcm"]) == b""
    for request, reason in (
        ("@audio 0", "usage: @audio"),
        ("@audio 0 4097", "count: not a number up to 4096"),
        ("@audio -1 5", "first_sample: not a number"),
    ):
        code, message = line.error(request)
        assert (code, message[: len(reason)]) == ("bad_argument", reason)
    for _ in range(60):
        line.device.hear(pcm, "test")
    code, message = line.error("@audio 100 4096")
    assert code == "bad_argument"
    assert re.fullmatch(r"first_sample: the oldest that is kept is \d+", message)
