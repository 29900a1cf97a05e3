"""A server on this machine that can misbehave in many ways, for data sets that are downloaded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Server:
    """What it serves, how it misbehaves, and what it was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)  # ETags
    ranges: bool = True
    breaks: list[int] = field(default_factory=list)  # the next answers end after so many bytes
    length: dict[str, int | None] = field(default_factory=dict)  # said instead of the true one; None: not said
    refusals: list[int] = field(default_factory=list)  # the next answers' status
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range
    sent: int = 0
    port: int = 0

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"


def handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, asked = self.path.lstrip("/"), self.headers["Range"]
            server.asked.append((name, asked))
            if server.refusals:
                self.send_error(server.refusals.pop(0))
                return
            if name not in server.files:
                self.send_error(404)
                return
            content, version = server.files[name], server.versions.get(name)
            same = version is not None and self.headers["If-Range"] == version
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and same and server.ranges else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            if version:
                self.send_header("ETag", version)
            said = server.length.get(name, len(content) - start)
            if said is not None:
                self.send_header("Content-Length", str(said))
            self.end_headers()
            end = start + server.breaks.pop(0) if server.breaks else len(content)
            server.sent += len(content[start:end])  # before the client can have it and look here
            self.wfile.write(content[start:end])

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = Server()
    running = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    state.port = running.server_address[1]
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    running.shutdown()
    running.server_close()
    thread.join()
