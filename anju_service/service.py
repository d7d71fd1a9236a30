"""The wiring. Time, settings and channels come in; `anju_commands` makes and runs it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import uvicorn

from anju_service.self_watch import FILES_ANSWER_S, SelfWatch
from anju_service.turns import Turns
from config.addresses import proxies_of
from config.policies import load_policies
from config.settings import Settings
from config.sms import load_words
from detectors.household import HouseholdWatch
from detectors.low_use import LowUseParameters
from detectors.parameters import WatchParameters
from domain.reading import Device
from ingest.codecs.memory import Memory
from ingest.connection import Subscription
from ingest.counters import Instant
from ingest.decode import Decoder, formats_of
from ingest.follow_ledger import LedgerFollower, bindings_of
from ingest.intake import Group
from ingest.metrics import CONTENT_TYPE, Metric, count, gauge, metrics_of
from ingest.metrics import text as metrics_text
from ingest.mqtt import Subscriber
from ingest.receive import Receiver
from ingest.sorted import Clocks
from notifier.channels.tencent import TencentSms
from notifier.channels.twilio import TwilioSms
from notifier.contract import Channel
from notifier.feedback import realised
from notifier.inbound import TwilioInbound
from notifier.inbound_china import ChinaInbound
from notifier.life import LifeRules
from notifier.missed_replies import MissedReplies
from notifier.outbox import OutboxRules
from notifier.replies import Replies
from notifier.service import Notifier, NotifierRules
from store.contracts import StoreUnavailableError
from store.forward import Forwarder
from store.influx import Influx, InfluxAt
from store.journal import waiting
from store.ledger import read_ledger
from store.patience import Patience
from store.readings import Readings
from store.records import Records
from store.security import SecurityLog, came_since, purge
from store.upkeep import Upkeep
from web import guardian_access, meetings
from web.app import create_app
from web.bands import by_card
from web.links import Links
from web.metrics import routes as metrics_routes
from web.scan_log import ScanLog
from web.webhooks import webhooks
from web.webhooks_china import webhooks_china

WATCH_BEHIND_S = 900.0  # a backlog of hours is taken in minutes
SLEPT = timedelta(minutes=1)  # between two turns of the watch, which come each second


class Service:
    """All parts over one folder. What changes state stands in `watch_some`, `send_turn` and the two keepers' turns."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        channels: Sequence[Channel],
        now: Callable[[], datetime],
        pool: Executor | None = None,
        *,
        steady_s: Callable[[], float],
        turnstile: Callable[[], None] = lambda: None,
        standing: Sequence[str] = (),
    ) -> None:
        """`now`: the wall clock; `steady_s`: one that nobody sets, for how long something lasts.

        `standing`: what is wrong with these settings for as long as they are so.
        """
        self.now = now
        self._steady_s = steady_s
        self._standing = standing
        self._channels = channels
        self.committed = Event()
        self.records = Records(folder / "records.db")
        self.readings = Readings(folder / "readings.db")
        self._links = Links(settings.web.public_url, settings.web.link_keys.split())
        sensitivity = _sensitivity(settings)
        self.notifier = Notifier(
            records=self.records,
            journal=self.readings,
            channels=channels,
            words=load_words(Path(settings.notify.words) if settings.notify.words else None),
            watch_in=lambda zone: HouseholdWatch(sensitivity, zone),
            rules=_notifier_rules(settings),
            pool=pool,
            turnstile=turnstile,
            steady_s=steady_s,
            link_for=self._links.link_for,
        )
        self._replies = Replies(self.notifier.life, self.notifier.letters)
        with self.records.read() as tx:
            ledger = read_ledger(tx)
        self._settings = settings
        self._memory = Memory(self.readings.learned())
        security = SecurityLog(self.records)
        self.receiver = Receiver(
            decoder=self._decoder(ledger.devices),
            bindings=bindings_of(ledger),
            readings=self.readings,
            band_of=self._band_of,
            on_commit=self.committed.set,
            on_security=lambda e: security.note(at=e.at, kind=e.kind, subject=e.subject, detail=e.detail),
            clocks=Clocks(
                max_skew=timedelta(minutes=settings.ingest.max_skew_minutes),
                late_after=timedelta(hours=settings.ingest.late_hours),
            ),
            max_messages_per_minute=settings.ingest.max_messages_per_minute,
            memory=self._memory,
        )
        self._ledger = LedgerFollower(
            self.records,
            self.receiver,
            decoder=self._decoder,
            ledger=ledger,
            erasures=self.readings,
        )
        self._upkeep = Upkeep(self.readings, keep=timedelta(days=settings.store.keep_days))
        self._forwarder = self._make_forwarder()
        self._missed = self._missed_replies()
        self._no_word_until = 0  # of what was deleted up to this security event no file's log tells any more
        self._scans = ScanLog(self.records, self.readings)
        self._mind_the_file()
        self._measure = Patience(self._measured, FILES_ANSWER_S)
        self._turns = Turns(steady_s)
        self._caught_up_at_s = steady_s()  # when the watch was last behind nothing
        self._watched_at: datetime | None = None
        self.self_watch = SelfWatch(
            self.records,
            self.notifier.life,
            self._problems,
            self.receiver.counters,
            instant=self._instant,
            heartbeat_url=settings.notify.heartbeat_url,
            told_elsewhere={channel.name for channel in channels},
        )

    def subscriber(self, to: Subscription) -> Subscriber:
        """What listens to the broker, in a thread of its own."""
        group = Group(messages=self._settings.store.commit_messages, wait_s=self._settings.store.commit_ms / 1000)
        return Subscriber(to, self.receiver, now=self.now, steady_s=self._steady_s, group=group)

    def pages(
        self, public_url: str, *, notes_keys: Sequence[str] = (), signed_in_as: str | None = None
    ) -> uvicorn.Server:
        """The web server, not yet running."""
        twilio = TwilioInbound(
            records=self.records,
            outbox=self.notifier.outbox,
            replies=self._replies,
            tokens=self._settings.sms.twilio_auth_token.split(),
            public_url=public_url,
        )
        china = ChinaInbound(
            records=self.records,
            outbox=self.notifier.outbox,
            replies=self._replies,
            secret=self._settings.sms.webhook_secret,
            tencent=next((c for c in self._channels if isinstance(c, TencentSms)), None),
        )
        app = create_app(
            self.records,
            self.readings,
            self.notifier.life,
            now=self.now,
            public_url=public_url,
            notes_keys=notes_keys,
            letters=self.notifier.letters,
            links=self._links,
            signed_in_as=signed_in_as,
            is_healthy=self.self_watch.health,
            routers=[
                metrics_routes(self.metrics, CONTENT_TYPE),
                webhooks(twilio, self.now),
                webhooks_china(china, self.now),
            ],
            scan_log=self._scans,
            reaches=self.notifier.letters.router.serves,
        )
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            forwarded_allow_ips=proxies_of(self._settings.web.trusted_proxies),
        )
        return uvicorn.Server(config)

    def threads(self, stopping: Event) -> list[Thread]:
        """Everything but the subscriber and the pages; each ends soon after `stopping`, after one more turn."""
        self._scans.at_once = False
        return [
            self._turns.thread("watch", self._watch, stopping, 1.0, self.committed),
            self._turns.thread("outbox", self._send, stopping, 0.2, self.notifier.written),
            self._turns.thread("scans", self._scans.write, stopping, 0.2),
            self._turns.thread("ledger", lambda: self._ledger.look(self.now()), stopping, 10.0),
            self._turns.thread("upkeep", self.keep_up, stopping, 60.0),
            self._turns.thread("self", self.self_watch.look, stopping, 60.0),
            *([self._turns.thread("replies", self.look_for_replies, stopping, 60.0)] if self._missed else []),
            *([self._turns.thread("influx", self._forward, stopping, 1.0)] if self._forwarder else []),
        ]

    def _problems(self, now: Instant) -> Iterator[str]:
        """Which part has not finished a turn for too long, whether readings can be stored, who is behind."""
        yield from self._standing
        yield from self._turns.problems(now)
        if self._turns.has_begun("watch") and now.age_s(self._caught_up_at_s) > WATCH_BEHIND_S:
            yield f"watch: behind the readings {now.since(self._caught_up_at_s)}"
        yield from self.receiver.counters.problems(now)
        if set_back := self.notifier.watch.set_back.problem(now.at):
            yield set_back
        if self._scans.full:
            yield "wristbands: looks at them can't be logged any more"
        if self._forwarder and self._forwarder.problem:
            yield f"readings wait for InfluxDB: {self._forwarder.problem}"

    def _instant(self) -> Instant:
        return Instant(self.now(), self._steady_s())

    def _watch(self) -> None:
        """At once again where more readings may wait."""
        if self._watched_at and self.now() - self._watched_at >= SLEPT:
            self.notifier.watch.after_a_sleep(self._watched_at)
        there = self.readings.position()
        if self.notifier.watch_some(self.now()):
            self.committed.set()
        if self.notifier.watch.position() >= there:
            self._caught_up_at_s = self._steady_s()
        self._watched_at = self.now()

    def _send(self) -> None:
        self.notifier.send_turn(self.now())

    def metrics(self) -> str:
        """For Prometheus: what ingest has done, and, where the files answer, how far its followers are behind."""
        metrics = metrics_of(self.receiver.counters, self._instant())
        unlogged = self._scans.unlogged
        metrics.append(count("anju_looks_unlogged_total", "first looks at wristbands that the log lacks", unlogged))
        set_back = self.notifier.watch.set_back.times
        metrics.append(count("anju_clock_set_back_total", "times our clock went back by 5 s or more", set_back))
        with suppress(StoreUnavailableError):  # health says so
            metrics += self._measure()
        return metrics_text(metrics)

    def _measured(self) -> list[Metric]:
        now, watched = self.now(), self.notifier.watch.position()
        behind, unwatched = self.readings.position() - watched, waiting(self.readings, watched, now)
        with self.records.read() as tx:
            false = realised(tx, now).false_a_month
        metrics = [
            gauge("anju_watch_behind", "commits not yet watched", behind),
            gauge("anju_watch_lag_seconds", "age of the oldest commit not yet watched", unwatched.total_seconds()),
            gauge("anju_false_alerts_per_household_30d", "told for missing use, settled as false or well", false),
            gauge("anju_false_alerts_budget", "what the operator allows of them", self._settings.detect.budget),
        ]
        if self._forwarder:
            age_s = waiting(self.readings, self._forwarder.position(), now).total_seconds()
            refused = self._forwarder.refused_lines
            metrics.append(count("anju_influx_refused_total", "lines that InfluxDB doesn't take; kept", refused))
            metrics.append(gauge("anju_influx_behind", "commits not yet in InfluxDB", self._forwarder.behind()))
            metrics.append(gauge("anju_influx_cursor_age_seconds", "age of the oldest commit not yet there", age_s))
        return metrics

    def close(self) -> None:
        self.self_watch.close()
        self._measure.close()
        self.readings.close()
        self.records.close()

    def _decoder(self, devices: Mapping[str, Device]) -> Decoder:
        """A new ledger's decoder goes on with what the births of devices taught the one before."""
        return Decoder(
            devices,
            formats=formats_of(self._settings.ingest.formats),
            max_bytes=self._settings.ingest.max_payload_bytes,
            memory=self._memory,
        )

    def _make_forwarder(self) -> Forwarder | None:
        to = self._settings.influx
        if not to.url:
            return None
        influx = Influx(InfluxAt(url=to.url, bucket=to.bucket, org=to.org, token=to.token))
        return Forwarder(journal=self.readings, refused=self.readings, records=self.records, influx=influx)

    def _missed_replies(self) -> MissedReplies | None:
        twilio = next((c for c in self._channels if isinstance(c, TwilioSms)), None)
        return MissedReplies(self.records, self._replies, twilio.replies) if twilio else None

    def look_for_replies(self) -> None:
        if self._missed:
            self._missed.look(self.now())

    def _mind_the_file(self) -> None:
        """Before the first reading comes: with a new file of readings, its followers start anew."""
        self._ledger.lift()
        self.notifier.watch.mind_the_file(self.now())
        if self._forwarder:
            self._forwarder.mind_the_file()

    def _forward(self) -> None:
        """Some writes at a time, so that an end of the service need not wait for a backlog's."""
        for _ in range(20):
            if not self._forwarder or not self._forwarder.turn(self.now()):
                return

    def keep_up(self) -> None:
        """Every follower of the journal has behind it what is cut; finders' places and messages go after their time."""
        followers = [self.notifier.watch.position()]
        if self._forwarder:
            followers.append(self._forwarder.position())
        now = self.now()
        self._upkeep.round(now, followers)
        with self.records.write() as tx:
            meetings.purge(tx, now)
            guardian_access.purge(tx, now)
            purge(tx, now)
        self._leave_no_word()

    def _leave_no_word(self) -> None:
        """After a deletion on request, by whichever process: the files' logs still hold what was deleted."""
        with self.records.read() as tx:
            deleted, newest = came_since(tx, "forgotten", self._no_word_until)
        if not deleted or (self.records.empty_log() and self.readings.empty_log()):
            self._no_word_until = newest

    def _band_of(self, card_id: str) -> int | None:
        with self.records.read() as tx:
            band = by_card(tx, card_id)
        return None if band is None else band.band_id


def _notifier_rules(settings: Settings) -> NotifierRules:
    notify = settings.notify
    return NotifierRules(
        life=LifeRules(policies=load_policies(Path(notify.policies) if notify.policies else None)),
        outbox=OutboxRules(daily_cost=notify.daily_cost or None, a_second=notify.texts_a_second),
    )


def _sensitivity(settings: Settings) -> WatchParameters:
    net = timedelta(hours=settings.detect.safety_net_hours)
    return WatchParameters(low_use=LowUseParameters(budget=settings.detect.budget, net=net))
