"""What devices say of themselves becomes alerts at once, signs of life, or news of a gateway."""

from collections.abc import Callable, Iterable

from sqlalchemy import select

from domain.finding import AlertKind
from domain.reading import CALL_FROM_NOWHERE, DeviceEvent
from notifier.changes import (
    FLAGS_HOLD,
    Said,
    changes,
    in_danger,
    in_danger_since,
    is_fresh,
    remember_danger,
    says_followed,
    wearers,
)
from notifier.devices import METER_ALARMS, bound, call_from_nowhere, concerns, gateway_goes, meter_concern
from notifier.life import Concern, Life
from notifier.turn import Seen, Turn
from notifier.unwatched import Unwatched
from store import tables as t
from store.contracts import BandScan


class Reports:
    """Each device alone: what one says can't keep another's word from being heard."""

    def __init__(self, *, life: Life, unwatched: Unwatched, flows: Callable[[Turn, str], bool]) -> None:
        """`flows`: whether the home of this meter has a flow that doesn't end, by what the detectors found."""
        self._life = life
        self._unwatched = unwatched
        self._flows = flows

    def gateways_heard(self, turn: Turn, meter_ids: Iterable[str], events: Iterable[DeviceEvent]) -> None:
        """Every gateway behind these messages is there."""
        devices = {*meter_ids, *(e.device_id for e in events)}
        heard = {turn.bound[d].gateway_id for d in devices if d in turn.bound}
        for gateway_id in sorted(g for g in heard if g):
            with turn.alone(gateway_id):
                self._unwatched.gateway_heard(turn.tx, gateway_id, turn.now)

    def news(self, turn: Turn, events: Iterable[DeviceEvent]) -> list[Said]:
        """What devices of the ledger say anew."""
        said: list[Said] = []
        for event in events:
            if event.device_id in turn.bound and says_followed(event):
                with turn.alone(event.device_id):
                    said += changes(turn.tx, event)
        return said

    def signs_of_life(self, turn: Turn, said: Iterable[Said], scans: Iterable[BandScan]) -> list[tuple[str, Seen]]:
        """The meters of homes where somebody was just seen or heard, when, and whether by a person."""
        seen: list[tuple[str, Seen]] = []
        for one in said:
            if one.is_life and is_fresh(one.at, turn.now):
                with turn.alone(one.device_id):
                    seen += _meters_of(turn, turn.home_of(one.device_id), Seen(one.at, surely=False))
        for scan in scans:
            if is_fresh(scan.at, turn.now):
                with turn.alone(f"wristband {scan.band_no}"):
                    for home, at in wearers(turn.tx, [scan]):
                        seen += _meters_of(turn, home, Seen(at, surely=True))
        return seen

    def event(self, turn: Turn, event: DeviceEvent, *, may_be_known: bool = False) -> None:
        """Help is needed, or the danger is over; or a gateway comes or goes.

        `may_be_known`: from a file of readings that was restored: what was heard before an alert was its cause.
        """
        with turn.alone(event.device_id):
            self._report(turn, event, may_be_known=may_be_known)

    def meter_says(self, turn: Turn, said: Said) -> None:
        """The meter's own alarm begins or ends; a detector's alert of running water ends by the detector alone."""
        if said.flag in METER_ALARMS and is_fresh(said.at, turn.now, FLAGS_HOLD):
            with turn.alone(said.device_id):
                self._meter_alarm(turn, said)

    def _meter_alarm(self, turn: Turn, said: Said) -> None:
        home, kind = turn.home_of(said.device_id), AlertKind.CONSTANT_FLOW
        if said.value:
            turn.told += 1
            self._life.raise_or_join(turn.tx, meter_concern(said.device_id, home, said.flag, said.at), turn.now)
            return
        raised_it = self._life.runs_for(turn.tx, home, kind, METER_ALARMS[said.flag])
        if raised_it and not self._flows(turn, said.device_id):
            self._life.ease(turn.tx, home, kind, said.at, turn.now)

    def _report(self, turn: Turn, event: DeviceEvent, *, may_be_known: bool) -> None:
        if (online := gateway_goes(event)) is not None:
            gateway_id = event.gateway_id or event.device_id
            if online:
                self._unwatched.gateway_heard(turn.tx, gateway_id, turn.now)
            else:
                self._unwatched.gateway_silent(turn.tx, gateway_id, event.at, turn.now)
        place = turn.bound.get(event.device_id)
        if event.kind == CALL_FROM_NOWHERE:
            self._raise(turn, event, [call_from_nowhere(turn.tx, event)], may_be_known=may_be_known)
        if place is None:
            return
        raised, over = concerns(event, place.household_id, turn.now)
        raised = self._raise(turn, event, raised, may_be_known=may_be_known)
        over = [kind for kind in over if not self._is_of_before(turn, event, kind)]
        for kind in over:
            self._is_over(turn, event, place.household_id, kind)
        said = [(concern.kind, True) for concern in raised if not concern.momentary] + [(kind, False) for kind in over]
        if said:
            with turn.alone(event.device_id):
                for kind, value in said:
                    remember_danger(turn.tx, event, kind, value, turn.now)

    def _raise(
        self, turn: Turn, event: DeviceEvent, concerns: Iterable[Concern], *, may_be_known: bool
    ) -> list[Concern]:
        """Those that no alert was raised for."""
        heard_at = event.heard_at or event.at
        raised = [one for one in concerns if not (may_be_known and self._life.knows(turn.tx, one, heard_at))]
        turn.told += len(raised)
        for concern in raised:
            self._life.raise_or_join(turn.tx, concern, turn.now)
        return raised

    def _is_of_before(self, turn: Turn, event: DeviceEvent, kind: AlertKind) -> bool:
        """The end of a danger older than the one that the device told of since, by its own clock."""
        began_at = in_danger_since(turn.tx, event.device_id, kind)
        return began_at is not None and event.at < began_at

    def _is_over(self, turn: Turn, event: DeviceEvent, home: str, kind: AlertKind) -> None:
        """A danger that two sensors of a home tell of is over when both say so."""
        since = self._life.runs_since(turn.tx, home, kind)
        if since and not in_danger(turn.tx, home, kind, since - FLAGS_HOLD, but_for=event.device_id):
            self._life.ease(turn.tx, home, kind, event.at, turn.now)


def _meters_of(turn: Turn, home: str, seen: Seen) -> list[tuple[str, Seen]]:
    query = select(t.meters.c.meter_id).where(t.meters.c.household_id == home)
    meter_ids = set(turn.tx.execute(query).scalars())
    turn.bound |= bound(turn.tx, meter_ids - set(turn.bound))
    return [(meter_id, seen) for meter_id in sorted(meter_ids)]
