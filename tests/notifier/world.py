"""A small community in the records, a phone for everybody, and a clock that is moved by hand."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from threading import Semaphore
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from config.sms import load_words
from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters
from domain.alert import State
from domain.finding import AlertKind, Level, Reason
from domain.reading import DeviceEvent
from notifier.channels.log import LogChannel
from notifier.contract import Capabilities, Channel, Outgoing
from notifier.contract import Records as RecordsContract
from notifier.life import Concern
from notifier.service import Notifier, NotifierRules
from store import migrations
from store import tables as t
from store.contracts import Arrival, Batch
from store.memory import MemoryReadings
from store.records import Records

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 3, 9, 7, 0, tzinfo=ZONE)
HOME = "h201"
METER = "m201"

PEOPLE = (
    ("daughter", "王丽", "guardian", "+8613800000001", "zh", None),
    ("son", "王强", "guardian", "+8613800000002", "zh", None),
    ("grid_worker", "李敏", "grid_worker", "+8613800000003", "zh", "g1"),
    ("volunteer", "赵志愿", "volunteer", "+8613800000004", "zh", None),
    ("duty_desk", "值班室", "duty_staff", "+8613800000005", "zh", None),
    ("supervisor", "陈主任", "supervisor", "+8613800000006", "zh", None),
    ("operator", "Olga", "operator", "+34600000007", "en", None),
)


@cache
def _template() -> Path:
    path = Path(mkdtemp(prefix="anju-test-")) / "records.db"
    migrations.migrate(path)
    return path


def records_in(folder: Path) -> Records:
    path = folder / "records.db"
    if not path.exists():
        shutil.copy(_template(), path)
    return Records(path)


def put(tx: Connection, table: str, *rows: Mapping[str, object]) -> None:
    for row in rows:
        tx.execute(insert(t.metadata.tables[table]).values(dict(row)))


def fill_ledger(tx: Connection) -> None:
    """One community; Mrs Wang in door 201 with two children; the grid worker is paired with her."""
    put(tx, "communities", {"community_id": "c1", "name": "幸福里", "timezone": "Asia/Shanghai", "language": "zh"})
    put(tx, "grids", {"grid_id": "g1", "community_id": "c1", "name": "第一网格"})
    put(tx, "buildings", {"building_id": "b3", "grid_id": "g1", "name": "幸福里3号楼"})
    put(tx, "gateways", {"gateway_id": "gw1", "community_id": "c1", "name": "3号楼网关"})
    add_household(tx, "201", "王秀英", "+8613800000000")
    for contact_id, name, role, phone, language, grid in PEOPLE:
        row = {"contact_id": contact_id, "name": name, "role": role, "phone": phone, "language": language}
        put(tx, "contacts", row | {"community_id": "c1", "grid_id": grid})
    put(tx, "guardians", {"household_id": HOME, "contact_id": "daughter", "order": 1})
    put(tx, "guardians", {"household_id": HOME, "contact_id": "son", "order": 2})
    put(tx, "pairings", {"household_id": HOME, "contact_id": "grid_worker"})
    put(tx, "sensors", {"device_id": "sos1", "household_id": HOME, "gateway_id": "gw1", "kind": "sos_button"})


def add_household(tx: Connection, door: str, name: str, phone: str | None = None) -> None:
    """Household h<door> with its meter m<door>."""
    consent = {"water_consent_by": name, "water_consent_on": "2026-01-05", "water_consent_paper": "2026-17"}
    put(tx, "households", {"household_id": f"h{door}", "building_id": "b3", "door": door} | consent)
    resident = {"resident_id": f"r-h{door}", "household_id": f"h{door}", "name": name}
    put(tx, "residents", resident | {"phone": phone, "language": "zh"})
    put(tx, "meters", {"meter_id": f"m{door}", "household_id": f"h{door}", "gateway_id": "gw1"})


def silence(level: Level, at: datetime, since: datetime = MORNING, household_id: str = HOME) -> Concern:
    hours = (at - since).total_seconds() / 3600
    values: dict[str, float | int | str] = {
        "silent_hours": hours,
        "longest_hours": 9.0,
        "expected_uses": 6,
        "as_of_at": at.astimezone(UTC).isoformat(),
        "last_use_at": since.astimezone(UTC).isoformat(),
    }
    return Concern(
        kind=AlertKind.LOW_USE,
        level=level,
        subject=household_id,
        household_id=household_id,
        at=at,
        since=since,
        reason=Reason(key="low_use", values=values),
    )


@dataclass(frozen=True, slots=True)
class Received:
    """One text on somebody's phone."""

    at: datetime
    who: str
    body: str
    template: str


@dataclass
class World:
    """The service with its clock in our hands. `step` is how often the service would look."""

    folder: Path
    channels: Sequence[Channel] = ()
    capabilities: Capabilities = field(default_factory=Capabilities)
    rules: NotifierRules = field(default_factory=NotifierRules)
    pool: Executor | None = None
    turnstile: Callable[[], None] = lambda: None
    wrap: Callable[[Records], RecordsContract] = lambda records: records
    now: datetime = MORNING
    received: list[Received] = field(default_factory=list)
    arrived: Semaphore = field(default_factory=lambda: Semaphore(0))  # one for each text, for tests with a pool

    def __post_init__(self) -> None:
        fresh = not (self.folder / "records.db").exists()
        records = records_in(self.folder)
        if fresh:
            with records.write() as tx:
                fill_ledger(tx)
        self.records = self.wrap(records)
        self.readings = MemoryReadings()
        self.start()

    def start(self) -> None:
        """(Again) from what is on the disk."""
        self.notifier = Notifier(
            records=self.records,
            journal=self.readings,
            channels=self.channels or (LogChannel(self._show, capabilities=self.capabilities),),
            words=load_words(),
            watch_in=lambda zone: HouseholdWatch(WatchParameters(), zone),
            rules=self.rules,
            pool=self.pool,
            turnstile=self.turnstile,
            steady_s=lambda: self.now.timestamp(),  # noqa: PLW0108  now is another each time
        )
        self.life, self.watch, self.outbox = self.notifier.life, self.notifier.watch, self.notifier.outbox

    def _show(self, text: Outgoing) -> None:
        self.received.append(Received(self.now, text.name, text.body, text.template))
        self.arrived.release()

    def turn(self) -> None:
        """What the service does again and again."""
        self.notifier.turn(self.now)

    def until(self, at: datetime, every: timedelta = timedelta(minutes=1)) -> None:
        while self.now < at:
            self.now = min(self.now + every, at)
            self.turn()

    def raise_alert(self, concern: Concern) -> int:
        with self.records.write() as tx:
            alert_id = self.life.raise_or_join(tx, concern, self.now)
        self.turn()
        return alert_id

    def arrives(self, *arrivals: tuple[str, datetime, float], late: bool = False) -> None:
        batch = [
            Arrival(meter_id=meter, at=at.astimezone(UTC), register_l=litres, late=late, received_at=self.now)
            for meter, at, litres in arrivals
        ]
        self.readings.commit(Batch(arrivals=batch))

    def happens(self, *events: DeviceEvent) -> None:
        self.readings.commit(Batch(events=events))

    def state(self, alert_id: int) -> State:
        with self.records.read() as tx:
            return State(tx.execute(select(t.alerts.c.state).where(t.alerts.c.alert_id == alert_id)).scalar_one())

    def alerts(self, kind: AlertKind | None = None) -> list[dict[str, object]]:
        query = select(t.alerts) if kind is None else select(t.alerts).where(t.alerts.c.kind == kind.value)
        with self.records.read() as tx:
            return [dict(row) for row in tx.execute(query.order_by(t.alerts.c.alert_id)).mappings()]

    def texts(self, template: str | None = None) -> list[tuple[str, str]]:
        """(when on the community's clock, who), in order."""
        return [(f"{r.at.astimezone(ZONE):%H:%M}", r.who) for r in self.received if template in (None, r.template)]

    def statuses(self) -> dict[str, int]:
        with self.records.read() as tx:
            statuses = list(tx.execute(select(t.messages.c.status)).scalars())
        return {status: statuses.count(status) for status in sorted(set(statuses))}


def at(clock: str, day: int = 0) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return MORNING.replace(hour=hour, minute=minute) + timedelta(days=day)
