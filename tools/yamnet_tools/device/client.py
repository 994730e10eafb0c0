# SPDX-License-Identifier: Apache-2.0
"""A device's requests and answers as functions and values."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.device.answers import Clock, Events, Fields, Info, PcmPatch, Profile, Rules, Scored, SelfTestResult
from yamnet_tools.device.conversation import ATTEMPTS, TIMEOUT_S, Conversation, RefusedError, UnansweredError
from yamnet_tools.device.heard import Heard, Told
from yamnet_tools.device.improv import ImprovClient
from yamnet_tools.device.line import BAUD, open_line
from yamnet_tools.device.protocol import byte_words, parse_bytes
from yamnet_tools.device.restart import READY_S, restart, wait_until_booted
from yamnet_tools.errors import DeviceError

DOCUMENT_CHUNK_BYTES = 8192
"""Bytes of a rule document in one request."""

_SILENT_S = 5.0
_LOOK_AGAIN_S = 0.05

_SET_WITHIN = timedelta(seconds=30)  # of an answer that waited for an inference, or came at the third attempt


class PcmSummary(NamedTuple):
    """What a device says at a @pcm session's end."""

    samples: int
    patches: int


class Device(Conversation):
    """A device at the end of a line."""

    @classmethod
    def open(
        cls,
        port: str,
        baud: int = BAUD,
        *,
        timeout_s: float = TIMEOUT_S,
        on_log: Callable[[str], None] = lambda _: None,
    ) -> "Device":
        """Open a port without resetting the board behind it.

        Raises:
            DeviceError: the port cannot be opened.
        """
        return cls(open_line(port, baud), timeout_s=timeout_s, on_log=on_log)

    def info(self) -> Info:
        """What runs there, and how it is.

        Raises:
            DeviceError: no answer, or not one.
        """
        return self.ask("info", parse=Info)

    def score(self, patch: npt.NDArray[np.int8]) -> Scored:
        """Score one patch, int8 [96, 64], quantised as the model's input.

        Raises:
            DeviceError: no answer, or the device refused.
        """
        return self.ask("score", *byte_words(patch.tobytes()), parse=Scored.parse)

    def profile(self) -> Profile:
        """Measure one inference operator by operator.

        Raises:
            DeviceError: no answer, or the device refused.
        """
        return self.ask("profile", parse=Profile.parse)

    def selftest(self) -> SelfTestResult:
        """Score the stored patch now.

        Raises:
            DeviceError: no answer, or the device refused.
        """
        return self.ask("selftest", parse=SelfTestResult.parse)

    def rules(self) -> Rules:
        """The event rules that run, and how each stands.

        Raises:
            DeviceError: no answer, or the device has none.
        """
        rules = self.ask("rules", parse=Rules.parse)
        while rules.next is not None:
            rules = rules.with_more(self.ask("rules", "list", str(rules.next), parse=Rules.parse))
        return rules

    def rule_document(self) -> str:
        """The rules that run, as the document they were read from (docs/rules.md).

        Raises:
            DeviceError: no answer, the device has none, or they changed meanwhile.
        """
        data, total = b"", 1
        while len(data) < total:
            total, part = self.ask("rules", "show", str(len(data)), parse=_document_part)
            if not part:
                raise DeviceError("the device's rules changed while they were read; try again")
            data += part
        return data.decode()

    def set_rules(self, document: bytes) -> int:
        """Let the device run and store a rule document; returns how many rules it has.

        Raises:
            DeviceError: no answer, or the device refused the document: what ran before still runs.
        """
        rules: int | None = None
        for start in range(0, max(1, len(document)), DOCUMENT_CHUNK_BYTES):
            chunk = document[start : start + DOCUMENT_CHUNK_BYTES]
            words = (str(start), str(len(document)), *byte_words(chunk))
            rules = self.ask("rules", "set", *words, parse=lambda fields: fields.get("rules"))
        if rules is None:
            raise DeviceError("the device took all of the rules and did not say how many they are")
        return rules

    def set_preset_rules(self) -> int:
        """Let the device forget stored rules and run those it was shipped with; returns how many.

        Raises:
            DeviceError: no answer, or the device has none.
        """
        return self.ask("rules", "presets", parse=lambda fields: int(fields["rules"]))

    def events(self) -> Events:
        """What goes on, and the latest events.

        Raises:
            DeviceError: no answer, or the device has no event rules.
        """
        events = self.ask("events", parse=Events.parse)
        while events.next is not None:
            events = events.with_more(self.ask("events", str(events.next), parse=Events.parse))
        return events

    def format_storage(self, volume: str) -> None:
        """Let the device clear a volume that holds something else than events.

        Raises:
            DeviceError: no answer, or the volume needs no format or may not be formatted.
        """
        self.ask("storage", "format", volume, parse=lambda _: None)

    def network(self) -> dict[str, Any]:
        """How it is connected, and its own Wi-Fi; the console does not tell what it knows.

        Raises:
            DeviceError: no answer.
        """
        told: dict[str, Any] | None = self.info().fields["network"]
        if told is None:
            return {"kind": "none", "reason": "the network is not this device's own"}
        password = self._secrets().get("setup_password")
        return told | ({"setup": {"ssid": told["hostname"], "password": password}} if password else {})

    def scan_networks(self) -> list[tuple[str, int, bool]]:
        """Networks in reach: name, dBm, and whether they want a password.

        Raises:
            DeviceError: no answer, or the device has no Wi-Fi.
        """
        return ImprovClient(self._line).scan()

    def join_network(self, ssid: str, password: str) -> str:
        """Let it try a network and know it if that works; returns where its page is then.

        Raises:
            DeviceError: no answer, it cannot be joined, or the device has no Wi-Fi.
        """
        return ImprovClient(self._line).join(ssid, password)

    def pcm(self, samples: npt.NDArray[np.int16]) -> Iterator[PcmPatch]:
        """Send audio, 16 kHz mono int16 [n], and get the patches that the device makes of it, with their scores.

        Live listening stops while it lasts.

        Raises:
            DeviceError: no answer, the device refused, or it counted other samples than were sent.
        """
        chunk = self.ask("pcm", "begin", parse=lambda fields: int(fields["chunk_samples"]))
        if chunk < 1:
            raise DeviceError(f"the device takes chunks of {chunk} samples")
        count = 0
        try:
            for start in range(0, len(samples), chunk):
                data = samples[start : start + chunk].astype("<i2").tobytes()
                for patch in self.ask("pcm", "data", str(start), *byte_words(data), parse=_patches):
                    count += 1
                    yield patch
        except GeneratorExit:
            self._end_pcm()
            raise
        summary = self._end_pcm()
        if summary is not None and summary != (len(samples), count):
            raise DeviceError(
                f"the device counted {summary.samples:,} samples and {summary.patches} patches; "
                f"{len(samples):,} were sent and {count} came back"
            )

    def sound(self, seconds: float) -> npt.NDArray[np.int16]:
        """What its microphone hears in the next seconds: int16 [n], 16 kHz mono.

        A line that is slower than the sound, as one of 115,200 baud, is behind, and may be so by as much as the device
        keeps (20 s by default).

        Raises:
            DeviceError: no answer, no sound comes, or what was recorded was gone before it came over the line.
        """
        first, chunk = self.ask(
            "audio", parse=lambda fields: (int(fields["next_sample"]), int(fields["chunk_samples"]))
        )
        wanted, pieces, count = round(seconds * SAMPLE_RATE), [], 0
        fresh_s = time.monotonic()
        while count < wanted:
            words = (str(first + count), str(min(chunk, wanted - count)))
            try:
                data = self.ask("audio", *words, parse=lambda fields: parse_bytes(fields.get("pcm")))
            except RefusedError as error:
                raise DeviceError(
                    f"{error}; after {count / SAMPLE_RATE:.1f} of {seconds:g} s the line was too far behind: record"
                    " shorter clips, or over USB or HTTP"
                ) from error
            pieces.append(np.frombuffer(data, "<i2").astype(np.int16))
            count += len(pieces[-1])
            if len(pieces[-1]):
                fresh_s = time.monotonic()
            elif time.monotonic() - fresh_s > _SILENT_S:
                raise DeviceError(
                    f"the device has heard nothing new for {_SILENT_S:g} s; `info` says what ails its audio"
                )
            else:
                time.sleep(_LOOK_AGAIN_S)
        return np.concatenate(pieces)

    def hear(self, seconds: float) -> Iterator[Heard | Told | str]:
        """What the device says it hears, what its rules tell, and its other log lines, as they come.

        Raises:
            DeviceError: the line broke.
        """
        for line in self.log_lines(seconds):
            yield Heard.parse(line) or Told.parse(line) or line

    def log(self, seconds: float, /) -> Iterator[str]:
        """The log lines that come in the next seconds.

        Raises:
            DeviceError: the line broke.
        """
        return self.log_lines(seconds)

    def clock(self, *words: str) -> Clock:
        """The device's clock; `words` of @time change it before.

        Raises:
            DeviceError: no answer, or the device refused.
        """
        return self.ask("time", *words, parse=Clock.parse)

    def clock_once(self, timeout_s: float) -> Clock | None:
        """The same, asked for once; None when no answer comes, or from a firmware that tells no time."""
        try:
            return self.ask("time", parse=Clock.parse, attempts=1, timeout_s=timeout_s)
        except (RefusedError, UnansweredError):
            return None

    def set_clock(self) -> Clock:
        """Set the device's clock to this computer's.

        Raises:
            DeviceError: no answer, the device refused, or it has another time afterwards.
        """
        for _ in range(ATTEMPTS):  # a request has no CRC32: a digit that was damaged shows in the answer
            clock = self.clock("set", str(time.time_ns() // 1_000_000))
            if clock.utc is not None and abs(clock.utc - datetime.now(UTC)) < _SET_WITHIN:
                return clock
        raise DeviceError(f"the device's clock was set, and says {clock.utc}")

    def set_time_zone(self, name: str) -> Clock:
        """Set the zone, of the IANA database, in which quiet hours are; kept over restarts.

        Raises:
            DeviceError: no answer, or there is no such zone.
        """
        for _ in range(ATTEMPTS):
            clock = self.clock("zone", name)
            if clock.time_zone == name:
                return clock
        raise DeviceError(f"the device's time zone was set to {name}, and is {clock.time_zone}")

    def owner_token(self) -> str | None:
        """What the HTTP API wants of who changes something; None from a device that has none.

        Raises:
            DeviceError: no answer.
        """
        return self._secrets().get("token")

    def _secrets(self) -> dict[str, str]:
        """What the owner alone is told; nothing by a device that keeps nothing."""
        try:
            return self.ask("token", parse=lambda fields: {name: str(value) for name, value in fields.items()})
        except RefusedError:
            return {}

    def reboot(self, *, ready_timeout_s: float = READY_S) -> Info:
        """Restart the device and wait until it answers again.

        Raises:
            DeviceError: it does not restart, or not in time.
        """

        def order() -> None:
            self.ask("reboot", parse=lambda _: None, attempts=1)

        return restart(self.info(), order, self._info_once, ready_timeout_s, self._line.revive)

    def wait_until_booted(self, timeout_s: float) -> Info:
        """Wait for a device that starts: until all boot steps went well, or none has come for a while after one failed.

        Raises:
            DeviceError: it does not answer in time.
        """
        return wait_until_booted(self._info_once, timeout_s, revive=self._line.revive)

    @property
    def trouble(self) -> str:
        """What the line went through, "" if it was nothing."""
        return f"line: {self.counters}" if self.counters.retries else ""

    def _info_once(self, timeout_s: float) -> Info:
        return self.ask("info", parse=Info, attempts=1, timeout_s=timeout_s)

    def _end_pcm(self) -> PcmSummary | None:
        try:
            return self.ask(
                "pcm", "end", parse=lambda fields: PcmSummary(int(fields["samples"]), int(fields["patches"]))
            )
        except RefusedError as error:
            if error.code == "failed":  # ended already, and the answer to that was lost
                return None
            raise


def _document_part(fields: Fields) -> tuple[int, bytes]:
    return int(fields["total"]), parse_bytes(fields.get("document"))


def _patches(fields: Fields) -> list[PcmPatch]:
    return [PcmPatch.parse(patch) for patch in fields["patches"]]
