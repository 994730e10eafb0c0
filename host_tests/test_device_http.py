# SPDX-License-Identifier: Apache-2.0
"""The HTTP client of tools/device.py against servers that are no device, or one on a bad day."""

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from yamnet_tools.device.command import main
from yamnet_tools.device.event_stream import Away, Back, EventStream, ServerEvent
from yamnet_tools.device.heard import Heard, Told
from yamnet_tools.device.http_address import HttpAddress
from yamnet_tools.device.http_line import HttpLine, HttpRefusedError
from yamnet_tools.device.owner_token import OwnerToken, find_token
from yamnet_tools.errors import DeviceError

JSON = "application/json"
PROBLEM = "application/problem+json"


class Server:
    """Answers one connection after the other with bytes, and keeps what was asked."""

    def __init__(self, *answers: bytes, stays_open: bool = False) -> None:
        self.requests: list[str] = []
        self._answers = answers
        self._stays_open = stays_open
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self.address = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._answers:
            with contextlib.suppress(OSError):
                connection, _ = self._listener.accept()
                self._open.append(connection)
                request = connection.recv(65536)
                while request[:1].isalpha() and b"\r\n\r\n" not in request:
                    request += connection.recv(65536)
                self.requests.append(request.decode(errors="replace"))
                connection.sendall(answer)
                if not self._stays_open:
                    connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for connection in self._open:
            connection.close()
        self._listener.close()


@contextmanager
def serving(*answers: bytes, stays_open: bool = False) -> Iterator[Server]:
    with closing(Server(*answers, stays_open=stays_open)) as server:
        yield server


def line(server: Server, timeout_s: float = 5.0, token: str | None = None, base: str = "") -> HttpLine:
    given = None if token is None else OwnerToken(token, "--token")
    return HttpLine(HttpAddress.parse(server.address + base), timeout_s=timeout_s, token=given)


def answer(body: bytes | object, kind: str = JSON, status: str = "200 OK", **fields: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    header = {"Content-Type": kind, "Content-Length": str(len(data))} | {
        name.replace("_", "-"): value for name, value in fields.items()
    }
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in header.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def problem(status: str, detail: str, **fields: str) -> bytes:
    return answer({"type": "about:blank", "title": "x", "status": 1, "detail": detail}, PROBLEM, status, **fields)


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_DEVICE = r"this is no YAMNet device; is the address right\?$"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (answer(b"<html>A router</html>", "text/html"), "text/html came instead of application/json: " + NO_DEVICE),
        (answer(b"<html>", "text/html", "404 Not Found"), "answers 404 Not Found, without a reason: " + NO_DEVICE),
        (answer(b"", "text/html", "502 \x1b[31mBad"), r"answers 502  \[31mBad, without a reason"),
        (answer(b"[1]"), "the answer is no JSON object: " + NO_DEVICE),
        (answer(b'{"a":'), "the answer is damaged: it is not JSON; try again$"),
        (answer(b"[" * 100_000), "the answer is damaged: it is not JSON"),
        (answer({"a": "b" * 2_000_000}), "more than 1,048,576 bytes came: " + NO_DEVICE),
        (answer({"a": 1})[:-3], "the connection broke in the middle of the answer; try again$"),
        (CHUNKED + b"50\r\n{", "in the middle"),
        (CHUNKED + b"zz\r\n{", "in the middle"),
        (b"", "the connection broke before the answer came; try again$"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "what came is not HTTP: " + NO_DEVICE),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", "what came is not HTTP: " + NO_DEVICE),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "what came is not HTTP: " + NO_DEVICE),
        (answer(b"", status="301 Moved", Location="https://x.local/"), "it is at another place: say --port https://x.local/$"),
        (problem("503 Busy", "model: there is\nnone"), "^the device refused GET status: 503: model: there is none$"),
        (answer(b"{}", PROBLEM, "503 Busy"), "refused GET status: 503: for a reason that did not come whole$"),
        (problem("503 Busy", "x" * 5000), "503: x{300}$"),
        (problem("401 No", "x"), r"the owner's token is needed: give it by --token or \$YAMNET_TOKEN; `device"),
        (problem("429 Wait", "x", Retry_After="7"), "too many wrong tokens came from this computer; wait 7 s, and"),
        (answer(b"", "text/html", "401 No"), "answers 401 No, without a reason"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_one_line(said: bytes, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YAMNET_TOKEN", raising=False)
    with serving(said) as server, pytest.raises(DeviceError, match=told) as caught:
        main(["info", "--port", server.address])
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()


SLOWLY = answer({"a": "b" * 100})
PAUSE_S = 0.1  # five of them, and it takes too long


@pytest.mark.parametrize(
    ("at_once", "then"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nContent-", b""),
        (SLOWLY[:-2], b""),
        (b"", SLOWLY),
        (SLOWLY[:-100], SLOWLY[-100:]),
    ],
    ids=["silent", "stuck in its header", "stuck in its body", "a slow header", "a slow body"],
)
def test_a_server_that_takes_too_long_is_given_up(at_once: bytes, then: bytes) -> None:
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(at_once)
            for byte in then:
                time.sleep(PAUSE_S)
                connection.sendall(bytes([byte]))
            done.wait()

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with pytest.raises(DeviceError, match=r"no answer within 0\.5 s; is the device on, and in this network\?$"):
                main(["info", "--port", address, "--timeout", "0.5"])
        finally:
            done.set()


def test_nobody_there_is_told() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(DeviceError, match="nothing answers there: the connection was refused"):
        main(["info", "--port", f"http://127.0.0.1:{port}"])
    for name in ("nobody.invalid", "x" * 70 + ".local"):
        with pytest.raises(DeviceError, match="nobody here knows this name; is the device on"):
            main(["info", "--port", f"http://{name}"])


def test_a_server_without_tls_is_told() -> None:
    with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        address = server.address.replace("http", "https")
        with pytest.raises(DeviceError, match=r"no TLS is spoken there: \w+; is it http:// instead of https://\?$"):
            main(["info", "--port", address])


def test_a_certificate_that_nobody_knows_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl, to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, *names, "-days", "2"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            with contextlib.suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as line:
                line.recv(65536)
                line.sendall(answer({"lines": ["over TLS"]}))

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        address = f"https://localhost:{listener.getsockname()[1]}"
        with pytest.raises(
            DeviceError, match=r"its certificate is not trusted: self.signed certificate; \$SSL_CERT_FILE"
        ):
            main(["log", "--port", address])
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert main(["log", "--port", address]) == 0


@pytest.mark.parametrize(
    ("text", "host", "port", "target", "field"),
    [
        ("http://yamnet.local", "yamnet.local", None, "/api/v1/status", "yamnet.local"),
        ("HTTP://yamnet.local:8080/", "yamnet.local", 8080, "/api/v1/status", "yamnet.local:8080"),
        ("https://home/hall/yamnet/", "home", None, "/hall/yamnet/api/v1/status", "home"),
        ("http://192.168.1.20/api/v1/", "192.168.1.20", None, "/api/v1/status", "192.168.1.20"),
        ("http://home/hall/api/v1", "home", None, "/hall/api/v1/status", "home"),
        ("http://[::1]:81", "::1", 81, "/api/v1/status", "[::1]:81"),
        ("http://[fe80::1%25eth0]", "fe80::1%eth0", None, "/api/v1/status", "[fe80::1]"),
    ],
)
def test_an_address_is_taken_apart(text: str, host: str, port: int | None, target: str, field: str) -> None:
    address = HttpAddress.parse(text)
    assert (address.host, address.port, address.target("status"), address.host_field) == (host, port, target, field)
    assert address.secure == text.startswith("https")


@pytest.mark.parametrize(
    "text",
    ["http://", "http:///x", "http://a b", "http://x:99999", "http://x:y", "http://[::1", "http://u:p@x", "http://x?y",
     "http://x/#z", "http://x/ü", "http://x/a b", "http://x/\r\nX: y"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(DeviceError, match=r"^--port .*(address|nothing else)"):
        main(["info", "--port", text])


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(DeviceError) as caught:
        main(["info", "--port", "http://me:secret@x.local"])
    assert "secret" not in str(caught.value)


def test_a_request_is_what_the_api_wants() -> None:
    with serving(answer({"rules": 3}), problem("412 No", "others are there")) as server:
        asked = line(server, token="abcd-efgh", base="/proxy/")
        assert asked.ask_json("PUT", "rules", b"{}", {"If-Match": '"1"'}) == {"rules": 3}
        with pytest.raises(HttpRefusedError, match="the device refused PUT rules: 412: others are there") as caught:
            asked.ask("PUT", "rules", b"{}")
        assert caught.value.status == 412
    first = server.requests[0].split("\r\n")
    assert first[0] == "PUT /proxy/api/v1/rules HTTP/1.1"
    host = server.address.removeprefix("http://")
    assert {f"Host: {host}", "Authorization: Bearer abcd-efgh", 'If-Match: "1"', f"Content-Type: {JSON}"} <= set(first)


def test_a_zone_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.create_connection
    hosts: list[str] = []

    def connect_here(address: tuple[str, int], *options: Any) -> socket.socket:
        hosts.append(address[0])
        return connect(("127.0.0.1", address[1]), *options)

    monkeypatch.setattr(socket, "create_connection", connect_here)
    with serving(answer({"lines": []})) as server:
        assert main(["log", "--port", f"http://[fe80::1%25eth0]:{server.port}"]) == 0
    assert hosts == ["fe80::1%eth0"]
    assert f"\r\nHost: [fe80::1]:{server.port}\r\n" in server.requests[0]


def test_a_token_goes_nowhere_else() -> None:
    with serving(answer({})) as other:
        moved = answer(b"", status="307 Moved", Location=f"{other.address}/api/v1/status")
        with serving(moved) as server, pytest.raises(DeviceError, match="it is at another place"):
            line(server, token="abcd-efgh").ask_json("GET", "status")
        assert other.requests == []


@pytest.mark.parametrize("text", ["", "two words", "a\nb", "ümlaut", "x\x00y"])
def test_what_is_no_token_is_refused_before_anybody_is_asked(text: str) -> None:
    with pytest.raises(DeviceError, match=r"^--token: a token is one word of ASCII characters; `device\.py info` over"):
        main(["info", "--port", "http://127.0.0.1:1", "--token", text])


def test_a_token_is_looked_for_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YAMNET_TOKEN", " from-there\n")
    assert find_token("given") == OwnerToken("given", "--token")
    assert find_token(None) == OwnerToken("from-there", "$YAMNET_TOKEN")
    monkeypatch.setenv("YAMNET_TOKEN", "")
    assert find_token(None) is None


def test_an_answer_of_another_shape_is_told() -> None:
    with serving(
        answer({"lines": [1]}), answer({"clips": [{"name": "x.wav"}], "next": None}), answer({"a": 1})
    ) as server:
        with pytest.raises(DeviceError, match=r"answer to log is not the protocol's: lines\[0\] is 1"):
            main(["log", "--port", server.address])
        with pytest.raises(DeviceError, match=r"answer to clips is not the protocol's: clips\[0\]\.event is missing"):
            main(["clips", "list", "--port", server.address])
        with pytest.raises(DeviceError, match=r"answer to rules/states is not the protocol's: source is missing"):
            main(["rules", "--port", server.address])


WAV = b"RIFF" + bytes(5000)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (answer(WAV, "audio/wav")[:-100], "the connection broke in the middle of the answer"),
        (answer(WAV, "text/html"), "text/html came instead of audio/wav"),
        (problem("409 Busy", "a.wav: it is being written"), r"refused GET clips/a\.wav: 409: a\.wav: it is being"),
        (CHUNKED.replace(b"application/json", b"audio/wav") + b"1000\r\nRIFF", "in the middle"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\nRIFF", "does not say how long it is"),
    ],
)  # fmt: skip
def test_of_a_clip_that_does_not_come_whole_nothing_stays(said: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"of yesterday")
    with serving(said) as server, pytest.raises(DeviceError, match=told):
        main(["clips", "get", "a.wav", "--out", str(tmp_path), "--port", server.address])
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.wav", b"of yesterday")]


def test_a_clip_in_chunks_is_whole(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(head + b"4\r\nRIFF\r\n3\r\nabc\r\n0\r\n\r\n") as server:
        assert main(["clips", "get", "a.wav", "--out", str(tmp_path), "--port", server.address]) == 0
    assert (tmp_path / "a.wav").read_bytes() == b"RIFFabc"


def test_a_list_that_never_ends_ends() -> None:
    page = answer({"clips": [], "next": "a.wav"})
    with serving(page, page) as server:
        assert main(["clips", "list", "--port", server.address]) == 0
    assert len(server.requests) == 1


def stream(*events: str, end: bytes = b"") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    return head + "".join(events).encode() + end


def followed(server: Server, count: int, last_id: str = "", silence_s: float = 5.0) -> list[object]:
    """What comes of a stream until it is so much."""
    came: list[object] = []
    enough = threading.Event()

    def put(_: EventStream, what: ServerEvent | Away | Back | DeviceError) -> None:
        came.append(what)
        if len(came) >= count:
            enough.set()

    with closing(EventStream(line(server), "events?live", put, silence_s=silence_s, last_id=last_id)):
        assert enough.wait(20), came
    return came[:count]


def test_a_stream_that_ends_is_opened_again_where_it_ended() -> None:
    first = stream('event: event\nid: 1-start\ndata: {"a": 1}\n\n', ": still here\n\n", 'event: event\ndata: {"ha')
    with serving(first, stream("event: event\r\nid: 1-end\r\ndata:{}\r\n\r\n"), stream()) as server:
        came = followed(server, 4, last_id="0-end")
    assert came[0] == ServerEvent("event", "1-start", {"a": 1})
    assert isinstance(came[1], Away)
    assert came[2:] == [Back(), ServerEvent("event", "1-end", {})]
    asked = [next(x for x in request.split("\r\n") if x.startswith("Last-Event-ID")) for request in server.requests]
    assert asked[:2] == ["Last-Event-ID: 0-end", "Last-Event-ID: 1-start"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer(b"<html>", "text/html"), "text/html came instead of text/event-stream"),
        (stream("data: nothing\n\n"), "an event of the stream is no JSON object"),
        (stream("data: []\n\n"), "an event of the stream is no JSON object"),
        (stream("data: " + "x" * 100_000), "a line of the stream has no end"),
        (problem("503 Busy", "clips: booting"), "refused GET events: 503: clips: booting"),
        (stream(), "the device ended the connection"),
    ],
)
def test_a_stream_that_breaks_is_tried_again(said: bytes, reason: str) -> None:
    with serving(said, stream("data: {}\n\n")) as server:
        *_, away, back, event = followed(server, 3)
    assert isinstance(away, Away)
    assert reason in away.reason
    assert (back, event) == (Back(), ServerEvent("", "", {}))


def test_a_silent_stream_is_given_up() -> None:
    with serving(stream("data: {}\n\n"), stays_open=True) as server:
        event, away = followed(server, 2, silence_s=0.3)
    assert event == ServerEvent("", "", {})
    assert isinstance(away, Away)
    assert "no answer within 0.3 s" in away.reason


def test_a_stream_that_is_refused_for_good_ends() -> None:
    with serving(problem("401 No", "x")) as server:
        (error,) = followed(server, 1)
    assert isinstance(error, HttpRefusedError)


def test_events_of_the_journal_are_told_as_in_the_log() -> None:
    line_of_journal = {"id": "0007-00012", "rule": "baby", "kind": "end", "start_sample": 84_480, "end_sample": 207_520}
    told = Told.from_journal({**line_of_journal, "peak": 0.9124, "reason": "quiet"})
    assert told == Told.parse("I (1) event: baby 12 end: 5.28 s to 12.97 s, peak 0.912, quiet")
    with pytest.raises(DeviceError, match="answer to events is not the protocol's: peak is missing"):
        Told.from_journal(line_of_journal)
    with pytest.raises(DeviceError, match=r"answer to scores is not the protocol's: top\[0\]\.score is missing"):
        Heard.from_scores({"start_sample": 0, "top": [{"name": "Dog"}]})
