"""Providers whose answer drips, or comes after all patience: nobody else waits for it, and nothing is sent twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread, current_thread

import pytest

from domain.finding import Level
from domain.message import MessageStatus
from domain.people import Language
from notifier.book import OutboxRules
from notifier.contract import Capabilities, Channel, ChannelError, Failure, Outgoing, Sent
from notifier.on_time import MOST_OPEN, OnTime
from notifier.service import NotifierRules
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


@dataclass
class Late:
    """It takes a text `takes` after the call, of which its line breaks off at `breaks`."""

    takes: timedelta
    breaks: timedelta
    name: str = "late"
    calls: list[str] = field(default_factory=list)
    taken: dict[str, datetime] = field(default_factory=dict)
    world: World | None = None

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities() if phone else None

    def send(self, text: Outgoing) -> Sent:
        assert self.world is not None
        self.calls.append(text.name)
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
