"""Homes to judge on: simulated people who live alone, or a folder of real meters."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from domain.recording import Recording
from ingest.recorded import read_recording
from simulator.cases import DAY_S, Home
from simulator.contestants import About
from simulator.households import Household, to_utc_s
from simulator.metering import Meter, read
from simulator.oracle import away_overnight
from simulator.towns import SHANGHAI, town

SEED_A, SEED_B = 1001, 2002  # thresholds are set on A, figures come from B
LOW_USER_L_A_DAY = 40.0
FIRST_DAY = date(2026, 1, 5)


def simulated_homes(
    seed: int, *, number: int, days: int, meter: Meter, announced: bool = True, tz: ZoneInfo = SHANGHAI
) -> list[Home]:
    """People living alone, as their meters report them; overnight absences are announced if so wished."""
    rng = np.random.default_rng([seed, number])
    lives = town(seed, homes=number, days=days, first_day=FIRST_DAY, tz=tz, share_alone=1.0)
    return [_simulated(life, meter, int(rng.integers(60)), announced=announced) for life in lives]


def _simulated(life: Household, meter: Meter, phase_s: int, *, announced: bool) -> Home:
    recording = read(life, Meter(step_l=meter.step_l, every_s=meter.every_s, phase_s=phase_s))
    away = away_overnight(life)
    leaves, returns = (to_utc_s(moment, first_day=life.first_day, tz=life.tz) for moment in (away.start, away.end))
    return Home(
        about=About(home_id=life.household_id, zone=life.tz, habits=life.habits),
        recording=recording,
        absences=list(zip(leaves.tolist(), returns.tolist(), strict=True)) if announced else (),
        drip_l_per_h=life.habits.drip_l_per_h,
        groups=groups(recording),
    )


def real_homes(folder: Path, tz: ZoneInfo, report: Callable[[str], None]) -> list[Home]:
    """Every usable `ts,register_l` file of a folder, in order of name; what can't be used is reported."""
    paths = sorted(path for path in folder.iterdir() if path.name.endswith((".csv", ".csv.gz")))
    recordings = [recording for path in paths if (recording := read_recording(path, report)) is not None]
    return [
        Home(
            about=About(home_id=recording.meter_id, zone=tz),
            recording=recording,
            groups=groups(recording),
        )
        for recording in recordings
    ]


def groups(recording: Recording) -> frozenset[str]:
    """Low user or not, by the recording itself."""
    days = (recording.at_s[-1] - recording.at_s[0]) / DAY_S
    litres = np.clip(np.diff(recording.register_l), 0.0, 5000.0).sum() / max(days, 1.0)
    return frozenset({"low users" if litres < LOW_USER_L_A_DAY else "other users"})


def household_days(homes: Sequence[Home]) -> float:
    """How much life there is to judge."""
    return sum(float(home.recording.at_s[-1] - home.recording.at_s[0]) / DAY_S for home in homes)
