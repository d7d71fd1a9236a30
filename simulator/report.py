"""The judge's report: a table to read, JSON to compare, a chart of the trade-off; each says where it comes from."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import numpy as np

from simulator.backtest import Options, backtest
from simulator.cases import IncidentKind
from simulator.chart import draw_chart, front, trade_offs
from simulator.families import ORACLES
from simulator.figures import Estimate
from simulator.rows import Row

COLUMNS = (
    "rule",
    "incident",
    "among",
    "short FA",
    "long FA",
    "worst home",
    "median h",
    "p90 h",
    "in 18 h",
    "in 24 h",
    "found (hidden)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What stands beside every figure, so that it can be had again."""

    command: str
    version: str
    seed: int
    data: str
    took_s: float

    @property
    def line(self) -> str:
        return f"`{self.command}`, anju {self.version}, seed {self.seed}, {self.data}; judged in {self.took_s:.0f} s"


def run_backtest(
    options: Options,
    *,
    out: Path | None,
    command: str,
    clock: Callable[[], float],
    say: Callable[[str], None],
    report: Callable[[str], None],
) -> int:
    """What `anju backtest` does: judges, says the table, writes report.json and charts to `out`; the exit status."""
    started = clock()
    try:
        rows = backtest(options, report=report, clock=clock)
    except OSError as e:
        report(f"{options.folder}: {e.strerror}")
        rows = []
    if not rows:
        report("no home to judge")
        return 2
    origin = Origin(
        command=command, version=version("anju"), seed=options.seed, data=options.data, took_s=clock() - started
    )
    say(as_table(rows, origin))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.json").write_text(as_json(rows, origin), encoding="utf-8")
        if options.curves:
            draw_chart(rows, origin.line, out, report)
    return 0


def as_table(rows: Sequence[Row], origin: Origin) -> str:
    """Markdown, a table a section. FA: false alerts per household and 30 live days."""
    return "\n".join(_lines(rows, origin))


def _lines(rows: Sequence[Row], origin: Origin) -> Iterator[str]:
    yield origin.line
    limits = [row for row in rows if row.section == "curve" and row.family in ORACLES]
    for section, members in groupby(rows, key=lambda row: row.section):
        listed = list(members)
        counted = listed[0].figures
        yield f"\n## {section}\n"
        yield f"{counted.homes} homes, {counted.live_home_months:g} live home-months; 95 % intervals over homes\n"
        yield f"| {' | '.join(COLUMNS)} |"
        yield "|---" * len(COLUMNS) + "|"
        yield from map(_line, listed)
        if section != "rules":
            yield from _limits(listed, limits)
        if section == "rules":
            yield from _cold_start(listed)


def _line(row: Row) -> str:
    f = row.figures
    cells = (
        row.rule,
        f"{row.incident} ({f.incidents})",
        row.among,
        _number(f.short_fa, 2),
        _number(f.long_fa, 2),
        f"{f.worst_home:.1f}",
        _number(f.median_h, 1),
        _number(f.p90_h, 1),
        _share(f.within_18_h),
        _share(f.within_24_h),
        f"{_share(f.found)} ({f.hidden})",
    )
    return f"| {' | '.join(cells)} |"


def _limits(rows: Sequence[Row], limits: Sequence[Row]) -> Iterator[str]:
    """How many times longer than the oracles each rule takes, in the median, at the rule's own false alerts.

    Oracles look for collapses and nothing else.
    """
    for row in rows:
        if row.incident != IncidentKind.COLLAPSE or row.family in ORACLES or not row.figures.median_h.value:
            continue
        for oracle in ORACLES:
            best = _best_h(row, [at for at in limits if at.family == oracle and at.among == row.among])
            if best:
                times = f"{row.figures.median_h.value / best:.2f} times"
                yield f"\n{row.rule}, {row.among}: {times} the median delay of {oracle} at the same false alerts"


def _best_h(row: Row, limit: Sequence[Row]) -> float | None:
    """An oracle's median delay at a row's false alerts, between its best settings; None beyond them."""
    points = front(trade_offs(limit))
    fa = row.figures.short_fa.value
    if not points or not fa or not points[0][0] <= fa <= points[-1][0]:
        return None
    return float(np.interp(np.log(fa), np.log([seen for seen, _ in points]), [hours for _, hours in points]))


def _cold_start(rows: Sequence[Row]) -> Iterator[str]:
    """False alerts while learning, apart from the figures above; once a rule and kind of alert."""
    once = {(row.rule, row.incident.listened_for): row.figures.cold_start_fa for row in rows if row.among == "all"}
    for (rule, alert), by_days in once.items():
        yield f"\ncold start, {rule}, {alert}: " + ", ".join(f"{days} {fa:.2f}" for days, fa in by_days.items())


def _number(estimate: Estimate, digits: int) -> str:
    if estimate.value is None:
        return "none"
    low, high = (f"{bound:.{digits}f}" if bound is not None else "none" for bound in (estimate.low, estimate.high))
    return f"{estimate.value:.{digits}f} ({low}-{high})"


def _share(estimate: Estimate) -> str:
    return "none" if estimate.value is None else f"{100 * estimate.value:.0f} %"


def as_json(rows: Sequence[Row], origin: Origin) -> str:
    """Every figure with its interval."""
    return json.dumps({"origin": asdict(origin), "rows": [asdict(row) for row in rows]}, ensure_ascii=False, indent=1)
