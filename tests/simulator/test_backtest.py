"""`anju backtest`: figures that say where they come from, of simulated homes or of real ones, never of both."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.parts import Part
from simulator.backtest import Options, backtest
from simulator.chart import front
from simulator.families import SILENCE
from simulator.fit import fit
from simulator.homes import SEED_A, SEED_B, simulated_homes
from simulator.report import run_backtest
from simulator.unseen import learned_elsewhere, main, of_so_many

SHANGHAI = ZoneInfo("Asia/Shanghai")
SMALL = Options(seed=SEED_B, tz=SHANGHAI, homes=1, days=55, incidents=1)


@pytest.fixture(scope="module")
def meters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of meters as a utility would export them."""
    folder = tmp_path_factory.mktemp("meters")
    for home in simulated_homes(3, number=2, days=70):
        readings = home.arriving(home.pipe).readings()
        lines = (f"{at:%Y-%m-%dT%H:%M:%SZ},{register_l:g}" for at, register_l in readings)
        (folder / f"{home.about.home_id}.csv").write_text("\n".join(["ts,register_l", *lines]))
    (folder / "households.csv").write_text("id,persons\nhome-3-00000,1\n")
    (folder / "notes.csv").write_text("home,note\nhome-3-00000,valve replaced\n")
    return folder


def run(options: Options, out: Path | None = None) -> tuple[int, str, list[str]]:
    said: list[str] = []
    told: list[str] = []
    ticks: Iterator[int] = count()
    status = run_backtest(
        options, out=out, command="anju backtest", clock=lambda: next(ticks), say=said.append, report=told.append
    )
    return status, "\n".join(said), told


def test_every_report_says_its_command_version_seed_and_data(tmp_path: Path) -> None:
    status, said, _ = run(SMALL, tmp_path / "out")
    assert status == 0
    first = said.splitlines()[0]
    assert "`anju backtest`" in first
    assert f"seed {SEED_B}" in first
    assert "SIM: 1 homes" in first
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    assert document["origin"]["seed"] == SEED_B
    rules = {row["rule"] for row in document["rows"]}
    assert {"< 10 L in 12 h", "< 10 L in 24 h", "silence of 12 h", "never zero for 6 h"} <= rules
    assert any(rule.startswith("anju") for rule in rules)


def test_the_same_seed_gives_the_same_figures() -> None:
    assert run(SMALL)[1] == run(SMALL)[1]


def test_real_meters_are_judged_alone_and_other_files_passed_over(meters: Path) -> None:
    status, said, told = run(replace(SMALL, folder=meters))
    assert status == 0
    assert "REAL" in said
    assert "SIM" not in said
    assert any("notes.csv" in line for line in told)
    assert not any("households.csv" in line for line in told)


def test_ours_is_judged_whole_and_without_a_part_with_what_other_homes_taught(meters: Path) -> None:
    told: list[str] = []
    options = replace(SMALL, folder=meters, folds=2, without=(Part.DRIP,))
    rows = backtest(options, report=told.append, clock=lambda: 0.0)
    assert {row.rule for row in rows if row.section == "parts left out"} == {
        "anju, budget 0.5",
        "anju, budget 0.5, without drip",
    }
    assert sum("learning" in line for line in told) == 2
    assert "2 folds" in options.data


def test_no_home_teaches_the_numbers_it_is_judged_with() -> None:
    one, other = simulated_homes(3, number=2, days=45, outages=False)
    learned = learned_elsewhere([one, other], tz=SHANGHAI, folds=2, seed=1)
    assert np.array_equal(learned[one.about.home_id].survival, fit([other.pipe], SHANGHAI).survival)


def test_of_homes_never_seen_small_households_can_be_judged_alone(meters: Path, tmp_path: Path) -> None:
    said: list[str] = []
    main([str(meters), "--tz", "Asia/Shanghai", "--incidents", "1", "--folds", "2", "--persons", "2"], said.append)
    assert "REAL: 1 homes" in said[0]
    assert "collapse (1)" in said[1]
    assert [line.split(" (")[0] for line in said[4:]] == ["collapse, asked", "collapse, told after asking"]
    listed = tmp_path / "households.csv"
    listed.write_text("id,persons\nalone,1.0\ntwo,2\nthree,3\nunknown,\nnobody,0\n")
    assert of_so_many(listed, 2) == {"alone", "two"}
    with pytest.raises(OSError, match="households"):
        main([str(tmp_path / "none"), "--tz", "Asia/Shanghai", "--persons", "2"], said.append)


def test_a_folder_without_meters_is_an_error(tmp_path: Path) -> None:
    assert run(replace(SMALL, folder=tmp_path))[0] == 2
    assert run(replace(SMALL, folder=tmp_path / "none"))[0] == 2


def test_settings_come_from_homes_that_are_not_judged() -> None:
    judged = {home.about.home_id for home in simulated_homes(SEED_B, number=3, days=1)}
    others = {home.about.home_id for home in simulated_homes(SEED_A, number=3, days=1)}
    assert not judged & others


def test_a_setting_is_found_between_those_tried() -> None:
    fewer_with_patience = [100.0 / hours for hours in SILENCE.grid]
    chosen = SILENCE.setting_for(100.0 / 15.0, fewer_with_patience)
    assert 14.0 < chosen < 16.0


def test_curves_reach_the_oracle_and_meters_the_coarse_ones(tmp_path: Path) -> None:
    rows = backtest(replace(SMALL, meters=True), report=lambda _: None, clock=lambda: 0.0)
    sections = {row.section for row in rows}
    assert {"rules", "meter: 15 min, 1 L", "meter: 1 day, 1 L"} <= sections


def test_a_setting_that_another_beats_in_both_is_no_limit() -> None:
    assert front([(0.2, 9.0), (0.1, 12.0), (0.1, 14.0), (0.3, 10.0), (0.4, 8.0)]) == [
        (0.1, 12.0),
        (0.2, 9.0),
        (0.4, 8.0),
    ]


def test_a_chart_is_drawn_of_the_curves(meters: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    status, said, _ = run(replace(SMALL, folder=meters, incidents=3, curves=True), tmp_path)
    assert status == 0
    assert "## curve" in said
    assert "Oracle" not in said
    assert (tmp_path / "curve.svg").stat().st_size > 1000
    assert (tmp_path / "curve.png").read_bytes()[:4] == b"\x89PNG"
