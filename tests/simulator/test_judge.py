"""The judge counts as it says, and can't be fooled by a rule that knows the future."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.episodes import Change, Raised
from domain.finding import AlertKind, Finding, Level, Reason
from domain.recording import Recording
from simulator.cases import Home, Incident, IncidentKind, at_home, draw_incidents, happened
from simulator.contestants import (
    About,
    Contestant,
    HoursSinceUse,
    Rule,
    Said,
    WholeRule,
    baselines,
    few_litres,
    hours_since_use,
    never_zero,
    our_watch,
)
from simulator.figures import figures
from simulator.homes import simulated_homes
from simulator.judge import Outcome, PeekingError, try_home
from simulator.silences import silences

UTC_ZONE = ZoneInfo("UTC")
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
LOW_USE: Said = (AlertKind.LOW_USE, Level.ALERT)


def a_home(volumes: Sequence[float], absences: Sequence[tuple[float, float]] = (), *, drips: bool = False) -> Home:
    """A home by its hourly volumes."""
    at_s = int(FIRST.timestamp()) + 3600 * np.arange(len(volumes) + 1)
    register_l = np.concatenate(([1000.0], 1000.0 + np.cumsum(volumes)))
    recording = Recording(meter_id="m", at_s=at_s, register_l=register_l)
    none_l = None if drips else np.zeros(len(at_s))
    return Home(about=About(home_id="m", zone=UTC_ZONE), pipe=recording, absences=absences, dripped_l=none_l)


def a_life(days: int, silence_at: Mapping[int, int]) -> list[float]:
    """5 L every hour, but for silences: day of the beginning -> hours."""
    volumes = np.full(days * 24, 5.0)
    for day, hours in silence_at.items():
        volumes[day * 24 : day * 24 + hours] = 0.0
    return volumes.tolist()


def collapse(day: float) -> Incident:
    return Incident(kind=IncidentKind.COLLAPSE, onset_s=FIRST.timestamp() + day * 86400.0)


def test_false_alerts_are_short_or_long_by_the_silence_they_are_raised_in() -> None:
    home = a_home(a_life(102, {20: 15, 50: 15, 60: 23, 70: 30, 80: 72}))
    trial = try_home(hours_since_use(12.0), home, [])
    counted = figures([trial], IncidentKind.COLLAPSE)
    live_months = (102 - 42 - 73 / 24) / 30  # the silence of 72 h lasts until the end of the hour with the next draw
    assert counted.live_home_months == pytest.approx(live_months, abs=0.05)
    assert counted.short_fa.value == pytest.approx(2 / live_months, rel=0.01)
    assert counted.long_fa.value == pytest.approx(2 / live_months, rel=0.01)
    assert counted.cold_start_fa["days 14-42"] == pytest.approx(1 / 28 * 30, abs=0.01)


def test_rises_in_an_announced_absence_do_not_count() -> None:
    away = (FIRST.timestamp() + 50 * 86400, FIRST.timestamp() + 51 * 86400)
    home = a_home(a_life(60, {50: 20}), absences=[away])
    assert figures([try_home(hours_since_use(12.0), home, [])], IncidentKind.COLLAPSE).short_fa.value == 0.0


def test_a_collapse_is_found_after_as_many_hours_as_the_rule_waits() -> None:
    home = a_home(a_life(60, {}))
    onset = 50 + 0.5 / 24
    (outcome,) = _alerts(try_home(hours_since_use(12.0), home, [collapse(onset)]).outcomes)
    assert outcome.delay_h == pytest.approx(11.5)
    assert not outcome.hidden


def test_a_running_alert_hides_the_incident_which_counts_as_never_found() -> None:
    home = a_home(a_life(60, {50: 20}))
    trial = try_home(hours_since_use(12.0), home, [collapse(50.7)])
    (outcome,) = _alerts(trial.outcomes)
    assert outcome.hidden
    assert outcome.delay_h == inf
    counted = figures([trial], IncidentKind.COLLAPSE)
    assert counted.hidden == 1
    assert counted.found.value == 0.0
    assert counted.median_h.value is None


def test_a_drip_blinds_a_plain_clock() -> None:
    volumes = [volume + 1.0 for volume in a_life(60, dict.fromkeys(range(0, 60, 2), 7))]
    (outcome,) = _alerts(try_home(hours_since_use(12.0), a_home(volumes, drips=True), [collapse(50.5)]).outcomes)
    assert outcome.delay_h == inf


def test_ten_litres_in_twelve_hours_needs_twelve_hours_of_readings() -> None:
    assert try_home(few_litres(10.0, 12.0), a_home([0.0] * 11), []).rises == {}
    assert len(try_home(few_litres(10.0, 12.0), a_home([0.0] * 12), []).rises[LOW_USE]) == 1


def test_use_in_every_hour_is_what_a_meters_leak_alarm_sees() -> None:
    leak = Incident(kind=IncidentKind.LEAK, onset_s=FIRST.timestamp() + 50 * 86400.0, flow_l_per_h=10.0)
    home = a_home(a_life(60, dict.fromkeys(range(60), 6)))
    (outcome,) = _alerts(try_home(never_zero(24.0), home, [leak]).outcomes)
    assert outcome.delay_h == pytest.approx(6.0, abs=1.0)  # the day before had use from six o'clock on


@pytest.mark.parametrize("contestant", [*baselines(), our_watch(0.5)], ids=lambda contestant: contestant.name)
def test_going_on_from_a_copy_is_as_good_as_playing_it_all(contestant: Contestant) -> None:
    """The slow, obvious twin: the whole changed recording from its first reading."""
    (home,) = simulated_homes(5, number=1, days=70, announced=False)
    rng = np.random.default_rng(1)
    for kind in (IncidentKind.COLLAPSE, IncidentKind.SHOWER_FALL, IncidentKind.ILLNESS, IncidentKind.RESTLESS_NIGHTS):
        (incident,) = draw_incidents(home, kind, number=1, rng=rng)
        changed = Home(about=home.about, pipe=happened(home, incident))
        whole = try_home(contestant, changed, []).rises.get((kind.listened_for, Level.ALERT), ())
        (outcome,) = _alerts(try_home(contestant, home, [incident]).outcomes)
        first = next((rise for rise in whole if rise > incident.onset_s), inf)
        if not outcome.hidden:
            assert outcome.delay_h == (first - incident.onset_s) / 3600.0


def test_incidents_change_nothing_of_ordinary_life() -> None:
    (home,) = simulated_homes(6, number=1, days=70)
    put_in = draw_incidents(home, IncidentKind.COLLAPSE, number=5, rng=np.random.default_rng(1))
    contestant = our_watch(0.5)
    assert try_home(contestant, home, put_in).rises == try_home(contestant, home, []).rises


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=24 * 50, max_size=24 * 50), st.integers(0, 2**32))
def test_moments_at_home_lie_between_two_draws_less_than_nine_hours_off(volumes: list[int], seed: int) -> None:
    home = a_home([float(volume > 30) * volume for volume in volumes])
    for moment in at_home(home, np.random.default_rng(seed))[:20]:
        quiet = silences(home.pipe)
        holding = quiet.holding(moment)
        assert moment - quiet.start_s[holding] < 9 * 3600
        assert quiet.end_s[holding] - moment < 9 * 3600


class Prophet:
    """Cries at the last draw before a silence of a day: it looks ahead in the recording."""

    def episodes(self, recording: Recording) -> Mapping[Said, Sequence[tuple[float, float]]]:
        quiet = silences(recording)
        long = quiet.hours > 24.0
        return {LOW_USE: list(zip(quiet.start_s[long].tolist(), quiet.end_s[long].tolist(), strict=True))}


class Hindsight:
    """Cries above the longest silence of the whole recording but one: its baseline sees today."""

    def episodes(self, recording: Recording) -> Mapping[Said, Sequence[tuple[float, float]]]:
        quiet = silences(recording)
        patience_s = float(np.sort(quiet.hours)[-2]) * 3600.0 - 1.0
        found = [
            (start + patience_s, float(end))
            for start, end in zip(quiet.start_s.tolist(), quiet.end_s.tolist(), strict=True)
            if end - start > patience_s
        ]
        return {LOW_USE: found}


class Whole:
    """Hours since use over a whole recording: honest."""

    def episodes(self, recording: Recording) -> Mapping[Said, Sequence[tuple[float, float]]]:
        rule, state, found = HoursSinceUse(hours=12.0), HoursSinceUse(hours=12.0).start(), list[tuple[float, float]]()
        for at, register_l in recording.readings():
            for change in rule.observe(state, at, register_l):
                if isinstance(change, Raised):
                    found.append((at.timestamp(), inf))
                else:
                    found[-1] = (found[-1][0], at.timestamp())
        return {LOW_USE: found}


@pytest.mark.parametrize("peeker", [Prophet(), Hindsight()], ids=["prophet", "hindsight"])
def test_a_rule_that_peeks_at_the_future_is_caught(peeker: WholeRule) -> None:
    home = a_home(a_life(60, {45: 13, 50: 14}))
    with pytest.raises(PeekingError, match="depends on what comes after"):
        try_home(Contestant(name="peeker", rule_for=lambda _: peeker), home, [collapse(52.5)])


def test_an_honest_rule_over_whole_recordings_says_the_same_as_reading_by_reading() -> None:
    home = a_home(a_life(60, {45: 13, 50: 14, 52: 30}))
    put_in = [collapse(51.5), collapse(52.9)]
    whole = try_home(Contestant(name="whole", rule_for=lambda _: Whole()), home, put_in)
    step = try_home(hours_since_use(12.0), home, put_in)
    assert list(whole.rises[LOW_USE]) == list(step.rises[LOW_USE])
    assert _alerts(whole.outcomes) == _alerts(step.outcomes)


class Liar:
    """Dates its alerts a while away from what it has just seen."""

    def __init__(self, shift: timedelta) -> None:
        self._shift = shift

    def start(self) -> None: ...

    def observe(self, _state: None, at: datetime, _register_l: float, _late: bool = False) -> Sequence[Change]:
        dated = at + self._shift
        finding = Finding(kind=AlertKind.LOW_USE, level=Level.ALERT, at=dated, since=dated, reason=Reason(key="x"))
        return (Raised(finding=finding),)


@pytest.mark.parametrize("hours", [-2, 2])
def test_an_alert_dated_before_or_after_what_was_seen_is_caught(hours: int) -> None:
    liar: Rule = Liar(timedelta(hours=hours))
    with pytest.raises(PeekingError, match="dated"):
        try_home(Contestant(name="liar", rule_for=lambda _: liar), a_home([5.0] * 48), [])


def _alerts(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.level is Level.ALERT]
