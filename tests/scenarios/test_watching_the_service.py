"""What an operator's own watch can see of a service: whether it is ready, and its numbers."""

from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from sqlalchemy import Connection

from anju_commands.channels import standing_problems
from anju_service.self_watch import SelfWatch
from anju_service.service import Service
from anju_service.turns import RETRY_S, Turns
from config.settings import Influx, Settings, Sms
from domain.reading import DeviceEvent
from ingest.counters import MANY_AHEAD, OFTEN, Counters, Instant
from notifier.channels.log import LogChannel
from notifier.contract import Records
from store.contracts import Arrival, Batch, StoreUnavailableError
from tests.notifier.world import METER, World, put

NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)


def test_a_service_that_texts_nobody_is_not_ready(tmp_path: Path) -> None:
    World(tmp_path)
    assert standing_problems(Settings(sms=Sms(channel="twilio"))) == []
    wrong = standing_problems(Settings())
    service = Service(
        tmp_path, Settings(), [LogChannel(lambda text: None)], lambda: NOW, steady_s=monotonic, standing=wrong
    )
    assert service.self_watch.health().problems[0] == "texts are only logged, not sent: set sms.channel"
    service.close()


@pytest.mark.parametrize(
    "name",
    [
        "anju_messages_received_total",
        "anju_readings_stored_total",
        "anju_messages_refused_total",
        "anju_messages_quarantined_total",
        "anju_commit_seconds_count",
        "anju_commit_lag_seconds_count",
        "anju_broker_sessions_lost_total",
        "anju_watch_lag_seconds",
        "anju_influx_refused_total",
        "anju_influx_behind",
        "anju_influx_cursor_age_seconds",
    ],
)
def test_the_numbers_of_ingest_and_of_those_who_follow_it_are_on_one_page(tmp_path: Path, name: str) -> None:
    World(tmp_path)
    settings = Settings(influx=Influx(url="http://127.0.0.1:9"))
    service = Service(tmp_path, settings, [LogChannel(lambda text: None)], lambda: NOW, steady_s=monotonic)
    service.receiver.counters.refuse("at: 'noon' is no time")
    assert f"\n{name}" in service.metrics()
    service.close()


def test_the_age_of_a_followers_cursor_is_that_of_the_first_commit_that_it_has_not_seen(tmp_path: Path) -> None:
    World(tmp_path)
    clock = [NOW]
    settings = Settings(influx=Influx(url="http://127.0.0.1:9"))
    service = Service(tmp_path, settings, [LogChannel(lambda text: None)], lambda: clock[0], steady_s=monotonic)
    service.readings.commit(Batch(arrivals=[arrival(NOW)]))
    service.readings.commit(
        Batch(events=[DeviceEvent(device_id="sos1", at=NOW + timedelta(minutes=2), kind="sos_button")])
    )
    clock[0] = NOW + timedelta(minutes=5)
    assert "anju_watch_lag_seconds 300\n" in service.metrics()
    assert "anju_influx_cursor_age_seconds 300\n" in service.metrics()
    service.notifier.watch_turn(clock[0])
    assert "anju_watch_lag_seconds 0\n" in service.metrics()
    assert "anju_influx_cursor_age_seconds 300\n" in service.metrics()
    service.close()


def test_a_watch_that_never_catches_up_with_the_readings_is_told_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    World(tmp_path)
    ran_s = [0.0]
    set_back = timedelta(hours=1)
    service = Service(
        tmp_path,
        Settings(),
        [LogChannel(lambda text: None)],
        lambda: NOW + timedelta(seconds=ran_s[0]) - set_back * (ran_s[0] > 0),
        steady_s=lambda: ran_s[0],
    )
    stopping = Event()
    stopping.set()
    watch = service.threads(stopping)[0]
    watch.start()
    watch.join()
    for n in range(60):  # more than it takes at once
        service.readings.commit(Batch(arrivals=[arrival(NOW + timedelta(minutes=n))]))
    ran_s[0] = 1200.0  # and meanwhile the clock was set back by an hour
    service._watch()
    behind = [problem for problem in service.self_watch.health().problems if "behind" in problem]
    assert behind == ["watch: behind the readings since 05:00:00 UTC"]
    service._watch()
    assert not [problem for problem in service.self_watch.health().problems if "behind" in problem]
    service.close()


def test_a_clock_that_was_set_back_while_the_service_was_down_is_told_for_an_hour(tmp_path: Path) -> None:
    World(tmp_path)
    clock = [NOW]

    def start() -> Service:
        return Service(tmp_path, Settings(), [LogChannel(lambda text: None)], lambda: clock[0], steady_s=monotonic)

    def told(service: Service) -> list[str]:
        service.notifier.watch_turn(clock[0])
        return [problem for problem in service.self_watch.health().problems if "clock" in problem]

    with closing(start()) as service:
        assert told(service) == []
    clock[0] -= timedelta(hours=1)
    with closing(start()) as service:
        assert told(service) == ["clock: went back by 60 minutes at 05:00:00 UTC; is it set?"]
        assert "anju_clock_set_back_total 1\n" in service.metrics()
        clock[0] += timedelta(hours=1)
        assert told(service) == []
        assert "anju_clock_set_back_total 1\n" in service.metrics()


def arrival(at: datetime) -> Arrival:
    return Arrival(meter_id=METER, at=at, register_l=1000.0, late=False, received_at=at)


class Quick(Event):
    """Nobody waits."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def test_of_files_that_cannot_be_used_the_log_tells_once_and_once_when_they_can_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stopping, turns = Quick(), iter([True, True, True, False])

    def turn() -> None:
        if next(turns):
            raise StoreUnavailableError("records.db: database or disk is full")
        stopping.set()

    thread = Turns(monotonic).thread("watch", turn, stopping, 1.0)
    thread.start()
    thread.join()
    assert [record.getMessage() for record in caplog.records if record.name == "anju"] == [
        "watch: can't go on, and tries again: records.db: database or disk is full",
        "watch: goes on",
    ]


class Noting(Quick):
    """And for how long it was to be is written down."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return super().wait(timeout)


def test_a_part_that_comes_once_a_minute_goes_on_within_seconds_of_the_room_that_was_made() -> None:
    stopping, turns = Noting(), iter([True, True, False, False])

    def turn() -> None:
        if next(turns):
            raise StoreUnavailableError("readings.db: database or disk is full")
        if len(stopping.waits) == 4:
            stopping.set()

    thread = Turns(monotonic).thread("upkeep", turn, stopping, 60.0)
    thread.start()
    thread.join()
    assert stopping.waits == [60.0, RETRY_S, RETRY_S, 60.0]


@dataclass
class Full:
    """Records that take nothing while `full`."""

    records: Records
    full: bool = True

    def read(self) -> AbstractContextManager[Connection]:
        return self.records.read()

    def write(self) -> AbstractContextManager[Connection]:
        if self.full:
            raise StoreUnavailableError("records.db: database or disk is full")
        return self.records.write()


@pytest.mark.parametrize("full_again", [[False], [True, False]])
def test_of_parts_that_a_full_disk_held_up_nobody_hears_once_there_is_room_unless_they_stay_so(
    tmp_path: Path, full_again: list[bool]
) -> None:
    world, ill = World(tmp_path), ["ledger: no turn finished since 12:00:00 UTC", "readings can't be stored"]
    records = Full(world.records)
    self_watch = SelfWatch(
        records,
        world.life,
        lambda now: ill,
        Counters(),
        instant=lambda: Instant(NOW, 0.0),
        heartbeat_url="",
        told_elsewhere=[],
    )
    with closing(self_watch):
        for records.full in (True, True, False):
            with suppress(StoreUnavailableError):
                self_watch.look()
        assert [alert["subject"] for alert in world.alerts()] == ["readings can't be stored"]
        for records.full in full_again:
            with suppress(StoreUnavailableError):
                self_watch.look()
    assert {alert["subject"] for alert in world.alerts()} == {"readings can't be stored", "ledger"}


def test_the_log_says_once_what_is_wrong_and_once_that_it_is_well_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    World(tmp_path)
    service = Service(tmp_path, Settings(), [LogChannel(lambda text: None)], lambda: NOW, steady_s=monotonic)
    service.receiver.counters.topics_refused = ("anju/#",)
    for _ in range(2):
        service.self_watch.look()
    service.receiver.counters.topics_refused = ()
    service.self_watch.look()
    service.close()
    said = [record.getMessage() for record in caplog.records]
    assert [line for line in said if "well" in line or "heartbeat" in line] == [
        "not well: broker refuses our subscription: anju/#",
        "no heartbeat: a part of the service is not well",
        "well again: broker refuses our subscription",
    ]


def test_the_operator_hears_what_is_wrong_in_his_own_language(tmp_path: Path) -> None:
    world, clock, said = World(tmp_path), [0.0], list[tuple[str, str]]()
    with world.records.write() as tx:
        chinese = {"contact_id": "ops2", "name": "值班运维", "role": "operator", "phone": "+8613800000009"}
        put(tx, "contacts", chinese | {"language": "zh", "community_id": "c1"})
    channel = LogChannel(lambda text: said.append((text.name, text.body)))
    with closing(Service(tmp_path, Settings(), [channel], lambda: NOW, steady_s=lambda: clock[0])) as service:
        service.receiver.counters.broker_away_since_s, clock[0] = 0.0, 600.0
        for _ in range(2):
            service.self_watch.look()
            service.notifier.send_turn(NOW)
    texts = dict(said)
    assert len(texts) == len(said)
    assert "trouble: broker is away since 05:50:00 UTC" in texts["Olga"]
    assert texts["值班运维"].startswith("【安居】连不上消息服务器：服务异常：自05:50:00 UTC起连不上消息服务器")


def test_whatever_can_be_wrong_stands_on_the_page_for_who_is_on_call(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/deployment/on-call.md").read_text("utf-8")
    World(tmp_path)
    wrong, clock = standing_problems(Settings()), [0.0]
    service = Service(
        tmp_path, Settings(), [LogChannel(lambda text: None)], lambda: NOW, steady_s=lambda: clock[0], standing=wrong
    )
    counters, stopping = service.receiver.counters, Event()
    stopping.set()
    for thread in service.threads(stopping):
        thread.start()
        thread.join()
    counters.ahead, counters.topics_refused = MANY_AHEAD, ("anju/#",)
    counters.lost_at_s.extend([990.0] * OFTEN)
    counters.turned_at_s = counters.broker_away_since_s = counters.unavailable_since_s = 0.0
    clock[0] = 1000.0
    names = {problem.partition(" since ")[0] for problem in service.self_watch.health().problems}
    counters.committing_since_s = 0.0
    names |= {problem.partition(" since ")[0] for problem in service.self_watch.health().problems}
    service.close()
    assert len(names) > 12
    said = {name.partition(" and refused")[0].partition(": anju/#")[0].partition(", not sent")[0] for name in names}
    assert [name for name in said if f"`{name}" not in page] == []
