"""Named scenarios: two months of one home's life and what happens in it, for tests, the demo and the docs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from domain.finding import AlertKind
from simulator import incidents
from simulator.draws import Draws
from simulator.habits import Habits, draw_habits
from simulator.households import Household, household
from simulator.life import DAY, merged
from simulator.metering import Meter, read, replaced, rolled_over
from simulator.radio import NO_OUTAGES, Outages, Sent, sent
from simulator.towns import SHANGHAI, settled

DAYS = 63
FIRST_DAY = date(2026, 3, 2)
METER = "10260302000001"  # fourteen digits, so that every format can carry it
START_L = 412_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One home's recording and what it is to bring about.

    `expected` is each alert and the longest time it may take from `onset_at`; `never` must not be raised from then
    on. `absences` are announced; `alarms` come from other sensors: (when, device, kind).
    """

    name: str
    says: str
    recording: Sent
    onset_at: datetime
    tz: ZoneInfo = SHANGHAI
    expected: Mapping[AlertKind, timedelta]
    never: frozenset[AlertKind] = frozenset()
    absences: tuple[tuple[datetime, datetime], ...] = ()
    alarms: tuple[tuple[datetime, str, AlertKind], ...] = ()


SCENARIOS: dict[str, Callable[[], Scenario]] = {}


def _scenario(make: Callable[[], Scenario]) -> Callable[[], Scenario]:
    SCENARIOS[make.__name__] = make
    return make


@_scenario
def quiet_morning() -> Scenario:
    """She gets up at night, falls, and no water runs any more."""
    onset_at = _at(hour=5)
    recording = incidents.use_stops(_life(), onset_at)
    return _told(quiet_morning, sent(recording, NO_OUTAGES), onset_at, {AlertKind.LOW_USE: timedelta(hours=36)})


@_scenario
def drip_hides_silence() -> Scenario:
    """A tap drips 3 L an hour when he falls: water runs on, but nobody draws it."""
    onset_at = _at(hour=9)
    life = _life(drip_l_per_h=3.0)
    recording = incidents.use_stops(life, onset_at, 3.0 / 3600.0 * (life.at_s - life.at_s[0]))
    return _told(drip_hides_silence, sent(recording, NO_OUTAGES), onset_at, {AlertKind.LOW_USE: timedelta(hours=48)})


@_scenario
def away_for_a_week() -> Scenario:
    """She tells the grid worker that she is at her daughter's for a week, and is."""
    onset_at = _at(day=DAYS - 9, hour=10)
    back_at = onset_at + timedelta(days=7)
    away = (onset_at, back_at)
    recording = read(_home(away=away), Meter(start_l=START_L), meter_id=METER)
    told = _told(away_for_a_week, sent(recording, NO_OUTAGES), onset_at, {})
    return replace(told, absences=(away,), never=frozenset({AlertKind.LOW_USE, AlertKind.CONSTANT_FLOW}))


@_scenario
def tap_left_on() -> Scenario:
    """A kitchen tap runs on, 4 L a minute."""
    onset_at = _at(hour=19)
    recording = incidents.tap_left_on(_life(), onset_at, 4.0)
    return _told(tap_left_on, sent(recording, NO_OUTAGES), onset_at, {AlertKind.CONSTANT_FLOW: timedelta(hours=6)})


@_scenario
def burst_pipe() -> Scenario:
    """A pipe bursts at three in the morning, 25 L a minute."""
    onset_at = _at(hour=3)
    recording = incidents.tap_left_on(_life(), onset_at, 25.0)
    return _told(burst_pipe, sent(recording, NO_OUTAGES), onset_at, {AlertKind.CONSTANT_FLOW: timedelta(hours=4)})


@_scenario
def slow_leak() -> Scenario:
    """A joint leaks 20 L an hour."""
    onset_at = _at(day=DAYS - 5, hour=12)
    recording = incidents.leak(_life(), onset_at, 20.0)
    return _told(slow_leak, sent(recording, NO_OUTAGES), onset_at, {AlertKind.CONSTANT_FLOW: timedelta(hours=72)})


@_scenario
def ill_in_bed() -> Scenario:
    """She lies ill for days: of her draws a third is left."""
    onset_at = _at(day=DAYS - 5, hour=6)
    recording = incidents.use_falls(_life(), onset_at, 0.3, _rng())
    return _told(ill_in_bed, sent(recording, NO_OUTAGES), onset_at, {})


@_scenario
def up_all_night() -> Scenario:
    """He is up half of the night, every night, and flushes each time."""
    onset_at = _at(day=DAYS - 10, hour=12)
    recording = incidents.up_at_night(_life(), onset_at, SHANGHAI, _rng())
    return _told(up_all_night, sent(recording, NO_OUTAGES), onset_at, {})


@_scenario
def radio_gap() -> Scenario:
    """The gateway is down for thirty hours; the meter keeps its readings and sends them afterwards."""
    return _gap(radio_gap, hours=30.0, kept=True)


@_scenario
def readings_lost() -> Scenario:
    """The meter's radio is silent for thirty hours, and nothing of it ever comes."""
    return _gap(readings_lost, hours=30.0, kept=False)


@_scenario
def meter_replaced() -> Scenario:
    """A fitter puts in a new meter: its register begins at 3 L."""
    onset_at = _at(hour=11)
    recording = replaced(_life(), onset_at.timestamp(), start_l=3.0)
    return _quiet(meter_replaced, sent(recording, NO_OUTAGES), onset_at)


@_scenario
def register_rolls_over() -> Scenario:
    """The register is full and begins again at zero."""
    onset_at = _at(hour=0)
    life = _life()
    full_l = 100_000_000.0
    at_onset_l = float(np.interp(onset_at.timestamp(), life.at_s, life.register_l))
    near = replace(life, register_l=np.floor(life.register_l + full_l - at_onset_l))
    return _quiet(register_rolls_over, sent(rolled_over(near, full_l), NO_OUTAGES), onset_at)


@_scenario
def clocks_go_forward() -> Scenario:
    """The last Sunday of March in Madrid: the day has 23 hours, and nothing is the matter."""
    tz = ZoneInfo("Europe/Madrid")
    home = household("", rng=_rng(), days=DAYS, first_day=date(2026, 2, 2), tz=tz, habits=_person())
    onset_at = datetime(2026, 3, 28, 12, tzinfo=tz).astimezone(UTC)
    recording = read(home, Meter(start_l=START_L), meter_id=METER)
    return replace(_quiet(clocks_go_forward, sent(recording, NO_OUTAGES), onset_at), tz=tz)


@_scenario
def sos_pressed() -> Scenario:
    """He presses the button beside his bed."""
    return _alarmed(sos_pressed, AlertKind.SOS)


@_scenario
def gas_in_the_kitchen() -> Scenario:
    """The detector above the stove smells gas."""
    return _alarmed(gas_in_the_kitchen, AlertKind.GAS)


@_scenario
def smoke_in_the_room() -> Scenario:
    """The smoke detector cries."""
    return _alarmed(smoke_in_the_room, AlertKind.SMOKE)


@_scenario
def water_on_the_floor() -> Scenario:
    """The leak sensor under the sink is wet."""
    return _alarmed(water_on_the_floor, AlertKind.FLOOD)


def _rng() -> np.random.Generator:
    return np.random.default_rng([14, 1])


def _person() -> Habits:
    return settled(draw_habits(np.random.default_rng([14, 0])))


def _home(*, drip_l_per_h: float = 0.0, away: tuple[datetime, datetime] | None = None) -> Household:
    """The same person's same weeks, whatever happens in them."""
    home = household("", rng=_rng(), days=DAYS, first_day=FIRST_DAY, tz=SHANGHAI, habits=_person())
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


def _life(*, drip_l_per_h: float = 0.0) -> Sent:
    return sent(read(_home(drip_l_per_h=drip_l_per_h), Meter(start_l=START_L), meter_id=METER), NO_OUTAGES)


def _at(*, day: int = DAYS - 3, hour: int) -> datetime:
    """A local hour of a day of the life, as UTC."""
    local = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=SHANGHAI)
    return (local + timedelta(days=day, hours=hour)).astimezone(UTC)


def _wall(at: datetime) -> float:
    """UTC as wall minutes of a place without clock changes."""
    begins = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=SHANGHAI)
    return (at - begins).total_seconds() / 60.0 % (DAYS * DAY)


def _told(
    make: Callable[[], Scenario], recording: Sent, onset_at: datetime, expected: Mapping[AlertKind, timedelta]
) -> Scenario:
    says = " ".join((make.__doc__ or "").split())
    return Scenario(name=make.__name__, says=says, recording=recording, onset_at=onset_at, expected=expected)


def _quiet(make: Callable[[], Scenario], recording: Sent, onset_at: datetime) -> Scenario:
    """Something happens that is nobody's emergency."""
    return replace(_told(make, recording, onset_at, {}), never=frozenset({AlertKind.LOW_USE, AlertKind.CONSTANT_FLOW}))


def _gap(make: Callable[[], Scenario], *, hours: float, kept: bool) -> Scenario:
    onset_at = _at(hour=8)
    begins_s = onset_at.timestamp()
    outage = Outages(start_s=np.array([begins_s]), end_s=np.array([begins_s + hours * 3600.0]), kept=np.array([kept]))
    return _quiet(make, sent(_life(), outage), onset_at)


def _alarmed(make: Callable[[], Scenario], kind: AlertKind) -> Scenario:
    at = _at(hour=21)
    told = _told(make, _life(), at, {kind: timedelta(minutes=1)})
    return replace(told, alarms=((at, f"{kind}-1", kind),))
