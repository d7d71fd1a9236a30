"""Each part takes turn after turn in a thread of its own; whose turns don't end is known."""

import logging
from collections.abc import Callable
from threading import Event, Thread

from ingest.counters import Instant
from store.contracts import StoreUnavailableError

log = logging.getLogger("anju")

RETRY_S = 5.0  # a part that fails is tried again, and doesn't spin
STALLED_S = 120.0


class Turns:
    """A fault in a turn is logged and the turn tried again: never the end of a part, nor of another."""

    def __init__(self, steady_s: Callable[[], float]) -> None:
        self._steady_s = steady_s
        self._finished_at_s: dict[str, float] = {}

    def thread(
        self, name: str, turn: Callable[[], object], stopping: Event, every_s: float, wake: Event | None = None
    ) -> Thread:
        """Not yet begun. A turn comes every so many seconds and at once when woken, and one more after `stopping`.

        Of files that can't be used the log tells once: it may lie on the same full disk.
        """

        def repeat() -> None:
            self._finished_at_s[name] = self._steady_s()
            stuck = False
            while not stopping.is_set():
                if stuck:
                    stopping.wait(RETRY_S)
                else:
                    (wake or stopping).wait(every_s)
                if wake:
                    wake.clear()
                try:
                    turn()
                    self._finished_at_s[name] = self._steady_s()
                    if stuck:
                        log.warning("%s: goes on", name)
                    stuck = False
                except StoreUnavailableError as e:
                    if not stuck:
                        log.error("%s: can't go on, and tries again: %s", name, e)  # noqa: TRY400  where says nothing here
                    stuck = True
                except Exception:
                    log.exception("%s: this turn failed and is tried again", name)
                    stopping.wait(RETRY_S)

        return Thread(target=repeat, name=name)

    def has_begun(self, name: str) -> bool:
        return name in self._finished_at_s

    def problems(self, now: Instant) -> list[str]:
        return [
            f"{name}: no turn finished {now.since(at_s)}"
            for name, at_s in list(self._finished_at_s.items())  # parts begin while others ask
            if now.age_s(at_s) > STALLED_S
        ]
