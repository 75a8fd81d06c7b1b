"""A web server on this machine that misbehaves on request, and the fixture `server` that starts it."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Answer:
    """How the server answers a path; by default correctly, ranges included."""

    content: bytes
    status: int = 200
    content_type: str = "application/octet-stream"
    ranges: bool = True  # whether it honours Range
    breaks_after: int | None = None  # bytes of each answer after which it closes the line
    breaks: int = 1_000_000  # how often it does so
    announces: int | None = None  # a false Content-Length; -1: none at all
    pause: float = 0.0  # seconds before each half of the body


class Server(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str | None]] = []  # path and Range of every request

    def serve(self, path: str, content: bytes, **how) -> str:
        """Have `content` answered at `path`; returns its address."""
        self.answers[path] = Answer(content, **how)
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        wanted = self.headers.get("Range")
        self.server.asked.append((self.path, wanted))
        answer = self.server.answers.get(self.path)
        if answer is None or answer.status != 200:
            self.send_error(answer.status if answer else 404)
            return
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and answer.ranges else 0
        total, body = len(answer.content), answer.content[first:]
        if first and not body:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
        if answer.announces != -1:
            self.send_header("Content-Length", str(answer.announces or len(body)))
        self.send_header("Content-Type", answer.content_type)
        self.end_headers()
        if answer.breaks_after is not None and answer.breaks > 0:
            answer.breaks -= 1
            body = body[: answer.breaks_after]
        for half in (body[: len(body) // 2], body[len(body) // 2 :]):
            time.sleep(answer.pause)
            self.wfile.write(half)
            self.wfile.flush()

    def log_message(self, *arguments):
        pass

    def handle(self):
        with suppress(BrokenPipeError, ConnectionResetError):  # the client turned away
            super().handle()


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
