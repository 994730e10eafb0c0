# SPDX-License-Identifier: Apache-2.0
"""Downloads from servers that behave and servers that do not, all on this machine."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from yamnet_tools.errors import SourceError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model.download import Artifact, download

CONTENT = bytes(range(256)) * 1200
NAME = "weights.bin"


class Server(ThreadingHTTPServer):
    """Serves CONTENT as `respond` decides; `ranges` has the Range header of each request, or None."""

    daemon_threads = True

    def __init__(self, respond: Callable[["Handler"], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.respond = respond
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{NAME}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers.get("Range"))
        self.server.respond(self)

    def log_message(self, *_: object) -> None:
        pass

    @property
    def first_byte(self) -> int:
        header = self.headers.get("Range")
        return int(header.removeprefix("bytes=").removesuffix("-")) if header else 0

    def send(self, status: int, body: bytes, length: int | None = None, content_range: str | None = None) -> None:
        """Send a response whose Content-Length may promise more than its body holds."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(respond: Callable[[Handler], None]) -> Iterator[Server]:
    server = Server(respond)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def well_behaved(handler: Handler) -> None:
    first = handler.first_byte
    if first >= len(CONTENT):
        handler.send(416, b"", content_range=f"bytes */{len(CONTENT)}")
    elif first:
        handler.send(206, CONTENT[first:], content_range=f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}")
    else:
        handler.send(200, CONTENT)


def without_ranges(handler: Handler) -> None:
    handler.send(200, CONTENT)


def breaking_off(after: int) -> Callable[[Handler], None]:
    """Each connection ends after so many bytes, though the header promised all."""

    def respond(handler: Handler) -> None:
        first = handler.first_byte
        body = CONTENT[first : first + after]
        if first:
            content_range = f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}"
            handler.send(206, body, len(CONTENT) - first, content_range)
        else:
            handler.send(200, body, len(CONTENT))

    return respond


def serving_wrong_bytes(handler: Handler) -> None:
    handler.send(200, bytes(len(CONTENT)))


def artifact(*servers: Server | str) -> Artifact:
    urls = tuple(server if isinstance(server, str) else server.url for server in servers)
    return Artifact(NAME, len(CONTENT), sha256_hex(CONTENT), urls)


def fetch(folder: Path, *servers: Server | str) -> bytes:
    path = download(artifact(*servers), folder, report=lambda _: None, timeout_s=2)
    assert path == folder / NAME
    assert not (folder / f"{NAME}.part").exists()
    return path.read_bytes()


def test_whole_file_in_one_go(tmp_path: Path) -> None:
    with serving(well_behaved) as server:
        assert fetch(tmp_path / "cache", server) == CONTENT
        assert server.ranges == [None]


def test_broken_connections_continue_where_they_stopped(tmp_path: Path) -> None:
    with serving(breaking_off(100_000)) as server:
        assert fetch(tmp_path, server) == CONTENT
        assert server.ranges == [None, "bytes=100000-", "bytes=200000-", "bytes=300000-"]


def test_next_run_continues_the_last_one(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1234])
    with serving(well_behaved) as server:
        assert fetch(tmp_path, server) == CONTENT
        assert server.ranges == ["bytes=1234-"]


def test_server_without_ranges_starts_anew(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1234])
    with serving(without_ranges) as server:
        assert fetch(tmp_path, server) == CONTENT


def test_next_mirror_continues_where_the_first_failed(tmp_path: Path) -> None:
    served = []

    def first_connection_only(handler: Handler) -> None:
        served.append(handler)
        if len(served) == 1:
            handler.send(200, CONTENT[:5000], len(CONTENT))
        else:
            handler.send(503, b"")

    with serving(first_connection_only) as first, serving(well_behaved) as second:
        assert fetch(tmp_path, first, second) == CONTENT
        assert second.ranges == ["bytes=5000-"]


def test_wrong_leftover_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * 5000)
    with serving(well_behaved) as server:
        assert fetch(tmp_path, server) == CONTENT
        assert server.ranges == ["bytes=5000-", None]


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 77])
def test_wrong_leftover_as_long_as_the_file_or_longer_is_thrown_away(tmp_path: Path, size: int) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(b"x" * size)
    with serving(well_behaved) as server:
        assert fetch(tmp_path, server) == CONTENT


def test_complete_leftover_needs_no_server(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT)
    with serving(well_behaved) as server:
        assert fetch(tmp_path, server) == CONTENT
        assert server.ranges == []


def test_server_that_refuses_ranges_starts_anew(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1234])

    def respond(handler: Handler) -> None:
        if handler.first_byte:
            handler.send(416, b"")
        else:
            handler.send(200, CONTENT)

    with serving(respond) as server:
        assert fetch(tmp_path, server) == CONTENT
        assert server.ranges == ["bytes=1234-", None]


def test_range_that_was_not_asked_for_is_not_stitched_in(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1234])

    def respond(handler: Handler) -> None:
        handler.send(206, CONTENT[99:], content_range=f"bytes 99-{len(CONTENT) - 1}/{len(CONTENT)}")

    with serving(respond) as server, pytest.raises(SourceError, match="asked for the bytes from 1234"):
        fetch(tmp_path, server)


def test_wrong_bytes_are_refused_and_the_next_mirror_asked(tmp_path: Path) -> None:
    with serving(serving_wrong_bytes) as wrong, serving(well_behaved) as right:
        assert fetch(tmp_path, wrong, right) == CONTENT
        assert right.ranges == [None]


def test_wrong_bytes_alone_leave_nothing_behind(tmp_path: Path) -> None:
    with serving(serving_wrong_bytes) as server, pytest.raises(SourceError) as caught:
        fetch(tmp_path, server)
    assert sha256_hex(CONTENT) in str(caught.value)
    assert sha256_hex(bytes(len(CONTENT))) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_another_file_is_refused_by_its_length_alone(tmp_path: Path) -> None:
    with serving(lambda handler: handler.send(200, b"<html>moved</html>")) as server:
        with pytest.raises(SourceError, match="18 bytes, not 307,200"):
            fetch(tmp_path, server)
        assert server.ranges == [None]


def test_endless_stream_is_read_no_further_than_the_file(tmp_path: Path) -> None:
    def respond(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(bytes(65536))
        except OSError:
            pass

    with serving(respond) as server, pytest.raises(SourceError, match="SHA-256"):
        fetch(tmp_path, server)


def test_silent_server_is_given_up(tmp_path: Path) -> None:
    released = threading.Event()
    given_up: list[bool] = []

    def respond(handler: Handler) -> None:  # noqa: ARG001
        given_up.append(released.wait(20))

    with serving(respond) as silent, serving(well_behaved) as right:
        try:
            path = download(artifact(silent, right), tmp_path, report=lambda _: None, timeout_s=0.3)
        finally:
            released.set()
        assert path.read_bytes() == CONTENT
        assert False not in given_up


def test_every_failed_mirror_is_named_with_its_reason(tmp_path: Path) -> None:
    with serving(lambda handler: handler.send(404, b"")) as missing, serving(well_behaved) as closed:
        gone = closed.url
        closed.server_close()
        with pytest.raises(SourceError) as caught:
            fetch(tmp_path, missing, gone, "ftp://example.invalid/x", "not a url")
    text = str(caught.value)
    for url in (missing.url, gone, "ftp://example.invalid/x", "not a url"):
        assert url in text
    assert "404" in text


def test_progress_is_told(tmp_path: Path) -> None:
    lines: list[str] = []
    with serving(serving_wrong_bytes) as wrong, serving(well_behaved) as right:
        download(artifact(wrong, right), tmp_path, report=lines.append, timeout_s=2)
        assert [line for line in lines if wrong.url in line]
        assert [line for line in lines if "failed" in line]
        assert [line for line in lines if right.url in line]
