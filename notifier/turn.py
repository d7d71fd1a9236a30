"""One transaction of the watch: what it has loaded, and a fence around each device, so that one fault stops nobody."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from detectors.household_state import HouseholdState
from notifier.devices import Bound, operator_concern
from notifier.life import Life
from store.contracts import Arrival

log = logging.getLogger(__name__)


class Seen(NamedTuple):
    """Somebody is there: a sensor says so, or water at another meter (`by_water`); `surely`: no cat and no drip did."""

    at: datetime
    surely: bool
    by_water: bool = False


@dataclass(slots=True)
class Turn:
    """`anew`: meters whose state could not be read; `told`: how many changes were told; `mornings`: homes to greet."""

    tx: Connection
    now: datetime
    life: Life
    bound: dict[str, Bound]
    arrivals: dict[str, list[Arrival | Seen]] = field(default_factory=dict)
    states: dict[str, HouseholdState] = field(default_factory=dict)
    anew: set[str] = field(default_factory=set)
    told: int = 0
    mornings: set[str] = field(default_factory=set)

    def home_of(self, device_id: str) -> str:
        return self.bound[device_id].household_id

    @contextmanager
    def alone(self, device_id: str, *, writes: bool = True) -> Iterator[None]:
        """A fault here undoes what was begun here, is told to the operator, and stops nobody else.

        The device's state stays as it was, so that the same is found again. A store that fails stops all, and is
        tried again.
        """
        try:
            with self.tx.begin_nested() if writes else nullcontext():
                yield
        except OperationalError:
            raise
        except Exception:
            log.exception("device %s can't be watched", device_id)
            self.fault(device_id)

    def fault(self, device_id: str) -> None:
        self.states.pop(device_id, None)
        place = self.bound.get(device_id)
        concern = operator_concern(device_id, place.household_id if place else None, "engine_fault", self.now)
        self.life.raise_or_join(self.tx, concern, self.now)
