"""Homes to judge on: simulated people who live alone, or a folder of real meters."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from ingest.odd_registers import oddities
from ingest.recorded import read_recording
from simulator.cases import DAY_S, Home
from simulator.contestants import About
from simulator.households import Household, to_utc_s
from simulator.life import Spans
from simulator.machines import Machine, with_machine
from simulator.metering import Meter, read
from simulator.oracle import away_overnight, nobody_home
from simulator.radio import NO_OUTAGES, draw_outages
from simulator.silences import JUMP_L
from simulator.towns import SHANGHAI, town

SEED_A, SEED_B = 1001, 2002  # thresholds are set on A, figures come from B
LOW_USER_L_A_DAY = 40.0
FIRST_DAY = date(2026, 1, 5)
HOUSEHOLDS = "households.csv"  # id,persons of each home of a folder
PIPE_EVERY_S, PIPE_STEP_L = 900, 0.1


def simulated_homes(
    seed: int,
    *,
    number: int,
    days: int,
    every_s: int = 3600,
    step_l: float = 1.0,
    announced: bool = True,
    outages: bool = True,
    machine: Machine | None = None,
    tz: ZoneInfo = SHANGHAI,
) -> list[Home]:
    """People living alone behind such meters; overnight absences are announced, radio fails, if so wished.

    The same seed gives the same lives, absences and outages whatever the meter, and the `machine` behind it.
    """
    lives = town(seed, homes=number, days=days, first_day=FIRST_DAY, tz=tz, share_alone=1.0)
    if machine is not None:
        own = (np.random.default_rng([seed, place, 2]) for place in range(number))
        lives = [with_machine(life, machine, rng) for life, rng in zip(lives, own, strict=True)]
    return [
        _simulated(life, np.random.default_rng([seed, place, 1]), every_s, step_l, announced=announced, outages=outages)
        for place, life in enumerate(lives)
    ]


def _simulated(
    life: Household, rng: np.random.Generator, every_s: int, step_l: float, *, announced: bool, outages: bool
) -> Home:
    pipe = read(life, Meter(step_l=PIPE_STEP_L, every_s=PIPE_EVERY_S, phase_s=int(rng.integers(60))))

    def in_utc(spans: Spans) -> list[tuple[float, float]]:
        begins, ends = (
            to_utc_s(wall, first_day=life.first_day, tz=life.tz).tolist() for wall in (spans.start, spans.end)
        )
        return list(zip(begins, ends, strict=True))

    return Home(
        about=About(home_id=life.household_id, zone=life.tz, habits=life.habits),
        pipe=pipe,
        every_s=every_s,
        step_l=step_l,
        outages=draw_outages(rng, float(pipe.at_s[0]), float(pipe.at_s[-1])) if outages else NO_OUTAGES,
        absences=in_utc(away_overnight(life)) if announced else (),
        out=in_utc(nobody_home(life)),
        dripped_l=life.dripped_l(pipe.at_s),
    )


def real_homes(folder: Path, tz: ZoneInfo, report: Callable[[str], None]) -> list[Home]:
    """Every usable `ts,register_l` file of a folder, in order of name; what can't be used, or is odd, is reported.

    The list of the homes themselves (`HOUSEHOLDS`) is none.
    """
    paths = sorted(path for path in folder.iterdir() if path.name.endswith((".csv", ".csv.gz")))
    paths = [path for path in paths if path.name != HOUSEHOLDS]
    homes = []
    for path in paths:
        if (recording := read_recording(path, report)) is not None:
            for odd in oddities(recording):
                report(f"{path}: {odd}")
            homes.append(Home(about=About(home_id=recording.meter_id, zone=tz), pipe=recording))
    return homes


def is_low_user(home: Home) -> bool:
    """By the recording itself: the drip counts, as the service can't know."""
    pipe = home.pipe
    litres = np.clip(np.diff(pipe.register_l), 0.0, JUMP_L).sum()
    return bool(litres / max((pipe.at_s[-1] - pipe.at_s[0]) / DAY_S, 1.0) < LOW_USER_L_A_DAY)


def household_days(homes: Sequence[Home]) -> float:
    """How much life there is to judge."""
    return sum(float(home.pipe.at_s[-1] - home.pipe.at_s[0]) / DAY_S for home in homes)
