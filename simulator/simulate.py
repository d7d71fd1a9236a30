"""`anju simulate`: scenarios written as files or played over MQTT, and as many meters as a test of load wants."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from domain.recording import Recording
from ingest.recorded import Report
from simulator.demo import write_ledger
from simulator.files import ALARMS, write_alarms, write_readings, write_rows
from simulator.formats import FORMATS
from simulator.metering import Meter, read
from simulator.replay import Way, publish_all
from simulator.scenarios import SCENARIOS, Scenario
from simulator.towns import SHANGHAI, town

LIVES = 200  # distinct lives; more meters show them again, shifted in time and register


def list_scenarios(say: Report) -> int:
    """Each scenario and what happens in it."""
    for name, make in SCENARIOS.items():
        say(f"{name:20} {make().says}")
    return 0


def simulate_scenario(name: str, folder: Path | None, way: Way | None, *, say: Report, report: Report) -> int:
    """Writes a scenario's files, plays it over MQTT, or both; the exit status, 2 where there is none of that name."""
    if name not in SCENARIOS:
        report(f"no scenario {name!r}; known are {', '.join(SCENARIOS)}")
        return 2
    scenario = SCENARIOS[name]()
    say(f"{scenario.says} (from {scenario.onset_at:%Y-%m-%d %H:%M} UTC)")
    for path in write_scenario(scenario, folder) if folder else ():
        say(str(path))
    return play_scenario(scenario, way) if way else 0


def write_scenario(scenario: Scenario, folder: Path) -> list[Path]:
    """The scenario as files that `anju replay` and `anju detect` take: readings, other sensors' alarms, absences."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [write_readings(folder / f"{scenario.name}.csv", scenario.recording)]
    if scenario.alarms:
        written.append(write_alarms(folder / f"{scenario.name}{ALARMS}", scenario.alarms))
    if scenario.absences:
        known = [(scenario.name, *(moment.isoformat() for moment in absence)) for absence in scenario.absences]
        path = folder / f"{scenario.name}.absences.csv"
        written.append(write_rows(path, ("household", "from", "until"), known))
    return written


def play_scenario(scenario: Scenario, way: Way) -> int:
    """Plays a scenario over MQTT, alarms of other sensors with it; the exit status as of `anju replay`."""
    return publish_all([scenario.recording], scenario.alarms, way)


def many_meters(number: int, *, days: int, every_s: int, seed: int, first_day: date) -> list[Recording]:
    """`number` meters reporting for `days`, each at its own second; their ids can be said in every format."""
    lives = town(seed, homes=min(number, LIVES), days=days, first_day=first_day, share_alone=0.9)
    fine = [read(life, Meter(every_s=every_s)) for life in lives]
    rng = np.random.default_rng(seed)
    phases_s, starts_l = rng.integers(0, every_s, number), rng.integers(1_000, 900_000, number)
    return [
        Recording(
            meter_id=f"9{place:013d}",
            at_s=fine[place % len(fine)].at_s + phase_s,
            register_l=fine[place % len(fine)].register_l + start_l,
        )
        for place, (phase_s, start_l) in enumerate(zip(phases_s.tolist(), starts_l.tolist(), strict=True))
    ]


def load(
    number: int,
    *,
    days: int,
    every_min: int,
    seed: int,
    until: date,
    ledger: Path | None,
    way: Way | None,
    form: str = "plain",
) -> int:
    """Publishes `number` meters' last `days` before `until`; writes their ledger first, if so wished."""
    first_day = until - timedelta(days=days)
    recordings = many_meters(number, days=days, every_s=every_min * 60, seed=seed, first_day=first_day)
    if ledger is not None:
        write_ledger(ledger, [recording.meter_id for recording in recordings], SHANGHAI.key, FORMATS.get(form))
    if way is None:
        return 0
    return publish_all(recordings, (), way)
