"""What the providers' stand-ins share: a small server on a free port of loopback that answers in JSON."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Loopback(BaseHTTPRequestHandler):
    """Quiet, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Quiet."""

    def do_POST(self) -> None:
        self.post()

    def do_GET(self) -> None:
        self.get()

    def post(self) -> None:
        """What a stand-in does with a POST."""

    def get(self) -> None:
        """What a stand-in does with a GET."""

    def body(self) -> str:
        return self.rfile.read(int(self.headers.get("content-length", 0))).decode()

    def answer(self, status: int, body: object) -> None:
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)


@contextmanager
def listening(handler: type[Loopback]) -> Iterator[str]:
    """Its address, while it listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
