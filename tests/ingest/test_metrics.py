"""Prometheus reads what is written here."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.counters import FIELDS, LONGEST_COMMIT_S, OFTEN, Counters, Instant
from ingest.metrics import gauge, metrics_of, text

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NO_REASONS = {"Metric", "Payload", "metrics", "timestamp", "uuid", "anju_messages_refused_total"}
LINE = re.compile(r'[a-z_]+(\{[a-z]+="(\\.|[^"\\])*"\})? -?[0-9.e+-]+')


def test_every_line_is_one_that_prometheus_reads() -> None:
    counters = Counters(received=12, readings=10, quarantined=1)
    counters.refuse('register_l: "twelve"')
    counters.refuse('"odd\\\n": x')
    counters.committed(0.003, lag_s=0.02)
    page = text([*metrics_of(counters, Instant(NOW, 0.0)), gauge("anju_watch_behind", "commits", 3)])
    for line in page.splitlines():
        assert line.startswith("#") or LINE.fullmatch(line), line
    assert "anju_readings_stored_total 10\n" in page
    assert 'anju_messages_refused_total{reason="register_l"} 1\n' in page
    assert 'anju_commit_seconds_bucket{le="0.002"} 0\n' in page
    assert 'anju_commit_seconds_bucket{le="0.005"} 1\n' in page
    assert 'anju_commit_seconds_bucket{le="+Inf"} 1\n' in page
    assert "anju_commit_seconds_sum 0.003\n" in page
    assert 'anju_commit_lag_seconds_bucket{le="0.01"} 0\n' in page
    assert 'anju_commit_lag_seconds_bucket{le="0.025"} 1\n' in page
    assert "anju_watch_behind 3\n" in page


def test_reasons_from_outside_do_not_make_the_page_grow_without_end() -> None:
    counters = Counters()
    for n in range(1000):
        counters.refuse(f"field{n}: bad")
        counters.refuse(f"[{n}] 'pad{n}' is no field of a reading")
        counters.refuse(f"[{n}] at: 'noon' is no time with its zone")
    counters.refuse("topic 'x' names no gateway")
    assert counters.refused == {"other": 2000, "at": 1000, "topic": 1}


def test_every_field_that_a_codec_names_is_counted_by_its_name() -> None:
    source = "".join(path.read_text() for path in (Path(__file__).parents[2] / "ingest").rglob("*.py"))
    reasons = re.findall(
        r'(?:Refused|RefusedError|refuse)\((?:\s|message, |unnamed, )*f?"([A-Za-z_][\w.]*)[ :]', source
    )
    values = re.findall(r'\b(?:number|number_from_text|checked_id|litres)\([^\n]*, "([\w.]+)[^"\n]*"\)', source)
    named = {*reasons, *values, *re.findall(r'\bname="(\w+)"', source)}
    assert len(named) > 50
    assert named - FIELDS <= {"an", *NO_REASONS}


def later(seconds: float) -> Instant:
    return Instant(NOW + timedelta(seconds=seconds), seconds)


def test_a_commit_that_lasts_is_no_problem_and_one_that_does_not_end_is_one() -> None:
    counters = Counters(committing_since_s=0.0)
    assert list(counters.problems(later(LONGEST_COMMIT_S))) == []
    (problem,) = counters.problems(later(LONGEST_COMMIT_S + 1))
    assert problem == "readings can't be stored since 12:00:00 UTC: a commit hangs"


def test_ingest_that_no_longer_looks_for_messages_is_a_problem() -> None:
    counters = Counters(turned_at_s=0.0)
    assert list(counters.problems(later(60))) == []
    assert list(counters.problems(later(180))) == ["ingest stands still since 12:00:00 UTC"]


@pytest.mark.parametrize("name", ["committing_since_s", "turned_at_s", "broker_away_since_s"])
@pytest.mark.parametrize("set_back", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_is_set_back_or_on_makes_no_problem_and_hides_none(name: str, set_back: timedelta) -> None:
    counters = Counters(**{name: 0.0})  # type: ignore[arg-type]
    assert list(counters.problems(Instant(NOW - set_back, 20.0))) == []
    (problem,) = counters.problems(Instant(NOW - set_back, 200.0))
    assert f"since {NOW - set_back - timedelta(seconds=200):%H:%M:%S} UTC" in problem


def test_a_connection_lost_again_and_again_is_told_and_one_lost_now_and_then_is_not() -> None:
    """Two services that call themselves the same take the broker's messages from each other, for ever."""
    counters = Counters()
    for n in range(3 * OFTEN):
        counters.lost_at_s.append(120.0 * n)
        assert list(counters.problems(later(120.0 * n))) == []
    for n in range(OFTEN):
        counters.lost_at_s.append(7200.0 + n)
    (problem,) = counters.problems(later(7260))
    assert problem.startswith("broker connection lost 10 times since 14:00:00 UTC: ")
    assert list(counters.problems(later(10_800))) == []
