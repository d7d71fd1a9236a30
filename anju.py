"""anju: composition root and command line. Parse, wire, call. The only reader of the wall clock."""

import json
import logging
import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
import uvicorn
from sqlalchemy import insert

from config.settings import ConfigError, Settings, load
from config.sms import load_words
from detectors.household import HouseholdWatch, WatchParameters
from detectors.low_use import LowUseParameters
from domain.recording import Recording
from ingest.bench import bench_decode
from ingest.bindings import Bindings
from ingest.broker import embedded_broker
from ingest.codecs.contract import Memory
from ingest.decode import Decoder, FormatError, formats_of
from ingest.detect import detect_files
from ingest.lines import UsageError, decode_command
from ingest.mqtt import Group, Subscriber, Subscription, Tls
from ingest.receive import Clocks, Receiver, SecurityEvent
from ingest.recorded import read_recording
from notifier.channels.log import LogChannel
from notifier.contract import Channel
from notifier.service import Notifier
from simulator.backtest import Options
from simulator.demo import GATEWAY, DemoError, Story, household_of, tell, window, with_incidents, write_ledger
from simulator.homes import SEED_B
from simulator.publish import Broker, Player, Publisher
from simulator.replay import replay
from simulator.report import run_backtest
from simulator.stage import Moment, People, perform
from simulator.teller import Teller, tell_text
from simulator.towns import small_town
from store import tables
from store.contracts import StoreError
from store.ledger import Ledger, read_ledger
from store.ledger_import import import_ledger
from store.migrations import head, migrate
from store.readings import Readings
from store.records import Records
from web.app import create_app
from web.health import Health
from web.session import add_account

log = logging.getLogger("anju")
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
bench = typer.Typer(no_args_is_help=True, help="How fast the parts are here.")
app.add_typer(bench, name="bench")

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; the environment wins over it.")]

RETRY_S = 5.0  # a part that fails is tried again, and doesn't spin
STALLED = timedelta(minutes=2)


class House:
    """Every part of a running anju, wired once over one folder. `turns` is what its threads repeat."""

    def __init__(
        self, folder: Path, settings: Settings, channels: Sequence[Channel], now: Callable[[], datetime]
    ) -> None:
        self.now = now
        self.settings = settings
        self.committed = Event()
        self.records = Records(folder / "records.db")
        self.readings = Readings(folder / "readings.db")
        sensitivity = _sensitivity(settings)
        self.notifier = Notifier(
            records=self.records,
            journal=self.readings,
            channels=channels,
            words=load_words(),
            watch_in=lambda zone: HouseholdWatch(sensitivity, zone),
        )
        self._ledger = self._read_ledger()
        self._memory = Memory()
        self.receiver = Receiver(
            decoder=self._decoder(),
            bindings=Bindings(self._ledger.gateways),
            readings=self.readings,
            on_commit=self.committed.set,
            on_security=self._write_down,
            clocks=Clocks(
                max_skew=timedelta(minutes=settings.ingest.max_skew_minutes),
                late_after=timedelta(hours=settings.ingest.late_hours),
            ),
        )
        self._finished_at: dict[str, datetime] = {}

    def subscriber(self, to: Subscription) -> Subscriber:
        """What listens to the broker, in a thread of its own."""
        group = Group(messages=self.settings.store.commit_messages, wait_s=self.settings.store.commit_ms / 1000)
        return Subscriber(to, self.receiver, now=self.now, group=group)

    def web(self, public_url: str, signed_in_as: str | None = None) -> uvicorn.Server:
        """The pages, not yet served."""
        pages = create_app(
            self.records,
            self.readings,
            self.notifier.life,
            now=self.now,
            public_url=public_url,
            signed_in_as=signed_in_as,
            is_healthy=self.health,
        )
        return uvicorn.Server(uvicorn.Config(pages, log_level="warning", access_log=False))

    def threads(self, stopping: Event) -> list[Thread]:
        """Everything but the subscriber and the pages."""
        return [
            self._repeating("watch", lambda: self.notifier.watch_turn(self.now()), stopping, 1.0, self.committed),
            self._repeating("outbox", lambda: self.notifier.send_turn(self.now()), stopping, 0.5),
            self._repeating("ledger", self._look_at_ledger, stopping, 10.0),
            self._repeating("keeping", self._keep, stopping, 60.0),
        ]

    def health(self) -> Health:
        """Which part has not finished a turn for too long, and whether readings can be stored."""
        now, counters = self.now(), self.receiver.counters
        problems = [
            f"{name}: no turn finished since {at:%H:%M:%S} UTC"
            for name, at in self._finished_at.items()
            if now - at > STALLED
        ]
        if counters.unavailable_since:
            problems.append(f"readings can't be stored since {counters.unavailable_since:%H:%M:%S} UTC")
        facts = {"received": counters.received, "readings": counters.readings, "quarantined": counters.quarantined}
        return Health(problems=tuple(problems), facts=facts)

    def close(self) -> None:
        self.readings.close()
        self.records.close()

    def _repeating(
        self, name: str, turn: Callable[[], object], stopping: Event, every_s: float, wake: Event | None = None
    ) -> Thread:
        """Turn after turn, at once when woken; a fault is logged and tried again, never the end of it."""

        def repeat() -> None:
            self._finished_at[name] = self.now()
            while not stopping.is_set():
                (wake or stopping).wait(every_s)
                if wake:
                    wake.clear()
                try:
                    turn()
                    self._finished_at[name] = self.now()
                except Exception:
                    log.exception("%s: this turn failed and is tried again", name)
                    stopping.wait(RETRY_S)

        return Thread(target=repeat, name=name)

    def _look_at_ledger(self) -> None:
        """A ledger that was imported beside the running service counts from now on, for what was held back too."""
        ledger = self._read_ledger()
        if ledger.version != self._ledger.version:
            self._ledger = ledger
            self.receiver.use_ledger(self._decoder(), Bindings(ledger.gateways))
            self.receiver.release(self.now())

    def _keep(self) -> None:
        """What the detectors have behind them leaves the journal; what is older than the retention is dropped."""
        self.readings.trim(self.notifier.watch.position())
        self.readings.forget(self.now() - timedelta(days=self.settings.store.keep_days))

    def _read_ledger(self) -> Ledger:
        with self.records.read() as tx:
            return read_ledger(tx)

    def _decoder(self) -> Decoder:
        """A new ledger's decoder goes on with what the births of devices taught the one before."""
        return Decoder(
            self._ledger.devices,
            formats=formats_of(self.settings.ingest.formats),
            max_bytes=self.settings.ingest.max_payload_bytes,
            memory=self._memory,
        )

    def _write_down(self, event: SecurityEvent) -> None:
        row = {"at": event.at, "kind": "wrong_gateway", "subject": event.subject, "detail": event.detail}
        with self.records.write() as tx:
            tx.execute(insert(tables.security_events).values(row))


def _sensitivity(settings: Settings) -> WatchParameters:
    net = timedelta(hours=settings.detect.safety_net_hours)
    return WatchParameters(low_use=LowUseParameters(budget=settings.detect.budget, net=net))


@app.callback()
def cli() -> None:
    """anju (安居) notices when an elderly person living alone may need help, and sees that somebody goes and looks."""


@app.command()
def run(settings_file: SettingsFile = None) -> None:
    """Run the service: listen to the broker, detect, send texts, serve the pages. SIGTERM or Ctrl-C ends it."""
    settings = _settings(settings_file)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    listener = _listener(settings.web.host, settings.web.port)
    try:
        house = House(Path(settings.store.folder), settings, _channels(settings), _wall_clock)
    except StoreError as e:
        raise _stop(str(e)) from e
    stopping = Event()
    subscriber = house.subscriber(_subscription(settings))
    threads = [Thread(target=subscriber.run, name="subscriber"), *house.threads(stopping)]
    with closing(house):
        for thread in threads:
            thread.start()
        try:
            log.info("pages on %s", _address(listener))
            house.web(settings.web.public_url).run(sockets=[listener])
        finally:
            stopping.set()
            house.committed.set()
            subscriber.stop()
            for thread in threads:
                thread.join()


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="Folder of real meters: CSV files ts,register_l.")] = None,
    tz: Annotated[str | None, typer.Option(help="The homes' zone; Asia/Shanghai, or UTC with --data.")] = None,
    weeks: Annotated[int, typer.Option(help="How many weeks are played.", min=4, max=60)] = 8,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.", min=0, max=65535)] = 8000,
    once: Annotated[bool, typer.Option("--once", help="End after the show, with exit status 0.")] = False,
) -> None:
    """See all of it at work: some weeks in a few homes, an incident in two of them, the texts, the page."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    zone = _zone(tz or ("UTC" if data else "Asia/Shanghai"))
    try:
        recordings = _recordings(data) if data else small_town(7, homes=6, weeks=weeks, start=date(2026, 3, 2))
        story = tell(window(recordings, weeks), zone)
    except DemoError as e:
        raise _stop(str(e), code=2) from e
    with closing(_listener("127.0.0.1", port)) as listener, TemporaryDirectory(prefix="anju-demo-") as folder:
        _stage(Path(folder), story, zone, listener, once=once)


class Show:
    """The demo: the service's own parts on a virtual clock, which stands while anything is still on its way."""

    def __init__(self, house: House, teller: Teller, story: Story, clock: "StagedClock") -> None:
        self._house = house
        self._teller = teller
        self._story = story
        self._clock = clock

    def play(self, publisher: Publisher, people: People) -> int:
        """The whole story; returns how many readings were published."""
        self._player = Player(with_incidents(self._story), publisher, gateway_id=GATEWAY)
        moments = perform(
            self._story, player=self._player, people=people, move_clock=self._clock.move, settle=self.settle
        )
        _show_progress(moments, len(self._player))
        return self._player.published

    def settle(self, now: datetime) -> None:
        """Returns when all that was published is stored, detected, told and sent."""
        while self._house.receiver.counters.received < self._player.published:
            self._house.committed.wait(0.05)
            self._house.committed.clear()
        self.turn(now)

    def turn(self, now: datetime) -> None:
        self._house.notifier.watch_turn(now)
        self._teller.alerts()
        while self._house.notifier.send_turn(now):
            pass

    def stay(self, address: str) -> None:
        """Until Ctrl-C, the clock running on."""
        self._clock.run_on()
        typer.echo(f"\nThe last alert is still open. Acknowledge and resolve it on {address} — Ctrl-C ends the demo.")
        while True:
            time.sleep(1.0)
            self.turn(self._clock.now())

    def sums(self) -> str:
        """The last line: what went in and what came out."""
        alerts, messages = self._teller.sums()
        stored = sum(
            len(self._house.readings.registers(recording.meter_id, _EVER[0], _EVER[1]))
            for recording in self._story.recordings
        )
        sums = {"published": self._player.published, "stored": stored, "alerts": alerts, "messages": messages}
        return json.dumps(sums)


_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


class StagedClock:
    """Stands still until it is moved; after the show it runs on from where it stood."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._running_since: float | None = None

    def now(self) -> datetime:
        if self._running_since is None:
            return self._at
        return self._at + timedelta(seconds=time.monotonic() - self._running_since)

    def move(self, at: datetime) -> None:
        self._at = at

    def run_on(self) -> None:
        self._running_since = time.monotonic()


def _stage(folder: Path, story: Story, zone: ZoneInfo, listener: socket.socket, *, once: bool) -> None:
    """Wires the demo: ledger, house, broker on loopback, pages; plays; stays up unless `once`."""
    meters = [recording.meter_id for recording in story.recordings]
    clock = StagedClock(story.start_at)
    _fill_ledger(folder, meters, zone, story.start_at)
    channel = LogChannel(partial(tell_text, typer.echo))
    with closing(House(folder, Settings(), [channel], clock.now)) as house, embedded_broker() as port:
        teller = Teller(house.records, typer.echo, zone)
        people = People(
            house.records,
            house.notifier.life,
            left_alone=household_of(meters, story.stop_meter),
            from_at=story.stop_at,
        )
        subscriber = house.subscriber(Subscription(host="127.0.0.1", port=port, client_id="anju-demo"))
        pages = house.web(_address(listener), signed_in_as="demo")
        threads = [Thread(target=subscriber.run), Thread(target=pages.run, args=([listener],))]
        show = Show(house, teller, story, clock)
        for thread in threads:
            thread.start()
        try:
            if not subscriber.subscribed.wait(30):
                raise _stop("the embedded broker did not answer within 30 s")
            with Publisher(Broker(host="127.0.0.1", port=port), client_id=GATEWAY, say=_complain) as publisher:
                show.play(publisher, people)
            if not once:
                show.stay(_address(listener))
        except KeyboardInterrupt:
            _complain("")
        finally:
            pages.should_exit = True
            subscriber.stop()
            for thread in threads:
                thread.join()
        typer.echo(show.sums())


def _fill_ledger(folder: Path, meters: Sequence[str], zone: ZoneInfo, now: datetime) -> None:
    """The demo's community, imported as any ledger is, and one member of staff who is signed in."""
    migrate(folder / "records.db")
    write_ledger(folder / "ledger", meters, zone)
    with closing(Records(folder / "records.db")) as records:
        import_ledger(records, folder / "ledger")
        with records.write() as tx:
            add_account(tx, "demo", "limin", os.urandom(16).hex(), now)


def _show_progress(moments: Iterator[Moment], readings: int) -> None:
    """One line that is written over on a terminal; elsewhere a line for every tenth."""
    told = -1
    for moment in moments:
        line = f"{moment.at:%Y-%m-%d %H:%M} UTC  {moment.published} of {readings} readings"
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{line}\x1b[K")
        elif int(10 * moment.share) > told:
            told = int(10 * moment.share)
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _recordings(folder: Path) -> Iterator[Recording]:
    """Every meter's recording in the folder; what isn't one is passed over with a line."""
    files = sorted(path for path in folder.glob("*.csv*") if path.is_file())
    if not files:
        raise _stop(f"--data {folder}: no CSV files there", code=2)
    for path in files:
        recording = read_recording(path, _complain)
        if recording is not None:
            yield recording


@app.command("check-config")
def check_config(settings: Annotated[Path, typer.Argument(help="The TOML file to check.")]) -> None:
    """Say whether a settings file would do; every unknown key and wrong value is named."""
    _settings(settings)
    typer.echo(f"{settings}: in order")


@app.command()
def decode(
    topic: Annotated[str | None, typer.Option(help="Of one message, whose payload comes from standard input.")] = None,
    device: Annotated[list[str] | None, typer.Option(help="KEY=VALUE of the ledger's entry for its device.")] = None,
    messages: Annotated[Path | None, typer.Option(help="JSON lines topic, payload_b64, received_at.")] = None,
    devices: Annotated[Path | None, typer.Option(help="JSON object: the ledger's entries by device id.")] = None,
    tz: Annotated[str, typer.Option(help="Time zone of clocks that don't say theirs.")] = "UTC",
) -> None:
    """Say what a message means, as JSON lines: readings, events, and why others are ignored or refused."""
    now = datetime.now(UTC)
    try:
        lines = decode_command(topic, device or [], messages, devices, tz, now=now, stdin=sys.stdin.buffer)
        for line in lines:
            typer.echo(line)
    except UsageError as e:
        raise _stop(str(e), code=2) from e


@app.command()
def detect(
    files: Annotated[list[Path], typer.Argument(help="CSV files ts,register_l, gzipped or not; one household each.")],
    tz: Annotated[str, typer.Option(help="The households' time zone.")] = "Asia/Shanghai",
    absences: Annotated[Path | None, typer.Option(help="CSV file household,from,until: announced absences.")] = None,
    budget: Annotated[float, typer.Option(help="False alerts aimed at, per household and 30 days.", min=0.01)] = 0.5,
) -> None:
    """Play recorded registers through the detectors; print what would have been raised, as JSON lines."""
    code = detect_files(files, tz=tz, absences=absences, budget=budget, out=sys.stdout, report=_complain)
    raise typer.Exit(code)


@bench.command("decode")
def bench_codecs() -> None:
    """Messages a second that each codec decodes, on one core."""
    for speed in bench_decode(time.process_time):
        typer.echo(f"{speed.name:16}{speed.per_second:12,.0f} messages/s")


@app.command("import-ledger")
def import_the_ledger(
    folder: Annotated[Path, typer.Argument(help="CSV files: communities, grids, buildings, households, meters, ...")],
    settings: SettingsFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be, change nothing.")] = False,
) -> None:
    """Bring the ledger up to a folder of CSV files: all of it or, when anything is wrong, nothing."""
    records = _records(_settings(settings))
    try:
        done = import_ledger(records, folder, dry_run=dry_run)
    except StoreError as e:
        raise _stop(str(e), code=2) from e
    for one in done:
        typer.echo(one)


@app.command("migrate")
def migrate_records(settings: SettingsFile = None) -> None:
    """Make the records file, or bring an older version's to this one's schema with its data."""
    path = _records_path(_settings(settings))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        migrate(path)
    except StoreError as e:
        raise _stop(str(e), code=2) from e
    typer.echo(f"{path}: schema {head()}")


@app.command("replay")
def replay_files(
    files: Annotated[list[Path], typer.Argument(help="CSV files ts,register_l, gzipped or not; one meter each.")],
    to: Annotated[str, typer.Option(help="The broker: mqtt://[user:password@]host:port, or mqtts:// for TLS.")],
    speed: Annotated[float, typer.Option(help="Times faster than recorded; 0: as fast as it goes.", min=0.0)] = 1.0,
    gateway: Annotated[str, typer.Option(help="Published as this gateway, on anju/GATEWAY/readings.")] = "replay",
) -> None:
    """Publish recorded registers over MQTT as a gateway would; Ctrl-C ends it."""
    code = replay(
        files, to=to, speed=speed, gateway_id=gateway, clock=time.monotonic, sleep=time.sleep, report=_complain
    )
    raise typer.Exit(code)


@app.command("backtest")
def judge(
    homes: Annotated[
        Path | None, typer.Option(help="Folder of real meters, CSV ts,register_l; else simulated.")
    ] = None,
    tz: Annotated[str, typer.Option(help="The homes' time zone.")] = "Asia/Shanghai",
    number: Annotated[int, typer.Option(help="Simulated homes.", min=1)] = 40,
    days: Annotated[int, typer.Option(help="Days that each simulated home is lived in.", min=50)] = 200,
    seed: Annotated[int, typer.Option(help="Of simulated homes and of all incidents.")] = SEED_B,
    incidents: Annotated[int, typer.Option(help="Incidents of each kind in each home.", min=1)] = 8,
    budget: Annotated[float, typer.Option(help="False alerts our detectors aim at.", min=0.01)] = 0.5,
    every: Annotated[int, typer.Option(help="Minutes between readings of simulated meters.", min=15)] = 60,
    litres: Annotated[float, typer.Option(help="Register step of simulated meters [L].", min=1.0)] = 1.0,
    curves: Annotated[
        bool, typer.Option("--curves", help="Delay against false alerts; the limit (simulated).")
    ] = False,
    meters: Annotated[bool, typer.Option("--meters", help="By reporting and register step (simulated).")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for report.json, curve.svg and curve.png.")] = None,
) -> None:
    """Judge detection: put incidents into ordinary lives, real or simulated; count false alerts and delays."""
    options = Options(
        folder=homes,
        tz=_zone(tz),
        homes=number,
        days=days,
        seed=seed,
        incidents=incidents,
        budget=budget,
        every_min=every,
        step_l=litres,
        curves=curves,
        meters=meters,
    )
    command = shlex.join(["anju", *sys.argv[1:]])
    code = run_backtest(options, out=out, command=command, clock=time.perf_counter, say=typer.echo, report=_complain)
    raise typer.Exit(code)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as e:
        raise _stop(f"--tz {name}: {e}", code=2) from e


def _complain(message: str) -> None:
    typer.echo(message, err=True)


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def _listener(host: str, port: int) -> socket.socket:
    """A bound socket, so that a busy port is known before anything starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as e:
        listener.close()
        raise _stop(f"port {port} on {host} can't be used ({e.strerror}); name another, or 0 for a free one") from e
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


def _channels(settings: Settings) -> list[Channel]:
    """The configured way out; the log channel shows texts instead of sending them, and says so."""
    if settings.sms.channel == "log":
        log.warning("texts are only logged, not sent: set sms.channel")
        return [LogChannel(lambda text: log.info("text %s to %s: %s", text.reference, text.to[-4:], text.body))]
    raise _stop(f"sms.channel = {settings.sms.channel!r}: wants log or twilio", code=2)


def _subscription(settings: Settings) -> Subscription:
    mqtt = settings.mqtt
    tls = Tls(ca_file=mqtt.ca_file or None, cert_file=mqtt.cert_file or None, key_file=mqtt.key_file or None)
    return Subscription(
        host=mqtt.host,
        port=mqtt.port,
        client_id=mqtt.client_id,
        topics=mqtt.topics.split(),
        username=mqtt.username or None,
        password=mqtt.password or None,
        tls=tls if mqtt.tls else None,
    )


def _settings(path: Path | None) -> Settings:
    try:
        settings = load(path, os.environ)
        formats_of(settings.ingest.formats)
    except (ConfigError, FormatError) as e:
        raise _stop(str(e), code=2) from e
    return settings


def _records_path(settings: Settings) -> Path:
    return Path(settings.store.folder) / "records.db"


def _records(settings: Settings) -> Records:
    """For a command that may run beside the service."""
    try:
        return Records(_records_path(settings), checkpoint=False)
    except StoreError as e:
        raise _stop(str(e), code=2) from e


def _stop(reason: str, *, code: int = 1) -> typer.Exit:
    """One line on standard error, and the exit status."""
    typer.echo(f"anju: {reason}", err=True)
    return typer.Exit(code)


def main() -> None:
    """The console command `anju`."""
    app()


if __name__ == "__main__":
    main()
