# SPDX-License-Identifier: Apache-2.0
"""Asks a device under sanitizers for what schemathesis makes of openapi.json, and checks each answer.

    python host_tests/fuzz/fuzz_http_api.py [--requests 100000] [--seed N]

Each case is sent as it was made, and twice with values that the device has told before (its token, names of clips and
rules, cursors, tags, rule documents) or hostile ones in the place of some. Between them it hears sound, and its owner
sees to it that there are rules, events and clips; restarts that are asked for are done. Every answer is checked against
openapi.json; none may be 5xx but 503 with its reason, and no query or body that does not fit may be taken. At the end
LeakSanitizer looks for lost memory. The first wrong answer, or the death of the device, ends it with the request.
Without g++'s sanitizers: --plain.
"""

import argparse
import itertools
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote_to_bytes

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import native_build
from described_api import DESCRIPTION, HOST, OPENAPI, Answer, check, operation_of
from device_process import DeviceDiedError, DeviceProcess, Reply, Request
from known_values import DOCUMENTS, WEBHOOKS, KnownValues

BASE = f"http://{HOST}/api/v1"
BATCH = 500
REQUESTS_PER_CASE = 3
REQUESTS_PER_ONLY_CASE = 12
"""Of an operation with nothing to vary, which Hypothesis makes once a batch; but for restarts, which look for lost
memory, and that takes seconds.
"""

OWNER_EVERY = 100
METHODS = ("HEAD", "OPTIONS", "PATCH", "TRACE", "get", "", "GET ", "DELETE", "PUT", "POST")
HOSTS = (
    "",
    "evil.example",
    "127.0.0.1",
    "[::1]:80",
    "yamnet.local.",
    "[",
    "x" * 300,
    "\xff",
    "a b",
    "yamnet.local:8080",
)
ORIGINS = ("null", "http://evil.example", f"http://{HOST}", f"http://{HOST}.evil.example", "://", "\x00")
FIELDS = ("authorization", "cookie", "host", "origin", "if-match", "if-none-match", "range", "last-event-id")


class WrongAnswerError(Exception):
    """An answer that must not be."""


def operations() -> list[st.SearchStrategy[schemathesis.Case]]:
    """Cases of every operation, those that fit its description and those that do not."""
    schema = schemathesis.openapi.from_dict(OPENAPI)
    schema.config.generation.with_security_parameters = False  # credentials are the fuzzer's own
    found = [result.ok() for result in schema.get_all_operations()]
    return [operation.as_strategy(generation_mode=mode) for operation in found for mode in schemathesis.GenerationMode]


def cases(count: int, first_seed: int) -> Iterator[schemathesis.Case]:
    """In batches: Hypothesis remembers all that it has made in a run."""
    made: list[schemathesis.Case] = []
    strategy = st.one_of(operations())
    for number in itertools.count():

        @seed(f"{first_seed}:{number}")
        @settings(
            max_examples=BATCH,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def make(case: schemathesis.Case) -> None:
            made.append(case)

        make()
        for case in made:
            yield case
            count -= 1
            if count == 0:
                return
        made.clear()


class Fuzzer:
    """Makes requests of cases and judges the answers.

    Attributes:
        statuses: how often each status was given.
        operations: how often each was asked for, and how often with success.
    """

    def __init__(self, device: DeviceProcess, first_seed: int) -> None:
        self._device = device
        self._known = KnownValues(random.Random(first_seed))
        self._known.token = device.ask(Request("GET", "/api/v1/session", {"host": HOST}, b"", "10.0.0.2")).token
        self._sent = 0
        self.statuses: Counter[int] = Counter()
        self.operations: dict[str, tuple[int, int]] = {}

    def send(self, case: schemathesis.Case, *, as_made: bool) -> None:
        """Raises WrongAnswerError, DeviceDiedError."""
        if self._sent % OWNER_EVERY == 0:
            self._tidy_up()
        self._sent += 1
        request = self._request(case, as_made=as_made)
        try:
            reply = self._device.ask(request)
        except DeviceDiedError as error:
            raise DeviceDiedError(f"{request}\n{error}") from error
        self.statuses[reply.status] += 1
        name = f"{case.operation.method.upper()} {case.operation.path}"
        asked, done = self.operations.get(name, (0, 0))
        self.operations[name] = (asked + 1, done + (reply.status < 400))
        self._known.token = reply.token
        try:
            path = _path_of(request.target)
            if path is not None:
                _judge(request, path, reply)
        except Exception as error:
            raise WrongAnswerError(f"{error!r}\n{request}\n{reply}"[:20_000]) from error
        if path is not None and reply.status == 200 and request.method == "GET":
            self._known.learn(path, dict(reply.headers), reply.body)

    def _request(self, case: schemathesis.Case, *, as_made: bool) -> Request:
        known = self._known
        prepared = requests.Request(
            **{
                name: value
                for name, value in case.as_transport_kwargs(base_url=BASE).items()
                if name in ("method", "url", "headers", "data", "json", "params", "files")
            }
        ).prepare()
        method, target = prepared.method or "GET", prepared.path_url
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
        fields = {name.lower(): _text(value) for name, value in prepared.headers.items() if name.lower() in FIELDS}
        if not as_made:
            target = self._target(case, target)
            for name in ("Range", "If-Match", "If-None-Match", "Last-Event-ID"):
                if known.chance(0.9 if name == "If-Match" else 0.3):
                    fields[name.lower()] = known.header(name)
            if known.chance(0.6):
                body = known.body(case.operation.path) or body
            if known.chance(0.05):
                body = known.damaged(body)
            if known.chance(0.03):
                target = known.damaged(target.encode()).decode("latin-1")
            if known.chance(0.03):
                method = known.random.choice(METHODS)
        fields["host"] = known.random.choice(HOSTS) if known.chance(0.02) else HOST
        if known.chance(0.02):
            fields["origin"] = known.random.choice(ORIGINS)
        return Request(method, target, fields, body, self._identify(fields))

    def _tidy_up(self) -> None:
        """What the owner does so that there is something to ask for."""
        fields = {"host": HOST, "if-match": "*"}
        rules = json.dumps(DOCUMENTS[self._sent // OWNER_EVERY % 2 + 1]).encode()
        webhook = json.dumps(WEBHOOKS[1]).encode()
        for method, path, body in (
            *(("POST", "mute", b'{"muted":false}'), ("PUT", "rules", rules), ("PUT", "webhook", webhook)),
            *(("GET", path, b"") for path in ("clips", "events", "rules/states")),
        ):
            fields["authorization"] = f"Bearer {self._known.token}"
            reply = self._device.ask(Request(method, f"/api/v1/{path}", fields, body, "10.0.0.2"))
            assert reply.status in (200, 204), reply
            self._known.learn(path, dict(reply.headers), reply.body)

    def _target(self, case: schemathesis.Case, target: str) -> str:
        known = self._known
        path, mark, query = target.partition("?")
        names = re.findall(r"{(\w+)}", case.operation.path)
        if names and known.chance(0.8):
            path = "/api/v1" + re.sub(r"{(\w+)}", lambda name: known.segment(name[1]), case.operation.path)
        wanted = [parameter.name for parameter in case.operation.query]
        if wanted and known.chance(0.5):
            chosen = known.random.sample(wanted, known.random.randint(1, len(wanted)))
            query, mark = "&".join(f"{name}={known.parameter(name)}" for name in chosen), "?"
        return path + mark + query

    def _identify(self, fields: dict[str, str]) -> str:
        """Say who asks, mostly the owner; returns the address. Guessers have others, for they are slowed down."""
        choice = self._known.random.random()
        if choice < 0.8:
            fields["authorization"] = f"Bearer {self._known.token}"
        elif choice < 0.85:
            fields["cookie"] = self._known.random.choice(self._known.cookies)
            return f"10.0.2.{self._known.random.randrange(3)}"
        elif choice < 0.9:
            fields["authorization"] = self._known.random.choice(("", "Bearer", "Bearer ", "Basic x", self._known.token))
            return f"10.0.1.{self._known.random.randrange(3)}"
        return "10.0.0.3" if choice > 0.9 else "10.0.0.2"


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _path_of(target: str) -> str | None:
    """Below /api/v1, its parts encoded in the one way that the description has; None for other targets."""
    path = target.partition("?")[0]
    if not path.startswith("/api/v1/"):
        return None
    parts = path.removeprefix("/api/v1/").removesuffix("/").split("/")
    return "/".join(quote(unquote_to_bytes(part), safe="") for part in parts)


def _judge(request: Request, path: str, reply: Reply) -> None:
    if reply.status >= 500 and (reply.status != 503 or not json.loads(reply.body)["detail"]):
        raise WrongAnswerError("a 5xx that is no 503 with its reason")
    headers = dict(reply.headers)
    if reply.status < 400 and not _fits(request, path):
        raise WrongAnswerError("it does not fit the description, and was taken")
    check(request.method, path, Answer(reply.status, headers, reply.body, None, reply.length))
    kind = headers.get("Content-Type", "")
    if kind == "text/event-stream":
        _judge_events(reply.body)
    sent = len(reply.body)
    if reply.is_stream and reply.length is not None and (sent > reply.length or (reply.whole and sent < reply.length)):
        raise WrongAnswerError(f"{sent} bytes of a stream of {reply.length}")


def _fits(request: Request, path: str) -> bool:
    """Whether query and body are as the description wants them."""
    operation = operation_of(request.method, path)
    assert operation is not None
    wanted = {each["name"]: each["schema"] for each in operation.get("parameters", []) if each["in"] == "query"}
    query = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
    if len(dict(query)) < len(query) or not all(
        name in wanted and DESCRIPTION.evolve(schema=wanted[name]).is_valid(_value(text, wanted[name]["type"]))
        for name, text in query
    ):
        return False
    if "requestBody" not in operation:
        return True
    try:
        body = json.loads(request.body)
    except ValueError:
        return False
    return DESCRIPTION.evolve(schema=operation["requestBody"]["content"]["application/json"]["schema"]).is_valid(body)


def _value(text: str, kind: str) -> object:
    """A parameter's value; the text if it is none of that kind."""
    try:
        return {"integer": int, "number": float, "string": str}[kind](text)
    except ValueError:
        return text


def _judge_events(text: bytes) -> None:
    """Server-sent events, each with the JSON that it promises."""
    for event in text.decode().split("\n\n")[:-1]:
        data = [line.removeprefix("data: ") for line in event.split("\n") if line.startswith("data: ")]
        if data:
            json.loads("\n".join(data))
        elif not event.startswith(":"):
            raise WrongAnswerError(f"no server-sent event: {event}")


def run(count: int, first_seed: int, environment: dict[str, str]) -> Fuzzer:
    """Send so many requests. Raises WrongAnswerError, DeviceDiedError."""
    with tempfile.TemporaryDirectory() as folder, DeviceProcess(Path(folder), environment) as device:
        fuzzer = Fuzzer(device, first_seed)
        for case in cases(-(-count // REQUESTS_PER_CASE), first_seed):
            operation = case.operation
            varies = any((*operation.path_parameters, *operation.query, *operation.body))
            few = varies or operation.path == "/restart"
            for number in range(REQUESTS_PER_CASE if few else REQUESTS_PER_ONLY_CASE):
                fuzzer.send(case, as_made=number == 0)
        device.end()
    return fuzzer


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the HTTP API with requests made of openapi.json.")
    parser.add_argument("--requests", type=int, default=100_000, metavar="N", help="%(default)s")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="%(default)s")
    parser.add_argument("--plain", action="store_true", help="the installed device_core, without sanitizers")
    options = parser.parse_args()
    environment = {} if options.plain else native_build.sanitizer_environment(leaks=True)
    begun = time.monotonic()
    try:
        fuzzer = run(options.requests, options.seed, environment)
    except (WrongAnswerError, DeviceDiedError) as error:
        print(error, file=sys.stderr)
        return 1
    taken = time.monotonic() - begun
    print(f"{options.requests} requests in {taken:.0f} s, {len(fuzzer.operations)} operations; no crash, no leak")
    print("answers: " + ", ".join(f"{status}: {number}" for status, number in sorted(fuzzer.statuses.items())))
    for name, (asked, done) in sorted(fuzzer.operations.items()):
        print(f"{name}: {asked}, done {done}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
