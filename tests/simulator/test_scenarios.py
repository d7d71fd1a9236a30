"""Each named scenario brings about what it says, through the same watch as the service's."""

from datetime import UTC, datetime, timedelta

import pytest

from detectors.episodes import Change, Raised
from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters
from domain.finding import AlertKind, Level
from simulator.judge import LATE_S, arrivals
from simulator.scenarios import SCENARIOS, Scenario

WATER = [name for name in SCENARIOS if not SCENARIOS[name]().alarms]
ALARMS = [name for name in SCENARIOS if name not in WATER]


def raised(scenario: Scenario) -> list[tuple[AlertKind, datetime]]:
    """What the watch raises from the onset on, and when."""
    watch = HouseholdWatch(WatchParameters(), scenario.tz)
    state, found = watch.start(), list[tuple[AlertKind, datetime]]()
    for begins_at, ends_at in scenario.absences:
        watch.absent(state, begins_at, ends_at)
    for now_s, at_s, register_l in arrivals(scenario.recording):
        at, now = (datetime.fromtimestamp(moment_s, UTC) for moment_s in (at_s, now_s))
        changes: list[Change] = watch.observe(state, at, register_l, now_s - at_s > LATE_S)
        found += [
            (change.finding.kind, now)
            for change in changes
            if isinstance(change, Raised) and change.finding.level is Level.ALERT and now >= scenario.onset_at
        ]
    return found


@pytest.mark.parametrize("name", WATER)
def test_water_tells_what_the_scenario_says(name: str) -> None:
    scenario = SCENARIOS[name]()
    found = raised(scenario)
    for kind, within in scenario.expected.items():
        first = next((at for seen, at in found if seen is kind), None)
        assert first is not None, f"{kind} is never raised"
        assert first - scenario.onset_at <= within + timedelta(hours=1)
    assert not {kind for kind, _ in found} & scenario.never


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_the_same_each_time_and_says_itself_in_a_sentence(name: str) -> None:
    one, other = SCENARIOS[name](), SCENARIOS[name]()
    assert (one.recording.register_l == other.recording.register_l).all()
    assert one.says.endswith(".")
    assert one.recording.at_s[0] < one.onset_at.timestamp() < one.recording.at_s[-1]
