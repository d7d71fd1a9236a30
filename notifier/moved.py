"""A device that the ledger takes from a home with a running alert: no reading of it ends that alert any more."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select, update

from domain.alert import State
from domain.finding import AlertKind
from notifier.case import ANJU, A, Case
from notifier.steps import BY_WATER
from store import tables as t
from store.ledger_import import Moved

_BY_SENSORS = frozenset({AlertKind.SOS, AlertKind.GAS, AlertKind.SMOKE, AlertKind.FLOOD})


def left_behind(tx: Connection, moved: Iterable[Moved], now: datetime) -> list[str]:
    """A line for each such alert, which goes on until a person settles it; that a device moved is noted in it, too.

    What is said of the meter itself goes with it.
    """
    said: dict[int, str] = {}
    for one in moved:
        if one.to_home is None:
            said |= {
                case.alert_id: _line(case, "nobody consents to watching its water") for case in _running(tx, one, now)
            }
            continue
        for alert_id in tx.scalars(select(A.alert_id).where(A.subject == one.device_id, A.state != State.RESOLVED)):
            tx.execute(update(t.alerts).where(A.alert_id == alert_id).values(household_id=one.to_home))
        of_meter = t.unwatched.c.meter_id == one.device_id
        tx.execute(update(t.unwatched).where(of_meter).values(household_id=one.to_home))
        for case in _running(tx, one, now):
            case.note("moved", ANJU, f"{one.device_id} → {one.to_home}", case.state)
            said[case.alert_id] = _line(case, f"{one.device_id} moves to {one.to_home}")
    return list(said.values())


def _line(case: Case, what: str) -> str:
    return (
        f"alert {case.alert_id} ({case.kind.value}) of {case.row['subject']} goes on though {what}: "
        "no reading ends it any more, and people are told until somebody settles it"
    )


def _running(tx: Connection, one: Moved, now: datetime) -> list[Case]:
    """The old home's alerts that the device raised, or may have."""
    kinds = BY_WATER if one.is_meter else _BY_SENSORS
    running = (A.subject == one.from_home, A.kind.in_(kinds), A.state != State.RESOLVED, A.ended_at.is_(None))
    cases = [Case.open(tx, alert_id, now) for alert_id in tx.scalars(select(A.alert_id).where(*running)).all()]
    return [case for case in cases if case.row["reason"]["values"].get("device_id", one.device_id) == one.device_id]
