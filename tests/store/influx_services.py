"""InfluxDB for tests: Debian's real one, the user's own, and one that answers whatever it is told."""

import os
import subprocess
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

from store.influx import InfluxAt
from tests.services import free_port, program, wait_for_port

CONFIG = """reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
index-version = "tsi1"
max-series-per-database = 0
max-values-per-tag = 0
query-log-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
"""


class RealInflux:
    """Debian's influxd, which can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._path = program("influxd", "influxdb")
        self._folder = folder
        self.port = free_port()
        (folder / "influx.conf").write_text(CONFIG.format(folder=folder, port=self.port, rpc=free_port()))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        self.at = InfluxAt(url=f"http://127.0.0.1:{self.port}", bucket="anju")
        query = urllib.parse.urlencode({"q": "CREATE DATABASE anju"})
        request = urllib.request.Request(f"{self.at.url}/query?{query}", method="POST")  # noqa: S310  our own loopback
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  our own loopback

    def start(self) -> None:
        command = [self._path, "run", "-config", str(self._folder / "influx.conf")]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for_port(self.port, self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None


@contextmanager
def some_influx(folder: Path) -> Iterator[InfluxAt]:
    """The user's own server where INFLUX_TEST_URL names one, else Debian's."""
    url = os.environ.get("INFLUX_TEST_URL")
    if url:
        yield InfluxAt(
            url=url,
            bucket=os.environ["INFLUX_TEST_BUCKET"],
            org=os.environ.get("INFLUX_TEST_ORG", ""),
            token=os.environ.get("INFLUX_TEST_TOKEN", ""),
        )
        return
    real = RealInflux(folder)
    try:
        yield real.at
    finally:
        real.stop()


class Answer:
    """What the fake does with a write: status, headers, body; or it resets the connection, at once or after a while."""

    def __init__(
        self, status: int = 204, body: str = "", *, retry_after: str = "", reset: bool = False, hang_s: float = 0
    ) -> None:
        self.status, self.body, self.retry_after = status, body, retry_after
        self.reset, self.hang_s = reset or hang_s > 0, hang_s


class FakeInflux:
    """Answers as 2.x and 3 do. `answers` come first; then any line with `bad` refuses the whole batch, as 2.x does."""

    def __init__(self, bad: str = "no such line", most_bytes: int = 10**9) -> None:
        self.answers: deque[Answer] = deque()
        self.lines: list[str] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                answer = fake.answers.popleft() if fake.answers else Answer()
                if answer.status == 204 and bad in body:
                    answer = Answer(422, '{"code":"unprocessable entity","message":"field type conflict"}')
                if answer.status == 204 and len(body) > most_bytes:
                    answer = Answer(413, '{"code":"request too large"}')
                if answer.reset:
                    Event().wait(answer.hang_s)
                    self.connection.close()
                    return
                if answer.status == 204:
                    fake.lines += body.split("\n")
                self.send_response(answer.status)
                if answer.retry_after:
                    self.send_header("Retry-After", answer.retry_after)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.at = InfluxAt(url=f"http://127.0.0.1:{self._server.server_port}", bucket="anju", token="t", timeout_s=0.2)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
