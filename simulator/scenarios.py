"""Named scenarios: two months of one home's life and what happens in it, for tests, the demo and the docs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from domain.finding import AlertKind
from simulator import incidents
from simulator.households import household
from simulator.metering import Meter, read, replaced, rolled_over
from simulator.one_life import DAYS, METER, START_L, dice, home_of, moment, person, two_months
from simulator.radio import NO_OUTAGES, Outages, Sent, sent, twice
from simulator.towns import SHANGHAI

MADRID = ZoneInfo("Europe/Madrid")
FLOW_TOLD_IN = timedelta(hours=3)


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
    onset_at = moment(hour=5)
    recording = incidents.use_stops(two_months(), onset_at)
    return _told(quiet_morning, sent(recording, NO_OUTAGES), onset_at, {AlertKind.LOW_USE: timedelta(hours=36)})


@_scenario
def drip_hides_silence() -> Scenario:
    """A tap drips 3 L an hour when he falls: water runs on, but nobody draws it."""
    onset_at = moment(hour=9)
    life = two_months(drip_l_per_h=3.0)
    recording = incidents.use_stops(life, onset_at, 3.0 / 3600.0 * (life.at_s - life.at_s[0]))
    return _told(drip_hides_silence, sent(recording, NO_OUTAGES), onset_at, {AlertKind.LOW_USE: timedelta(hours=48)})


@_scenario
def away_for_a_week() -> Scenario:
    """She tells the grid worker that she is at her daughter's for a week, and is."""
    onset_at = moment(day=DAYS - 9, hour=10)
    back_at = onset_at + timedelta(days=7)
    away = (onset_at, back_at)
    recording = read(home_of(away=away), Meter(start_l=START_L), meter_id=METER)
    told = _told(away_for_a_week, sent(recording, NO_OUTAGES), onset_at, {})
    return replace(told, absences=(away,), never=frozenset({AlertKind.LOW_USE, AlertKind.CONSTANT_FLOW}))


@_scenario
def tap_left_on() -> Scenario:
    """A kitchen tap runs on, 4 L a minute."""
    onset_at = moment(hour=19)
    recording = incidents.tap_left_on(two_months(), onset_at, 4.0)
    return _told(tap_left_on, sent(recording, NO_OUTAGES), onset_at, {AlertKind.CONSTANT_FLOW: timedelta(hours=6)})


@_scenario
def burst_pipe() -> Scenario:
    """A pipe bursts at three in the morning, 25 L a minute."""
    onset_at = moment(hour=3)
    recording = incidents.tap_left_on(two_months(), onset_at, 25.0)
    return _told(burst_pipe, sent(recording, NO_OUTAGES), onset_at, {AlertKind.CONSTANT_FLOW: timedelta(hours=4)})


@_scenario
def fall_in_the_shower() -> Scenario:
    """She falls under the shower: it runs on, 7 L a minute, and nobody draws anything else."""
    onset_at = moment(hour=20)
    recording = incidents.tap_left_on(incidents.use_stops(two_months(), onset_at), onset_at, 7.0)
    return _told(fall_in_the_shower, sent(recording, NO_OUTAGES), onset_at, {AlertKind.CONSTANT_FLOW: FLOW_TOLD_IN})


@_scenario
def cistern_runs() -> Scenario:
    """The cistern doesn't close: 90 L an hour."""
    onset_at = moment(hour=9)
    recording = incidents.leak(two_months(), onset_at, 90.0)
    return _told(cistern_runs, sent(recording, NO_OUTAGES), onset_at, {AlertKind.CONSTANT_FLOW: timedelta(hours=12)})


@_scenario
def slow_leak() -> Scenario:
    """A joint leaks 20 L an hour."""
    onset_at = moment(day=DAYS - 5, hour=12)
    recording = incidents.leak(two_months(), onset_at, 20.0)
    return _told(slow_leak, sent(recording, NO_OUTAGES), onset_at, {AlertKind.CONSTANT_FLOW: timedelta(hours=72)})


@_scenario
def ill_in_bed() -> Scenario:
    """She lies ill for days: of her draws a third is left."""
    onset_at = moment(day=DAYS - 5, hour=6)
    recording = incidents.use_falls(two_months(), onset_at, 0.3, dice())
    return _told(ill_in_bed, sent(recording, NO_OUTAGES), onset_at, {})


@_scenario
def up_all_night() -> Scenario:
    """He is up half of the night, every night, and flushes each time."""
    onset_at = moment(day=DAYS - 10, hour=12)
    recording = incidents.up_at_night(two_months(), onset_at, SHANGHAI, dice())
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
    onset_at = moment(hour=11)
    recording = replaced(two_months(), onset_at.timestamp(), start_l=3.0)
    return _quiet(meter_replaced, sent(recording, NO_OUTAGES), onset_at)


@_scenario
def register_rolls_over() -> Scenario:
    """The register is full and begins again at zero."""
    onset_at = moment(hour=0)
    life = two_months()
    full_l = 100_000_000.0
    at_onset_l = float(np.interp(onset_at.timestamp(), life.at_s, life.register_l))
    near = replace(life, register_l=np.floor(life.register_l + full_l - at_onset_l))
    return _quiet(register_rolls_over, sent(rolled_over(near, full_l), NO_OUTAGES), onset_at)


@_scenario
def clocks_go_forward() -> Scenario:
    """The last Sunday of March in Madrid: the day has 23 hours, and nothing is the matter."""
    return _in_madrid(clocks_go_forward, date(2026, 2, 2), datetime(2026, 3, 28, 12, tzinfo=MADRID))


@_scenario
def clocks_go_back() -> Scenario:
    """The last Sunday of October in Madrid: the day has 25 hours, and nothing is the matter."""
    return _in_madrid(clocks_go_back, date(2026, 8, 31), datetime(2026, 10, 24, 12, tzinfo=MADRID))


@_scenario
def messages_come_twice() -> Scenario:
    """A gateway sends every fifth message a second time within the quarter of an hour."""
    recording = twice(two_months(), dice(), share=0.2)
    return _quiet(messages_come_twice, recording, moment(hour=0))


@_scenario
def meter_clock_drifts() -> Scenario:
    """The meter's clock gains twenty seconds a day, and nobody sets it."""
    recording = read(home_of(), Meter(start_l=START_L, drift_s_per_day=20.0), meter_id=METER)
    return _quiet(meter_clock_drifts, sent(recording, NO_OUTAGES), moment(hour=0))


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


def _told(
    make: Callable[[], Scenario], recording: Sent, onset_at: datetime, expected: Mapping[AlertKind, timedelta]
) -> Scenario:
    says = " ".join((make.__doc__ or "").split())
    return Scenario(name=make.__name__, says=says, recording=recording, onset_at=onset_at, expected=expected)


def _in_madrid(make: Callable[[], Scenario], first_day: date, onset_at: datetime) -> Scenario:
    """The same person there, where clocks change."""
    home = household("", rng=dice(), days=DAYS, first_day=first_day, tz=MADRID, habits=person())
    recording = read(home, Meter(start_l=START_L), meter_id=METER)
    return replace(_quiet(make, sent(recording, NO_OUTAGES), onset_at.astimezone(UTC)), tz=MADRID)


def _quiet(make: Callable[[], Scenario], recording: Sent, onset_at: datetime) -> Scenario:
    """Something happens that is nobody's emergency."""
    return replace(_told(make, recording, onset_at, {}), never=frozenset({AlertKind.LOW_USE, AlertKind.CONSTANT_FLOW}))


def _gap(make: Callable[[], Scenario], *, hours: float, kept: bool) -> Scenario:
    onset_at = moment(hour=8)
    begins_s = onset_at.timestamp()
    outage = Outages(start_s=np.array([begins_s]), end_s=np.array([begins_s + hours * 3600.0]), kept=np.array([kept]))
    return _quiet(make, sent(two_months(), outage), onset_at)


def _alarmed(make: Callable[[], Scenario], kind: AlertKind) -> Scenario:
    onset_at = moment(hour=21)
    told = _told(make, two_months(), onset_at, {kind: timedelta(minutes=1)})
    return replace(told, alarms=((onset_at, f"{kind}-1", kind),))
