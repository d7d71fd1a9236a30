"""Readings move a meter's detectors, and what they find begins or ends an alert of its home."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import select

from detectors import two_clocks
from detectors.episodes import Change, Raised
from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from domain.finding import AlertKind, Finding, Reason
from notifier.changes import left_at
from notifier.homes import in_time
from notifier.life import ANJU, Concern, Life
from notifier.policy import Why
from notifier.states import D
from notifier.turn import Seen, Turn
from notifier.unwatched import Unwatched
from notifier.watches import WatchIn, loaded
from store import tables as t
from store.contracts import Arrival

log = logging.getLogger(__name__)


class Findings:
    """`observe` as readings come, `tick` as time passes; both on the states that the turn has loaded."""

    def __init__(self, *, life: Life, unwatched: Unwatched, watch_in: WatchIn) -> None:
        self._life = life
        self._unwatched = unwatched
        self._watch_in = watch_in

    def observe(self, turn: Turn, meter_id: str, arrivals: Sequence[Arrival | Seen]) -> None:
        """Registers, and the times at which somebody was seen there, in the order in which they came."""
        watch, state = self._watch_of(turn, meter_id), turn.states[meter_id]
        found: list[Change] = []
        try:
            for a in arrivals:
                if isinstance(a, Arrival):
                    found += watch.observe(state, a.at, a.register_l, a.late, a.received_at)
                else:
                    found += watch.seen(state, a.at) if a.surely else watch.presence(state, a.at)
        except Exception:  # one meter must not stop all others
            log.exception("meter %s can't be watched", meter_id)
            turn.fault(meter_id)
        if found:
            with turn.alone(meter_id):
                signs = [a.at for a in arrivals if isinstance(a, Seen) and not a.by_water]
                self._tell(turn, meter_id, found, signs)
        if turn.home_of(meter_id) in turn.mornings:
            with turn.alone(meter_id):
                self._greet(turn, meter_id, state)
        if AlertKind.USE_WHILE_ABSENT in state.running:
            with turn.alone(meter_id):
                self._back_by_use(turn, meter_id, state)
        heard = any(isinstance(a, Arrival) for a in arrivals)
        if heard and meter_id in turn.anew and AlertKind.NO_DATA not in state.running:
            self._unwatched.ends(turn.tx, meter_id, turn.now, turn.now)  # the lost state may have missed it

    def observe_home(self, turn: Turn, arrivals: Mapping[str, Sequence[Arrival | Seen]]) -> None:
        """All meters of one home: who draws water at one is seen at the others; surely where its net starts anew."""
        known = [meter_id for meter_id in arrivals if meter_id in turn.states]
        registers_l = {meter_id: turn.states[meter_id].register.last_l for meter_id in known}
        for meter_id, arrived in in_time({meter_id: arrivals[meter_id] for meter_id in known}, registers_l):
            if meter_id not in turn.states:  # a fault of it was told
                continue
            low_use = turn.states[meter_id].low_use
            before_s = low_use.last_use_s
            self.observe(turn, meter_id, [arrived])
            if low_use.last_use_s > before_s:
                used_at = datetime.fromtimestamp(low_use.last_use_s, UTC)
                used = Seen(used_at, surely=not two_clocks.is_held_back(low_use), by_water=True)
                for other in [m for m in known if m != meter_id and m in turn.states]:
                    if turn.states[other].low_use.silent_from_s < low_use.last_use_s:
                        self.observe(turn, other, [used])

    def tick(self, turn: Turn, meter_id: str) -> None:
        """Its clock has run out without a reading."""
        with turn.alone(meter_id):
            self._tell(turn, meter_id, self._watch_of(turn, meter_id).tick(turn.states[meter_id], turn.now))

    def _watch_of(self, turn: Turn, meter_id: str) -> HouseholdWatch:
        return self._watch_in(turn.bound[meter_id].zone)

    def _greet(self, turn: Turn, meter_id: str, state: HouseholdState) -> None:
        """Family who chose it hear that somebody is up; of several meters and readings the first, once a morning."""
        up_at = self._watch_of(turn, meter_id).up_at(state, turn.now)
        if up_at is not None:
            self._life.greet(turn.tx, turn.home_of(meter_id), up_at, turn.now)

    def _tell(self, turn: Turn, meter_id: str, changes: Sequence[Change], signs: Collection[datetime] = ()) -> None:
        """`signs`: when somebody was seen there; what ends just then ended by that, not by water."""
        place = turn.bound[meter_id]
        for change in _without_pauses(changes):
            turn.told += 1
            if isinstance(change, Raised):
                if change.finding.kind is AlertKind.NO_DATA:
                    self._unwatched.begins(turn.tx, meter_id, place, change.finding, turn.now)
                else:
                    concern = _concern(turn, change.finding, place.household_id)
                    self._life.raise_or_join(turn.tx, concern, turn.now)
            elif change.kind is AlertKind.NO_DATA:
                self._unwatched.ends(turn.tx, meter_id, change.at, turn.now)
            elif change.kind is not AlertKind.CONSTANT_FLOW or not self.flows(turn, meter_id, elsewhere=True):
                by_sign = change.kind is AlertKind.LOW_USE and change.at in signs
                if change.kind is AlertKind.LOW_USE and not by_sign and self._goes_on(turn, meter_id):
                    continue
                self._life.ease(turn.tx, place.household_id, change.kind, change.at, turn.now, by_sign=by_sign)

    def _goes_on(self, turn: Turn, meter_id: str) -> bool:
        """Whether a litre, which may be a drip's, ended the question alone, and others were told meanwhile."""
        state, home = turn.states[meter_id], turn.home_of(meter_id)
        told = self._life.told_to_others(turn.tx, home, AlertKind.LOW_USE)
        if told is None or not two_clocks.is_held_back(state.low_use):
            return False
        self._watch_of(turn, meter_id).goes_on(state, *told, turn.now)
        return True

    def flows(self, turn: Turn, meter_id: str, *, elsewhere: bool = False) -> bool:
        """Whether water runs on in this meter's home, by any meter or another: one leak's end is not that of all."""
        m, watch = t.meters.c, self._watch_of(turn, meter_id)
        here = m.household_id == turn.home_of(meter_id)
        rows = turn.tx.execute(select(D.meter_id, D.body).join(t.meters, m.meter_id == D.meter_id).where(here)).all()
        theirs = [row for row in rows if not (elsewhere and row.meter_id == meter_id)]
        states = [turn.states.get(row.meter_id) or loaded(watch, row.body) for row in theirs]
        return any(state is not None and AlertKind.CONSTANT_FLOW in state.running for state in states)

    def _back_by_use(self, turn: Turn, meter_id: str, state: HouseholdState) -> None:
        """Who draws water on a second day is not away: the announced absence ends, and the home is watched again."""
        place, a = turn.bound[meter_id], t.alerts.c
        said = (a.household_id == place.household_id, a.kind == AlertKind.USE_WHILE_ABSENT)
        reason = turn.tx.execute(select(a.reason).where(*said).order_by(a.alert_id.desc()).limit(1)).scalar()
        if reason is None or "used_at" not in reason["values"]:
            return
        first_at = datetime.fromisoformat(reason["values"]["used_at"]).astimezone(place.zone)
        if datetime.fromtimestamp(state.low_use.last_use_s, place.zone).date() > first_at.date():
            self._life.back(turn.tx, place.household_id, by=ANJU, now=turn.now, why=Why.USE_ON_TWO_DAYS)


def _without_pauses(changes: Sequence[Change]) -> list[Change]:
    """Without the end of a silence that goes on with another beginning: somebody answered, and no water ran since."""
    raised = [change.finding for change in changes if isinstance(change, Raised)]
    goes_on_at = {finding.at for finding in raised if finding.kind is AlertKind.LOW_USE}
    return [c for c in changes if isinstance(c, Raised) or c.kind is not AlertKind.LOW_USE or c.at not in goes_on_at]


def _concern(turn: Turn, finding: Finding, household_id: str) -> Concern:
    """A silence that began when the door went may be an outing; people hear of that, and the resident first."""
    concern = Concern.of(finding, household_id)
    if finding.kind is not AlertKind.LOW_USE or finding.reason.key != "low_use":
        return concern
    left = left_at(turn.tx, household_id, finding.since)
    if left is None:
        return concern
    values = {**finding.reason.values, "left_at": left.isoformat()}
    return replace(concern, reason=Reason(key="low_use_left", values=values))
