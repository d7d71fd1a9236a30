"""What time brings to an alert: the next step of its policy, and what was left lying is opened again."""

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from sqlalchemy import Connection, select

from domain.alert import Event, Outcome, State
from domain.finding import AlertKind, Level
from notifier.case import ANJU, Case
from notifier.circle import Group, reachable
from notifier.concern import NEVER_EASES
from notifier.feedback import tell_the_watch
from notifier.letters import Letters
from notifier.people import circle_of
from notifier.policy import Decision, Why, decide
from notifier.quiet import QuietHours
from notifier.telling import Telling
from notifier.timelines import URGENCY, Policies, Policy
from notifier.watched import told_until
from notifier.watches import WatchIn
from store import tables as t

A = t.alerts.c
BY_WATER = frozenset({AlertKind.LOW_USE, AlertKind.CONSTANT_FLOW})
LOOK_AGAIN = timedelta(hours=1)  # for readings


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeRules:
    """`presses_join`: a button pressed again within this time is the same call for help, told once. `dangers_join`: a
    sensor that reports its danger again within this time, after the alert was settled, speaks of the same danger.

    `street_homes` alerts of one kind in one community within `street_within` have one cause, most likely: the operator
    hears of it, and the texts of further ones wait for `street_wait`. `asleep`: residents are asked nothing then unless
    it is about to be told to others.
    """

    policies: Policies = field(default_factory=Policies)
    presses_join: timedelta = timedelta(minutes=5)
    dangers_join: timedelta = timedelta(minutes=15)
    quiet: QuietHours = field(default_factory=QuietHours)
    asleep: QuietHours = field(default_factory=lambda: QuietHours(start=time(22), end=time(7)))
    street_homes: int = 20
    street_within: timedelta = timedelta(minutes=30)
    street_wait: timedelta = timedelta(minutes=30)


class Steps:
    """Moves alerts along their policies. `watch_in`: who hears that all is well there; none, where nobody watches."""

    def __init__(
        self,
        letters: Letters,
        rules: LifeRules | None = None,
        watch_in: WatchIn | None = None,
    ) -> None:
        self._watch_in = watch_in
        self._rules = rules or LifeRules()
        self._telling = Telling(letters=letters, quiet=self._rules.quiet)

    def due(self, tx: Connection, now: datetime, limit: int = 100) -> list[int]:
        """Alerts whose time has come, the most urgent kinds first."""
        rows = tx.execute(select(A.alert_id, A.kind).where(A.next_at <= now).order_by(A.next_at).limit(limit)).all()
        return [row.alert_id for row in sorted(rows, key=lambda row: URGENCY[AlertKind(row.kind)])]

    def advance(self, tx: Connection, alert_id: int, now: datetime) -> None:
        """Does what the policy says is due: asks, tells the next people, or opens again what was left lying."""
        self._advance(Case.open(tx, alert_id, now))

    def advance_if_due(self, tx: Connection, alert_id: int, now: datetime) -> None:
        """Somebody may have answered since the alert was found to be due."""
        case = Case.open(tx, alert_id, now)
        if case.row["next_at"] is not None and case.row["next_at"] <= now:
            self._advance(case)

    def hasten(self, tx: Connection, alert_id: int, now: datetime) -> None:
        """Nobody of this step can be reached: the next is due now where it has people who were not tried yet.

        Where all were tried the steps keep their time, or a provider that fails would send without end.
        """
        case = Case.open(tx, alert_id, now)
        if case.state not in (State.ASKED, State.NOTIFIED):
            return
        circle, policy = circle_of(tx, case.row["household_id"], case.home.community_id), self._policy(case)
        following = decide(policy, case.standing, circle, now).people
        if any(not case.reminded(reader) for reader in following):
            case.write(next_at=now)
            return
        operators = tuple(p for p in reachable(circle, (Group.OPERATOR,)) if not case.reminded(p))
        if operators and not case.kind.is_notice:
            event_id = case.note("remind", ANJU, Why.NOBODY_REACHABLE, case.state)
            self._telling.step(case, Decision(why=Why.NOBODY_REACHABLE, people=operators), policy, event_id)

    def _advance(self, case: Case, why: Why | None = None) -> None:
        if case.state is State.ABSENT and (until := case.absent_until()):
            case.write(next_at=until)
            return
        if case.state is State.RESOLVED and case.kind in NEVER_EASES and case.row["last_at"] <= case.row["resolved_at"]:
            case.write(next_at=None, ended_at=case.now)  # no more was heard of it
            return
        if case.state is State.RESOLVED and self._waits_for_readings(case):
            return
        circle = circle_of(case.tx, case.row["household_id"], case.home.community_id)
        wakes_at = self._rules.asleep.not_before(case.now, case.home.timezone)
        ended = case.ended and (case.kind not in NEVER_EASES or case.eased or why is Why.ABSENCE_OVER)
        standing = replace(case.standing, wakes_at=wakes_at, ended=ended)
        decision = decide(self._policy(case), standing, circle, case.now)
        if decision.event in (Event.EXPIRE, Event.REOPEN):
            self._open_again(case, decision)
            return
        self._do(case, replace(decision, why=why) if why and decision.people else decision)

    def _waits_for_readings(self, case: Case) -> bool:
        """Of what was settled, whether it goes on: it waits for readings then, and ends where no meter is watched."""
        if case.kind not in BY_WATER:
            return False
        until = told_until(case.tx, case.row["household_id"], case.now)
        if until is None:
            case.write(next_at=None, ended_at=case.now)
        elif until < case.now:
            case.write(next_at=case.now + LOOK_AGAIN)
        return until is None or until < case.now

    def _open_again(self, case: Case, decision: Decision) -> None:
        """Nobody got there, or it goes on: told from the start, and the resident is not asked once more."""
        away = case.state is State.ABSENT
        self._teach(case, None)
        case.step(decision.event or Event.EXPIRE, ANJU, decision.why)
        case.start_again()
        if not away:
            case.write(level=Level.ALERT.value)
        self._advance(case, decision.why)

    def _teach(self, case: Case, outcome: Outcome | None, *, well_at: datetime | None = None) -> None:
        """The home's watch learns of a false alarm, or that what was settled as one was none; and that all is well."""
        home, false = case.home.household_id, Outcome.FALSE_ALARM
        more = (outcome is false) - (case.row["outcome"] == false)
        if case.kind is AlertKind.LOW_USE and home and self._watch_in and (well_at or more):
            tell_the_watch(case.tx, home, case.home.timezone, self._watch_in, well_at=well_at, false_alarms=more)

    def _do(self, case: Case, decision: Decision) -> None:
        if decision.event is Event.EASE:
            case.step(Event.EASE, ANJU, decision.why)
            self._wait_for_settling(case)
            return
        event_id = 0
        if decision.event:
            event_id = case.step(decision.event, ANJU, decision.why)
        elif decision.people:
            event_id = case.note("remind", ANJU, decision.why, case.state)
        case.write(next_at=decision.next_at, policy_step=decision.told or case.row["policy_step"])
        self._telling.step(case, decision, self._policy(case), event_id)

    def _wait_for_settling(self, case: Case) -> None:
        remind = self._policy(case).remind_eased_after
        case.write(next_at=case.now + remind if remind else None)
        case.cancel_texts()

    def _policy(self, case: Case) -> Policy:
        return self._rules.policies.of(case.kind, case.home.community_id)
