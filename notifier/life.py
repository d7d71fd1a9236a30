"""The one place that changes an alert: state, its row of history, its next time and its texts, in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from detectors.household import HouseholdWatch
from domain.alert import Event, Outcome, State
from domain.finding import AlertKind, Finding, Level, Reason
from notifier.case import ANJU, Case, NoSuchAlertError
from notifier.feedback import teach_false_alarm
from notifier.letters import Letters
from notifier.mornings import tell as tell_first_use
from notifier.people import circle_of, person
from notifier.policy import URGENCY, Decision, Group, Person, Policies, Policy, Why, decide, reachable
from notifier.quiet import QuietHours
from notifier.telling import Telling
from store import tables as t

__all__ = ["ANJU", "Concern", "Life", "LifeRules", "NoSuchAlertError"]
A = t.alerts.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """What may become an alert. `subject` is the household; a meter or gateway for technical kinds.

    `reported`: a device says so, and may say the same again; else a detector found it, once.
    `momentary`: each time is an incident of its own (a button pressed), not a state that goes on.
    """

    kind: AlertKind
    level: Level
    subject: str
    household_id: str | None
    at: datetime
    since: datetime
    reason: Reason
    reported: bool = False
    momentary: bool = False

    @classmethod
    def of(cls, finding: Finding, household_id: str, subject: str | None = None) -> "Concern":
        """A detector's finding about a household; `subject`: the meter, for technical kinds."""
        return cls(
            kind=finding.kind,
            level=finding.level,
            subject=subject or household_id,
            household_id=household_id,
            at=finding.at,
            since=finding.since,
            reason=finding.reason,
        )


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


class Life:
    """Every change of an alert: `Life(Letters(Texts(words=config.sms.load_words()), Router([channel, ...])))`.

    All methods work inside the caller's transaction `tx`. `by` is the id of a contact (a login's) or resident, or
    "anju". Impossible steps raise `domain.alert.ImpossibleStepError`, unknown numbers `NoSuchAlertError`.
    `watch_in`: whom false alarms teach to be more patient; none, where nobody watches.
    """

    def __init__(
        self,
        letters: Letters,
        rules: LifeRules | None = None,
        watch_in: Callable[[ZoneInfo], HouseholdWatch] | None = None,
    ) -> None:
        self._watch_in = watch_in
        self._rules = rules or LifeRules()
        self._telling = Telling(letters=letters, quiet=self._rules.quiet)

    # What detectors and devices bring

    def raise_or_join(self, tx: Connection, concern: Concern, now: datetime) -> int:
        """A new alert, told at once; or more evidence of a running one, which a new incident opens again."""
        case = Case.find(tx, (A.subject == concern.subject) & (A.kind == concern.kind), now)
        if case is None:
            return self._raise(tx, concern, now)
        if concern.reported and _known(case, concern):
            return case.alert_id
        if case.state.running:
            self._join(case, concern)
            return case.alert_id
        if concern.kind in _GOES_ON and concern.reported and not case.ended and not self._anew(case, concern):
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

    def ease(self, tx: Connection, subject: str, kind: AlertKind, at: datetime, now: datetime) -> int | None:
        """The cause is gone. The alert stays until a person settles it; those who were told hear of it."""
        case = Case.find(tx, (A.subject == subject) & (A.kind == kind), now)
        if case is None or case.ended:
            return None
        before = case.state
        if kind is AlertKind.LOW_USE and _is_between_us_and_the_resident(case):
            case.step(Event.RESOLVE, ANJU, Why.CAUSE_GONE)
            case.write(ended_at=at)
            case.settle(Outcome.SAFE, "", None)
            return case.alert_id
        if kind in _NEVER_EASES and before.running:
            case.write(ended_at=at)
            case.note("over", ANJU, Why.CAUSE_GONE, before)
            return case.alert_id
        event_id = case.step(Event.EASE, ANJU, Why.CAUSE_GONE)
        case.write(ended_at=at)
        if case.state is State.RESOLVED:
            case.write(next_at=None)
            return case.alert_id
        if case.state is State.EASED and before is not State.EASED:
            self._wait_for_settling(case)
        self._telling.news(case, "eased", event_id, by=ANJU)
        return case.alert_id

    def runs_for(self, tx: Connection, subject: str, kind: AlertKind, reason_key: str) -> bool:
        """Whether the alert there goes on for this reason."""
        its = (A.subject == subject, A.kind == kind.value)
        newest = tx.execute(select(A.ended_at, A.reason).where(*its).order_by(A.alert_id.desc()).limit(1)).first()
        return newest is not None and newest.ended_at is None and newest.reason["key"] == reason_key

    def runs_since(self, tx: Connection, subject: str, kind: AlertKind) -> datetime | None:
        """When the alert that goes on there was raised; None where none does."""
        its = (A.subject == subject, A.kind == kind.value)
        newest = tx.execute(select(A.ended_at, A.raised_at).where(*its).order_by(A.alert_id.desc()).limit(1)).first()
        return newest.raised_at if newest is not None and newest.ended_at is None else None

    def service_down(self, tx: Connection, name: str, error: str, now: datetime) -> int:
        """A channel, the broker or a store fails: one alert for the operator, however much it concerns."""
        return self.tell_operator(tx, name, Reason(key="service_down", values={"name": name, "error": error[:60]}), now)

    def service_up(self, tx: Connection, name: str, now: datetime) -> None:
        self.ease(tx, name, AlertKind.CHANNEL_DOWN, now, now)

    def services_down(self, tx: Connection) -> set[str]:
        """Names of what failed and isn't back yet: a restart must not forget that it owes their end."""
        running = (A.kind == AlertKind.CHANNEL_DOWN, A.state != State.RESOLVED, A.ended_at.is_(None))
        rows = tx.execute(select(A.subject, A.reason).where(*running)).all()
        return {row.subject for row in rows if row.reason["key"] == "service_down"}

    def contact_lost(self, tx: Connection, reader: Person, why: str, now: datetime) -> int:
        """A contact who can't be reached any more is a hole in somebody's chain: the operator mends it."""
        reason = Reason(key="contact_lost", values={"name": reader.name, "error": why[:60]})
        return self.tell_operator(tx, f"contact:{reader.contact_id}", reason, now)

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

    def contact_back(self, tx: Connection, reader: Person, now: datetime) -> None:
        self.ease(tx, f"contact:{reader.contact_id}", AlertKind.CHANNEL_DOWN, now, now)

    def greet(self, tx: Connection, household_id: str, up_at: datetime, now: datetime) -> None:
        """Somebody is up: family who want to hear it do, once a morning."""
        tell_first_use(tx, self._telling.letters, household_id, up_at, now=now, quiet=self._rules.quiet)

    # What people do

    def acknowledge(self, tx: Connection, alert_id: int, *, by: str, now: datetime, why: str = "") -> None:
        """`by` has it: escalation stops for a limited time; the others who were told hear who goes.

        Of two at the same moment the first keeps it, and the second is written down too.
        """
        case = Case.open(tx, alert_id, now)
        before = case.state
        event_id = case.step(Event.ACKNOWLEDGE, by, why)
        if case.state is State.ON_SITE or (before is State.ACKNOWLEDGED and case.row["acknowledged_by"] != by):
            return
        case.hold(by, now + self._policy(case).acknowledged_for)
        if before is not State.ACKNOWLEDGED:
            self._telling.news(case, "taken", event_id, by=by)

    def arrive(self, tx: Connection, alert_id: int, *, by: str, now: datetime, why: str = "") -> None:
        """`by` is on site."""
        case = Case.open(tx, alert_id, now)
        case.step(Event.ARRIVE, by, why)
        case.hold(by, now + self._policy(case).on_site_for)

    def resolve(
        self, tx: Connection, alert_id: int, *, by: str, outcome: Outcome, now: datetime, note: str = ""
    ) -> None:
        """Settled by a person; everybody who was told is told how. What goes on regardless is looked at again."""
        case = Case.open(tx, alert_id, now)
        event_id = case.step(Event.RESOLVE, by, note)
        again = self._policy(case).look_again_after
        goes_on = not case.ended and case.kind not in _MOMENTARY
        case.settle(outcome, note, now + again if again and goes_on else None)
        self._telling.news(case, "settled", event_id, by=by, outcome=outcome)
        home = case.home.household_id
        if outcome is Outcome.FALSE_ALARM and case.kind is AlertKind.LOW_USE and home and self._watch_in:
            teach_false_alarm(tx, home, case.home.timezone, self._watch_in)

    def leave(self, tx: Connection, alert_id: int, *, by: str, until: datetime, now: datetime, why: str = "") -> None:
        """The household is away until a time; the alert waits for its end."""
        case = Case.open(tx, alert_id, now)
        case.step(Event.LEAVE, by, why)
        if household := case.row["household_id"]:
            away = {"household_id": household, "from_at": min(case.row["since"], now), "until_at": until}
            tx.execute(insert(t.absences).values(**away, announced_by=by))
        case.write(next_at=until)
        case.cancel_texts()

    def back(self, tx: Connection, household_id: str, *, by: str, now: datetime, why: str = "") -> bool:
        """They are back before the announced end: the absence ends now, and what waited for its end goes on."""
        c = t.absences.c
        running = (c.household_id == household_id, c.from_at <= now, c.until_at > now)
        if tx.execute(update(t.absences).where(*running).values(until_at=now)).rowcount == 0:
            return False
        waiting = (A.household_id == household_id, A.state == State.ABSENT)
        for alert_id in tx.execute(select(A.alert_id).where(*waiting)).scalars().all():
            case = Case.open(tx, alert_id, now)
            if case.kind is not AlertKind.LOW_USE:
                case.write(next_at=now)
                continue
            case.step(Event.EASE, by, why)  # somebody is there; a new silence is found anew
            case.write(ended_at=now)
            self._wait_for_settling(case)
        return True

    def reopen(self, tx: Connection, alert_id: int, *, by: str, now: datetime, why: str = "") -> None:
        """Settled too early; everything starts again."""
        case = Case.open(tx, alert_id, now)
        case.step(Event.REOPEN, by, why)
        case.start_again()
        case.write(level=Level.ALERT.value)
        self._advance(case, Why.STARTED_AGAIN)

    def decline(self, tx: Connection, alert_id: int, *, by: str, now: datetime, why: str = "") -> None:
        """`by` can't go, or the resident wants help: when nobody else of this step is left, the next is told now."""
        case = Case.open(tx, alert_id, now)
        case.note("decline", by, why, case.state)
        if case.state is State.ACKNOWLEDGED and case.row["acknowledged_by"] == by:
            case.step(Event.EXPIRE, by, Why.NOT_ON_SITE_IN_TIME)
            case.start_again()
            case.write(level=Level.ALERT.value)
            self._advance(case, Why.NOBODY_ACKNOWLEDGED)
        elif not case.waiting_for():
            self.hasten(tx, alert_id, now)

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

    # What time brings

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

    # Inside

    def _raise(self, tx: Connection, concern: Concern, now: datetime) -> int:
        values = _evidence(concern) | {
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
        recurs = case.ended or self._anew(case, concern)
        rises = concern.level is Level.ALERT and case.level is Level.ASK
        same = concern.reason.key == case.row["reason"]["key"]
        case.write(last_at=max(concern.at, case.row["last_at"]))
        if not (recurs or rises):
            if not (same and concern.reported and not concern.momentary):
                case.step(Event.JOIN, ANJU, concern.reason.key)
            return
        if rises and not recurs and case.state is State.ASKED and "left_at" in concern.reason.values:
            case.step(Event.JOIN, ANJU, concern.reason.key)  # they may be out: the answer is waited for
            case.write(**_evidence(concern))
            return
        before = case.state
        event_id = case.step(Event.RECUR if recurs else Event.WORSEN, ANJU, concern.reason.key)
        case.write(**_evidence(concern), ended_at=None)
        if recurs and case.state is State.OPEN:
            case.start_again()
        if case.state is State.OPEN:
            self._go(case)
        elif before in (State.ACKNOWLEDGED, State.ON_SITE):
            self._tell_holder(case, event_id)

    def _anew(self, case: Case, concern: Concern) -> bool:
        """A call apart from the last one, by any clock, is another; so is a danger where nobody looks any more."""
        apart = abs(concern.at - case.row["last_at"])
        if concern.momentary:
            return case.state is State.ABSENT or apart > self._rules.presses_join
        unattended = case.state in (State.ABSENT, State.RESOLVED)
        return concern.kind in _DANGERS and unattended and apart > self._rules.dangers_join

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
        if case.kind not in _STREET_KINDS or community is None:
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

    def _advance(self, case: Case, why: Why | None = None) -> None:
        if case.state is State.ABSENT and (until := case.absent_until()):
            case.write(next_at=until)
            return
        if case.state is State.RESOLVED and case.kind in _REPORTED and case.row["last_at"] <= case.row["resolved_at"]:
            case.write(next_at=None, ended_at=case.now)  # no more was heard of it
            return
        circle = circle_of(case.tx, case.row["household_id"], case.home.community_id)
        wakes_at = self._rules.asleep.not_before(case.now, case.home.timezone)
        decision = decide(self._policy(case), replace(case.standing, wakes_at=wakes_at), circle, case.now)
        if decision.event in (Event.EXPIRE, Event.REOPEN):
            self._open_again(case, decision)
            return
        self._do(case, replace(decision, why=why) if why and decision.people else decision)

    def _open_again(self, case: Case, decision: Decision) -> None:
        """Nobody got there, or it goes on: told from the start, and the resident is not asked once more."""
        away = case.state is State.ABSENT
        case.step(decision.event or Event.EXPIRE, ANJU, decision.why)
        case.start_again()
        if not away:
            case.write(level=Level.ALERT.value)
        self._advance(case, decision.why)

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
        case.write(next_at=decision.next_at, policy_step=decision.told)
        self._telling.step(case, decision, self._policy(case), event_id)

    def _wait_for_settling(self, case: Case) -> None:
        remind = self._policy(case).remind_eased_after
        case.write(next_at=case.now + remind if remind else None)
        case.cancel_texts()

    def _tell_holder(self, case: Case, event_id: int) -> None:
        """Whoever is on the way hears that it has become worse."""
        holder = person(case.tx, case.row["acknowledged_by"] or "", "contact")
        if holder and holder.reachable:
            worse = Decision(why=Why.RAISED, event=Event.NOTIFY, people=(holder,))
            self._telling.step(case, worse, self._policy(case), event_id)

    def _policy(self, case: Case) -> Policy:
        return self._rules.policies.of(case.kind, case.home.community_id)


_DANGERS = frozenset({AlertKind.GAS, AlertKind.SMOKE, AlertKind.FLOOD})
_GOES_ON = _DANGERS | {AlertKind.GATEWAY_SILENT}
_STREET_KINDS = frozenset({AlertKind.LOW_USE, AlertKind.CONSTANT_FLOW, AlertKind.NO_DATA})
_MOMENTARY = frozenset({AlertKind.SOS, AlertKind.FOUND, AlertKind.CHANNEL_DOWN, AlertKind.STREET, AlertKind.QUARANTINE})
_NEVER_EASES = _DANGERS | {AlertKind.SOS, AlertKind.FOUND}
_REPORTED = _NEVER_EASES


def _is_between_us_and_the_resident(case: Case) -> bool:
    """Nobody else was told: water is the answer that the resident was asked for."""
    unsure = case.state is State.OPEN and case.level is Level.ASK
    return (unsure or case.state is State.ASKED) and not case.row["policy_step"]


def _known(case: Case, concern: Concern) -> bool:
    """The same report handed over again. Clocks of two devices can't be compared, nor those of two calls."""
    if concern.reason.values.get("device_id") != case.row["reason"]["values"].get("device_id"):
        return False
    last_at = case.row["last_at"]
    return bool(concern.at == last_at if concern.momentary else concern.at <= last_at)


def _evidence(concern: Concern) -> dict[str, object]:
    return {
        "level": concern.level.value,
        "since": concern.since,
        "reason": {"key": concern.reason.key, "values": dict(concern.reason.values)},
    }
