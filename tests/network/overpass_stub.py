"""A small Overpass and Nominatim on 127.0.0.1, well-behaved or not."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUS = (
    "Connected as: 1\nCurrent time: 2026-02-14T17:00:00Z\nAnnounced endpoint: none\n"
    "Rate limit: 2\n2 slots available now.\n"
)


@dataclass
class Reply:
    """One answer of the server."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    promised: int | None = None
    """A Content-Length larger than the body: the connection breaks off half-way."""


@dataclass
class Stub:
    """What the server will answer, and what it was asked."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    polite: bool = True

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def serve(stub: Stub) -> Iterator[Stub]:
    """Serve on a free port until the test is over."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if urlsplit(self.path).path.endswith("/status"):
                self._send(Reply(body=STATUS.encode(), kind="text/plain"))
            else:
                self._answer(self.path)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(parse_qs(body)["data"][0])

        def _answer(self, query: str) -> None:
            stub.queries.append(query)
            stub.agents.append(self.headers["User-Agent"])
            self._send(stub.next_reply())

        def _send(self, reply: Reply) -> None:
            time.sleep(reply.wait_s)
            try:
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.kind)
                self.send_header("Content-Length", str(reply.promised or len(reply.body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # whoever asked has given up

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_port}/api"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield stub
    server.shutdown()
    server.server_close()
    thread.join()
