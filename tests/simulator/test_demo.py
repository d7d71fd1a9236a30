"""The demo's story: which homes, which weeks, which moments."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.recording import Recording
from simulator.demo import DemoError, tell, window, write_ledger
from simulator.formats import FORMATS
from store import tables

ZONE = ZoneInfo("Asia/Shanghai")
END = datetime(2026, 3, 1, tzinfo=UTC)


def regular(meter_id: str, *, days: int, every_h: int, end: datetime = END) -> Recording:
    """A home that reads hourly and draws 5 L every `every_h` hours."""
    at = [end - timedelta(hours=h) for h in range(days * 24, -1, -1)]
    register = np.cumsum([5.0 if n % every_h == 0 else 0.0 for n in range(len(at))])
    return Recording(meter_id=meter_id, at_s=np.array([int(t.timestamp()) for t in at]), register_l=register)


def test_the_window_ends_where_nearly_all_homes_still_report() -> None:
    early = regular("early", days=60, every_h=4, end=END - timedelta(days=30))
    others = [regular(f"m{n}", days=90, every_h=4) for n in range(8)]
    cut = window([early, *others], weeks=3)
    assert {int(r.at_s[-1]) for r in cut} == {int(END.timestamp())}
    assert all(len(r) == 3 * 7 * 24 + 1 for r in cut)
    assert "early" not in {r.meter_id for r in cut}


def test_the_most_regular_homes_carry_the_incidents() -> None:
    story = tell(
        [regular("slow", days=50, every_h=20), regular("a", days=50, every_h=4), regular("b", days=50, every_h=6)], ZONE
    )
    assert (story.stop_meter, story.tap_meter) == ("a", "b")
    assert story.tap_at < story.tap_shut_at < story.scan_at < story.stop_at < story.end_at


def test_the_stop_begins_when_somebody_had_just_drawn_water() -> None:
    homes = [regular("a", days=50, every_h=4), regular("b", days=50, every_h=6)]
    story = tell(homes, ZONE)
    stopped = next(r for r in homes if r.meter_id == story.stop_meter)
    drawn = stopped.at_s[1:][np.diff(stopped.register_l) >= 1]
    assert int(story.stop_at.timestamp()) in drawn.tolist()


def test_homes_that_do_not_report_to_the_end_carry_no_incident() -> None:
    silent = regular("silent", days=20, every_h=1, end=END - timedelta(days=2))
    with pytest.raises(DemoError, match="at least two homes"):
        tell([silent, regular("a", days=50, every_h=4)], ZONE)


def test_no_readings_at_all_is_said() -> None:
    with pytest.raises(DemoError, match="no readings"):
        window([], weeks=3)


@pytest.mark.parametrize("name", FORMATS)
def test_the_ledger_of_meters_behind_such_gateways_has_only_columns_that_are_read(name: str, tmp_path: Path) -> None:
    write_ledger(tmp_path, ["m1"], ZONE.key, FORMATS[name])
    (meter,) = csv.DictReader((tmp_path / "meters.csv").read_text(encoding="utf-8").splitlines())
    assert meter["meter_id"] == FORMATS[name].known_as.format("m1")
    assert meter.keys() <= {column.name for column in tables.meters.c}
    (community,) = csv.DictReader((tmp_path / "communities.csv").read_text(encoding="utf-8").splitlines())
    assert community["timezone"] == (FORMATS[name].ledger.timezone or ZONE.key)


def test_the_ledger_gives_every_meter_a_household_a_guardian_and_a_pairing(tmp_path: Path) -> None:
    write_ledger(tmp_path, [f"m{n}" for n in range(27)], ZONE.key)
    written = {p.stem: list(csv.DictReader(p.read_text(encoding="utf-8").splitlines())) for p in tmp_path.glob("*.csv")}
    households = {row["household_id"] for row in written["households"]}
    assert len(households) == 27
    assert {row["household_id"] for row in written["guardians"]} == households
    assert {row["household_id"] for row in written["pairings"]} == households
    assert {row["household_id"] for row in written["meters"]} == households
    assert {row["language"] for row in written["contacts"] if row["role"] == "guardian"} == {"zh", "en"}
