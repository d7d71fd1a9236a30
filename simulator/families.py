"""Families of rules that differ in one number, and the choice of that number on homes that are not judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.contestants import About, Contestant, Rule, hours_since_use, our_watch
from simulator.oracle import HazardTable, OracleH, OracleHP

ORACLES: Mapping[str, type[OracleH]] = {"Oracle-H": OracleH, "Oracle-HP": OracleHP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Rules that differ in one setting; `at` makes one. False alerts fall or rise with the setting all the way."""

    name: str
    at: Callable[[float], Contestant]
    grid: Sequence[float]
    log: bool = False

    def setting_for(self, target_fa: float, false_alerts: Sequence[float]) -> float:
        """The setting whose false alerts are `target_fa`, between those seen at the grid's settings."""
        settings = np.log(self.grid) if self.log else np.asarray(self.grid, dtype=np.float64)
        seen = np.log(np.maximum(false_alerts, 1e-3))
        order = np.argsort(seen, kind="stable")
        chosen = float(np.interp(np.log(target_fa), seen[order], settings[order]))
        return float(np.exp(chosen)) if self.log else chosen


SILENCE = Family(name="hours since use", at=hours_since_use, grid=(8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 22.0, 24.0))
ANJU = Family(name="anju", at=our_watch, grid=(0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0), log=True)


def oracle(name: str, tables: Mapping[str, HazardTable], dripped_l: Mapping[str, Callable[[float], float]]) -> Family:
    """One of the oracles, from each home's own table."""

    def at(threshold: float) -> Contestant:
        def rule_for(about: About) -> Rule:
            table, dripped = tables[about.home_id], dripped_l[about.home_id]
            return ORACLES[name](table, threshold=threshold, dripped_l=dripped, zone=about.zone)

        return Contestant(name=f"{name} at {threshold:.2f}", rule_for=rule_for, setting=threshold, family=name)

    return Family(name=name, at=at, grid=(4.0, 5.0, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5, 9.0, 10.0))
