"""Prometheus reads what is written here."""

import re
from datetime import UTC, datetime

from ingest.counters import MOST_REASONS, Counters
from ingest.metrics import gauge, metrics_of, text

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINE = re.compile(r'[a-z_]+(\{[a-z]+="(\\.|[^"\\])*"\})? -?[0-9.e+-]+')


def test_every_line_is_one_that_prometheus_reads() -> None:
    counters = Counters(received=12, readings=10, quarantined=1)
    counters.refuse('register_l: "twelve"')
    counters.refuse('"odd\\\n": x')
    counters.committed(0.003, lag_s=0.02)
    page = text([*metrics_of(counters), gauge("anju_watch_behind", "commits", 3)])
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
    assert len(counters.refused) == MOST_REASONS + 1
    assert sum(counters.refused.values()) == 1000
