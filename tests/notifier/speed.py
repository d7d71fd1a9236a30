"""How fast the notifier is here: python -m tests.notifier.speed (under a minute; prints, asserts nothing)."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from config.sms import load_words
from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters
from domain.message import MessageStatus
from domain.reading import DeviceEvent
from notifier.contract import Capabilities, Outgoing, Sent
from notifier.outbox import OutboxRules
from notifier.pace import Pace, Turnstile
from notifier.service import Notifier
from store import tables as t
from store.contracts import Arrival, Batch
from store.readings import Readings
from store.records import Records
from tests.notifier.world import fill_ledger, put, records_in

SECONDS = 40
A_SECOND = 1000
COMMIT_S = 0.02
CROSSINGS = 200  # of each kind
TAP_LPH = 300.0
TAP = timedelta(minutes=61)  # one reading after it tells enough


class Stopwatch:
    """A provider that answers after 100 ms and notes when it was called."""

    name = "stopwatch"

    def __init__(self) -> None:
        self.called: list[tuple[str, float]] = []  # the home's door, and when

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities() if phone else None

    def send(self, text: Outgoing) -> Sent:
        door = text.variables.get("place", "").removeprefix("幸福里3号楼")
        self.called.append((door, time.perf_counter()))
        time.sleep(0.1)
        return Sent(sid=f"S{text.reference}", status=MessageStatus.DELIVERED)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return None


def service(folder: Path, provider: Stopwatch, pool: ThreadPoolExecutor) -> tuple[Records, Readings, Notifier]:
    """1,000 homes, ten in a community, each with a meter, a button and a daughter."""
    records, readings = records_in(folder), Readings(folder / "readings.db")
    with records.write() as tx:
        fill_ledger(tx)
        for n in range(0, A_SECOND, 10):
            put(
                tx,
                "communities",
                {"community_id": f"c{n}", "name": f"{n}", "timezone": "Asia/Shanghai", "language": "en"},
            )
            put(tx, "grids", {"grid_id": f"g{n}", "community_id": f"c{n}", "name": "1"})
            put(tx, "buildings", {"building_id": f"b{n}", "grid_id": f"g{n}", "name": "幸福里3号楼"})
        for n in range(A_SECOND):
            home = {"household_id": f"s{n}", "building_id": f"b{n // 10 * 10}", "door": f"{n}"}
            put(tx, "households", home | {"water_consent_by": "x"})
            put(tx, "meters", {"meter_id": f"s{n}", "household_id": f"s{n}", "gateway_id": "gw1"})
            put(tx, "sensors", {"device_id": f"b{n}", "household_id": f"s{n}", "kind": "sos_button"})
            guardian = {"contact_id": f"k{n}", "name": f"G{n}", "role": "guardian", "phone": f"+34{n:08}"}
            put(tx, "contacts", guardian | {"language": "en", "community_id": None})
            put(tx, "guardians", {"household_id": f"s{n}", "contact_id": f"k{n}", "order": 1})
    notifier = Notifier(
        records=records,
        journal=readings,
        channels=[provider],
        words=load_words(),
        watch_in=lambda zone: HouseholdWatch(WatchParameters(), zone),
        pool=pool,
        turnstile=Turnstile(Pace(OutboxRules().a_second), time.monotonic, time.sleep),
    )
    return records, readings, notifier


def repeat(turn: Callable[[datetime], int | bool], wake: Event, every_s: float, stopping: Event) -> Thread:
    def run() -> None:
        while not stopping.is_set():
            wake.wait(every_s)
            wake.clear()
            if turn(datetime.now(UTC)) is True:
                wake.set()

    thread = Thread(target=run)
    thread.start()
    return thread


def taps_left_on(records: Records, start: datetime) -> dict[str, datetime]:
    """Each meter's state after eight days of a quiet home; of the first ones, a tap runs since the time returned.

    Those read only once it has run so long: what is read more often than every 12 minutes is taken together.
    """
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    since: dict[str, datetime] = {}
    with records.write() as tx:
        for n in range(A_SECOND):
            meter, phase = f"s{n}", timedelta(seconds=n % A_SECOND / A_SECOND)
            told_in = timedelta(seconds=2 + n * (SECONDS - 4) // CROSSINGS)
            opened = start + phase + told_in - TAP if n < CROSSINGS else start - timedelta(minutes=1)
            state = watch.start()
            for hour in range(8 * 24, -1, -1):
                watch.observe(state, opened - timedelta(hours=hour), 1000.0 - hour // 6)
            tx.execute(insert(t.detector_states).values(meter_id=meter, body=watch.dump(state)))
            since |= {meter: opened} if n < CROSSINGS else {}
    return since


def from_reading_to_provider(folder: Path) -> None:
    """1,000 readings a second, and among them buttons pressed and taps left on: how long until the provider's call?"""
    provider, committed, stopping = Stopwatch(), Event(), Event()
    with ThreadPoolExecutor(16) as pool:
        records, readings, notifier = service(folder, provider, pool)
        begin = datetime.now(UTC) + timedelta(seconds=30)
        since = taps_left_on(records, begin)
        threads = [
            repeat(notifier.watch_some, committed, 1.0, stopping),
            repeat(notifier.send_turn, notifier.written, 0.2, stopping),
        ]
        pressed: dict[str, float] = {}
        crossed: dict[str, float] = {}
        time.sleep(max(0.0, (begin - datetime.now(UTC)).total_seconds()))
        start, behind, litres = time.perf_counter(), 0.0, dict.fromkeys((f"s{n}" for n in range(A_SECOND)), 1000.0)
        each, commits = round(A_SECOND * COMMIT_S), round(SECONDS / COMMIT_S)
        for n in range(commits):
            time.sleep(max(0.0, start + n * COMMIT_S - time.perf_counter()))
            now = datetime.now(UTC)
            meters = [f"s{(n * each + i) % A_SECOND}" for i in range(each)]
            meters = [m for m in meters if m not in since or now - since[m] >= TAP - timedelta(milliseconds=500)]
            for m in meters[n % 10 :: 10]:  # a tenth of the homes draws a cup of water
                litres[m] += 0.0 if m in since else 0.2
            for m in since.keys() & set(meters):
                litres[m] = 1000.0 + TAP_LPH * (now - since[m]).total_seconds() / 3600
                crossed.setdefault(m.removeprefix("s"), time.perf_counter())
            arrivals = [Arrival(meter_id=m, at=now, register_l=litres[m], late=False, received_at=now) for m in meters]
            events = []
            if n * CROSSINGS // commits != (n + 1) * CROSSINGS // commits:
                door = f"{CROSSINGS + len(pressed)}"
                events = [DeviceEvent(device_id=f"b{door}", at=now, kind="sos_button", flags={"sos": True})]
                pressed[door] = time.perf_counter()
            readings.commit(Batch(arrivals=arrivals, events=events))
            committed.set()
            behind = max(behind, time.perf_counter() - start - (n + 1) * COMMIT_S)
        time.sleep(5)
        stopping.set()
        for thread in threads:
            thread.join()
        readings.close()
    say(f"reading to provider at {A_SECOND}/s (readings up to {behind:.2f} s behind their time):\n")
    for what, at in (("buttons pressed", pressed), ("taps left on", crossed)):
        called = {door: min(at for other, at in provider.called if other == door) for door, _ in provider.called}
        delays = sorted(called[door] - at[door] for door in at if door in called)
        say(f"  {len(delays)} texts for {len(at)} {what}: median {of(delays, 0.5):.2f} s, ")
        say(f"p99 {of(delays, 0.99):.2f} s, worst {delays[-1]:.2f} s\n")


def of(delays: list[float], share: float) -> float:
    return delays[min(len(delays) - 1, int(share * len(delays)))]


def round_over_open_timers(folder: Path) -> None:
    """100,000 alerts wait for their next step; none is due."""
    provider = Stopwatch()
    with ThreadPoolExecutor(1) as pool:
        records, readings, notifier = service(folder, provider, pool)
        now = datetime.now(UTC)
        row = {"kind": "low_use", "level": "alert", "state": "notified", "raised_at": now, "since": now}
        row |= {"opened_at": now, "last_at": now, "reason": {"key": "low_use", "values": {}}, "policy_step": 1}
        with records.write() as tx:
            tx.execute(
                insert(t.alerts),
                [
                    row | {"subject": f"x{n}", "next_at": now + timedelta(minutes=10, seconds=n % 600)}
                    for n in range(10**5)
                ],
            )
        notifier.watch.round(now)
        took = []
        for n in range(10):
            begin = time.perf_counter()
            notifier.watch.round(now + timedelta(seconds=n))
            took.append(time.perf_counter() - begin)
        readings.close()
    say(f"a round over 100,000 open timers: {max(took) * 1000:.0f} ms at most\n")


def texts_a_second(folder: Path) -> None:
    """1,000 homes call for help at once; a provider that takes 100 ms a call."""
    provider = Stopwatch()
    with ThreadPoolExecutor(16) as pool:
        _, readings, notifier = service(folder, provider, pool)
        now = datetime.now(UTC)
        events = [
            DeviceEvent(device_id=f"b{n}", at=now, kind="sos_button", flags={"sos": True}) for n in range(A_SECOND)
        ]
        readings.commit(Batch(events=events))
        begin = time.perf_counter()
        notifier.watch_turn(now)
        raised = time.perf_counter() - begin
        start = time.perf_counter()
        while len(provider.called) < A_SECOND and time.perf_counter() - start < 40:
            notifier.send_turn(datetime.now(UTC))
            time.sleep(0.2)
        spent = time.perf_counter() - start
        readings.close()
    times = [at for _, at in provider.called]
    most = max(sum(1 for other in times if at <= other < at + 1) for at in times)
    say(f"{A_SECOND} alerts raised in {raised:.1f} s; {len(times) / spent:.0f} texts/s, {most} in the busiest second ")
    say(f"(at most {OutboxRules().a_second} are meant)\n")


def say(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()


if __name__ == "__main__":
    for measure in (from_reading_to_provider, round_over_open_timers, texts_a_second):
        with TemporaryDirectory() as folder:
            measure(Path(folder))
