# SPDX-License-Identifier: Apache-2.0
"""Asking over a line: every request has an id, a time limit and a few attempts; log lines go to whoever wants them."""

import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self, TypeVar

from yamnet_tools.device.answers import Fields
from yamnet_tools.device.line import Line
from yamnet_tools.device.protocol import MAX_ID, Answer, DamagedAnswerError, is_answer, parse_answer, request_line
from yamnet_tools.errors import DeviceError

_T = TypeVar("_T")

ATTEMPTS = 5
"""How often a request is sent before it is given up."""

TIMEOUT_S = 10.0
"""How long an answer may take, an inference included."""

_LONGEST_LINE_BYTES = 1 << 20
_BUSY_WAIT_S = 0.2
_SETTLE_S = 0.2

_LOG_LINE = re.compile(rb"(?:\x1b\[[0-9;]*m)?[EWIDV] \(\d+\) .*")
"""How ESP-IDF begins a log line."""

# A device says these about a request that was damaged on its way, and its client never sends such requests.
_DAMAGED_REQUEST = frozenset({"bad_crc", "bad_request", "too_long", "bad_argument", "unknown_command"})
_NAMED_FAULTS = frozenset({"bad_argument", "unknown_command"})


class RefusedError(DeviceError):
    """The device answered `@err`. `code` is the protocol's."""

    def __init__(self, command: str, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"the device refused @{command}: {code}: {message}")


class UnansweredError(DeviceError):
    """Nothing came in time."""


@dataclass
class Counters:
    """What a line went through. Each attempt that came to nothing is counted once."""

    requests: int = 0
    retries: int = 0
    damaged_requests: int = 0
    damaged_answers: int = 0
    timeouts: int = 0
    late_answers: int = 0
    log_lines: int = 0

    def __str__(self) -> str:
        return (
            f"{self.requests:,} requests, {self.retries:,} repeated: {self.damaged_requests:,} damaged on "
            f"the way there, {self.damaged_answers:,} on the way back, {self.timeouts:,} unanswered"
        )


class Conversation:
    """Requests and answers over a line, and the log lines between them.

    Args:
        line: closed with the conversation.
        timeout_s: how long an answer may take, an inference included.
        attempts: how often a request is sent before it is given up.
        on_log: takes every log line, as it comes.
    """

    def __init__(
        self,
        line: Line,
        *,
        timeout_s: float = TIMEOUT_S,
        attempts: int = ATTEMPTS,
        on_log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.counters = Counters()
        self.timeout_s = timeout_s
        self._line = line
        self._attempts = attempts
        self._on_log = on_log
        self._buffer = bytearray()
        # Another client's late answers must not be taken for ours.
        self._next_id = random.randrange(MAX_ID)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the line."""
        self._line.close()

    def log_lines(self, timeout_s: float) -> Iterator[str]:
        """The log lines that come in the next seconds, as they come; they go to `on_log` too."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            line = self._read_line(min(deadline, time.monotonic() + _SETTLE_S))
            if line is None:
                continue
            if is_answer(line):
                self.counters.late_answers += 1
            elif text := self._log(line):
                yield text

    def send_raw(self, data: bytes) -> None:
        """Put bytes on the line as they are: for trying what a device does with damaged requests."""
        self._line.write(data)

    def read_answers(self, timeout_s: float, *, count: int) -> list[Answer]:
        """The next answers, whoever asked; fewer than `count` when they do not come in time.

        Raises:
            DeviceError: one of them is damaged.
        """
        answers: list[Answer] = []
        deadline = time.monotonic() + timeout_s
        while len(answers) < count and (line := self._read_line(deadline)) is not None:
            if not is_answer(line):
                self._log(line)
                continue
            try:
                answers.append(self._parse(line))
            except DamagedAnswerError as error:
                raise DeviceError(f"{error}: {line[:80]!r}") from None
        return answers

    def ask(
        self,
        command: str,
        *arguments: str,
        parse: Callable[[Fields], _T],
        attempts: int | None = None,
        timeout_s: float | None = None,
    ) -> _T:
        """Send a request until it is answered.

        Args:
            command: without its @.
            arguments: the words after it.
            parse: makes something of the answer's fields; DamagedAnswerError asks again.
            attempts: how often to send it.
            timeout_s: how long an attempt may take.

        Raises:
            DeviceError: no answer in any attempt, or one that is none of the protocol's.
            RefusedError: the device refused, and did so in the last attempt too if damage may be why.
        """
        limit = self.timeout_s if timeout_s is None else timeout_s
        attempts = self._attempts if attempts is None else attempts
        self.counters.requests += 1
        failure: DeviceError | None = None
        refusal = ("", "")
        for attempt in range(attempts):
            if attempt:
                self.counters.retries += 1
                self._settle()
            try:
                answer = self._attempt(command, arguments, limit)
                if answer.error is None:
                    return parse(answer.fields)
            except UnansweredError as error:
                self.counters.timeouts += 1
                failure = error
                continue
            except DamagedAnswerError as error:
                self.counters.damaged_answers += 1
                failure = DeviceError(f"{error} (@{command}, {attempts} attempts)")
                continue
            except (KeyError, TypeError, ValueError) as error:
                raise DeviceError(f"the device's answer to @{command} is not the protocol's: {error!r}") from error
            failure = RefusedError(command, answer.error, answer.message)
            if answer.error == "busy":
                time.sleep(_BUSY_WAIT_S)
            elif answer.error in _DAMAGED_REQUEST:
                self.counters.damaged_requests += 1
                if answer.error in _NAMED_FAULTS and refusal == (answer.error, answer.message):
                    break  # a line does not damage two requests in the same way: it is what was asked
                refusal = (answer.error, answer.message)
            else:
                raise failure
        raise failure if failure is not None else DeviceError(f"@{command} was not sent")

    def _attempt(self, command: str, arguments: tuple[str, ...], timeout_s: float) -> Answer:
        self._next_id = (self._next_id + 1) % (MAX_ID + 1)
        self._line.write(request_line(command, arguments, self._next_id))
        deadline = time.monotonic() + timeout_s
        while (line := self._read_line(deadline)) is not None:
            if not is_answer(line):
                self._log(line)
                continue
            answer = self._parse(line)
            # A refusal without id is of a request whose id could not be read: this one, damaged.
            if answer.id == self._next_id or (answer.id is None and answer.error is not None):
                return answer
            self.counters.late_answers += 1
        raise UnansweredError(
            f"no answer to @{command} within {timeout_s:g} s; is the device running, and is this its port?"
        )

    def _parse(self, line: bytes) -> Answer:
        try:
            return parse_answer(line)
        except DamagedAnswerError:
            if broke_in := _LOG_LINE.search(line):
                self._log(broke_in[0])
            raise

    def _settle(self) -> None:
        """End a half line that may lie at the device or here, and pass over what the device says to that."""
        self._line.write(b"\n")
        while (line := self._read_line(time.monotonic() + _SETTLE_S)) is not None:
            if not is_answer(line):
                self._log(line)
        half = bytes(self._buffer)
        self._buffer.clear()
        if half and not is_answer(half):
            self._log(half)

    def _read_line(self, deadline: float) -> bytes | None:
        """The next line without its end; None once the time is up."""
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._buffer += self._line.read(left)
            if len(self._buffer) > _LONGEST_LINE_BYTES:
                self._buffer.clear()
                raise DeviceError("what comes in has no line ends; is the speed (--baud) right?")
        line, _, rest = self._buffer.partition(b"\n")
        self._buffer = bytearray(rest)
        return bytes(line.rstrip(b"\r"))

    def _log(self, line: bytes) -> str:
        text = line.decode(errors="backslashreplace")
        if text:
            self.counters.log_lines += 1
            self._on_log(text)
        return text
