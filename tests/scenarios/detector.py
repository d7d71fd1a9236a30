"""A gas detector whose clock we set, and its gateway: through ingest, to people's phones."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.alert import Outcome
from ingest.bindings import Bindings
from ingest.decode import Decoder
from ingest.receive import Receiver
from ingest.sorted import Message
from tests.notifier.world import HOME, World, put

FACTORY = "2020-01-01T00:00:00Z"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Home:
    """A gas detector in the home: what its gateway publishes, through ingest, to people's phones."""

    folder: Path
    clock: str | None = FACTORY  # what it says at every time; None: it is right
    world: World = field(init=False)
    last: bytes = b""
    said_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(self.folder)
        with self.world.records.write() as tx:
            row = {"device_id": "gas1", "household_id": HOME, "gateway_id": "gw1", "kind": "gas_detector"}
            put(tx, "sensors", row)
        self.said_at = self.now - HOUR
        bindings = Bindings({"gas1": "gw1", "sos1": "gw1"})
        self.receiver = Receiver(decoder=Decoder(), bindings=bindings, readings=self.world.readings)

    def says(self, on: bool, after: timedelta = MINUTE, battery: int | None = None) -> int:
        """Returns how many texts came of it at once."""
        self.world.now += after
        at = self.clock or self.world.now.astimezone(UTC).isoformat()
        said = {"device_id": "gas1", "event": "gas", "on": on, "at": at}
        self.last = json.dumps(said | ({} if battery is None else {"battery_percent": battery})).encode()
        self.said_at = self.now
        return self.hears(Message("anju/gw1/events", self.last, self.now))

    def repeats(self, after: timedelta = MINUTE, *, retained: bool = False, again: bool = False) -> int:
        """The broker delivers its last message once more, or, without a flag, its gateway publishes it so."""
        self.world.now += after
        return self.hears(Message("anju/gw1/events", self.last, self.now, retained, again))

    def waits(self, after: timedelta) -> int:
        self.world.now += after
        return self.hears()

    def hears(self, *messages: Message) -> int:
        sorted_ = self.receiver.sort(messages)
        self.receiver.store(sorted_, messages=len(messages), at=self.now, took_s=lambda: 0.0)
        before = len(self.world.texts("alert"))
        self.world.turn()
        return len(self.world.texts("alert")) - before

    def settle(self, after: timedelta = MINUTE) -> None:
        self.world.now += after
        with self.world.records.write() as tx:
            newest = self.world.alerts()[-1]["alert_id"]
            assert isinstance(newest, int)
            self.world.life.resolve(tx, newest, by="grid_worker", outcome=Outcome.SAFE, now=self.world.now)
        self.world.turn()

    @property
    def now(self) -> datetime:
        return self.world.now.astimezone(UTC)

    @property
    def settled(self) -> bool:
        return all(alert["state"] == "resolved" for alert in self.world.alerts())
