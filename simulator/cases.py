"""What the judge judges on: homes with their ordinary life, and incidents at random moments in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from domain.finding import AlertKind
from domain.recording import Recording
from simulator import incidents
from simulator.contestants import About
from simulator.metering import seen_through
from simulator.radio import NO_OUTAGES, Outages, Sent, sent
from simulator.silences import draw_ends, is_gap

DAY_S = 86400.0
TRAINING_DAYS = 42
AT_HOME_S = 9 * 3600.0
TRIES = 4000  # random moments of which those at home are kept


class IncidentKind(StrEnum):
    """What is put into a home."""

    COLLAPSE = "collapse"
    TAP_LEFT_ON = "tap_left_on"
    SHOWER_FALL = "shower_fall"
    BURST_PIPE = "burst_pipe"
    CISTERN = "cistern"
    LEAK = "leak"
    ILLNESS = "illness"
    RESTLESS_NIGHTS = "restless_nights"

    @property
    def listened_for(self) -> AlertKind:
        """The alert that finds it."""
        if self in {IncidentKind.ILLNESS, IncidentKind.RESTLESS_NIGHTS}:
            return AlertKind.CHANGE_IN_USE
        return AlertKind.LOW_USE if self is IncidentKind.COLLAPSE else AlertKind.CONSTANT_FLOW

    @property
    def watched_s(self) -> float:
        """How long it lasts, and an alert is waited for."""
        return (96.0 if self.listened_for is AlertKind.CHANGE_IN_USE else 72.0) * 3600.0


FLOW_L_PER_H: Mapping[IncidentKind, tuple[float, float]] = {
    IncidentKind.TAP_LEFT_ON: (120.0, 600.0),
    IncidentKind.SHOWER_FALL: (300.0, 600.0),
    IncidentKind.BURST_PIPE: (900.0, 2400.0),
    IncidentKind.CISTERN: (20.0, 120.0),
    IncidentKind.LEAK: (5.0, 60.0),
}
LONGEST_WATCHED_S = 96.0 * 3600.0
ILL_SHARE = (0.2, 0.4)  # of the draws that are left
REMEMBERED_S = 8 * DAY_S  # what an incident needs of the time before it: a week tells the drip


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One home to judge on: what ran through its pipe, and what its meter and radio let through of it.

    `pipe` is the finest recording there is; a meter of `every_s` [s] and `step_l` [L] (None: as recorded) and the
    `outages` of its radio stand between it and the rules. `absences` are announced when they begin [UTC s]. Known of
    simulated homes alone: `out`, when nobody is there, and `dripped_l`, how much of the pipe's water only dripped up to
    each reading.
    """

    about: About
    pipe: Recording
    every_s: int | None = None
    step_l: float = 1.0
    outages: Outages = NO_OUTAGES
    absences: Sequence[tuple[float, float]] = ()
    out: Sequence[tuple[float, float]] = ()
    dripped_l: NDArray[np.float64] | None = None

    def arriving(self, pipe: Recording) -> Sent:
        """What arrives of what runs through the pipe."""
        read = pipe if self.every_s is None else seen_through(pipe, every_s=self.every_s, step_l=self.step_l)
        return sent(read, self.outages)

    def people(self, recording: Recording) -> Recording:
        """The recording without what dripped, where that is known: what people drew."""
        dripped_l = self.dripped(recording)
        return recording if dripped_l is None else replace(recording, register_l=recording.register_l - dripped_l)

    def dripped_up_to(self, at_s: float) -> float:
        """What dripped up to a moment [L]; nothing where that isn't known."""
        if self.dripped_l is None or not self.dripped_l[-1]:
            return 0.0
        place = min(int(np.searchsorted(self.pipe.at_s, int(at_s), side="right")), len(self.pipe) - 1)
        return float(np.interp(at_s, self.pipe.at_s[place - 1 : place + 1], self.dripped_l[place - 1 : place + 1]))

    def drawn(self) -> Recording:
        """What people drew, hour by hour, whatever the meter and its radio show of it."""
        people = self.people(self.pipe)
        return people if self.every_s is None else seen_through(people, every_s=3600, step_l=0.1)

    def dripped(self, recording: Recording) -> NDArray[np.float64] | None:
        """What dripped up to each of the recording's readings [L]."""
        return None if self.dripped_l is None else np.interp(recording.at_s, self.pipe.at_s, self.dripped_l)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What happens when; `flow_l_per_h` where water runs."""

    kind: IncidentKind
    onset_s: float
    flow_l_per_h: float = 0.0


def happened(home: Home, incident: Incident, *, before_s: float | None = None) -> Sent:
    """The home's readings as they would have come, had the incident happened: the same up to the onset.

    They end with the time that is watched; `before_s` leaves out what is older than that at the onset.
    """
    onset = datetime.fromtimestamp(incident.onset_s, UTC)
    first_s = home.pipe.at_s[0] if before_s is None else incident.onset_s - before_s
    pipe = between(home.pipe, first_s, incident.onset_s + incident.kind.watched_s)
    if incident.kind in {IncidentKind.COLLAPSE, IncidentKind.SHOWER_FALL}:
        pipe = incidents.use_stops(pipe, onset, home.dripped(pipe))
    rng = np.random.default_rng(int(incident.onset_s))
    if incident.kind is IncidentKind.ILLNESS:
        pipe = incidents.use_falls(pipe, onset, float(rng.uniform(*ILL_SHARE)), rng, home.dripped(pipe))
    if incident.kind is IncidentKind.RESTLESS_NIGHTS:
        pipe = incidents.up_at_night(pipe, onset, home.about.zone, rng)
    if incident.flow_l_per_h:
        pipe = incidents.leak(pipe, onset, incident.flow_l_per_h)
    return home.arriving(pipe)


def between(recording: Recording, first_s: float, last_s: float) -> Recording:
    """The readings from one moment to another, both included [UTC s]."""
    first, last = np.searchsorted(recording.at_s, (first_s, last_s), side="left")
    last += int(last < len(recording) and recording.at_s[last] == last_s)
    return replace(recording, at_s=recording.at_s[first:last], register_l=recording.register_l[first:last])


def draw_incidents(home: Home, kind: IncidentKind, *, number: int, rng: np.random.Generator) -> list[Incident]:
    """`number` incidents at random moments at home after the training weeks; fewer where there are no such moments."""
    moments = at_home(home, rng)[:number]
    low, high = FLOW_L_PER_H.get(kind, (0.0, 0.0))
    flows = np.exp(rng.uniform(np.log(low), np.log(high), len(moments))) if high else np.zeros(len(moments))
    return [
        Incident(kind=kind, onset_s=onset_s, flow_l_per_h=flow)
        for onset_s, flow in zip(moments.tolist(), flows.tolist(), strict=True)
    ]


def at_home(home: Home, rng: np.random.Generator) -> NDArray[np.float64]:
    """Random moments with a draw less than 9 h before and less than 9 h after, and readings arriving, outside announced
    absences and, where that is known, with somebody there [UTC s]."""
    recording = home.pipe
    begins_s = recording.at_s[0] + TRAINING_DAYS * DAY_S
    ends_s = recording.at_s[-1] - LONGEST_WATCHED_S
    draws = draw_ends(home.people(recording))
    if ends_s <= begins_s or len(draws) < 2:
        return np.empty(0)
    tried = rng.uniform(max(begins_s, float(draws[0])), min(ends_s, float(draws[-1])), TRIES)
    following = np.maximum(np.searchsorted(draws, tried, side="right"), 1)
    lived = (tried - draws[following - 1] < AT_HOME_S) & (
        draws[np.minimum(following, len(draws) - 1)] - tried < AT_HOME_S
    )
    reading = np.searchsorted(recording.at_s, tried, side="right")
    arriving = ~is_gap(recording)[reading - 1]
    away = np.zeros(TRIES, dtype=np.bool_)
    for leaves_s, returns_s in (*home.absences, *home.out):
        away |= (tried >= leaves_s) & (tried < returns_s)
    for starts_s, ends_s in zip(home.outages.start_s, home.outages.end_s, strict=True):
        arriving &= (tried < starts_s) | (tried >= ends_s)
    moments: NDArray[np.float64] = tried[lived & arriving & ~away]
    return moments
