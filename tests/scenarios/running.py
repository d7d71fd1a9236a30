"""`anju run` as its user starts it: a process of its own, behind a real Mosquitto, with the guide's example ledger."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from urllib.error import URLError
from urllib.request import urlopen

from typer.testing import CliRunner, Result

from anju import app
from simulator.publish import Broker, Publisher

EXAMPLE = Path(__file__).parents[2] / "docs" / "example" / "ledger"
PATIENCE_S = 120
GATEWAY, METER = "gw-xingfuli", "meter-001"
_never = Event()


class Running:
    """The service's process, its broker, and what an operator can see of it from outside."""

    def __init__(self, folder: Path, broker_port: int, settings: Mapping[str, str]) -> None:
        self.folder, self.broker_port = folder, broker_port
        self.ledger, self.store = folder / "ledger", folder / "store"
        self._settings = {"ANJU_STORE_FOLDER": str(self.store), "ANJU_MQTT_PORT": str(broker_port), **settings}
        self.log: list[str] = []
        shutil.copytree(EXAMPLE, self.ledger)

    def command(self, *words: str) -> str:
        """`anju ...`, to its end; what it printed."""
        done = self.ask(*words)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    def ask(self, *words: str) -> Result:
        """The same, however it ends."""
        return CliRunner().invoke(app, words, env=self._settings)

    def enter(self, name: str, *rows: Sequence[str]) -> None:
        """More rows for a file of the ledger; the rest of a row stays empty."""
        path = self.ledger / name
        with path.open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([[*row, *[""] * (len(columns) - len(row))] for row in rows])

    @contextmanager
    def run(self) -> Iterator[None]:
        command = [sys.executable, "-m", "anju", "run"]
        process = subprocess.Popen(command, env=os.environ | self._settings, stderr=subprocess.PIPE, text=True)
        reader = Thread(target=self._read, args=(process,))
        reader.start()
        try:
            self.until(self._listens)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            reader.join(PATIENCE_S)
            print(*self.log[-40:], sep="")

    def publish(self, topic: str, *payloads: object) -> None:
        """JSON, or bytes as they are, as the gateway of this topic."""
        with Publisher(Broker(host="127.0.0.1", port=self.broker_port), client_id=topic.split("/")[1]) as gateway:
            for payload in payloads:
                raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
                gateway.publish(topic, raw, timeout_s=PATIENCE_S)
            gateway.wait_for_acks(timeout_s=PATIENCE_S)

    def until(self, wanted: Callable[[], object]) -> None:
        """As soon as it is so; fails when it never is."""
        for _ in range(PATIENCE_S * 20):
            if wanted():
                return
            _never.wait(0.05)
        raise AssertionError(f"waited {PATIENCE_S} s in vain\n{''.join(self.log[-40:])}")

    def counted(self, name: str) -> float:
        """The sum over a metric's samples."""
        with urlopen(f"{self._address()}/metrics") as page:  # noqa: S310 the service's own address
            text = page.read().decode()
        return sum(map(float, re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.M)))

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                self.log.append(line)

    def _address(self) -> str | None:
        found = re.search(r"pages on (\S+)", "".join(self.log))
        return found[1] if found else None

    def _listens(self) -> bool:
        """Its pages are there, and it takes what is published to it."""
        if not self._address():
            return False
        at = datetime.now(UTC) - timedelta(minutes=30)
        self.publish(f"anju/{GATEWAY}/readings", {"meter_id": METER, "at": at.isoformat(), "register_l": 1000})
        try:
            return self.counted("anju_messages_received_total") > 0
        except URLError:
            return False
