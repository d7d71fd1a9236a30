"""`detectors.two_clocks` for arrays."""

from detectors.fleet import ticks
from detectors.fleet.compiled import compiled
from detectors.fleet.localtime import local_hour
from detectors.fleet.memory import DRY_FROM_S, DRY_S, PLANNED, SILENT_FROM_H, SILENT_S, TRACES_FROM_S, Floats


@compiled
def restart(m: Floats, clock: Floats, at_s: float) -> None:
    m[SILENT_FROM_H] = local_hour(clock, at_s)
    m[SILENT_S] = m[PLANNED] = 0.0


@compiled
def begin_anew(m: Floats, clock: Floats, at_s: float) -> None:
    restart(m, clock, at_s)
    m[DRY_FROM_S] = m[TRACES_FROM_S] = at_s
    m[DRY_S] = 0.0


@compiled
def begin_anew_after_trace(m: Floats, clock: Floats, at_s: float) -> None:
    traces_from_s = m[TRACES_FROM_S]
    begin_anew(m, clock, at_s)
    m[TRACES_FROM_S] = traces_from_s


@compiled
def start_over(m: Floats, clock: Floats, at_s: float) -> None:
    ticks.interrupt(m)
    begin_anew(m, clock, at_s)
