"""What people do with an alert: take it, be there, settle it, say that they can't, take it up again."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from domain.alert import Event, ImpossibleStepError, Outcome, State
from domain.finding import AlertKind, Level
from notifier.away import tell as tell_away
from notifier.case import Case
from notifier.concern import MOMENTARY
from notifier.policy import Why
from notifier.steps import A, Steps
from store import tables as t

_ALL_IS_WELL = frozenset({Outcome.SAFE, Outcome.FALSE_ALARM})


class Handling(Steps):
    """`by` is the id of a contact (a login's) or resident, or "anju"."""

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

    def holds_for(self, tx: Connection, alert_id: int, now: datetime) -> timedelta:
        """How long whoever takes it has it without being there."""
        return self._policy(Case.open(tx, alert_id, now)).acknowledged_for

    def holder(self, tx: Connection, alert_id: int) -> str | None:
        """Who has it."""
        return tx.execute(select(A.acknowledged_by).where(A.alert_id == alert_id)).scalar()

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
        goes_on = not case.ended and case.kind not in MOMENTARY
        self._teach(case, outcome, well_at=now if outcome in _ALL_IS_WELL else None)
        case.settle(outcome, note, now + again if again and goes_on else None)
        self._telling.news(case, "settled", event_id, by=by, outcome=outcome)

    def correct(
        self, tx: Connection, alert_id: int, *, by: str, outcome: Outcome, now: datetime, note: str = ""
    ) -> None:
        """It was settled with a wrong outcome or note: these hold, and it stays settled.

        The history keeps the outcome from before, and every note. Who was told of another outcome hears this one; the
        home's clocks go on, for nobody has looked since.
        """
        case = Case.open(tx, alert_id, now)
        before = str(case.row["outcome"])
        event_id = case.step(Event.CORRECT, by, f"{before} {note}".rstrip())
        self._teach(case, outcome)
        case.write(outcome=outcome.value, outcome_note=note or None)
        if outcome.value != before:
            others = [one for one in case.told() if one.addressee != "resident"]
            self._telling.news(case, "settled", event_id, by=by, outcome=outcome, to=others)

    def leave(self, tx: Connection, alert_id: int, *, by: str, until: datetime, now: datetime, why: str = "") -> None:
        """The household is away until a time; the alert waits for its end, and those who were told hear why."""
        case = Case.open(tx, alert_id, now)
        case.step(Event.LEAVE, by, why)
        if household := case.row["household_id"]:
            away = {"household_id": household, "from_at": min(case.row["since"], now), "until_at": until}
            tx.execute(insert(t.absences).values(**away, announced_by=by))
            told = [one for one in case.told() if one.contact_id != by and one.role]
            tell_away(tx, self._telling.letters, household, told, by=by, until=until, now=now)
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
        """Settled too early: everybody is told from the start, also where the cause seemed gone.

        Impossible where a later alert of the same kind runs there already.
        """
        case = Case.open(tx, alert_id, now)
        later = Case.find(tx, (A.subject == case.row["subject"]) & (A.kind == case.kind), now)
        if later is not None and later.alert_id != alert_id and later.state.running:
            raise ImpossibleStepError(case.state, Event.REOPEN)
        case.step(Event.REOPEN, by, why or Why.REOPENED)
        self._teach(case, None)
        case.start_again()
        case.write(level=Level.ALERT.value, ended_at=None)
        self._advance(case, Why.REOPENED)

    def decline(self, tx: Connection, alert_id: int, *, by: str, now: datetime, why: str = "") -> None:
        """`by` can't go, or the resident wants help: when nobody else of this step is left, the next is told now."""
        case = Case.open(tx, alert_id, now)
        case.note("decline", by, why, case.state)
        if case.state is State.ACKNOWLEDGED and case.row["acknowledged_by"] == by:
            case.step(Event.EXPIRE, by, Why.HANDED_ON)
            case.start_again()
            case.write(level=Level.ALERT.value)
            self._advance(case, Why.NOBODY_ACKNOWLEDGED)
        elif not case.waiting_for():
            self.hasten(tx, alert_id, now)

    def passes_on(self, tx: Connection, alert_id: int, *, by: str, now: datetime, why: str) -> None:
        """`by` wants no more texts: who has it keeps it, for all others it is as if they could not go."""
        if Case.open(tx, alert_id, now).row["acknowledged_by"] != by:
            self.decline(tx, alert_id, by=by, now=now, why=why)
