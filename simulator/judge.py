"""The judge: plays homes to a rule, with and without incidents, and writes down what it said when.

A rule is fed one reading at a time, so it can't see the future; the moment of an alert is the judge's, not the
rule's word for it. A home's ordinary weeks are played once. Where an incident begins, the rule's state is copied
and goes on with the incident's readings, so hundreds of incidents cost little more than the ordinary weeks. A rule
that takes a whole recording at once is given each incident's recording, and must not change its words about the
time before the onset.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any

import numpy as np

from detectors.episodes import Change, Ended, Raised
from domain.finding import AlertKind, Level
from simulator.cases import REMEMBERED_S, Home, Incident, happened
from simulator.contestants import Contestant, Rule, Said, WholeRule
from simulator.radio import Sent

LATE_S = 3 * 3600  # a reading older than this at arrival is backfill, as the service takes it


class PeekingError(Exception):
    """A rule's word about the past depends on the future, or is dated outside of what it has seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a rule made of an incident: hours to the first new alert (inf: none), or hidden behind a running one."""

    incident: Incident
    level: Level
    delay_h: float
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One rule on one home: when it rose, and ended, in ordinary life [UTC s], and what it made of each incident.

    `chances`: how likely each rise is, where that is not certain.
    """

    home: Home
    rises: Mapping[Said, Sequence[float]]
    outcomes: Sequence[Outcome]
    ends: Mapping[AlertKind, Sequence[float]] = field(default_factory=dict)
    chances: Mapping[Said, Sequence[float]] = field(default_factory=dict)


def try_home(contestant: Contestant, home: Home, put_in: Sequence[Incident]) -> Trial:
    """Plays the home's ordinary life once, and each incident from where it begins."""
    rule = contestant.rule_for(home.about)
    if isinstance(rule, WholeRule):
        return _try_whole(rule, home, put_in)
    run = _Run(rule, home)
    run.play(sorted(put_in, key=lambda incident: incident.onset_s))
    return Trial(home=home, rises=run.ear.rises, outcomes=run.outcomes, ends=run.ear.ends)


@dataclass(slots=True)
class _Ear:
    """Listens to a rule: what runs, and when each rose."""

    heard_s: float = -inf
    running: set[Said] = field(default_factory=set)
    rises: dict[Said, list[float]] = field(default_factory=dict)
    ends: dict[AlertKind, list[float]] = field(default_factory=dict)

    def hear(self, changes: Sequence[Change], at_s: float, now_s: float) -> None:
        for change in changes:
            match change:
                case Raised(finding=finding):
                    if not min(self.heard_s, at_s) <= finding.at.timestamp() <= now_s:
                        raise PeekingError(f"at {_utc(now_s)} an alert is raised that is dated {finding.at}")
                    self.running.add((finding.kind, finding.level))
                    self.rises.setdefault((finding.kind, finding.level), []).append(now_s)
                case Ended(kind=kind):
                    self.running -= {(kind, level) for level in Level}
                    self.ends.setdefault(kind, []).append(now_s)
        self.heard_s = now_s


class _Run:
    """One rule's way through one home's life."""

    def __init__(self, rule: Any, home: Home) -> None:
        self._rule, self._home = rule, home
        self._state = rule.start()
        self._to_tell = sorted(_comings_and_goings(home), reverse=True)
        self.ear = _Ear()
        self.outcomes: list[Outcome] = []

    def play(self, put_in: Sequence[Incident]) -> None:
        pending = list(reversed(put_in))
        for now_s, at_s, register_l in arrivals(self._home.arriving(self._home.pipe)):
            while pending and pending[-1].onset_s < now_s:
                incident = pending.pop()
                self._tell(incident.onset_s)
                self._branch(incident)
            self._tell(now_s)
            self._feed(self._rule, self._state, self.ear, (now_s, at_s, register_l))

    def _feed(self, rule: Rule, state: Any, ear: _Ear, arrived: tuple[int, int, float]) -> None:
        now_s, at_s, register_l = arrived
        ear.hear(rule.observe(state, _utc(at_s), register_l, now_s - at_s > LATE_S), at_s, now_s)

    def _tell(self, until_s: float) -> None:
        """Announced absences as they begin, to rules that have `absent`; to an oracle that has `at_home_is`, every
        leaving and return."""
        while self._to_tell and self._to_tell[-1][0] < until_s:
            at_s, what, ends_s = self._to_tell.pop()
            if what == "absent" and hasattr(self._rule, "absent"):
                self._rule.absent(self._state, _utc(at_s), _utc(ends_s))
            if what != "absent" and hasattr(self._rule, "at_home_is"):
                self._rule.at_home_is(self._state, _utc(at_s), what == "back")

    def _branch(self, incident: Incident) -> None:
        """Goes on from a copy of the state with the incident's readings.

        The rule itself is copied with it: whatever it remembers, it can't tell this future from the ordinary one.
        """
        rule, state = copy.deepcopy((self._rule, self._state), {id(self._home): self._home})
        ear = _Ear(heard_s=self.ear.heard_s, running=set(self.ear.running))
        for now_s, at_s, register_l in arrivals(happened(self._home, incident, before_s=REMEMBERED_S)):
            if now_s > incident.onset_s:
                self._feed(rule, state, ear, (now_s, at_s, register_l))
        for level in Level:
            said = (incident.kind.listened_for, level)
            hidden = said in self.ear.running
            self.outcomes.append(_outcome(incident, level, ear.rises.get(said, ()), hidden=hidden))


def _comings_and_goings(home: Home) -> Iterator[tuple[float, str, float]]:
    """(when, what, until when if it is announced) [UTC s]."""
    yield from ((begins_s, "absent", ends_s) for begins_s, ends_s in home.absences)
    for leaves_s, returns_s in home.out:
        yield leaves_s, "out", returns_s
        yield returns_s, "back", returns_s


def _outcome(incident: Incident, level: Level, rises: Sequence[float], *, hidden: bool) -> Outcome:
    """An alert already running hides the incident, which counts as never found."""
    delay_h = (rises[0] - incident.onset_s) / 3600.0 if rises and not hidden else inf
    return Outcome(incident=incident, level=level, delay_h=delay_h, hidden=hidden)


def _try_whole(rule: WholeRule, home: Home, put_in: Sequence[Incident]) -> Trial:
    """Raises `PeekingError` where the readings after an onset change what is said of the time before it."""
    ordinary = rule.episodes(home.arriving(home.pipe))
    outcomes: list[Outcome] = []
    for incident in put_in:
        changed = rule.episodes(happened(home, incident))
        for level in Level:
            said = (incident.kind.listened_for, level)
            before = _up_to(ordinary.get(said, ()), incident.onset_s)
            if before != _up_to(changed.get(said, ()), incident.onset_s):
                raise PeekingError(f"{said[0]} up to {_utc(incident.onset_s)} depends on what comes after it")
            rises = [rise for rise, _ in changed.get(said, ()) if rise > incident.onset_s]
            outcomes.append(_outcome(incident, level, rises, hidden=any(end == inf for _, end in before)))
    return Trial(
        home=home, rises={said: [rise for rise, _ in heard] for said, heard in ordinary.items()}, outcomes=outcomes
    )


def _up_to(episodes: Sequence[tuple[float, float]], at_s: float) -> list[tuple[float, float]]:
    """What was said up to a moment; what still ran then has no end yet."""
    return [(rise, end if end <= at_s else inf) for rise, end in episodes if rise <= at_s]


def arrivals(arriving: Sent) -> Iterator[tuple[int, int, float]]:
    """(when it came, when it was read [s since 1970 UTC], register [L]) in order of arrival."""
    order = np.lexsort((arriving.at_s, arriving.sent_s))
    columns = (arriving.sent_s[order], arriving.at_s[order], arriving.register_l[order])
    return zip(*(column.tolist() for column in columns), strict=True)


def _utc(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
