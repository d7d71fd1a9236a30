"""Homes with several meters, a kitchen's and a bathroom's: who draws water at one is seen at the others.

What its own meter knows for a timer's or a drip's (detectors.schedule, ticks) is so at the others, too. A machine that
it takes for people, as any in its first ten runs, hides a silence from all of them: its meter belongs to no home.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from notifier.devices import bound
from notifier.states import D
from notifier.turn import Seen, Turn
from store import tables as t
from store.contracts import Arrival


def together(turn: Turn, meter_ids: Collection[str]) -> list[list[str]]:
    """The meters of each home that has several: these, and the others that have been heard there."""
    m = t.meters.c
    homes: dict[str, set[str]] = {}
    for meter_id in meter_ids:
        homes.setdefault(turn.home_of(meter_id), set()).add(meter_id)
    heard = select(m.household_id, m.meter_id).join(t.detector_states, D.meter_id == m.meter_id)
    for household_id, meter_id in turn.tx.execute(heard.where(m.household_id.in_(homes))):
        homes[household_id].add(meter_id)
    several = [sorted(home) for home in homes.values() if len(home) > 1]
    turn.bound |= bound(turn.tx, {meter_id for home in several for meter_id in home} - turn.bound.keys())
    return several


def in_time(
    arrivals: Mapping[str, Sequence[Arrival | Seen]], registers_l: Mapping[str, float]
) -> Iterator[tuple[str, Arrival | Seen]]:
    """One home's arrivals by time, of one time those first that show water; each meter's as they came.

    `registers_l`: of each meter, before them.
    """
    placed: list[tuple[datetime, bool, str, Arrival | Seen]] = []
    for meter_id, arrived in arrivals.items():
        latest, dry, register_l = datetime.min.replace(tzinfo=UTC), True, registers_l[meter_id]
        for one in arrived:
            if isinstance(one, Arrival) and one.at > latest:
                dry, register_l = one.register_l <= register_l, one.register_l
            latest = max(latest, one.at)
            placed.append((latest, dry, meter_id, one))
    for _, _, meter_id, one in sorted(placed, key=lambda place: place[:2]):
        yield meter_id, one
