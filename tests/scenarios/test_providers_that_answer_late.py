"""Providers whose answer drips, or comes after all patience: nobody else waits for it, and nothing is sent twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Semaphore, Thread, current_thread
from threading import enumerate as all_threads

import pytest
from sqlalchemy import update

from domain.finding import Level
from domain.message import MessageStatus
from domain.people import Language
from notifier.book import OutboxRules
from notifier.channels.twilio import TwilioRules, TwilioSms, client
from notifier.contract import Capabilities, Channel, ChannelError, Failure, Outgoing, Sent
from notifier.on_time import MOST_OPEN, OnTime
from notifier.people import person
from notifier.service import NotifierRules
from store import tables as t
from tests.notifier.loopback import Loopback, listening
from tests.notifier.world import World, at, silence

SOON = timedelta(milliseconds=50)
NO_PATIENCE = NotifierRules(outbox=OutboxRules(answer_within=SOON))


@dataclass
class Dripping:
    """Its answer to one reader has no end before `end` is set; it can't say what it took."""

    held: str
    name: str = "dripping"
    end: Event = field(default_factory=Event)
    taken: list[str] = field(default_factory=list)
    calls: list[Thread] = field(default_factory=list)

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities() if phone else None

    def send(self, text: Outgoing) -> Sent:
        self.taken.append(text.name)
        if text.name == self.held:
            self.calls.append(current_thread())
            self.end.wait(60)
        return Sent(sid=f"S{text.reference}", status=MessageStatus.DELIVERED)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return None


def test_an_answer_that_drips_for_ever_holds_no_other_text_up(tmp_path: Path) -> None:
    drips = Dripping(held="王丽")
    with ThreadPoolExecutor(1) as pool:
        world = World(tmp_path, channels=[drips], pool=pool, rules=NO_PATIENCE)
        world.raise_alert(silence(Level.ALERT, at("07:00")))
    told = list(drips.taken)
    still_drips = not drips.end.is_set() and drips.calls[0].is_alive()
    drips.end.set()
    assert (told, still_drips) == (["王丽", "李敏"], True)


def test_what_an_answer_after_all_patience_says_counts_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    drips = Dripping(held="王丽")
    world = World(tmp_path, channels=[drips], rules=NO_PATIENCE)
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    drips.end.set()
    drips.calls[0].join(60)
    world.until(at("07:05"), every=timedelta(seconds=5))
    assert drips.taken == ["王丽", "李敏"]
    assert world.statuses() == {"delivered": 2}


class Forgetful(Dripping):
    """It does not say whether it has a text before `end` is set."""

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        self.end.wait(60)
        return None


def test_who_is_asked_whether_it_has_a_text_holds_no_other_up_though_one_a_second_may_leave(tmp_path: Path) -> None:
    slow, rules = Forgetful(held=""), NotifierRules(outbox=OutboxRules(a_second=1))
    with ThreadPoolExecutor(8) as pool:
        world = World(tmp_path, channels=[slow], pool=pool, rules=rules)
        with world.records.write() as tx:
            people = [person(tx, who, "contact") for who in ("daughter", "son", "grid_worker")]
            codes = [world.notifier.letters.code(tx, one, "1", cause="a", now=world.now) for one in people if one]
            in_doubt = t.messages.c.message_id.in_(codes[:2])  # as one another provider handed back
            tx.execute(update(t.messages).where(in_doubt).values(uncertain_count=1, claimed_until=world.now))
        for _ in range(100):
            world.notifier.send_turn(world.now)
            if slow.taken or slow.end.wait(0.05):
                break
        told = list(slow.taken)
        slow.end.set()
    assert told == ["李敏"]


@dataclass
class Late:
    """It takes a text `takes` after the call, of which its line breaks off at `breaks`."""

    takes: timedelta
    breaks: timedelta
    name: str = "late"
    calls: list[str] = field(default_factory=list)
    taken: dict[str, datetime] = field(default_factory=dict)
    then: Failure | None = None  # how the calls after the first fail, if not as that one
    world: World | None = None

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities() if phone else None

    def send(self, text: Outgoing) -> Sent:
        assert self.world is not None
        self.calls.append(text.name)
        if self.then and text.reference in self.taken:
            raise ChannelError(self.then, "not now")
        self.taken[text.reference] = self.world.now + self.takes
        self.world.now += self.breaks
        raise ChannelError(Failure.UNCERTAIN, "no answer")

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        assert self.world is not None
        has_it = self.taken[text.reference] <= self.world.now
        return Sent(sid=f"S{text.reference}", status=MessageStatus.DELIVERED) if has_it else None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return None


@pytest.mark.parametrize(("takes_s", "breaks_s"), [(61, 45), (70, 61), (100, 20), (100, 95), (14, 13)])
def test_what_a_provider_takes_long_after_the_call_is_found_and_not_sent_again(
    tmp_path: Path, takes_s: int, breaks_s: int
) -> None:
    late = Late(timedelta(seconds=takes_s), timedelta(seconds=breaks_s))
    late.world = world = World(tmp_path, channels=[late])
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(world.now + timedelta(minutes=5), every=timedelta(seconds=5))
    assert sorted(late.calls) == sorted(["王丽", "李敏"])
    assert world.statuses() == {"delivered": 2}


@pytest.mark.parametrize("then", [Failure.DOWN, Failure.BUSY])
def test_what_was_in_doubt_is_looked_for_before_each_further_call(tmp_path: Path, then: Failure) -> None:
    late = Late(timedelta(seconds=130), timedelta(seconds=20), then=then)
    late.world = world = World(tmp_path, channels=[late])
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(world.now + timedelta(minutes=4), every=timedelta(seconds=5))
    assert world.statuses() == {"delivered": 2}


class Hangs(Dripping):
    """It answers nothing, neither a text nor a question."""

    def send(self, text: Outgoing) -> Sent:
        raise ChannelError(Failure.UNCERTAIN, "no answer")

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        raise ChannelError(Failure.UNCERTAIN, "no answer")


def test_behind_a_provider_that_answers_no_question_either_another_one_takes_the_text_within_minutes(
    tmp_path: Path,
) -> None:
    works = Dripping(held="", name="works")
    world = World(tmp_path, channels=[Hangs(held="", name="hangs"), works])
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(at("07:04"), every=timedelta(seconds=5))
    assert sorted(works.taken) == sorted(["王丽", "李敏"])
    assert world.statuses() == {"delivered": 2}


@dataclass
class Fails(Dripping):
    """It takes nothing."""

    how: Failure = Failure.DOWN

    def send(self, text: Outgoing) -> Sent:
        raise ChannelError(self.how, "no money")


class TakesAndHangs(Hangs):
    """It answers nothing, but took the text."""

    def send(self, text: Outgoing) -> Sent:
        self.taken.append(text.reference)
        return super().send(text)


@pytest.mark.parametrize("how", [Failure.DOWN, Failure.CONFIGURATION])
def test_where_the_other_one_fails_too_no_text_comes_again_and_again(tmp_path: Path, how: Failure) -> None:
    takes = TakesAndHangs(held="", name="takes")
    world = World(tmp_path, channels=[takes, Fails(held="", name="fails", how=how)])
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(at("08:30"), every=timedelta(seconds=30))
    assert takes.taken
    assert max(takes.taken.count(text) for text in takes.taken) <= 3


class Loses(Dripping):
    """Its line breaks at every call, and it never took any."""

    def send(self, text: Outgoing) -> Sent:
        self.taken.append(text.name)
        raise ChannelError(Failure.UNCERTAIN, "no answer")


def test_behind_a_provider_whose_line_breaks_again_and_again_another_one_takes_the_text(tmp_path: Path) -> None:
    loses, works = Loses(held="", name="loses"), Dripping(held="", name="works")
    world = World(tmp_path, channels=[loses, works])
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(at("07:04"), every=timedelta(seconds=5))
    assert sorted(loses.taken) == sorted(["王丽", "李敏"] * 2)
    assert sorted(works.taken) == sorted(["王丽", "李敏"])


def test_what_is_in_doubt_at_a_number_that_nothing_serves_any_more_fails_and_holds_nothing_up(tmp_path: Path) -> None:
    works = Dripping(held="", name="works")
    world = World(tmp_path, channels=[Loses(held="", name="loses"), works])
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx:
        tx.exec_driver_sql("UPDATE contacts SET phone = NULL WHERE contact_id = 'daughter'")
    world.until(at("07:04"), every=timedelta(seconds=5))
    assert works.taken == ["李敏"]
    assert world.statuses() == {"delivered": 1, "failed": 1}


def test_so_does_news_that_no_provider_may_have(tmp_path: Path) -> None:
    world = taken_up_behind(Loses(held="", name="loses"), tmp_path)
    world.until(at("07:10"), every=timedelta(seconds=5))
    assert world.statuses() == {"delivered": 3}


def test_news_in_doubt_wait_for_the_provider_that_may_have_them(tmp_path: Path) -> None:
    world = taken_up_behind(Hangs(held="", name="hangs"), tmp_path)
    world.until(at("07:15"), every=timedelta(seconds=5))
    assert world.statuses() == {"delivered": 2, "uncertain": 1}


def taken_up_behind(fails: Channel, folder: Path) -> World:
    """Two were told of an alert; since 7:05 somebody has it, and the news go through this provider first."""
    works = Dripping(held="", name="works")
    world = World(folder, channels=[works])
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.channels = [fails, works]
    world.start()
    world.now = at("07:05")
    with world.records.write() as tx:
        world.life.acknowledge(tx, alert, by="grid_worker", now=world.now)
    return world


def test_what_was_taken_up_meanwhile_goes_through_no_other_provider(tmp_path: Path) -> None:
    works = Dripping(held="", name="works")
    world = World(tmp_path, channels=[Hangs(held="", name="hangs"), works])
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx:
        world.life.acknowledge(tx, alert, by="grid_worker", now=world.now)
    world.until(at("07:15"), every=timedelta(seconds=5))
    assert works.taken == []


class ToAPhoneThatIsOff(Dripping):
    """Its line breaks at the first call, though it takes the text; that one doesn't reach the phone."""

    def send(self, text: Outgoing) -> Sent:
        self.taken.append(text.name)
        if self.taken.count(text.name) == 1:
            raise ChannelError(Failure.UNCERTAIN, "no answer")
        return Sent(sid=f"again{text.reference}", status=MessageStatus.DELIVERED)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        return Sent(sid=f"S{text.reference}")

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return Sent(sid=sid, status=MessageStatus.UNDELIVERED, again_after=timedelta(minutes=1))


def test_a_text_that_was_in_doubt_and_is_sent_again_for_a_phone_that_was_off_leaves(tmp_path: Path) -> None:
    off = ToAPhoneThatIsOff(held="")
    world = World(tmp_path, channels=[off])
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(world.now + timedelta(minutes=5), every=timedelta(seconds=5))
    assert sorted(off.taken) == sorted(["王丽", "李敏"] * 2)
    assert world.statuses() == {"delivered": 2}


def test_what_it_never_took_is_sent_again_within_two_minutes(tmp_path: Path) -> None:
    late = Late(timedelta(days=1), timedelta(seconds=45))
    late.world = world = World(tmp_path, channels=[late])
    with world.records.write() as tx:
        tx.exec_driver_sql("DELETE FROM pairings")
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    begun = at("07:00")
    while len(late.calls) < 2:
        world.now += timedelta(seconds=5)
        assert world.now <= begun + timedelta(seconds=170)  # that call took 45 s itself
        world.turn()
    assert late.calls == ["王丽", "王丽"]


def to_the_daughter(number: int) -> Outgoing:
    return Outgoing(
        reference=str(number), to="+86", name="王丽", language=Language.ZH, body="1", template="test", variables={}
    )


def failure_of(channel: Channel, text: Outgoing) -> Failure | None:
    try:
        channel.send(text)
    except ChannelError as e:
        return e.failure
    return None


def test_of_a_provider_that_leaves_many_calls_open_nothing_more_is_asked_until_they_end() -> None:
    drips = Dripping(held="王丽")
    channel = OnTime(drips, timedelta(0))
    failures = {failure_of(channel, to_the_daughter(number)) for number in range(MOST_OPEN)}
    assert failures == {Failure.UNCERTAIN}
    assert failure_of(channel, to_the_daughter(99)) is Failure.DOWN
    assert len(drips.taken) == MOST_OPEN
    drips.end.set()
    for call in drips.calls:
        call.join(60)
    assert failure_of(channel, to_the_daughter(99)) is not Failure.DOWN


@contextmanager
def a_provider_that_drips(end: Event, begun: Semaphore) -> Iterator[str]:
    """A real server: a byte of an answer's head now and then, until `end` or until the line is cut."""

    class Drips(Loopback):
        def post(self) -> None:
            self.wfile.write(b"HTTP/1.1 201 Created\r\nX-Drip: ")
            begun.release()
            self.close_connection = True
            while not end.wait(0.01):
                try:
                    self.wfile.write(b".")
                except OSError:
                    return

    with listening(Drips) as address:
        yield address


@dataclass
class OverTheWire:
    """Twilio's own client, and the threads that wait for it."""

    twilio: TwilioSms
    name: str = "twilio"
    calls: list[Thread] = field(default_factory=list)

    def capabilities(self, phone: str) -> Capabilities | None:
        return self.twilio.capabilities(phone)

    def send(self, text: Outgoing) -> Sent:
        self.calls.append(current_thread())
        return self.twilio.send(text)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return None


def test_calls_that_drip_for_ever_are_cut_and_the_channel_takes_texts_again_without_a_restart() -> None:
    end, begun = Event(), Semaphore(0)
    with a_provider_that_drips(end, begun) as address:
        wire = OverTheWire(TwilioSms(client("AC1", "token", address), TwilioRules(sender="+1")))
        channel = OnTime(wire, timedelta(0))
        for number in range(MOST_OPEN):
            failure_of(channel, to_the_daughter(number))
            begun.acquire(timeout=60)
        assert failure_of(channel, to_the_daughter(98)) is Failure.DOWN
        for call in wire.calls:
            call.join(60)
        still_open = [call for call in wire.calls if call.is_alive()]
        again = failure_of(channel, to_the_daughter(99))
        end.set()
    assert (still_open, again) == ([], Failure.UNCERTAIN)


def test_of_late_answers_that_nobody_asks_for_no_more_are_kept_than_calls_may_be_open() -> None:
    drips = Dripping(held="王丽")
    channel = OnTime(drips, timedelta(0))
    for first in (0, 100):
        drips.end.clear()
        for number in range(MOST_OPEN):
            assert failure_of(channel, to_the_daughter(first + number)) is Failure.UNCERTAIN
        drips.end.set()
        for call in all_threads():
            if call.name == "call dripping":
                call.join(60)
    assert [knows(channel, to_the_daughter(number)) for number in (0, MOST_OPEN - 1, 100)] == [False, False, True]


def knows(channel: Channel, text: Outgoing) -> bool:
    """Whether it needs to ask nobody what became of it."""
    try:
        return channel.find(text, at("07:00")) is not None
    except ChannelError:
        return False
