"""An alert's life: one transition table, and an error for every step that is not in it."""

from enum import StrEnum


class State(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    ASKED = "asked"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"
    ON_SITE = "on_site"
    EASED = "eased"
    ABSENT = "absent"
    RESOLVED = "resolved"

    @property
    def running(self) -> bool:
        """Not yet settled by a person."""
        return self is not State.RESOLVED


class Event(StrEnum):
    """What can happen to an alert."""

    ASK = "ask"
    NOTIFY = "notify"
    JOIN = "join"
    WORSEN = "worsen"
    RECUR = "recur"
    ACKNOWLEDGE = "acknowledge"
    EXPIRE = "expire"
    ARRIVE = "arrive"
    EASE = "ease"
    LEAVE = "leave"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    CORRECT = "correct"


MEANING: dict[Event, str] = {
    Event.ASK: "the resident is asked whether all is well",
    Event.NOTIFY: "the next people are told",
    Event.JOIN: "more evidence of the same; nothing else changes",
    Event.WORSEN: "the level rose from ask to alert",
    Event.RECUR: "a new incident of the same kind; everything starts again",
    Event.ACKNOWLEDGE: "somebody says: I have it",
    Event.EXPIRE: "the time for it is over, and nobody has settled it",
    Event.ARRIVE: "somebody is on site",
    Event.EASE: "the cause is gone; a person must still settle it",
    Event.LEAVE: "the household is known to be away until a time",
    Event.RESOLVE: "a person settles it, with an outcome",
    Event.REOPEN: "settled too early",
    Event.CORRECT: "settled with a wrong outcome or note: here are the right ones",
}


class Outcome(StrEnum):
    """How a person settled an alert."""

    SAFE = "safe"
    INCIDENT = "incident"
    FALSE_ALARM = "false_alarm"
    AWAY = "away"
    METER_FAULT = "meter_fault"


_UNANSWERED: dict[Event, State] = {
    Event.NOTIFY: State.NOTIFIED,
    Event.RECUR: State.OPEN,
    Event.ACKNOWLEDGE: State.ACKNOWLEDGED,
    Event.ARRIVE: State.ON_SITE,
    Event.EASE: State.EASED,
    Event.LEAVE: State.ABSENT,
    Event.RESOLVE: State.RESOLVED,
}

TRANSITIONS: dict[State, dict[Event, State]] = {
    State.OPEN: {
        **_UNANSWERED,
        Event.ASK: State.ASKED,
        Event.JOIN: State.OPEN,
        Event.WORSEN: State.OPEN,
    },
    State.ASKED: {
        **_UNANSWERED,
        Event.JOIN: State.ASKED,
        Event.WORSEN: State.OPEN,
    },
    State.NOTIFIED: {
        **_UNANSWERED,
        Event.JOIN: State.NOTIFIED,
        Event.WORSEN: State.NOTIFIED,
    },
    State.ACKNOWLEDGED: {
        Event.JOIN: State.ACKNOWLEDGED,
        Event.WORSEN: State.ACKNOWLEDGED,
        Event.RECUR: State.OPEN,
        Event.ACKNOWLEDGE: State.ACKNOWLEDGED,
        Event.EXPIRE: State.OPEN,
        Event.ARRIVE: State.ON_SITE,
        Event.EASE: State.ACKNOWLEDGED,
        Event.LEAVE: State.ABSENT,
        Event.RESOLVE: State.RESOLVED,
    },
    State.ON_SITE: {
        Event.JOIN: State.ON_SITE,
        Event.WORSEN: State.ON_SITE,
        Event.RECUR: State.OPEN,
        Event.ACKNOWLEDGE: State.ON_SITE,
        Event.EXPIRE: State.OPEN,
        Event.ARRIVE: State.ON_SITE,
        Event.EASE: State.ON_SITE,
        Event.LEAVE: State.ABSENT,
        Event.RESOLVE: State.RESOLVED,
    },
    State.EASED: {
        Event.JOIN: State.EASED,
        Event.WORSEN: State.OPEN,
        Event.RECUR: State.OPEN,
        Event.ACKNOWLEDGE: State.ACKNOWLEDGED,
        Event.ARRIVE: State.ON_SITE,
        Event.EASE: State.EASED,
        Event.LEAVE: State.ABSENT,
        Event.RESOLVE: State.RESOLVED,
    },
    State.ABSENT: {
        Event.JOIN: State.ABSENT,
        Event.WORSEN: State.ABSENT,
        Event.RECUR: State.OPEN,
        Event.EXPIRE: State.OPEN,
        Event.ACKNOWLEDGE: State.ACKNOWLEDGED,
        Event.ARRIVE: State.ON_SITE,
        Event.EASE: State.EASED,
        Event.LEAVE: State.ABSENT,
        Event.RESOLVE: State.RESOLVED,
    },
    State.RESOLVED: {
        Event.EASE: State.RESOLVED,
        Event.REOPEN: State.OPEN,
        Event.CORRECT: State.RESOLVED,
    },
}


class ImpossibleStepError(Exception):
    """The event can't happen in this state; names both."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"an alert that is {state.value} can't {event.value}")
        self.state = state
        self.event = event


def step(state: State, event: Event) -> State:
    """The state after `event`; raises `ImpossibleStepError` where the table has none."""
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise ImpossibleStepError(state, event) from None
