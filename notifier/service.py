"""All of the notifier wired together, and the one turn that the service makes again and again."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from threading import Event

from notifier.contract import Channel, Records
from notifier.letters import Letters, LinkFor
from notifier.life import Life, LifeRules
from notifier.messages import Texts, Words
from notifier.on_time import OnTime
from notifier.outbox import Outbox, OutboxRules
from notifier.router import Router
from notifier.unwatched import Unwatched, UnwatchedRules
from notifier.watch import Readings, Watch, WatchRules
from notifier.watches import WatchIn


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierRules:
    """Every part's own rules."""

    life: LifeRules = field(default_factory=LifeRules)
    outbox: OutboxRules = field(default_factory=OutboxRules)
    watch: WatchRules = field(default_factory=WatchRules)
    unwatched: UnwatchedRules = field(default_factory=UnwatchedRules)


class Notifier:
    """Readings become alerts become texts.

    `records`: store.records.Records; `journal`: the readings' store; `channels`: in order of preference, for example
    `LogChannel(show)`; `words`: config.sms.load_words(); `watch_in`: `lambda zone: HouseholdWatch(parameters, zone)`;
    `pool`: a ThreadPoolExecutor for the providers' calls, none to make them in turn; `turnstile`: minds their rate;
    `steady_s`: for how long a call takes; `link_for`: a guardian's link.

    The service runs `watch_some(now())` in one thread, again at once while it returns true, else after new readings or
    a second, and `send_turn(now())` in another, at once when `written` is set. `turn` does both to the end, for one
    thread. `life` is for web/.
    """

    def __init__(
        self,
        *,
        records: Records,
        journal: Readings,
        channels: Sequence[Channel],
        words: Mapping[str, Words],
        watch_in: WatchIn,
        rules: NotifierRules | None = None,
        pool: Executor | None = None,
        turnstile: Callable[[], None] = lambda: None,
        steady_s: Callable[[], float] = lambda: 0.0,
        link_for: LinkFor | None = None,
    ) -> None:
        rules = rules or NotifierRules()
        self.written = Event()  # texts wait to be sent
        self._seen = 0
        watch_in = cache(watch_in)
        ways = [OnTime(channel, rules.outbox.answer_within) for channel in channels]
        self.letters = Letters(Texts(words=words), Router(ways), link_for)
        self.life = Life(self.letters, rules.life, watch_in)
        self.unwatched = Unwatched(self.life, self.letters, rules.unwatched)
        self.watch = Watch(
            records=records,
            journal=journal,
            life=self.life,
            unwatched=self.unwatched,
            watch_in=watch_in,
            rules=rules.watch,
        )
        self.outbox = Outbox(
            records=records,
            letters=self.letters,
            life=self.life,
            rules=rules.outbox,
            pool=pool,
            turnstile=turnstile,
            steady_s=steady_s,
        )

    def watch_turn(self, now: datetime) -> int:
        """Takes all readings that are there, then what time has brought; returns how many things were done.

        Readings that can't be taken keep no alert from going on; the fault is raised after that.
        """
        done = 0
        try:
            while entries := self.watch.catch_up(now):
                done += entries
        except Exception:
            self.watch.round(now, caught_up=False)
            raise
        return done + self.watch.round(now)

    def watch_some(self, now: datetime) -> bool:
        """One commit of readings, then what time has brought; true where there were any, so that more may wait.

        The steps of alerts go on during a backlog of hours; no meter is missed before the backlog is taken.
        """
        there = self.watch.newest()
        try:
            taken = self.watch.catch_up(now)
        except Exception:
            self.watch.round(now, caught_up=False)
            raise
        self._wake()
        self.watch.round(now, caught_up=self.watch.position() >= there)
        self._wake()
        return taken > 0

    def _wake(self) -> None:
        if self.letters.written != self._seen:
            self._seen = self.letters.written
            self.written.set()

    def send_turn(self, now: datetime) -> int:
        """Sends what is due and asks after what was sent; returns how many calls were made."""
        return self.outbox.send_due(now) + self.outbox.poll(now)

    def turn(self, now: datetime) -> int:
        """Both, until nothing is left to do."""
        done = self.watch_turn(now)
        while calls := self.send_turn(now):
            done += calls
        return done
