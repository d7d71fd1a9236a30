"""The one person whose two months all named scenarios show: the same weeks, whatever happens in them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from simulator.draws import Draws
from simulator.habits import Habits, draw_habits
from simulator.households import Household, household
from simulator.life import DAY, merged
from simulator.metering import Meter, read
from simulator.radio import NO_OUTAGES, Sent, sent
from simulator.towns import SHANGHAI, settled

DAYS = 63
FIRST_DAY = date(2026, 3, 2)
METER = "10260302000001"  # fourteen digits, so that every format can carry it
START_L = 412_000.0


def dice() -> np.random.Generator:
    """For what may go one way or the other; the same each time."""
    return np.random.default_rng([14, 1])


def person() -> Habits:
    """Who lives there: alone, and at home most days."""
    return settled(draw_habits(np.random.default_rng([14, 0])))


def home_of(*, drip_l_per_h: float = 0.0, away: tuple[datetime, datetime] | None = None) -> Household:
    """The same person's same weeks, whatever happens in them."""
    home = household("", rng=dice(), days=DAYS, first_day=FIRST_DAY, tz=SHANGHAI, habits=person())
    always = {"start": np.zeros(1), "length": np.array([DAYS * DAY]), "volume": np.array([drip_l_per_h * DAYS * 24.0])}
    home = replace(home, drips=Draws(**always))
    if away is None:
        return home
    begin, end = (_wall(moment) for moment in away)
    gone = merged(np.array([begin]), np.array([end])).covers(home.draws.start)
    draws = replace(
        home.draws,
        start=home.draws.start[~gone],
        length=home.draws.length[~gone],
        volume=home.draws.volume[~gone],
    )
    return replace(home, draws=draws)


def two_months(*, drip_l_per_h: float = 0.0) -> Sent:
    """As an hourly litre meter shows them."""
    return sent(read(home_of(drip_l_per_h=drip_l_per_h), Meter(start_l=START_L), meter_id=METER), NO_OUTAGES)


def moment(*, day: int = DAYS - 3, hour: int) -> datetime:
    """A local hour of a day of the life, as UTC."""
    local = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=SHANGHAI)
    return (local + timedelta(days=day, hours=hour)).astimezone(UTC)


def _wall(at: datetime) -> float:
    """UTC as wall minutes of a place without clock changes."""
    begins = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=SHANGHAI)
    return (at - begins).total_seconds() / 60.0 % (DAYS * DAY)
