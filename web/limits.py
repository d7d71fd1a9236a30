"""How often something may be tried: so many within so long, for each key."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network
from threading import Lock

from starlette.requests import Request

_MOST_KEYS = 50_000  # an attacker with many addresses must not fill the memory


def caller(request: Request) -> str:
    """Whose tries they are. An IPv6 network of 64 bits is one house, which may pick from 2^64 addresses."""
    host = request.client.host if request.client else "?"
    if ":" not in host:
        return host
    try:
        return str(ip_network(f"{host.partition('%')[0]}/64", strict=False).network_address)
    except ValueError:
        return "?"


@dataclass(slots=True)
class Limit:
    """At most `tries` within `within` for each key; counted in this process."""

    tries: int
    within: timedelta
    _seen: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def allows(self, key: str, now: datetime) -> bool:
        """Counts a try, and says whether it is within the limit. Refused tries don't count."""
        with self._lock:
            times = self._times(key, now)
            if len(times) >= self.tries:
                return False
            times.append(now)
            return True

    def exhausted(self, key: str, now: datetime) -> bool:
        """Whether the next try would be refused; counts nothing."""
        with self._lock:
            return len(self._times(key, now)) >= self.tries

    def give_back(self, key: str) -> None:
        """The newest try counts no more: it was no guess. An office, or a carrier, has one address for many people."""
        with self._lock:
            if times := self._seen.get(key):
                times.pop()

    def forget(self, key: str) -> None:
        """Begins anew, as after a success."""
        with self._lock:
            self._seen.pop(key, None)

    def _times(self, key: str, now: datetime) -> deque[datetime]:
        times = self._seen.setdefault(key, deque())
        self._seen.move_to_end(key)
        while times and not now - self.within < times[0] <= now:  # the clock may have been set back
            times.popleft()
        while len(self._seen) > _MOST_KEYS:
            self._seen.popitem(last=False)
        return times
