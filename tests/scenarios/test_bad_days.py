"""Clocks that jump, nights that are an hour longer, providers that hang, and a watcher that watches itself."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from domain.alert import Outcome, State
from domain.finding import AlertKind, Finding, Level, Reason
from domain.message import MessageStatus
from domain.reading import DeviceEvent
from notifier.audit import audit, holes
from notifier.channels.log import LogChannel
from notifier.contract import Capabilities, ChannelError, Failure, Outgoing, Sent
from notifier.life import Concern
from notifier.quiet import QuietHours
from notifier.selftest import Heartbeat, SelfTest
from store.contracts import StoreUnavailableError
from store.records import Records
from tests.notifier.world import HOME, World, add_household, at, put, silence


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def texts_when_it_goes_back(
    world: World, to: str, *, meanwhile: Callable[[], None] = lambda: None
) -> list[tuple[str, str]]:
    """The second step, due at ten past, seen seven minutes after the clock went back from five past."""
    world.now = at("12:00")
    world.raise_alert(silence(Level.ALERT, at("12:00")))
    world.until(at("12:05"))
    meanwhile()
    world.now = at(to)
    world.turn()
    world.until(at(to) + timedelta(minutes=7))
    return world.texts("alert")


def test_a_clock_that_goes_back_an_hour_does_not_hold_up_the_next_step(world: World) -> None:
    texts = texts_when_it_goes_back(world, "11:05")
    assert ("11:10", "王强") in texts
    assert len(texts) == 3


def test_a_clock_that_goes_back_a_minute_does_not_hold_up_the_next_step_by_it(world: World) -> None:
    assert ("12:09", "王强") in texts_when_it_goes_back(world, "12:04")


def test_a_clock_set_back_while_the_service_was_down_does_not_hold_up_the_next_step(world: World) -> None:
    assert ("11:10", "王强") in texts_when_it_goes_back(world, "11:05", meanwhile=world.start)


def test_a_clock_that_was_never_set_sends_nothing_early(world: World) -> None:
    """A machine without a battery for its clock begins in 1970 until it is told the time."""
    world.now = at("12:00")
    world.raise_alert(silence(Level.ALERT, at("12:00")))
    world.until(at("12:05"))
    told = len(world.received)
    world.start()
    world.now = datetime(2000, 1, 1, tzinfo=UTC)
    world.turn()
    assert len(world.received) == told


def test_a_clock_that_leaps_an_hour_skips_no_step_and_doubles_no_text(world: World) -> None:
    world.now = at("12:00")
    world.raise_alert(silence(Level.ALERT, at("12:00")))
    world.now = at("13:05")
    world.turn()
    assert [who for _, who in world.texts("alert")] == ["王丽", "李敏", "王强"]
    world.until(at("13:15"))
    assert [who for _, who in world.texts("alert")][3:] == ["值班室"]


def test_in_the_night_that_has_two_three_oclocks_each_step_still_comes_after_ten_minutes(world: World) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    world.now = datetime(2026, 10, 25, 2, 30, tzinfo=berlin).astimezone(UTC)
    start = world.now
    world.raise_alert(silence(Level.ALERT, start, since=start - timedelta(hours=12)))
    world.until(start + timedelta(minutes=31))
    minutes = [(r.at - start) // timedelta(minutes=1) for r in world.received if r.template == "alert"]
    assert minutes == [0, 0, 10, 20, 30]


@pytest.mark.parametrize(
    ("local", "until"),
    [("2026-10-24 22:00", "2026-10-25 08:00"), ("2026-03-28 23:00", "2026-03-29 08:00"), ("2026-03-29 07:59", None)],
)
def test_quiet_hours_end_at_eight_on_the_wall_also_in_a_night_of_other_length(local: str, until: str | None) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime.fromisoformat(local).replace(tzinfo=berlin).astimezone(UTC)
    free = QuietHours().not_before(now, berlin)
    expected = until or "2026-03-29 08:00"
    assert free is not None
    assert free.astimezone(berlin).strftime("%Y-%m-%d %H:%M") == expected


def test_quiet_hours_hold_back_notices_and_never_alerts(world: World) -> None:
    world.now = at("23:00")
    reason = Reason(key="change_in_use", values={})
    notice = Finding(kind=AlertKind.CHANGE_IN_USE, level=Level.ALERT, at=world.now, since=world.now, reason=reason)
    world.raise_alert(Concern.of(notice, HOME))
    world.raise_alert(silence(Level.ALERT, world.now))
    world.until(at("23:05"))
    assert world.texts("notice") == []
    assert ("23:00", "李敏") in world.texts("alert")
    with world.records.write() as tx:
        world.life.resolve(tx, 2, by="daughter", outcome=Outcome.SAFE, now=world.now)
    world.until(at("08:05", day=1), every=timedelta(minutes=5))
    assert [who for _, who in world.texts("notice")] == ["李敏"]
    assert world.texts("notice")[0][0] >= "08:00"


def test_thirty_days_with_nothing_new_bring_nothing_new(world: World) -> None:
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx:
        world.life.ease(tx, HOME, AlertKind.LOW_USE, at("07:01"), at("07:01"))
        world.life.resolve(tx, alert, by="grid_worker", outcome=Outcome.SAFE, now=at("07:02"))
    world.until(at("07:05"))
    before = len(world.received)
    world.until(at("07:00", day=30), every=timedelta(hours=1))
    assert [r for r in world.received[before:] if r.who != "Olga"] == []
    assert world.state(alert) is State.RESOLVED


class Slow:
    """A provider that thinks until it is let go, for one of its readers."""

    name = "slow"

    def __init__(self, held: str) -> None:
        self.held, self.let_go, self.taken, self.took = held, Event(), list[str](), Event()

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities() if phone else None

    def send(self, text: Outgoing) -> Sent:
        if text.name == self.held:
            self.let_go.wait(30)
        self.taken.append(text.name)
        self.took.set()
        return Sent(sid=f"S{text.reference}", status=MessageStatus.DELIVERED)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        raise ChannelError(Failure.DOWN, "can't be asked")

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return None


def test_a_provider_that_hangs_for_one_holds_nobody_else_up_and_doubles_nothing(tmp_path: Path) -> None:
    slow = Slow(held="王丽")
    with ThreadPoolExecutor(4) as pool:
        world = World(tmp_path, channels=[slow], pool=pool)
        world.raise_alert(silence(Level.ALERT, at("07:00")))
        assert slow.took.wait(60)
        world.now = at("07:05")
        world.notifier.send_turn(world.now)
        assert slow.taken == ["李敏"]
        slow.let_go.set()
    assert sorted(slow.taken) == sorted(["李敏", "王丽"])
    assert world.statuses() == {"delivered": 2}


class FullDisk:
    """Records that can be read, and for a while not written."""

    def __init__(self, records: Records) -> None:
        self.records, self.full = records, False

    def read(self) -> AbstractContextManager[Connection]:
        return self.records.read()

    def write(self) -> AbstractContextManager[Connection]:
        if self.full:
            raise StoreUnavailableError("records.db: database or disk is full")
        return self.records.write()


class AtOnce(Executor):
    """A pool whose calls are over when they are handed over."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **kwargs))
        except StoreUnavailableError as e:
            future.set_exception(e)
        return future


def test_on_a_full_disk_waiting_texts_fill_no_log_and_leave_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path, pool=AtOnce(), wrap=FullDisk)
    disk = world.records
    assert isinstance(disk, FullDisk)
    with disk.write() as tx:
        world.life.raise_or_join(tx, silence(Level.ALERT, at("07:00")), world.now)
    disk.full = True
    for _ in range(100):  # a few seconds of turns
        with pytest.raises(StoreUnavailableError, match="disk is full"):
            world.notifier.send_turn(world.now)
    assert caplog.records == []
    disk.full = False
    world.notifier.send_turn(world.now)
    assert world.statuses() == {"delivered": 2}


class Mute(Slow):
    """Takes texts, and thinks until it is let go when asked what became of one."""

    def __init__(self) -> None:
        super().__init__(held="")
        self.asked, self.sent = Semaphore(0), Semaphore(0)

    def send(self, text: Outgoing) -> Sent:
        self.sent.release()
        return Sent(sid=f"S{text.reference}")

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        self.asked.release()
        self.let_go.wait(30)
        raise ChannelError(Failure.UNCERTAIN, "no answer")


def test_a_provider_that_hangs_when_asked_what_became_of_texts_holds_none_up(tmp_path: Path) -> None:
    mute = Mute()
    with ThreadPoolExecutor(4) as pool:
        world = World(tmp_path, channels=[mute], pool=pool)
        world.raise_alert(silence(Level.ALERT, at("07:00")))
        assert all(mute.sent.acquire(timeout=60) for _ in range(2))
        world.now = at("07:05")
        for _ in range(600):  # until the answers to the sends are written down
            world.notifier.send_turn(world.now)
            if asked := mute.asked.acquire(timeout=0.1):
                break
        assert asked
        world.happens(DeviceEvent(device_id="sos1", at=world.now, kind="sos_button", flags={"sos": True}))
        world.turn()
        assert all(mute.sent.acquire(timeout=60) for _ in range(5))
        mute.let_go.set()
    assert not mute.asked.acquire(blocking=False), "one that can't be asked is not asked after each text"


class Failing(Slow):
    """A provider that is down."""

    name = "failing"

    def send(self, text: Outgoing) -> Sent:
        self.taken.append(text.name)
        raise ChannelError(Failure.DOWN, "can't be reached")


def test_where_the_first_provider_is_down_the_next_takes_the_text_at_once(tmp_path: Path) -> None:
    shown: list[str] = []
    failing = Failing(held="")
    world = World(tmp_path, channels=[failing, LogChannel(lambda text: shown.append(text.name))])
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    assert sorted(shown) == sorted(["王丽", "李敏"])
    assert world.statuses() == {"delivered": 2}


def test_after_fifty_errors_in_a_minute_a_provider_is_behind_the_next_and_the_operator_hears_it(tmp_path: Path) -> None:
    failing, shown = Failing(held=""), list[str]()
    world = World(tmp_path, channels=[failing, LogChannel(lambda text: shown.append(text.name))])
    with world.records.write() as tx:
        for n in range(60):
            add_household(tx, f"{1000 + n}", f"老人{n}")
            guardian = {"contact_id": f"d{n}", "name": f"女儿{n}", "role": "guardian", "phone": f"+86139{n:08}"}
            put(tx, "contacts", guardian | {"language": "zh", "community_id": "c1"})
            put(tx, "guardians", {"household_id": f"h{1000 + n}", "contact_id": f"d{n}", "order": 1})
        for n in range(60):
            call = silence(Level.ALERT, world.now, household_id=f"h{1000 + n}")
            world.life.raise_or_join(tx, replace(call, kind=AlertKind.SOS, momentary=True), world.now)
    world.turn()
    world.now += timedelta(seconds=1)
    world.turn()
    assert len({name for name in shown if name.startswith("女儿")}) == 60
    assert 50 <= len(failing.taken) < 60
    (down,) = world.alerts(AlertKind.CHANNEL_DOWN)
    assert down["subject"] == "failing"
    before = len(failing.taken)
    world.raise_alert(silence(Level.ALERT, world.now))
    assert len(failing.taken) == before
    world.now += timedelta(minutes=6)
    world.raise_alert(replace(silence(Level.ALERT, world.now), kind=AlertKind.SOS))
    assert len(failing.taken) > before


class Busy(Slow):
    """A provider that says "too many requests" to the first calls, which it never processed."""

    name = "busy"

    def __init__(self, times: int) -> None:
        super().__init__(held="")
        self.left = times

    def send(self, text: Outgoing) -> Sent:
        self.left -= 1
        if self.left >= 0:
            raise ChannelError(Failure.BUSY, "too many requests", "20429", retry_after_s=20)
        return super().send(text)


def test_too_many_requests_are_waited_out_as_long_as_asked_and_every_text_leaves_once(tmp_path: Path) -> None:
    busy = Busy(times=4)
    world = World(tmp_path, channels=[busy])
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(at("07:00") + timedelta(seconds=38), every=timedelta(seconds=2))
    assert busy.taken == []
    world.until(at("07:02"), every=timedelta(seconds=2))
    assert sorted(busy.taken) == sorted(["王丽", "李敏"])
    assert world.alerts(AlertKind.CHANNEL_DOWN) == []


def test_the_reminder_of_an_alert_that_is_over_is_tried_again_as_any_other(tmp_path: Path) -> None:
    busy = Busy(times=0)
    world = World(tmp_path, channels=[busy])
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.now = at("07:05")
    with world.records.write() as tx:
        world.life.ease(tx, HOME, AlertKind.LOW_USE, world.now, world.now)
    world.turn()
    busy.taken.clear()
    busy.left = 1
    world.until(at("19:10"))
    assert busy.taken == ["李敏"]


def test_what_whoever_is_on_the_way_hears_is_tried_again_as_any_other(tmp_path: Path) -> None:
    busy = Busy(times=0)
    world = World(tmp_path, channels=[busy])
    world.now = at("12:00")
    alert = world.raise_alert(silence(Level.ASK, at("12:00")))
    world.until(at("12:35"))
    with world.records.write() as tx:
        world.life.acknowledge(tx, alert, by="daughter", now=world.now)
    world.until(at("12:40"))
    busy.taken.clear()
    busy.left = 1
    world.raise_alert(silence(Level.ALERT, at("12:40")))
    world.until(at("12:45"))
    assert busy.taken == ["王丽"]


def test_the_audit_finds_each_step_that_was_due_and_did_not_run(world: World) -> None:
    with world.records.read() as tx:
        assert audit(tx, world.now).passed
    with world.records.write() as tx:
        world.life.raise_or_join(tx, silence(Level.ALERT, at("07:00")), at("07:00"))
    with world.records.read() as tx:
        found = audit(tx, at("07:05"))
        assert found.problems == ("texts due and not sent: 2",)
        assert found.oldest_unsent == timedelta(minutes=5)
        assert "alerts whose next step is overdue: 1" in audit(tx, at("07:15")).problems
    with world.records.write() as tx:
        tx.exec_driver_sql("UPDATE messages SET status = 'sending', claimed_until = '2026-03-08 22:00:00'")
    with world.records.read() as tx:
        assert audit(tx, at("07:05")).problems == ("texts in a call that never ended: 2",)


class _Outside(BaseHTTPRequestHandler):
    pings = 0

    def do_GET(self) -> None:
        _Outside.pings += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Quiet."""


def test_the_outside_watch_is_pinged_only_while_every_due_step_ran(world: World) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Outside)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    heartbeat = Heartbeat(world.records, f"http://127.0.0.1:{server.server_port}/ping")
    assert heartbeat.beat(world.now)
    with world.records.write() as tx:
        world.life.raise_or_join(tx, silence(Level.ALERT, at("07:00")), at("07:00"))
    assert not heartbeat.beat(at("07:30"))
    server.shutdown()
    server.server_close()
    thread.join()
    assert _Outside.pings == 1
    assert not heartbeat.beat(world.now)


class _Garbled(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9\r\n")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Quiet."""


def test_an_outside_watch_that_answers_nonsense_was_not_reached_and_ends_no_turn_of_ours(world: World) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Garbled)
    thread = Thread(target=server.handle_request)
    thread.start()
    assert not Heartbeat(world.records, f"http://127.0.0.1:{server.server_port}/ping").beat(world.now)
    thread.join()
    server.server_close()


def test_a_self_test_goes_the_whole_way_to_the_operators_own_phone(world: World) -> None:
    test = SelfTest(world.records, world.life)
    alert = test.begin(world.now)
    assert not test.over(alert)
    world.turn()
    assert test.over(alert)
    assert [(h.contact_id, h.status) for h in test.heard(alert)] == [("operator", MessageStatus.DELIVERED)]
    assert "test of the whole way, number " in world.received[0].body
    test.end(alert, world.now)
    assert world.state(alert) is State.RESOLVED


def test_every_home_with_a_hole_in_its_chain_is_listed(world: World) -> None:
    with world.records.write() as tx:
        add_household(tx, "305", "孤老")
        tx.exec_driver_sql("DELETE FROM meters WHERE meter_id = 'm305'")
    with world.records.read() as tx:
        assert [(hole.subject, hole.what) for hole in holes(tx)] == [
            ("h305", "no meter"),
            ("h305", "no pairing"),
        ]


def test_staff_of_whom_an_earlier_ledger_says_no_place_are_listed(world: World) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql("UPDATE contacts SET grid_id = NULL WHERE contact_id = 'grid_worker'")
        tx.exec_driver_sql(
            "UPDATE contacts SET community_id = NULL WHERE contact_id IN ('supervisor', 'operator', 'son')"
        )
    with world.records.read() as tx:
        assert [(hole.subject, hole.place, hole.what) for hole in holes(tx)] == [
            ("grid_worker", "李敏", "grid_worker without grid_id: told of no home, but by pairing"),
            ("supervisor", "陈主任", "supervisor without community_id: told of no home, but by pairing"),
        ]


def test_a_meter_that_was_never_heard_is_a_hole_from_the_first_day_on(world: World) -> None:
    with world.records.write() as tx:
        add_household(tx, "305", "孤老")
        known, new = (holes(tx, heard=all_heard) for all_heard in ({"m301", "m305"}, {"m301"}))
    assert [hole.what for hole in new if hole not in known] == ["meter m305 was never heard"]


def test_what_belongs_to_no_place_is_told_on_the_clock_of_all_communities_or_in_utc_and_named_so(world: World) -> None:
    def heard_of(what: str) -> str:
        with world.records.write() as tx:
            world.life.service_down(tx, what, "HTTP 503", world.now)
        world.turn()
        with world.records.write() as tx:
            world.life.service_up(tx, what, world.now)
        world.until(world.now + timedelta(minutes=10))
        return world.received[-1].body

    assert "over since 7:00." in heard_of("twilio")
    with world.records.write() as tx:
        put(tx, "communities", {"community_id": "c2", "name": "Sol", "timezone": "Europe/Madrid", "language": "en"})
    assert "over since 23:10 UTC." in heard_of("influx")
