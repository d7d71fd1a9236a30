"""The demo on stage: the service's own parts on a virtual clock, which stands while anything is on its way."""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Protocol
from zoneinfo import ZoneInfo

from domain.recording import Recording
from ingest.receive import Receiver
from notifier.service import Notifier
from simulator.demo import GATEWAY, Story, household_of, with_incidents, write_ledger
from simulator.player import Player
from simulator.publish import Publisher
from simulator.stage import Moment, People, perform
from simulator.teller import Teller
from store.contracts import RegisterReader
from store.ledger_import import import_ledger
from store.migrations import migrate
from store.records import Records

_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
PATIENCE_S = 0.05


class House(Protocol):
    """The parts of the service that the show moves by hand."""

    @property
    def records(self) -> Records: ...

    @property
    def readings(self) -> RegisterReader: ...

    @property
    def receiver(self) -> Receiver: ...

    @property
    def notifier(self) -> Notifier: ...

    @property
    def committed(self) -> Event: ...


class StagedClock:
    """Stands still until it is moved; after the show it runs on from where it stood. `seconds` only rises."""

    def __init__(self, at: datetime, seconds: Callable[[], float]) -> None:
        self._at = at
        self._seconds = seconds
        self._running_since: float | None = None

    def now(self) -> datetime:
        if self._running_since is None:
            return self._at
        return self._at + timedelta(seconds=self._seconds() - self._running_since)

    def move(self, at: datetime) -> None:
        self._at = at

    def run_on(self) -> None:
        self._running_since = self._seconds()


class Show:
    """One performance of a story; `sums` says what went in and what came out."""

    def __init__(self, house: House, teller: Teller, story: Story, clock: StagedClock) -> None:
        self._house = house
        self._teller = teller
        self._story = story
        self._clock = clock
        self._published = 0

    def play(self, publisher: Publisher, *, scan: Callable[[], None], progress: Callable[[Moment, int], None]) -> None:
        """The whole story, to the first escalation of its last alert."""
        meters = [recording.meter_id for recording in self._story.recordings]
        people = People(
            self._house.records,
            self._house.notifier.life,
            left_alone=household_of(meters, self._story.stop_meter),
            from_at=self._story.stop_at,
        )
        player = Player(with_incidents(self._story), publisher, gateway_id=GATEWAY)
        for moment in perform(
            self._story, player=player, people=people, move_clock=self._clock.move, settle=self._settle, scan=scan
        ):
            self._published = moment.published
            progress(moment, len(player))

    def turn(self) -> None:
        """What detectors find is told, what is due is sent."""
        now = self._clock.now()
        self._house.notifier.watch_turn(now)
        self._teller.alerts(now)
        while self._house.notifier.send_turn(now):
            pass

    def sums(self) -> str:
        """One line of JSON; `stored` is counted in the store, meter by meter."""
        alerts, messages = self._teller.sums()
        registers = self._house.readings.registers
        stored = sum(len(registers(recording.meter_id, *_EVER)) for recording in self._story.recordings)
        return json.dumps({"published": self._published, "stored": stored, "alerts": alerts, "messages": messages})

    def _settle(self, published: int) -> None:
        """Returns when all that was published is stored, detected, told and sent."""
        while self._house.receiver.counters.received < published:
            self._house.committed.wait(PATIENCE_S)
            self._house.committed.clear()
        self.turn()


def fill_records(folder: Path, recordings: Sequence[Recording], zone: str, now: datetime) -> None:
    """The demo's community, imported as any ledger is."""
    migrate(folder / "records.db")
    today = now.astimezone(ZoneInfo(zone)).date()  # of recordings, years ago
    write_ledger(folder / "ledger", [recording.meter_id for recording in recordings], zone, consent_on=today)
    with closing(Records(folder / "records.db")) as records:
        import_ledger(records, folder / "ledger", now=now)
