"""Plays the demo's story in lock-step with a virtual clock, and the people in it who answer."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, RowMapping, select

from domain.alert import Outcome, State
from domain.finding import AlertKind, Level
from simulator.demo import Story
from store import tables as t

ORDINARY_STEP = timedelta(hours=1)
READ_WITHIN = timedelta(minutes=1)  # meters are read some seconds apart
ALERT_STEP = timedelta(minutes=5)
TOLD_ALL_ROUND = 4  # steps of the policy
ANSWER_AFTER = timedelta(minutes=5)
AWAY_AFTER, AWAY_FOR = timedelta(hours=20), timedelta(days=4)  # so long a silence, the neighbours know of a journey
GRID_WORKER, OPERATOR = "limin", "ops"
SETTLE_NOBODY_CAME = timedelta(minutes=25)  # the story ends with the first escalation on the screen

A, E = t.alerts.c, t.alert_events.c
_SOON = (State.OPEN, State.ASKED, State.NOTIFIED, State.ACKNOWLEDGED, State.ON_SITE, State.EASED)


class Life(Protocol):
    """What people can do about an alert."""

    def acknowledge(self, tx: Connection, alert_id: int, *, by: str, now: datetime) -> None: ...

    def arrive(self, tx: Connection, alert_id: int, *, by: str, now: datetime) -> None: ...

    def leave(self, tx: Connection, alert_id: int, *, by: str, until: datetime, now: datetime, why: str) -> None: ...

    def resolve(
        self, tx: Connection, alert_id: int, *, by: str, outcome: Outcome, now: datetime, note: str = ""
    ) -> None: ...


class Records(Protocol):
    """The records file."""

    def write(self) -> AbstractContextManager[Connection]: ...

    def read(self) -> AbstractContextManager[Connection]: ...


class Plays(Protocol):
    """What publishes the recordings."""

    def play_until(self, at: datetime) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where the play stands, for the progress line."""

    at: datetime
    published: int
    share: float


class People:
    """Those in the story who answer: each does what such a person would, some minutes later.

    One alert is left for whoever watches: that of the resident whose use stopped. The grid worker takes it once, and
    doesn't get there.
    """

    def __init__(self, records: Records, life: Life, *, left_alone: str, from_at: datetime) -> None:
        self._records = records
        self._life = life
        self._left_alone = left_alone
        self._from_at = from_at
        self._taken_once = False

    def busy(self) -> bool:
        """Whether any alert waits for somebody who would do something about it soon."""
        return any(State(alert["state"]) in _SOON for alert in self._waiting() if not _held_by_operator(alert))

    def act(self, now: datetime) -> bool:
        """Whether anybody did something, of which others are to be told."""
        acted = False
        for alert in self._waiting():
            if now - alert["opened_at"] < ANSWER_AFTER:
                continue
            with self._records.write() as tx:
                if not self._is_left_alone(alert):
                    self._answer(tx, alert, now)
                    acted = acted or not _held_by_operator(alert)
                elif alert["policy_step"] >= TOLD_ALL_ROUND and not self._taken_once:
                    self._taken_once = acted = True
                    self._life.acknowledge(tx, alert["alert_id"], by=GRID_WORKER, now=now)
        return acted

    def nobody_came(self, now: datetime) -> bool:
        """Whether the resident whose use stopped has been alerted about for long enough to see who was told."""
        return any(
            self._is_left_alone(alert)
            and alert["level"] == Level.ALERT
            and alert["state"] == State.NOTIFIED
            and now - self._told_at(alert) >= SETTLE_NOBODY_CAME
            for alert in self._waiting()
        )

    def _told_at(self, alert: RowMapping) -> datetime:
        """When others were first told: half an hour after it was raised where the resident was asked just then."""
        told = select(E.at).where(E.alert_id == alert["alert_id"], E.to_state == State.NOTIFIED.value)
        with self._records.read() as tx:
            first: datetime | None = tx.execute(told.order_by(E.event_id)).scalars().first()
        return first or alert["raised_at"]

    def _waiting(self) -> list[RowMapping]:
        unsettled = A.state.in_([state.value for state in State if state.running])
        with self._records.read() as tx:
            return list(tx.execute(select(t.alerts).where(unsettled)).mappings().all())

    def _is_left_alone(self, alert: RowMapping) -> bool:
        return bool(
            alert["household_id"] == self._left_alone
            and alert["kind"] == AlertKind.LOW_USE
            and alert["raised_at"] >= self._from_at
        )

    def _answer(self, tx: Connection, alert: RowMapping, now: datetime) -> None:
        alert_id, kind = alert["alert_id"], AlertKind(alert["kind"])
        worker = OPERATOR if kind.for_operator else GRID_WORKER
        match State(alert["state"]):
            case State.ASKED:
                by = f"r-{alert['household_id']}"
                self._life.resolve(tx, alert_id, by=by, outcome=Outcome.SAFE, now=now, note="")
            case State.OPEN if alert["level"] == Level.ASK:
                pass  # the question waits for the morning, and nobody else knows of it
            case State.OPEN | State.NOTIFIED:
                self._life.acknowledge(tx, alert_id, by=worker, now=now)
            case State.ACKNOWLEDGED if kind is AlertKind.LOW_USE and now - alert["since"] > AWAY_AFTER:
                self._life.leave(tx, alert_id, by=worker, until=now + AWAY_FOR, now=now, why="女儿说外出")
            case State.ACKNOWLEDGED if not kind.for_operator:
                self._life.arrive(tx, alert_id, by=worker, now=now)
            case State.ON_SITE | State.EASED:
                outcome, note = _outcome(kind)
                self._life.resolve(tx, alert_id, by=worker, outcome=outcome, now=now, note=note)
            case _:
                pass


def _held_by_operator(alert: RowMapping) -> bool:
    """The operator takes as long as it takes."""
    return bool(AlertKind(alert["kind"]).for_operator and alert["state"] == State.ACKNOWLEDGED)


def _outcome(kind: AlertKind) -> tuple[Outcome, str]:
    if kind is AlertKind.CONSTANT_FLOW:
        return Outcome.INCIDENT, "水龙头没关，已关好"
    if kind.for_operator:
        return Outcome.METER_FAULT, "电池已换"
    return Outcome.SAFE, "见到老人，平安"


def perform(
    story: Story,
    *,
    player: Plays,
    people: People,
    move_clock: Callable[[datetime], None],
    settle: Callable[[int], None],
    scan: Callable[[], None],
) -> Iterator[Moment]:
    """Step by step to the end: publish what is due, let the house settle it, let people act.

    `settle(published)` returns when all of that is stored, detected and sent. `scan` is a passer-by with a phone, the
    day before the end. Hours pass at once while nothing is the matter, five minutes while an alert waits for somebody.
    """
    now, published, scanned = story.start_at, 0, False
    all_read_at, acted = now + READ_WITHIN, False
    while now < story.end_at and not people.nobody_came(now):
        hour_goes_on = ORDINARY_STEP - (now - all_read_at) % ORDINARY_STEP  # to the meters' next readings
        now = min(now + (ALERT_STEP if acted or people.busy() else hour_goes_on), story.end_at)
        move_clock(now)
        published += player.play_until(now)
        if now >= story.scan_at and not scanned:
            scanned = True
            scan()
        settle(published)
        acted = people.act(now)
        yield Moment(at=now, published=published, share=(now - story.start_at) / (story.end_at - story.start_at))
    settle(published)
