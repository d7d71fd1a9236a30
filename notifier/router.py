"""Which channel a text takes: by country and choice, in the order of the settings, past those that fail just now."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from notifier.contract import Capabilities, Channel

ERRORS = 50
WINDOW = timedelta(seconds=60)
REST = timedelta(minutes=5)


class NoChannelError(Exception):
    """No channel serves this number."""


class By(Enum):
    """Written or called. An urgent text is called out where no other way works; what is not urgent never is."""

    TEXT = "text"
    TEXT_ELSE_CALL = "text, else a call"
    CALL = "a call, else text"


@dataclass(slots=True)
class _Health:
    errors: deque[datetime] = field(default_factory=deque)
    resting_until: datetime | None = None


class Router:
    """The channels in order of preference; one with 50 errors in 60 s goes behind the others for 5 minutes."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._health = {channel.name: _Health() for channel in channels}

    def channel(self, name: str) -> Channel | None:
        return self._channels.get(name)

    def serves(self, phone: str) -> bool:
        """Whether anything that is set up gets there."""
        return any(channel.capabilities(phone) is not None for channel in self._channels.values())

    def route(self, phone: str, now: datetime, by: By = By.TEXT_ELSE_CALL) -> tuple[Channel, Capabilities]:
        """The first healthy channel for this number's country."""
        return self._serving(phone, now, by)[0]

    def after(self, name: str, phone: str, now: datetime, by: By) -> list[Channel]:
        """All others for this number's country, in the order in which they are tried where this one fails."""
        channels = [channel for channel, _ in self._serving(phone, now, by, after=name)]
        return [channel for channel in channels if channel.name != name]

    def _serving(self, phone: str, now: datetime, by: By, after: str = "") -> list[tuple[Channel, Capabilities]]:
        """The healthy first, then in the order of the settings; those up to `after` stand behind the others."""
        serving = [(c, caps) for c in self._channels.values() if (caps := c.capabilities(phone)) is not None]
        if by is By.TEXT:
            serving = [pair for pair in serving if not pair[1].voice] or serving
        if not serving:
            raise NoChannelError(f"no channel serves {phone[:4]}…")

        serving.sort(key=lambda pair: pair[1].voice is not (by is By.CALL))
        names = [channel.name for channel, _ in serving]
        behind = names.index(after) + 1 if after in names else 0
        return sorted(serving[behind:] + serving[:behind], key=lambda pair: self.resting(pair[0].name, now))

    def failed(self, name: str, now: datetime) -> bool:
        """Counts an error of this channel; true when it is put behind the others by it."""
        health = self._health[name]
        health.errors.append(now)
        while health.errors and health.errors[0] <= now - WINDOW:
            health.errors.popleft()
        if len(health.errors) < ERRORS or self.resting(name, now):
            return False
        health.resting_until = now + REST
        health.errors.clear()
        return True

    def resting(self, name: str, now: datetime) -> bool:
        until = self._health[name].resting_until
        return until is not None and now < until
