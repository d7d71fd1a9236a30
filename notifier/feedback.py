"""What people found out tells the home's own watch, and is counted against the budget of false alerts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, select

from domain.alert import Outcome
from domain.finding import AlertKind
from notifier.watches import WatchIn, loaded
from store import tables as t

COUNTED = timedelta(days=90)
MONTH_DAYS = 30.0
_FALSE = (Outcome.FALSE_ALARM.value, Outcome.SAFE.value)
A, D, M = t.alerts.c, t.detector_states.c, t.meters.c


def tell_the_watch(
    tx: Connection,
    household_id: str,
    zone: ZoneInfo,
    watch_in: WatchIn,
    *,
    well_at: datetime | None,
    false_alarms: int,
) -> None:
    """In the transaction of the word that says so: where all is well, every clock of the home starts anew.

    After a false alarm every meter of the home waits a little longer from now on; -1: it was none after all.
    """
    here = select(D.meter_id, D.body).join(t.meters, M.meter_id == D.meter_id).where(M.household_id == household_id)
    watch = watch_in(zone)
    for row in tx.execute(here).all():
        state = loaded(watch, row.body)
        if state is None:
            continue  # it is learned anew when its next reading comes
        if well_at:
            watch.answered(state, well_at)
        if false_alarms > 0:
            watch.false_alarm(state)
        elif false_alarms < 0:
            watch.no_false_alarm(state)
        tx.execute(t.detector_states.update().where(D.meter_id == row.meter_id).values(body=watch.dump(state)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Realised:
    """What alerts for missing use came to in the last `days`: told to others than the resident, and settled.

    `false` were settled as a false alarm or as all well; absences and meter faults count apart, in `settled`.
    """

    settled: int
    false: int
    incidents: int
    homes: int
    days: float

    @property
    def false_a_month(self) -> float:
        """False alerts per household and 30 days, to be held against the budget."""
        household_months = self.homes * self.days / MONTH_DAYS
        return self.false / household_months if household_months else 0.0


def realised(tx: Connection, now: datetime, household_id: str | None = None) -> Realised:
    """Of one home, or of all that are watched; a record shorter than the time that is counted counts as it is."""
    mine: list[ColumnElement[bool]] = [] if household_id is None else [A.household_id == household_id]
    told = (A.kind == AlertKind.LOW_USE.value, A.policy_step > 0, A.outcome.is_not(None), *mine)
    rows = tx.execute(select(A.outcome, func.count()).where(*told, A.raised_at > now - COUNTED).group_by(A.outcome))
    counts = {row[0]: int(row[1]) for row in rows}
    homes = 1 if household_id else tx.scalar(select(func.count(M.household_id.distinct()))) or 0
    first_at = tx.scalar(select(func.min(A.raised_at)))
    days = min(COUNTED, now - first_at) / timedelta(days=1) if first_at else 0.0
    return Realised(
        settled=sum(counts.values()),
        false=sum(counts.get(outcome, 0) for outcome in _FALSE),
        incidents=counts.get(Outcome.INCIDENT.value, 0),
        homes=homes,
        days=max(days, MONTH_DAYS),
    )
