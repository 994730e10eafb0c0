# SPDX-License-Identifier: Apache-2.0
"""The client of the serial protocol against lines that lose, damage, delay and interrupt."""

import base64
import errno
import fcntl
import os
import re
import termios
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from scripted_line import Reply, ScriptedLine, answer_line, carried, err, ok, raw
from yamnet_tools.device import Device, open_line
from yamnet_tools.device.compare import compare_clips, compare_scores
from yamnet_tools.device.conversation import RefusedError
from yamnet_tools.device.heard import Heard, Told
from yamnet_tools.device.line import describe_port_error
from yamnet_tools.device.ports import find_port
from yamnet_tools.device.protocol import DamagedAnswerError, byte_words, parse_answer, parse_bytes, request_line
from yamnet_tools.errors import DeviceError
from yamnet_tools.model import TensorQuantization

PATCH = np.zeros((96, 64), np.int8)


def scored(value: int = 7) -> Reply:
    return ok(scores=carried(bytes([value]) * 521), invoke_us=1000)


def device(*replies: Reply, logs: list[str] | None = None) -> tuple[Device, ScriptedLine]:
    line = ScriptedLine(*replies)
    return Device(line, timeout_s=0.05, on_log=(logs if logs is not None else []).append), line


def test_a_request_is_one_line_of_the_protocol() -> None:
    crc, text = byte_words(b"123456789")
    assert crc == "cbf43926"
    assert request_line("score", (crc, text), 7) == b"@score id=7 cbf43926 MTIzNDU2Nzg5\n"


@pytest.mark.parametrize("word", ["", "a b", "a\nb", "ü", "x" * 12_300])
def test_what_no_line_can_carry_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"@score"):
        request_line("score", (word,), 1)


def test_an_answer_is_taken_apart() -> None:
    answer = parse_answer(answer_line("@err", b'{"id":3,"code":"busy","message":"later"}'))
    assert (answer.id, answer.error, answer.message) == (3, "busy", "later")
    assert parse_answer(answer_line("@ok", b'{"a":1}')).fields == {"a": 1}


@pytest.mark.parametrize(
    "line",
    [
        b"@ok ",
        b"@ok {",
        b"@ok 3",
        b"@ok 00000000 {}",
        b"@ok " + b"[" * 100_000,
        *(answer_line("@ok", text) for text in (b"3", b'{"id":"x"}', b"[" * 100_000)),
        *(answer_line("@err", text) for text in (b"{}", b'{"code":1}')),
    ],
)
def test_a_damaged_answer_is_told(line: bytes) -> None:
    with pytest.raises(DamagedAnswerError):
        parse_answer(line)


def test_no_byte_of_an_answer_is_lost_or_changed_unseen() -> None:
    whole = answer_line("@ok", b'{"id":7,"uptime_ms":123456,"ready":true}')
    for at in range(len(b"@ok "), len(whole)):
        for damaged in (whole[:at] + whole[at + 1 :], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
            with pytest.raises(DamagedAnswerError):
                parse_answer(damaged)


def test_a_firmware_whose_answers_carry_no_crc32_is_named() -> None:
    opened, line = device(raw(b'@ok {"id":1,"a":1}\n'))
    with pytest.raises(DeviceError, match="firmware is older than these tools: its answers carry no CRC32"):
        opened.ask("info", parse=dict)
    assert len(line.requests) == 1


@pytest.mark.parametrize(
    "value", [None, {}, {"base64": "AA=="}, {"crc32": "0", "base64": "AA=="}, {"crc32": "d202ef8d", "base64": "A*"}]
)
def test_damaged_bytes_are_told(value: object) -> None:
    with pytest.raises(DamagedAnswerError):
        parse_bytes(value)


def test_scores_come_back() -> None:
    opened, line = device(scored(9))
    result = opened.score(PATCH)
    assert result.invoke_us == 1000
    np.testing.assert_array_equal(result.scores, np.full(521, 9, np.int8))
    assert re.fullmatch(r"@score id=\d+ [0-9a-f]{8} [A-Za-z0-9+/=]{8192}", line.requests[0])
    assert opened.counters.retries == 0


@pytest.mark.parametrize(
    ("first", "counter"),
    [
        (raw(), "timeouts"),
        (raw(b"@ok {\n"), "damaged_answers"),
        (ok(scores={"crc32": "00000000", "base64": "AAAA"}, invoke_us=1), "damaged_answers"),
        (ok(scores=carried(b""), invoke_us=1), "damaged_answers"),
        (ok(scores=carried(bytes(1025)), invoke_us=1), "damaged_answers"),
        (err("bad_crc"), "damaged_requests"),
        (err("bad_argument"), "damaged_requests"),
        (err("bad_request", with_id=False), "damaged_requests"),
        (err("too_long", with_id=False), "damaged_requests"),
        (raw(answer_line("@ok", b'{"id":1,"late":true}') + b"\n"), "timeouts"),
        (raw(b'k {"id"'), "timeouts"),
    ],
)
def test_what_a_line_damages_is_asked_again_and_counted(first: Reply, counter: str) -> None:
    opened, line = device(first, scored())
    assert opened.score(PATCH).invoke_us == 1000
    assert len(line.requests) == 2
    assert line.requests[0].split()[1] != line.requests[1].split()[1], "a late answer must not be taken for the new one"
    assert opened.counters.retries == 1
    assert getattr(opened.counters, counter) == 1


def test_a_busy_device_is_asked_again() -> None:
    opened, _ = device(err("busy"), err("busy"), scored())
    assert opened.score(PATCH).invoke_us == 1000
    assert opened.counters.retries == 2


@pytest.mark.parametrize("code", ["not_ready", "failed"])
def test_a_refusal_for_good_is_not_asked_again(code: str) -> None:
    opened, line = device(err(code), scored())
    with pytest.raises(RefusedError, match=f"refused @score: {code}: because") as caught:
        opened.score(PATCH)
    assert caught.value.code == code
    assert len(line.requests) == 1


def test_a_dead_line_is_given_up_after_a_few_attempts() -> None:
    opened, line = device()
    with pytest.raises(DeviceError, match=r"no answer to @selftest within 0\.05 s"):
        opened.selftest()
    assert len(line.requests) == 5
    assert opened.counters.timeouts == 5


def test_a_refusal_that_stays_is_the_error_in_the_end() -> None:
    opened, line = device(*[err("bad_crc")] * 5)
    with pytest.raises(RefusedError, match="bad_crc"):
        opened.score(PATCH)
    assert len(line.requests) == 5


@pytest.mark.parametrize("code", ["bad_argument", "unknown_command"])
def test_the_same_fault_named_twice_is_in_what_was_asked(code: str) -> None:
    opened, line = device(err("bad_crc"), *[err(code)] * 4)
    with pytest.raises(RefusedError, match=code):
        opened.score(PATCH)
    assert len(line.requests) == 3


def test_answers_in_pieces_and_log_lines_around_them() -> None:
    logs: list[str] = []

    def reply(number: str) -> list[bytes]:
        (whole,) = scored()(number)
        return [b"I (1) log: before\r\n", whole[:5], whole[5:400], whole[400:] + b"I (2) log: ", b"after\n"]

    opened, _ = device(reply, ok(commands=[]), logs=logs)
    opened.score(PATCH)
    opened.ask("help", parse=dict)
    assert logs == ["I (1) log: before", "I (2) log: after"]
    assert opened.counters.log_lines == 2


def test_a_log_line_that_breaks_into_an_answer_is_shown() -> None:
    logs: list[str] = []

    def broken(number: str) -> list[bytes]:
        (whole,) = scored()(number)
        return [whole[:300] + b"W (42) audio: a gap\r\n" + whole[300:]]

    opened, _ = device(broken, scored(), logs=logs)
    assert opened.score(PATCH).invoke_us == 1000
    assert opened.counters.damaged_answers == 1
    assert logs[0] == "W (42) audio: a gap"


def test_an_answer_that_is_not_the_protocols_is_an_error() -> None:
    opened, _ = device(ok(passed=True))
    with pytest.raises(DeviceError, match="no number 'differing_outputs'"):
        opened.selftest()


def test_audio_is_counted_on_both_ends() -> None:
    opened, _ = device(
        ok(chunk_samples=4096),
        ok(patches=[], next_sample=4096),
        ok(patches=[], next_sample=5000),
        ok(samples=4096, patches=0),
    )
    with pytest.raises(DeviceError, match="counted 4,096 samples and 0 patches; 5,000 were sent"):
        list(opened.pcm(np.zeros(5000, np.int16)))


def test_leaving_audio_early_ends_the_session() -> None:
    patch = {"start_sample": 0, "patch": carried(bytes(6144)), "scores": carried(bytes(521)), "invoke_us": 1}
    opened, line = device(ok(chunk_samples=4096), ok(patches=[patch], next_sample=4096), ok(samples=4096, patches=1))
    for _ in opened.pcm(np.zeros(9000, np.int16)):
        break
    assert [request.split()[2] for request in line.requests] == ["begin", "data", "end"]


def test_opening_a_port_never_lets_go_of_dtr_or_rts(monkeypatch: pytest.MonkeyPatch) -> None:
    """RTS alone resets an ESP32-S3: both stay as the operating system sets them when it opens a port."""
    touched: list[tuple[int, int]] = []
    real = fcntl.ioctl

    def ioctl(descriptor: int, request: int, *arguments: Any) -> Any:
        if request in (termios.TIOCMBIC, termios.TIOCMSET, termios.TIOCMBIS):
            touched.append((request, int.from_bytes(arguments[0][:4], "little")))
            return 0
        return real(descriptor, request, *arguments)

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    master, slave = os.openpty()
    try:
        line = open_line(os.ttyname(slave))
        line.write(b"x")
        line.read(0)
        line.close()
    finally:
        os.close(master)
        os.close(slave)
    assert touched, "pyserial sets the lines in another way than this test watches"
    assert all(request == termios.TIOCMBIS for request, _ in touched), touched


def test_ports_that_cannot_be_opened_say_why() -> None:
    with pytest.raises(DeviceError, match="there is no such port; is the board plugged in"):
        open_line("/dev/ttyNoSuchPort")
    with pytest.raises(DeviceError, match=r"is no such port; .* In the network it is --port http://yamnet\.local$"):
        open_line("yamnet.local")
    with pytest.raises(DeviceError, match=r"^socket://127.0.0.1:1: cannot be opened: \[Errno 111\] Connection refused"):
        open_line("socket://127.0.0.1:1")
    with pytest.raises(DeviceError, match="/dev/null: that is no serial port"):
        open_line("/dev/null")
    assert "usermod" in describe_port_error("p", PermissionError(errno.EACCES, "Permission denied"))


def test_a_port_in_use_is_told() -> None:
    master, slave = os.openpty()
    try:
        with open_line(os.ttyname(slave)), pytest.raises(DeviceError, match="in use by another program"):
            open_line(os.ttyname(slave))
    finally:
        os.close(master)
        os.close(slave)


def test_a_board_that_is_unplugged_is_told() -> None:
    master, slave = os.openpty()
    line = open_line(os.ttyname(slave))
    os.close(slave)
    os.close(master)
    with pytest.raises(DeviceError, match=r"the connection broke .* still plugged in"):
        line.write(b"x")


@dataclass
class FakePort:
    device: str
    vid: int | None
    description: str = "USB JTAG/serial debug unit"
    serial_number: str | None = None


def test_the_only_board_is_found() -> None:
    assert find_port([FakePort("/dev/ttyS0", None), FakePort("/dev/ttyACM0", 0x303A)]) == "/dev/ttyACM0"


def test_several_boards_are_named() -> None:
    ports = [FakePort("/dev/ttyACM0", 0x303A, serial_number="AA:BB"), FakePort("/dev/ttyUSB0", 0x10C4, "CP2102N")]
    with pytest.raises(DeviceError, match=r"2 boards .* /dev/ttyACM0 \(Espressif.*AA:BB\), /dev/ttyUSB0 \(Silicon"):
        find_port(ports)


def test_no_board_is_told() -> None:
    with pytest.raises(DeviceError, match=r"no board found: plug it in .* /dev/ttyS0"):
        find_port([FakePort("/dev/ttyS0", None)])


def test_a_heard_line_is_parsed_whatever_the_log_paints_it_with() -> None:
    heard = Heard.parse("\x1b[0;32mI (12345) heard: 12.48 s: Baby cry, infant cry 0.930, Dog 0.120 (41 ms)\x1b[0m")
    assert heard == Heard(12.48, [("Baby cry, infant cry", 0.93), ("Dog", 0.12)])
    assert "Baby cry, infant cry" in heard.table()[1]
    assert Heard.parse("I (1) wifi: heard nothing") is None
    assert Heard.parse("W (1) heard: 3.20 s: gap") is None


def test_an_event_is_parsed_whatever_the_log_paints_it_with() -> None:
    told = "smoke_alarm 3 end: 5.28 s to 12.97 s, peak 0.912, stream_end"
    assert Told.parse(f"\x1b[0;32mI (12345) event: {told}\x1b[0m") == Told(told)
    assert Told.parse(f"I (1) event: {told}\r") == Told(told)
    assert Told.parse("I (1) event: nothing of the kind") is None


def test_a_rule_document_goes_out_and_comes_back_in_parts() -> None:
    document = bytes(range(32, 127)) * 150
    opened, line = device(ok(next_offset=8192), ok(next_offset=len(document), rules=3))
    assert opened.set_rules(document) == 3
    words = [request.split() for request in line.requests]
    assert [word[2:5] for word in words] == [["set", "0", "14250"], ["set", "8192", "14250"]]
    assert b"".join(base64.b64decode(word[6]) for word in words) == document
    opened, _ = device(
        *(ok(total=len(document), document=carried(document[at : at + 6144])) for at in range(0, len(document), 6144))
    )
    assert opened.rule_document() == document.decode()
    opened, _ = device(ok(total=10, document=carried(b"123")), ok(total=10, document=carried(b"")))
    with pytest.raises(DeviceError, match="changed while they were read"):
        opened.rule_document()


QUANTIZATION = TensorQuantization(1 / 256, -128)
NAMES = [f"class {i}" for i in range(521)]


def test_differences_are_given_class_by_class() -> None:
    scores = np.full(521, -128, np.int8)
    other = scores.copy()
    other[[20, 300]] = [-100, 127]
    difference = compare_scores(3, 15_360, (PATCH, scores), (PATCH, other), NAMES, QUANTIZATION)
    assert difference is not None
    assert (difference.input_values, difference.outputs, difference.largest_output) == (0, 2, 255)
    assert [item.index for item in difference.classes] == [300, 20]
    assert str(difference) == (
        "patch 3 at 0.96 s: 2 outputs differ, by up to 255: class 300 (300): expected 0.000, came 0.996, 255 "
        "steps apart; class 20 (20): expected 0.000, came 0.109, 28 steps apart"
    )
    assert compare_scores(0, 0, (PATCH, scores), (PATCH, scores), NAMES, QUANTIZATION) is None


def test_only_the_worst_patches_are_told_one_by_one() -> None:
    scores = np.zeros(521, np.int8)
    worse = [(i, PATCH, np.full(521, i, np.int8)) for i in range(20)]
    result = compare_clips([(i, PATCH, scores) for i in range(20)], worse, NAMES, QUANTIZATION)
    lines = str(result).splitlines()
    assert lines[0] == "19 of 20 patches differ, outputs by up to 19 steps"
    assert [line.split()[1] for line in lines[1:-1]] == [str(number) for number in range(19, 9, -1)]
    assert lines[-1] == "and 9 more that differ less"


def test_missing_and_surplus_patches_are_differences() -> None:
    scores = np.zeros(521, np.int8)
    result = compare_clips(
        [(0, PATCH, scores), (7680, PATCH, scores)], [(0, PATCH, scores), (99, PATCH, scores)], NAMES, QUANTIZATION
    )
    assert not result.equal
    assert "patch 1 at 0.48 s: the device has none" in str(result)
    assert "the device has a patch at 0.01 s" in str(result)
