"""The trade-off as a chart: how long until the alert, at how many false alerts."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path

from simulator.cases import IncidentKind
from simulator.rows import Row


def draw_chart(rows: Sequence[Row], origin: str, folder: Path, report: Callable[[str], None]) -> None:
    """Delay against false alerts as curve.svg and curve.png; needs matplotlib (pip install 'anju[charts]')."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 (an optional dependency, charts only)
    except ImportError:
        report("no chart: matplotlib is missing (pip install 'anju[charts]')")
        return
    everyone = [row for row in rows if row.among == "all" and row.incident is IncidentKind.COLLAPSE]
    curves = [row for row in everyone if row.section == "curve"]
    if not trade_offs(curves):
        report("no chart: no rule had false alerts and found half of the incidents")
        return
    figure = Figure(figsize=(8.0, 5.5), layout="constrained")
    axes = figure.subplots()
    for family, members in groupby(curves, key=lambda row: row.family):
        if points := front(trade_offs(members)):
            axes.plot(*zip(*points, strict=True), marker="o", label=family)
    for row in everyone:
        if row.section == "rules" and not row.family:
            for point in trade_offs([row]):
                axes.plot(*point, "x", color="black")
                axes.annotate(row.rule, point, xytext=(-6, 4), textcoords="offset points", ha="right", fontsize=8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("false alerts per household and 30 live days, in silences that end within 24 h")
    axes.set_ylabel("median hours from collapse to alert")
    axes.set_title(origin, fontsize=7, wrap=True)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    for kind in ("svg", "png"):
        figure.savefig(folder / f"curve.{kind}", dpi=150)


def trade_offs(rows: Iterable[Row]) -> list[tuple[float, float]]:
    """(short false alerts, median delay) of the rows that have both."""
    pairs = [(row.figures.short_fa.value, row.figures.median_h.value) for row in rows]
    return [(fa, hours) for fa, hours in pairs if fa and hours]


def front(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of settings that cost false alerts and time, those that no other beats in both; by rising false alerts."""
    kept: list[tuple[float, float]] = []
    for fa, hours in sorted(points):
        if not kept or hours < kept[-1][1]:
            kept.append((fa, hours))
    return kept
