# SPDX-License-Identifier: Apache-2.0
"""A device's requests and answers as functions and values."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from yamnet_tools.device.answers import Events, Fields, Info, PcmPatch, Profile, Rules, Scored, SelfTestResult
from yamnet_tools.device.conversation import TIMEOUT_S, Conversation, RefusedError
from yamnet_tools.device.line import BAUD, open_line
from yamnet_tools.device.protocol import byte_words, parse_bytes
from yamnet_tools.errors import DeviceError

DOCUMENT_CHUNK_BYTES = 8192
"""Bytes of a rule document in one request."""

_BOOT_ANSWER_S = 5.0
_BOOT_STEP_S = 10.0
_BOOT_PAUSE_S = 3.0


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

    def reboot(self, *, ready_timeout_s: float = 30.0) -> Info:
        """Restart the device and wait until it answers again.

        Raises:
            DeviceError: it does not restart, or not in time.
        """
        before = self.info()
        started = time.monotonic()
        self.ask("reboot", parse=lambda _: None, attempts=1)

        def restarted(now: Info) -> bool:
            counted = None not in (now.boot_count, before.boot_count) and now.boot_count != before.boot_count
            return counted or now.uptime_ms <= 1000 * (time.monotonic() - started)

        return self.wait_until_booted(ready_timeout_s, restarted)

    def wait_until_booted(self, timeout_s: float, restarted: Callable[[Info], bool] = lambda _: True) -> Info:
        """Wait for a device that starts: until all boot steps went well, or none has come for a while after one failed.

        Args:
            timeout_s: how long.
            restarted: tells the device's state after a restart from the one before.

        Raises:
            DeviceError: it does not answer in time.
        """
        deadline = time.monotonic() + timeout_s
        pause_s = min(_BOOT_PAUSE_S, timeout_s / 100)  # answering takes a slow device's time, too
        last: Info | None = None
        last_step = time.monotonic()
        while (left := deadline - time.monotonic()) > 0:
            try:
                now = self.ask("info", parse=Info, attempts=1, timeout_s=min(left, _BOOT_ANSWER_S))
            except DeviceError:
                self._line.revive()
                continue
            if restarted(now):
                if last is None or now.boot_steps != last.boot_steps:
                    last_step = time.monotonic()
                last = now
                if now.ready or (now.failed_steps and time.monotonic() - last_step > _BOOT_STEP_S):
                    break
            time.sleep(pause_s)
        if last is None:
            raise DeviceError(f"the device did not come up within {timeout_s:.0f} s")
        return last

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
