"""What detectors and devices bring: a new alert, more evidence of a running one, or the end of its cause."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from domain.alert import Event, Outcome, State
from domain.finding import AlertKind, Level, Reason
from notifier.case import ANJU, Case
from notifier.changes import in_danger
from notifier.concern import DANGERS, GOES_ON, NEVER_EASES, Concern
from notifier.people import person
from notifier.policy import Decision, Why
from notifier.steps import A, Steps

LONG_OVER = timedelta(days=1)
STREET_KINDS = frozenset({AlertKind.LOW_USE, AlertKind.CONSTANT_FLOW, AlertKind.NO_DATA})


class Raising(Steps):
    """One alert a subject and kind; a new incident behind it is not hidden by it."""

    def raise_or_join(self, tx: Connection, concern: Concern, now: datetime) -> int:
        """A new alert, told at once; or more evidence of a running one, which a new incident opens again."""
        case = Case.find(tx, (A.subject == concern.subject) & (A.kind == concern.kind), now)
        if case is None:
            return self._raise(tx, concern, now)
        if concern.reported and concern.is_known(case):
            return case.alert_id
        if case.state.running:
            self._join(case, concern)
            return case.alert_id
        if concern.kind in GOES_ON and concern.reported and not case.ended and not self._anew(case, concern):
            case.write(last_at=max(concern.at, case.row["last_at"]))  # settled, and it goes on: looked at again in time
            return case.alert_id
        if not case.ended:
            case.write(next_at=None, ended_at=now)  # the new alert looks after it from here on
        return self._raise(tx, concern, now)

    def tell_more(
        self, tx: Connection, alert_id: int, reason: Reason, *, cause: str, now: datetime, worse: bool = False
    ) -> None:
        """Those who were told hear more of the same alert: with other news, or, if `worse`, at once; once a `cause`."""
        case = Case.open(tx, alert_id, now)
        if worse:
            case.write(reason={"key": reason.key, "values": dict(reason.values)})
        case.note("join", ANJU, reason.key, case.state)
        self._telling.more(case, reason, cause, at_once=worse)

    def ease(
        self, tx: Connection, subject: str, kind: AlertKind, at: datetime, now: datetime, *, by_sign: bool = False
    ) -> int | None:
        """The cause is gone. The alert stays until a person settles it; who was told of more than a notice hears of it.

        `by_sign`: no water ran, but a door, motion or a wristband tells of somebody there.
        """
        case = Case.find(tx, (A.subject == subject) & (A.kind == kind), now)
        if case is None or case.ended:
            return None
        if at < case.row["since"]:
            at = now  # said by another clock than the beginning
        before = case.state
        held_back = kind in DANGERS and _was_held_back(case, at)
        why = Why.SIGN_OF_LIFE if by_sign else Why.OVER_WHEN_HEARD if held_back else Why.CAUSE_GONE
        if kind is AlertKind.LOW_USE and _is_between_us_and_the_resident(case):
            case.step(Event.RESOLVE, ANJU, why)
            case.write(ended_at=at)
            case.settle(Outcome.SAFE, "", None)
            return case.alert_id
        if kind in NEVER_EASES and before.running and not held_back:
            case.write(ended_at=at)
            case.note("over", ANJU, why, before)
            return case.alert_id
        readers = case.told(or_will_be=held_back)
        event_id = case.step(Event.EASE, ANJU, why)
        case.write(ended_at=at)
        if case.state is State.RESOLVED:
            case.write(next_at=None)
            return case.alert_id
        if case.state is State.EASED and before is not State.EASED:
            self._wait_for_settling(case)
        if not kind.is_notice:
            self._telling.news(case, "eased", event_id, by=ANJU, to=readers)
        return case.alert_id

    def tell_operator(
        self, tx: Connection, subject: str, reason: Reason, now: datetime, kind: AlertKind = AlertKind.CHANNEL_DOWN
    ) -> int:
        """One alert a subject; `subject` is "community/what" where it concerns one community."""
        concern = Concern(
            kind=kind,
            level=Level.ALERT,
            subject=subject,
            household_id=None,
            at=now,
            since=now,
            reason=reason,
            reported=True,
        )
        return self.raise_or_join(tx, concern, now)

    def runs_for(self, tx: Connection, subject: str, kind: AlertKind, reason_key: str) -> bool:
        """Whether the alert there goes on for this reason."""
        newest = _newest(tx, subject, kind)
        return newest is not None and newest.ended_at is None and newest.reason["key"] == reason_key

    def goes_on(self, tx: Connection, subject: str, kind: AlertKind) -> tuple[Level, datetime] | None:
        """How sure the alert that goes on there is, and since when its cause; None where none does."""
        newest = _newest(tx, subject, kind)
        return (Level(newest.level), newest.since) if newest is not None and newest.ended_at is None else None

    def told_to_others(self, tx: Connection, subject: str, kind: AlertKind) -> tuple[Level, datetime] | None:
        """The same of an alert of which others than the resident were told."""
        newest = _newest(tx, subject, kind)
        return self.goes_on(tx, subject, kind) if newest is not None and newest.policy_step else None

    def runs_since(self, tx: Connection, subject: str, kind: AlertKind) -> datetime | None:
        """Since when we know of the alert that goes on there; None where none does."""
        newest = _newest(tx, subject, kind)
        return newest.raised_at if newest is not None and newest.ended_at is None else None

    def knows(self, tx: Connection, concern: Concern, heard_at: datetime) -> bool:
        """Whether an alert of its kind there is of as late a time, or was raised since this was heard."""
        its = (A.subject == concern.subject, A.kind == concern.kind.value)
        last_at, raised_at = tx.execute(select(func.max(A.last_at), func.max(A.raised_at)).where(*its)).one()
        return last_at is not None and heard_at <= max(last_at, raised_at)

    # Inside

    def _raise(self, tx: Connection, concern: Concern, now: datetime) -> int:
        values = concern.evidence | {
            "household_id": concern.household_id,
            "subject": concern.subject,
            "kind": concern.kind.value,
            "state": State.OPEN.value,
            "raised_at": now,
            "opened_at": now,
            "last_at": concern.at,
        }
        case = Case.begin(tx, values, now)
        case.note("raise", ANJU, concern.reason.key, None)
        self._go(case)
        return case.alert_id

    def _join(self, case: Case, concern: Concern) -> None:
        """More of the same is noted; a risen level or a new incident moves the alert."""
        goes_on = self._comes_and_goes(case, concern)
        recurs = (case.ended and not goes_on) or self._anew(case, concern)
        rises = concern.level is Level.ALERT and case.level is Level.ASK
        same = concern.reason.key == case.row["reason"]["key"]
        case.write(last_at=max(concern.at, case.row["last_at"]), ended_at=None)
        if not (recurs or rises):
            if goes_on or not (same and concern.reported and not concern.momentary):
                case.step(Event.JOIN, ANJU, concern.reason.key)
            return
        if rises and not recurs and case.state is State.ASKED and case.kind is AlertKind.LOW_USE:
            # the resident was told for how long the answer is waited for
            case.step(Event.JOIN, ANJU, concern.reason.key)
            case.write(**concern.evidence)
            return
        before = case.state
        event_id = case.step(Event.RECUR if recurs else Event.WORSEN, ANJU, concern.reason.key)
        case.write(**concern.evidence)
        if recurs and case.state is State.OPEN:
            case.start_again()
        if case.state is State.OPEN:
            self._go(case)
        elif before is State.ACKNOWLEDGED:
            self._tell_holder(case, event_id)

    def _comes_and_goes(self, case: Case, concern: Concern) -> bool:
        """A danger said to be over that is back at once, by any clock, while people are told of it or somebody goes."""
        if not case.ended or case.kind not in DANGERS or case.eased or case.state is State.ABSENT:
            return False
        apart = max(abs(concern.at - case.row["ended_at"]), case.now - case.over_heard_at())
        return bool(apart <= self._rules.dangers_join)

    def _anew(self, case: Case, concern: Concern) -> bool:
        """A call apart from the last one, by any clock, is another; so is a danger where nobody looks any more."""
        if concern.momentary:
            apart = abs(concern.at - case.row["last_at"])
            return case.state is State.ABSENT or apart > self._rules.presses_join
        unattended = case.state in (State.ABSENT, State.RESOLVED)
        if concern.kind not in DANGERS or not unattended:
            return False
        return not in_danger(case.tx, concern.subject, concern.kind, case.now - self._rules.dangers_join)

    def _go(self, case: Case) -> None:
        """A home known to be empty is left in peace until its absence ends; any other alert goes its way."""
        until = case.absent_until() if case.kind is AlertKind.LOW_USE else None
        if until is None and self._is_the_whole_street(case):
            self._wait_for_the_street(case)
            return
        if until is None:
            self._advance(case)
            return
        case.step(Event.LEAVE, ANJU, Why.ABSENCE_KNOWN)
        case.write(next_at=until)

    def _is_the_whole_street(self, case: Case) -> bool:
        community, rules = case.home.community_id, self._rules
        if case.kind not in STREET_KINDS or community is None:
            return False
        return case.raised_like_it(case.now - rules.street_within, rules.street_homes) >= rules.street_homes

    def _wait_for_the_street(self, case: Case) -> None:
        """One notice to the operator; the home's own texts wait until its cause could be found, and then go."""
        minutes = self._rules.street_within.total_seconds() / 60
        values: dict[str, float | int | str] = {"count": self._rules.street_homes, "minutes": round(minutes)}
        reason = Reason(key=f"street_{case.kind.value}", values=values)
        self.tell_operator(case.tx, f"{case.home.community_id}/{case.kind.value}", reason, case.now, AlertKind.STREET)
        later = case.now + self._rules.street_wait
        case.note("wait", ANJU, Why.STREET_FIRST, case.state)
        case.write(opened_at=later, next_at=later)

    def _tell_holder(self, case: Case, event_id: int) -> None:
        """Whoever is on the way hears that it goes on; who is there sees it."""
        holder = person(case.tx, case.row["acknowledged_by"] or "", "contact")
        if holder and holder.reachable:
            worse = Decision(why=Why.GOES_ON_SINCE_TAKEN, event=Event.NOTIFY, people=(holder,))
            self._telling.step(case, worse, self._policy(case), event_id)


def _newest(
    tx: Connection, subject: str, kind: AlertKind
) -> Row[datetime | None, dict[str, Any], datetime, str, datetime, int] | None:
    found = select(A.ended_at, A.reason, A.raised_at, A.level, A.since, A.policy_step)
    its = found.where(A.subject == subject, A.kind == kind.value)
    return tx.execute(its.order_by(A.alert_id.desc()).limit(1)).first()


def _was_held_back(case: Case, over_at: datetime) -> bool:
    """A danger that was over for a day when we heard of it, and told in less than half the time that it lasted.

    A sensor whose clock is merely wrong takes as long to say that it is over as its own clock says. And where one of
    today came in between, the end of the old one is not its end.
    """
    heard_at, row = case.heard_at(), case.row
    at_once = 2 * (case.now - heard_at) < over_at - row["since"]
    return heard_at - over_at >= LONG_OVER and at_once and row["last_at"] <= over_at


def _is_between_us_and_the_resident(case: Case) -> bool:
    """Nobody else was told: water is the answer that the resident was asked for."""
    unsure = case.state is State.OPEN and case.level is Level.ASK
    return (unsure or case.state is State.ASKED) and not case.happened(Event.NOTIFY)
