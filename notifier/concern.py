"""What may become an alert, and how a second one of its kind relates to the first."""

from dataclasses import dataclass
from datetime import datetime

from domain.finding import AlertKind, Finding, Level, Reason
from notifier.case import Case

DANGERS = frozenset({AlertKind.GAS, AlertKind.SMOKE, AlertKind.FLOOD})
GOES_ON = DANGERS | {AlertKind.GATEWAY_SILENT}
MOMENTARY = frozenset({AlertKind.SOS, AlertKind.FOUND, AlertKind.CHANNEL_DOWN, AlertKind.STREET, AlertKind.QUARANTINE})
NEVER_EASES = DANGERS | {AlertKind.SOS, AlertKind.FOUND}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """What may become an alert. `subject` is the household; a meter or gateway for technical kinds.

    `reported`: a device says so, and may say the same again; else a detector found it, once.
    `momentary`: each time is an incident of its own (a button pressed), not a state that goes on.
    """

    kind: AlertKind
    level: Level
    subject: str
    household_id: str | None
    at: datetime
    since: datetime
    reason: Reason
    reported: bool = False
    momentary: bool = False

    @classmethod
    def of(cls, finding: Finding, household_id: str, subject: str | None = None) -> "Concern":
        """A detector's finding about a household; `subject`: the meter, for technical kinds."""
        return cls(
            kind=finding.kind,
            level=finding.level,
            subject=subject or household_id,
            household_id=household_id,
            at=finding.at,
            since=finding.since,
            reason=finding.reason,
        )

    @property
    def evidence(self) -> dict[str, object]:
        """Its columns in the alert's row."""
        return {
            "level": self.level.value,
            "since": self.since,
            "reason": {"key": self.reason.key, "values": dict(self.reason.values)},
        }

    def is_known(self, case: Case) -> bool:
        """The same report handed over again. Clocks of two devices can't be compared, and one may fall back."""
        if self.reason.values.get("device_id") != case.row["reason"]["values"].get("device_id"):
            return False
        return bool(self.at == case.row["last_at"])
