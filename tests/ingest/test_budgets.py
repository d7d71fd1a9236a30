"""What another budget would have given, on recordings."""

import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anju import app
from ingest.budgets import compare_budgets
from tests.detectors.homes import ordinary_life, registers


def write(path: Path, volumes: list[float]) -> Path:
    lines = [f"{at:%Y-%m-%dT%H:%M:%SZ},{litres}" for at, litres in registers(volumes)]
    path.write_text("\n".join(["ts,register_l", *lines]) + "\n")
    return path


def test_a_smaller_budget_gives_fewer_alerts_and_a_home_of_a_week_counts_in_none(tmp_path: Path) -> None:
    files = []
    for home in range(4):
        weeks = [day for week in range(8) for day in (*ordinary_life(7, seed=home * 10 + week), *[0.0] * (10 + week))]
        files.append(write(tmp_path / f"home{home}.csv", weeks))
    files.append(write(tmp_path / "new.csv", ordinary_life(7)))
    out, problems = io.StringIO(), list[str]()
    assert compare_budgets(files, tz="Asia/Shanghai", budgets=[0.1, 4.0], out=out, report=problems.append) == 1
    strict, lax = map(json.loads, out.getvalue().splitlines())
    assert (strict["budget"], strict["households"], lax["households"]) == (0.1, 4, 4)
    assert problems == [f"{files[-1]}: left out, since a home is only asked in its first 14 days"]
    assert strict["alerts"] < lax["alerts"] <= lax["worst"]
    assert strict["longest_hours"] <= 36.0


def test_recordings_of_a_week_tell_nothing_of_budgets(tmp_path: Path) -> None:
    out, problems = io.StringIO(), list[str]()
    path = write(tmp_path / "new.csv", ordinary_life(7))
    assert compare_budgets([path], tz="Asia/Shanghai", budgets=[0.5], out=out, report=problems.append) == 2
    assert (out.getvalue(), problems) == ("", [f"{path}: left out, since a home is only asked in its first 14 days"])


def test_where_a_register_breaks_off_is_named(tmp_path: Path) -> None:
    out, problems = io.StringIO(), list[str]()
    path = write(tmp_path / "home.csv", [*ordinary_life(20), 900_000.0, *ordinary_life(3)])
    assert compare_budgets([path], tz="Asia/Shanghai", budgets=[0.5], out=out, report=problems.append) == 1
    (problem,) = problems
    assert problem.startswith(f"{path}: jump at 2025-03-23T")


@pytest.mark.parametrize(
    "option", ["--seed=-1", "--litres=inf", "--days=1000000000", "--every=100000", "--budget=inf", "--tz=Europe"]
)
def test_a_number_that_no_backtest_can_take_is_refused(option: str) -> None:
    done = CliRunner().invoke(app, ["backtest", option])
    assert done.exit_code == 2
    assert option.partition("=")[0] in done.stderr


@pytest.mark.parametrize("budget", ["-1", "0", "0.009", "nan", "inf", "10.1"])
@pytest.mark.parametrize("command", ["budgets", "detect"])
def test_a_budget_that_is_none_is_refused(tmp_path: Path, command: str, budget: str) -> None:
    path = write(tmp_path / "home.csv", ordinary_life(20))
    done = CliRunner().invoke(app, [command, str(path), "--budget", budget])
    assert done.exit_code == 2
    assert "'--budget'" in done.stderr
    assert ("equal to 0.01" in done.stderr) is (budget in {"-1", "0", "0.009"})
