"""A provider that takes every text and delivers none must not be called without end, nor in silence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.alert import State
from domain.finding import AlertKind, Level
from domain.message import MessageStatus
from domain.reading import DeviceEvent
from notifier.audit import audit
from notifier.contract import Cap, Capabilities, ChannelError, Failure, Outgoing, Sent
from notifier.people import person
from store import tables as t
from tests.notifier.world import HOME, World, at, silence


class Undelivered:
    """Takes a text, and says at once that it could not be delivered."""

    name = "undelivered"

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.asked = 0

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities(receipts=True) if phone else None

    def send(self, text: Outgoing) -> Sent:
        self.taken.append(text.name)
        return Sent(sid=f"U{text.reference}", status=MessageStatus.FAILED, error="30002")

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return None


class Refusing(Undelivered):
    """Takes nothing at all, always for the same reason; can't be asked either."""

    def __init__(self, failure: Failure) -> None:
        super().__init__()
        self.failure = failure

    def send(self, text: Outgoing) -> Sent:
        raise ChannelError(self.failure, "refused")

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        raise ChannelError(self.failure, "refused")


@pytest.mark.parametrize("failure", ["busy", "down", "configuration", "refused", "uncertain"])
def test_when_no_provider_takes_a_text_the_service_is_not_well_and_the_outside_watch_hears_it(
    tmp_path: Path, failure: str
) -> None:
    world = World(tmp_path, channels=[Refusing(Failure(failure))])
    world.raise_alert(silence(Level.ALERT, world.now))
    world.until(at("07:20"))
    with world.records.read() as tx:
        problems = audit(tx, world.now).problems
    assert [problem.partition(":")[0] for problem in problems] == ["texts tried again and again that no provider takes"]


def problems_with(world: World, provider: Undelivered) -> list[str]:
    with world.records.read() as tx:
        return list(audit(tx, world.now, channels=[provider.name]).problems)


def test_wrong_credentials_are_said_at_once_and_no_more_once_a_text_leaves(tmp_path: Path) -> None:
    provider = Refusing(Failure.CONFIGURATION)
    world = World(tmp_path, channels=[provider])
    world.raise_alert(silence(Level.ALERT, world.now))
    assert problems_with(world, provider) == ["undelivered: takes no texts (refused)"]
    mended = Undelivered()
    world.channels = [mended]
    world.start()
    world.until(at("07:01"))
    assert len(mended.taken) >= 2
    assert problems_with(world, provider) == []


class Erring(Undelivered):
    """Answers every send with an error of its own, and knows afterwards that it took nothing."""

    def send(self, text: Outgoing) -> Sent:
        self.asked += 1
        raise ChannelError(Failure.UNCERTAIN, "HTTP 503")


def test_a_provider_that_errs_for_a_minute_costs_no_text_and_one_that_errs_on_is_said_to_be_down(
    tmp_path: Path,
) -> None:
    provider = Erring()
    world = World(tmp_path, channels=[provider])
    world.raise_alert(silence(Level.ALERT, world.now))
    world.until(at("07:01"), every=timedelta(seconds=5))
    assert provider.asked == 2 * 4
    assert world.statuses() == {"uncertain": 2}
    world.until(at("07:09"), every=timedelta(seconds=5))
    assert world.statuses()["failed"] >= 2
    assert problems_with(world, provider)[0] == "undelivered: takes no texts (HTTP 503)"
    assert world.alerts(AlertKind.CHANNEL_DOWN)[0]["subject"] == provider.name


class Hanging(Undelivered):
    """Each call is cut after 45 seconds; it knows afterwards that it took nothing, or can't be asked either."""

    def __init__(self, *, can_be_asked: bool) -> None:
        super().__init__()
        self.can_be_asked = can_be_asked
        self.world: World | None = None

    def send(self, text: Outgoing) -> Sent:
        assert self.world is not None
        self.world.now += timedelta(seconds=45)
        raise ChannelError(Failure.UNCERTAIN, "no answer")

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        if not self.can_be_asked:
            raise ChannelError(Failure.UNCERTAIN, "no answer")
        return None


@pytest.mark.parametrize("can_be_asked", [True, False])
def test_a_provider_that_hangs_is_said_within_minutes_and_as_long_as_it_lasts(
    tmp_path: Path, can_be_asked: bool
) -> None:
    provider = Hanging(can_be_asked=can_be_asked)
    provider.world = world = World(tmp_path, channels=[provider])
    world.raise_alert(silence(Level.ALERT, world.now))
    assert problems_with(world, provider) == []
    world.until(at("07:05"), every=timedelta(seconds=5))
    said = []
    for n in range(24):
        world.until(at("07:05") + n * timedelta(seconds=15), every=timedelta(seconds=5))
        said.append([problem.partition(":")[0] for problem in problems_with(world, provider)])
    assert all("texts tried again and again that no provider takes" in names for names in said)


class Slow(Undelivered):
    """Takes every text, gives no answer, and has it in its list ten seconds later."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_again: dict[str, int] = {}

    def send(self, text: Outgoing) -> Sent:
        self.taken.append(text.name)
        raise ChannelError(Failure.UNCERTAIN, "no answer")

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        """Asked at once it knows nothing; the second time, fifteen seconds later, it does."""
        self.asked_again[text.name] = self.asked_again.get(text.name, 0) + 1
        return Sent(sid=f"S{text.reference}") if self.asked_again[text.name] > 1 else None


def test_what_stands_in_the_providers_list_some_seconds_late_leaves_no_second_time(tmp_path: Path) -> None:
    provider = Slow()
    world = World(tmp_path, channels=[provider])
    world.raise_alert(silence(Level.ALERT, world.now))
    world.until(at("07:01"), every=timedelta(seconds=5))
    assert (provider.taken, world.statuses()) == (["王丽", "李敏"], {"sent": 2})


def test_a_call_for_help_that_reaches_nobody_is_repeated_in_its_time_and_the_operator_is_told(tmp_path: Path) -> None:
    provider = Undelivered()
    world = World(tmp_path, channels=[provider])
    press = DeviceEvent(device_id="sos1", at=world.now.astimezone(UTC), kind="sos_button", flags={"sos": True})
    world.happens(press)
    world.until(at("07:09"), every=timedelta(seconds=10))
    assert sorted(provider.taken) == sorted(["王丽", "王强", "李敏", "值班室", "陈主任", "Olga"])
    world.until(at("07:31"), every=timedelta(seconds=10))
    assert len(provider.taken) == 6 + 3 * 5
    assert world.state(1) is State.NOTIFIED


def test_an_alert_that_reaches_nobody_goes_through_all_its_people_at_once_and_then_keeps_its_time(
    tmp_path: Path,
) -> None:
    provider = Undelivered()
    world = World(tmp_path, channels=[provider])
    world.raise_alert(silence(Level.ALERT, world.now))
    world.until(at("07:05"))
    assert provider.taken == ["王丽", "李敏", "王强", "值班室", "陈主任", "Olga"]
    world.until(at("07:09"))
    assert len(provider.taken) == 6


class Confused(Undelivered):
    """Its answer to the call is lost, and its client can't read the list of what was sent."""

    def send(self, text: Outgoing) -> Sent:
        raise ChannelError(Failure.UNCERTAIN, "no answer")

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        self.asked += 1
        raise KeyError("messages")


def test_a_text_that_can_not_be_looked_up_is_asked_after_twice_a_minute_and_not_at_every_turn(tmp_path: Path) -> None:
    provider = Confused()
    world = World(tmp_path, channels=[provider])
    with world.records.write() as tx:
        world.life.raise_or_join(tx, silence(Level.ALERT, world.now), world.now)
    for second in range(60):
        world.now = at("07:00") + timedelta(seconds=second)
        world.notifier.send_turn(world.now)
    assert 0 < provider.asked <= 4
    assert world.statuses() == {"uncertain": 2}


class Unreadable(Undelivered):
    """Takes a text, and its client can't read what became of it."""

    def send(self, text: Outgoing) -> Sent:
        return Sent(sid=f"U{text.reference}")

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        self.asked += 1
        raise KeyError("status")


def test_one_text_whose_fate_can_not_be_read_keeps_none_from_being_asked_after(tmp_path: Path) -> None:
    provider = Unreadable()
    world = World(tmp_path, channels=[provider])
    world.raise_alert(silence(Level.ALERT, world.now))
    world.now = at("07:02")
    world.notifier.send_turn(world.now)
    assert provider.asked == 2


def test_who_is_no_guardian_any_more_gets_no_text_that_still_waited_and_the_next_is_told(tmp_path: Path) -> None:
    world = World(tmp_path, channels=[Refusing(Failure.BUSY)])
    world.raise_alert(silence(Level.ALERT, world.now))
    with world.records.write() as tx:
        g = t.guardians.c
        tx.execute(t.guardians.delete().where(g.household_id == HOME, g.contact_id == "daughter"))
    provider = Undelivered()
    world.channels = [provider]
    world.start()
    world.until(at("07:09"))
    assert "王丽" not in provider.taken
    assert "李敏" in provider.taken


class Taking(Undelivered):
    """Takes every text, or calls where `voice`."""

    name = "taking"

    def __init__(self, *, voice: bool = False) -> None:
        super().__init__()
        self._voice = voice

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities(voice=self._voice)

    def send(self, text: Outgoing) -> Sent:
        self.taken.append(text.name)
        return Sent(sid=f"T{text.reference}")


class Second(Refusing):
    """Another one that takes nothing."""

    name = "second"


@pytest.mark.parametrize("voice", [False, True])
@pytest.mark.parametrize("failure", [Failure.DOWN, Failure.CONFIGURATION, Failure.CAPPED, Failure.REFUSED])
def test_where_two_providers_take_nothing_the_third_has_the_text_at_once(
    tmp_path: Path, failure: Failure, *, voice: bool
) -> None:
    third = Taking(voice=voice)
    world = World(tmp_path, channels=[Refusing(failure), Second(failure), third])
    world.raise_alert(silence(Level.ALERT, world.now))
    world.notifier.send_turn(world.now)
    assert [name for name in third.taken if name != "Olga"] == ["王丽", "李敏"]


class Full(Taking):
    """Takes no more than one text a day to a number."""

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities(caps=(Cap(texts=1, within=timedelta(days=1)),))


class SecondFull(Full):
    """Another such."""

    name = "second"


class Third(Taking):
    """One that takes them all."""

    name = "third"


def test_where_two_providers_have_given_a_number_its_share_the_third_takes_the_text(tmp_path: Path) -> None:
    providers = [Full(), SecondFull(), Third()]
    world = World(tmp_path, channels=list(providers))
    with world.records.write() as tx:
        daughter = person(tx, "daughter", "contact")
        assert daughter is not None
        for code in ("111111", "222222", "333333"):
            world.notifier.letters.code(tx, daughter, code, cause=code, now=world.now)
    world.notifier.send_turn(world.now)
    assert [provider.taken.count("王丽") for provider in providers] == [1, 1, 1]
