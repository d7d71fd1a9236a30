"""The counters in Prometheus' text format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ingest.counters import BUCKETS_S, Counters, Instant, Times

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric: its samples by label text, such as `{reason="at"}`; the empty text stands for none."""

    name: str
    help: str
    kind: str = "counter"
    samples: Mapping[str, float] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, value in self.samples.items():
            yield f"{self.name}{labels} {value:g}" if value != int(value) else f"{self.name}{labels} {int(value)}"


def count(name: str, help_text: str, value: int) -> Metric:
    return Metric(name=name, help=help_text, samples={"": value})


def gauge(name: str, help_text: str, value: float) -> Metric:
    return Metric(name=name, help=help_text, kind="gauge", samples={"": value})


def metrics_of(counters: Counters, now: Instant) -> list[Metric]:
    """What ingest has done since its start."""
    stores = counters.unavailable_since_s is None and not counters.hangs(now)
    refused = {f'{{reason="{_label(reason)}"}}': count for reason, count in sorted(counters.refused.items())}
    return [
        count("anju_messages_received_total", "MQTT messages stored or kept", counters.received),
        count("anju_readings_stored_total", "register values stored", counters.readings),
        count("anju_events_stored_total", "device events stored", counters.events),
        count("anju_scans_stored_total", "wristband scans stored", counters.scans),
        count("anju_messages_ignored_total", "messages that carry nothing for us", counters.ignored),
        count("anju_messages_over_rate_total", "messages above a gateway's limit a minute; taken", counters.over_rate),
        count(
            "anju_messages_quarantined_total",
            "readings and events of unknown or wrongly bound devices",
            counters.quarantined,
        ),
        Metric(
            name="anju_messages_refused_total",
            help="messages, and readings in them, that can't be used, by field",
            samples=refused,
        ),
        _times("anju_commit_seconds", "what a group commit takes until it is on the disk", counters.commit),
        _times("anju_commit_lag_seconds", "from a group's first message to the disk", counters.lag),
        count("anju_broker_sessions_lost_total", "with what the broker held for us", counters.sessions_lost),
        gauge("anju_broker_connected", "0 while the broker is away", float(counters.broker_away_since_s is None)),
        gauge("anju_store_available", "0 while readings can't be stored", float(stores)),
        gauge(
            "anju_commit_running_seconds",
            "age of the commit that is under way",
            now.age_s(counters.committing_since_s),
        ),
    ]


def text(metrics: list[Metric]) -> str:
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())


def _times(name: str, help_text: str, times: Times) -> Metric:
    buckets = {f'_bucket{{le="{bound_s:g}"}}': n for bound_s, n in zip(BUCKETS_S, times.within, strict=True)}
    totals = {'_bucket{le="+Inf"}': times.count, "_sum": times.sum_s, "_count": times.count}
    return Metric(name=name, help=help_text, kind="histogram", samples=buckets | totals)


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
