"""What a detector answers: found, clear, or cannot tell; each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AlertKind(StrEnum):
    """The concerns that anju knows."""

    LOW_USE = "low_use"
    CONSTANT_FLOW = "constant_flow"
    SOS = "sos"
    GAS = "gas"
    SMOKE = "smoke"
    FLOOD = "flood"
    FOUND = "found"
    CHANGE_IN_USE = "change_in_use"
    FIRST_USE = "first_use"
    USE_WHILE_ABSENT = "use_while_absent"
    NO_DATA = "no_data"
    GATEWAY_SILENT = "gateway_silent"
    QUARANTINE = "quarantine"
    CHANNEL_DOWN = "channel_down"
    STREET = "street"

    @property
    def for_operator(self) -> bool:
        """Technical kinds concern the operator alone; nobody's family is told."""
        return self in _TECHNICAL

    @property
    def is_notice(self) -> bool:
        """Low-priority notices for staff."""
        return self in _NOTICES


_TECHNICAL = frozenset(
    {AlertKind.NO_DATA, AlertKind.GATEWAY_SILENT, AlertKind.QUARANTINE, AlertKind.CHANNEL_DOWN, AlertKind.STREET}
)
_NOTICES = frozenset({AlertKind.CHANGE_IN_USE, AlertKind.FIRST_USE, AlertKind.USE_WHILE_ABSENT})


class Level(StrEnum):
    """How sure: the resident is asked first, or people are told."""

    ASK = "ask"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, as a template key and its values, so that it can be said in any language.

    Values are numbers [unit in the name], texts, or ISO 8601 UTC times (names end in `_at`).
    """

    key: str
    values: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A detector's concern about one household, true at `at`, running since `since`."""

    kind: AlertKind
    level: Level
    at: datetime
    since: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Clear:
    """Nothing is wrong as far as this detector can see; it does see."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The data don't allow an answer, for this reason. Never to be taken for `Clear`."""

    reason: Reason


Verdict = Finding | Clear | CannotTell

CLEAR = Clear()
