"""The limits: what perfect knowledge of habits brings, and of presence beside it."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.finding import Level
from simulator.cases import Home, IncidentKind, draw_incidents
from simulator.contestants import hours_since_use
from simulator.families import ORACLES, oracle
from simulator.figures import Figures, figures
from simulator.homes import simulated_homes
from simulator.judge import try_home
from simulator.oracle import HazardTable, tabulate
from simulator.report import Origin, as_table
from simulator.rows import Row
from tests.simulator.test_judge import a_home, a_life

NOON = slice(22, 32)


@pytest.fixture(scope="module")
def home() -> Home:
    (home,) = simulated_homes(8, number=1, days=120)
    return home


@pytest.fixture(scope="module")
def tables(home: Home) -> Sequence[HazardTable]:
    assert home.about.habits is not None
    return tabulate(home.about.habits, every_min=60.0, seed=1, years=4)


def test_who_knows_that_somebody_is_there_expects_use_sooner(tables: Sequence[HazardTable]) -> None:
    plain, present = (table.hazard[NOON, 4:8].mean() for table in tables)
    assert present > plain
    assert all(((table.hazard > 0) & (table.hazard < 1)).all() for table in tables)


def test_the_oracle_that_knows_presence_is_sooner_and_never_wrong_about_an_empty_home(
    home: Home, tables: Sequence[HazardTable]
) -> None:
    put_in = draw_incidents(home, IncidentKind.COLLAPSE, number=12, rng=np.random.default_rng(1))
    seen: list[Figures] = []
    for name, table in zip(ORACLES, tables, strict=True):
        known = oracle(name, {home.about.home_id: table}, {home.about.home_id: home.dripped_up_to})
        seen.append(figures([try_home(known.at(6.0), home, put_in)], IncidentKind.COLLAPSE))
    h, hp = seen
    assert h.found.value == hp.found.value == 1.0
    assert hp.long_fa.value == 0.0
    assert hp.median_h.value is not None
    assert h.median_h.value is not None
    assert hp.median_h.value < h.median_h.value


def test_the_drip_is_known_up_to_every_moment() -> None:
    lived = a_home(a_life(10, {}))
    dripping = replace(lived, dripped_l=np.arange(241, dtype=np.float64) / 2.0)
    first_s = float(lived.pipe.at_s[0])
    assert dripping.dripped_up_to(first_s + 1800.0) == pytest.approx(0.25)
    assert dripping.dripped_up_to(first_s + 240 * 3600.0) == pytest.approx(120.0)
    assert lived.dripped_up_to(first_s) == 0.0


def test_a_rules_delay_is_told_in_times_of_the_oracles_at_the_same_false_alerts() -> None:
    lived = a_home(a_life(200, dict(zip(range(45, 195, 5), range(8, 20), strict=False))))
    put_in = draw_incidents(lived, IncidentKind.COLLAPSE, number=20, rng=np.random.default_rng(1))

    def row(family: str, section: str, hours: float, late: float = 1.0) -> Row:
        seen = figures([try_home(hours_since_use(hours), lived, put_in)], IncidentKind.COLLAPSE)
        assert seen.median_h.value
        seen = replace(seen, median_h=replace(seen.median_h, value=seen.median_h.value * late))
        return Row(
            section=section,
            rule=f"{family} {hours:g}",
            family=family,
            setting=hours,
            incident=IncidentKind.COLLAPSE,
            level=Level.ALERT,
            among="all",
            figures=seen,
        )

    limits = [row(name, "curve", hours) for name in ORACLES for hours in (8.5, 12.0, 15.0)]
    origin = Origin(command="anju backtest", version="0", seed=1, data="SIM", took_s=1.0)
    said = as_table([*limits, row("ours", "curve", 12.0, late=1.5)], origin)
    for name in ORACLES:
        assert f"ours 12, all: 1.50 times the median delay of {name} at the same false alerts" in said
    assert f"{next(iter(ORACLES))} 12, all" not in said


def test_presence_is_known_of_simulated_homes_in_their_own_zone() -> None:
    """Who goes out at nine by the clock on the wall goes out at nine in Madrid too."""
    here, there = (
        simulated_homes(8, number=1, days=10, tz=ZoneInfo(zone))[0] for zone in ("Asia/Shanghai", "Europe/Madrid")
    )
    assert len(here.out) == len(there.out) > 0
    shifts = {round(there_s - here_s) for (here_s, _), (there_s, _) in zip(here.out, there.out, strict=True)}
    assert shifts == {7 * 3600}
