"""`anju detect`: files in, one line an episode and level out."""

import gzip
import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.people import Language
from ingest.detect import detect_files
from ingest.recorded import NAMED, read_recording
from tests.detectors.homes import ordinary_life, registers

GOOD = "ts,register_l\n2025-03-03T00:00:00Z,100\n2025-03-03T01:00:00Z,104\n"


def run(
    paths: list[Path], absences: Path | None = None, tz: str = "Asia/Shanghai"
) -> tuple[int, list[dict[str, Any]], list[str]]:
    out, said = io.StringIO(), list[str]()
    code = detect_files(paths, tz=tz, absences=absences, budget=0.5, out=out, report=said.append)
    return code, [json.loads(line) for line in out.getvalue().splitlines()], said


def written(path: Path, rows: list[tuple[datetime, float]]) -> Path:
    text = "ts,register_l\n" + "".join(f"{at:%Y-%m-%dT%H:%M:%SZ},{register_l:.0f}\n" for at, register_l in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return written(tmp_path / "home1.csv.gz", list(registers(ordinary_life(50) + [0.0] * 50 + ordinary_life(3))))


def test_a_household_that_stops_is_asked_then_alerted_and_both_lines_say_when_it_ended(home: Path) -> None:
    code, lines, said = run([home])
    assert (code, said) == (0, [])
    last = [line for line in lines if line["kind"] == "low_use"][-2:]
    assert [line["level"] for line in last] == ["ask", "alert"]
    assert last[0]["ended_at"] == last[1]["ended_at"] is not None
    assert last[0]["household"] == "home1"
    assert lines == sorted(lines, key=lambda line: line["raised_at"])


def test_the_reasons_are_told_in_chinese_where_that_is_asked_for(home: Path) -> None:
    out, said = io.StringIO(), list[str]()
    detect_files(
        [home], tz="Asia/Shanghai", absences=None, budget=0.5, out=out, report=said.append, language=Language.ZH
    )
    reasons = [json.loads(line)["reason"] for line in out.getvalue().splitlines()]
    assert reasons
    assert not any(reason.isascii() for reason in reasons)


def test_an_announced_absence_is_not_alerted(home: Path, tmp_path: Path) -> None:
    absences = tmp_path / "absences.csv"
    absences.write_text(
        "household,from,until\nhome1,2025-04-21T00:00:00Z,2025-04-26T00:00:00Z\nhome1,x,y\nhome1\n"
        "home1,0001-01-01T00:00:00+14:00,2025-04-26\nhome1,2025-04-26,9999-12-31T23:59:59-14:00\n"
        "home9,2025-04-21T00:00:00Z,2025-04-26T00:00:00Z\n"
    )
    _, lines, said = run([home], absences)
    assert [line for line in lines if line["raised_at"] > "2025-04-21" and line["kind"] == "low_use"] == []
    assert said == [
        f"{absences}:3: from 'x' is no time, such as 2026-03-02T08:00:00Z",
        f"{absences}:4: 1 fields instead of household,from,until: 'home1'",
        f"{absences}:5: from '0001-01-01T00:00:00+14:00' is no time, such as 2026-03-02T08:00:00Z",
        f"{absences}:6: until '9999-12-31T23:59:59-14:00' is no time, such as 2026-03-02T08:00:00Z",
        f"--absences {absences}: 'home9' is none of the households given",
    ]


def test_the_clock_ends_at_the_latest_reading_of_all_files(tmp_path: Path) -> None:
    rows = list(registers(ordinary_life(10)))
    ends_early, goes_on = written(tmp_path / "a.csv", rows[:100]), written(tmp_path / "b.csv", rows)
    assert [line for line in run([ends_early])[1] if line["kind"] == "no_data"] == []
    (line,) = [line for line in run([ends_early, goes_on])[1] if line["kind"] == "no_data"]
    assert (line["household"], line["ended_at"]) == ("a", None)


@pytest.mark.parametrize("days", [2, 150, 363])
@pytest.mark.parametrize("before", [1, 0], ids=["after others", "alone in its file"])
def test_a_last_line_that_is_wrong_by_less_than_a_year_is_named_and_does_nothing_to_other_files(
    tmp_path: Path, days: int, before: int
) -> None:
    rows = list(registers(ordinary_life(10)))
    ends_at, litres = rows[-1]
    others = [written(tmp_path / f"{name}.csv", rows) for name in "ab"]
    wrong = written(tmp_path / "wrong.csv", [*rows[: before * len(rows)], (ends_at + timedelta(days=days), litres)])
    alone = run(others)
    code, lines, said = run([*others, wrong])
    assert [line for line in lines if line["household"] != "wrong"] == alone[1]
    ts = f"{ends_at + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
    assert said == [f"{wrong}: ts {days} days after all others', and followed by no other: '{ts}'"]
    assert code == 1


@pytest.mark.parametrize("wrong_files", [1, 2])
def test_a_file_whose_clock_is_years_ahead_is_named_and_does_nothing_to_other_files(
    tmp_path: Path, wrong_files: int
) -> None:
    rows = list(registers(ordinary_life(10)))
    others = [written(tmp_path / f"{name}.csv", rows) for name in "abc"]
    ahead = [(at + timedelta(days=3650), litres) for at, litres in rows]
    wrong = [written(tmp_path / f"wrong{number}.csv", ahead) for number in range(wrong_files)]
    alone = run(others)
    code, lines, said = run([*wrong, *others])
    assert [line for line in lines if not line["household"].startswith("wrong")] == alone[1]
    assert said == [
        f"{path}: ts 3640 days after all others', from its first on: '{ahead[0][0]:%Y-%m-%dT%H:%M:%SZ}'"
        for path in wrong
    ]
    assert code == 1


def test_a_meter_that_is_back_after_an_outage_at_the_end_of_the_recordings_is_not_complained_of(tmp_path: Path) -> None:
    rows = list(registers(ordinary_life(10)))
    back = written(tmp_path / "back.csv", [*rows[:-40], rows[-1]])
    assert run([back, written(tmp_path / "b.csv", rows[:-1])])[2] == []
    assert run([back])[2] == []


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ("soon,105", ":4: ts can't be read: 'soon'"),
        ("2025-03-03T02:00:00Z,much", ":4: register_l is no number: 'much'"),
        ("2025-03-03T02:00:00Z,nan", ":4: register_l is no register: 'nan'"),
        ("2025-03-03T02:00:00Z,-3", ":4: register_l is no register: '-3'"),
        ("2025-03-03T00:30:00Z,105", ":4: ts out of order: '2025-03-03T00:30:00Z' after '2025-03-03T01:00:00Z'"),
        ("2025-03-03T01:00:00Z,105", ":4: the same ts twice: '2025-03-03T01:00:00Z'"),
        ("1970-01-01T00:00:00Z,105", ":4: ts out of 2000-2099: '1970-01-01T00:00:00Z'"),
        ("2031-01-01T00:00:00Z,105", ":4: ts a year or more after '2025-03-03T01:00:00Z': '2031-01-01T00:00:00Z'"),
        ("2025-03-03T02:00:00Z", ":4: too few columns: '2025-03-03T02:00:00Z'"),
    ],
)
def test_a_bad_line_is_named_and_only_it_is_lost(tmp_path: Path, bad: str, named: str) -> None:
    path = tmp_path / "home.csv"
    path.write_text(GOOD + bad + "\n2025-03-03T03:00:00Z,109\n")
    code, _, said = run([path])
    assert (code, said) == (1, [f"{path}{named}", f"{path}: 1 of 4 lines can't be used"])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('"2025-03-03T02:00:00Z,105', "ts can't be read: '2025-03-03T02:00:00Z,105'"),
        ("x" * 200_000, "ts can't be read: 'xxxx"),
        ('"' + "x" * 200_000, "no CSV (field larger than field limit (131072)): '\"xxxx"),
        ("2025-03-03T02:00:00Z,1_05", "register_l is no number: '1_05'"),
    ],
)
def test_a_line_that_is_no_csv_costs_no_other(tmp_path: Path, bad: str, reason: str) -> None:
    path = tmp_path / "home.csv"
    path.write_text(GOOD + bad + "\n" + '"2025-03-03T03:00:00Z","109"\n\n2025-03-03T04:00:00Z,111\n')
    said: list[str] = []
    recording = read_recording(path, said.append)
    assert recording is not None
    assert recording.register_l.tolist() == [100, 104, 109, 111]
    assert said[0].startswith(f"{path}:4: {reason}")
    assert len(said) == 2


def test_a_file_whose_newest_line_is_the_first_says_how_to_sort_it(tmp_path: Path) -> None:
    path = written(tmp_path / "home.csv", list(registers(ordinary_life(2)))[::-1])
    assert run([path])[2][-1] == f"{path}: 48 of 49 lines can't be used; sort them by ts, the oldest first"


def test_two_files_of_the_same_name_are_named(home: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = written(tmp_path / "other" / "home1.csv", list(registers(ordinary_life(3))))
    code, _, said = run([home, other])
    assert (code, said) == (1, [f"{other}: household 'home1' is another file's, too; each is watched by itself"])


def test_a_folder_of_time_zones_is_none(home: Path) -> None:
    assert run([home], tz="Europe") == (2, [], ["--tz Europe: no such time zone"])


def test_a_file_in_which_all_is_wrong_says_so_in_some_lines(tmp_path: Path) -> None:
    path = tmp_path / "home.csv"
    path.write_text("ts,register_l\n" + "".join(f"2025-03-03T{hour % 24:02}:00:00Z,-1\n" for hour in range(1000)))
    code, _, said = run([path])
    assert (code, len(said)) == (2, NAMED + 2)
    assert said[NAMED] == f"{path}: and {1000 - NAMED} more, the last home.csv:1001: register_l is no register: '-1'"


def test_a_register_that_breaks_off_is_named(tmp_path: Path) -> None:
    path = tmp_path / "home.csv"
    path.write_text(GOOD + "2025-03-03T02:00:00Z,900105\n2025-03-03T03:00:00Z,900109\n")
    code, _, said = run([path])
    (line,) = said
    assert (code, line.startswith(f"{path}: jump at 2025-03-03T02:00:00Z, ")) == (1, True)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({24: "2025-11-20T05:00:00"}, [":26: ts out of order: '2025-11-20T05:00:00Z' before '2025-03-04T01:00:00Z'"]),
        ({24: "2024-04-01T05:00:00"}, [":26: ts out of order: '2024-04-01T05:00:00Z' after '2025-03-03T23:00:00Z'"]),
        (
            {0: "2000-01-01T00:00:00"},
            [":2: ts a year or more before '2025-03-03T01:00:00Z': '2000-01-01T00:00:00Z'"],
        ),
        (
            {47: "2031-01-01T00:00:00"},
            [":49: ts a year or more after '2025-03-04T22:00:00Z': '2031-01-01T00:00:00Z'"],
        ),
        (
            {47: "2026-03-04T23:00:00"},
            [":49: ts a year or more after '2025-03-04T22:00:00Z': '2026-03-04T23:00:00Z'"],
        ),
        (
            {0: "2024-03-03T00:00:00"},
            [":2: ts a year or more before '2025-03-03T01:00:00Z': '2024-03-03T00:00:00Z'"],
        ),
        (
            {20: "2025-03-03T21:00:00", 21: "2025-03-03T20:00:00"},
            [":23: ts out of order: '2025-03-03T20:00:00Z' after '2025-03-03T21:00:00Z'"],
        ),
    ],
    ids=[
        "months ahead",
        "a year back",
        "the first",
        "the last",
        "its year",
        "the first one's year",
        "two changed places",
    ],
)
def test_a_clock_that_was_wrong_for_one_line_costs_that_line_alone(
    tmp_path: Path, wrong: dict[int, str], named: list[str]
) -> None:
    begin = datetime(2025, 3, 3, tzinfo=UTC)
    right = [f"{begin + timedelta(hours=hour):%Y-%m-%dT%H:%M:%S}" for hour in range(48)]
    path = tmp_path / "home.csv"
    rows = (f"{wrong.get(hour, at)}Z,{100 + hour}" for hour, at in enumerate(right))
    path.write_text("ts,register_l\n" + "\n".join(rows) + "\n")
    said: list[str] = []
    recording = read_recording(path, said.append)
    assert recording is not None
    assert len(recording.at_s) == 48 - len(named)
    assert said == [*(f"{path}{each}" for each in named), f"{path}: {len(named)} of 48 lines can't be used"]


def test_files_without_anything_usable_give_status_2_and_each_its_reason(tmp_path: Path) -> None:
    absent = tmp_path / "absent.csv"
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(b"\x1f\x8b" + GOOD.encode())
    other = tmp_path / "other.csv"
    other.write_text("time,value\n1,2\n")
    code, lines, said = run([absent, broken, other])
    assert (code, lines) == (2, [])
    assert said == [
        f"{absent}: no such file",
        f"{broken}: not a whole gzip file (Unknown compression method)",
        f"{other}: no column ts, only 'time,value'; wanted is ts,register_l",
    ]


def test_what_is_left_of_a_broken_gzip_file_is_used(home: Path) -> None:
    home.write_bytes(home.read_bytes()[:-200])
    code, lines, said = run([home])
    assert code == 1
    assert lines
    assert len(said) == 1


def cut_short(paths: list[Path], folder: Path, before: datetime) -> list[Path]:
    shorter = []
    for path in paths:
        with gzip.open(path, "rt") as file:
            header, *rows = file.read().splitlines()
        kept = [row for row in rows if datetime.fromisoformat(row.split(",")[0]) <= before]
        target = folder / path.name
        target.write_bytes(gzip.compress("\n".join([header, *kept]).encode(), 1))
        shorter.append(target)
    return shorter


def without_end(lines: list[dict[str, Any]], until: str) -> list[dict[str, Any]]:
    return [{**line, "ended_at": None} for line in lines if line["raised_at"] <= until]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.floats(1, 54))
def test_nothing_but_the_end_depends_on_what_comes_later(home: Path, tmp_path: Path, days: float) -> None:
    (tmp_path / "cut").mkdir(exist_ok=True)
    before = datetime.fromtimestamp(datetime(2025, 3, 3, tzinfo=UTC).timestamp() + int(days * 86400), UTC)
    until = f"{before:%Y-%m-%dT%H:%M:%SZ}"
    (shorter,) = cut_short([home], tmp_path / "cut", before)
    assert without_end(run([shorter])[1], until) == without_end(run([home])[1], until)


def test_real_homes_cut_short_say_the_same_up_to_the_cut(tmp_path: Path) -> None:
    material = os.environ.get("ANJU_TEST_MATERIAL")
    if not material:
        pytest.skip("ANJU_TEST_MATERIAL is not set: no real meters here")
    homes = sorted((Path(material) / "data/water/daiad").glob("*.csv.gz"))[:3]
    whole = run(homes, tz="Europe/Madrid")[1]
    for before in (datetime(2016, 5, 17, 9, 40, tzinfo=UTC), datetime(2016, 12, 24, 3, 0, tzinfo=UTC)):
        until = f"{before:%Y-%m-%dT%H:%M:%SZ}"
        shorter = run(cut_short(homes, tmp_path, before), tz="Europe/Madrid")[1]
        ended_by_then = [line for line in shorter if line["kind"] != "no_data"]
        expected = [line for line in whole if line["kind"] != "no_data"]
        assert without_end(ended_by_then, until) == without_end(expected, until)
