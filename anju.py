"""anju: composition root and command line. Parse, wire, call. The only reader of the wall clock.

Each command loads what it uses and no more: decoding a payload must not wait for a web framework.
"""

import logging
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from config.settings import ConfigError, Settings, load
from domain.finding import AlertKind, Level
from domain.people import Language

if TYPE_CHECKING:
    from domain.recording import Recording
    from ingest.mqtt import Subscription
    from notifier.contract import Channel
    from simulator.demo import Story
    from simulator.replay import Way
    from simulator.stage import Moment
    from store.records import Records

log = logging.getLogger("anju")
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
bench = typer.Typer(no_args_is_help=True, help="How fast the parts are here.")
app.add_typer(bench, name="bench")
policy = typer.Typer(no_args_is_help=True, help="Who is told when.")
app.add_typer(policy, name="policy")
message = typer.Typer(no_args_is_help=True, help="The words of the texts.")
app.add_typer(message, name="message")

Speed = Annotated[float, typer.Option(help="Times faster than recorded; 0: as fast as it goes.", min=0.0)]
PayloadFormat = Annotated[str, typer.Option("--format", help="plain, wmbusmeters, chirpstack_v4 or cjt188.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; the environment wins over it.")]


@app.callback()
def cli() -> None:
    """anju (安居) notices when an elderly person living alone may need help, and sees that somebody goes and looks."""


@app.command()
def run(settings_file: SettingsFile = None) -> None:
    """Run the service: listen to the broker, detect, send texts, serve the pages. SIGTERM or Ctrl-C ends it."""
    from anju_service import Service
    from store.contracts import StoreError

    settings = _settings(settings_file)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    channels = _channels(settings)
    listener = _listener(settings.web.host, settings.web.port)
    try:
        calls = ThreadPoolExecutor(settings.notify.workers, "provider")
        service = Service(Path(settings.store.folder), settings, channels, _wall_clock, calls)
    except StoreError as e:
        raise _stop(str(e)) from e
    stopping = Event()
    subscriber = service.subscriber(_subscription(settings))
    pages = service.pages(settings.web.public_url, notes_keys=settings.web.notes_keys.split())
    threads = [Thread(target=subscriber.run, name="subscriber"), *service.threads(stopping)]
    with closing(service), closing(listener):
        for thread in threads:
            thread.start()
        try:
            log.info("pages on %s", _address(listener))
            pages.run([listener])
        finally:
            stopping.set()
            service.committed.set()
            subscriber.stop()
            for thread in threads:
                thread.join()
            calls.shutdown()


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="Folder of real meters: CSV files ts,register_l.")] = None,
    tz: Annotated[str | None, typer.Option(help="The homes' zone; Asia/Shanghai, or UTC with --data.")] = None,
    weeks: Annotated[int, typer.Option(help="How many weeks are played.", min=4, max=60)] = 8,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.", min=0, max=65535)] = 8000,
    once: Annotated[bool, typer.Option("--once", help="End after the show, with exit status 0.")] = False,
) -> None:
    """See all of it at work: some weeks in a few homes, an incident in two of them, the texts, the page."""
    from simulator.demo import DemoError, tell, window
    from simulator.towns import small_town

    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    zone = _zone(tz or ("UTC" if data else "Asia/Shanghai"))
    try:
        recordings = _recordings(data) if data else small_town(7, homes=6, weeks=weeks, start=date(2026, 3, 2))
        story = tell(window(recordings, weeks), zone)
    except DemoError as e:
        raise _stop(str(e), code=2) from e
    with closing(_listener("127.0.0.1", port)) as listener, TemporaryDirectory(prefix="anju-demo-") as folder:
        _perform(Path(folder), story, zone, listener, once=once)


def _perform(folder: Path, story: "Story", zone: ZoneInfo, listener: socket.socket, *, once: bool) -> None:
    """Wires the demo: records, service, broker on loopback, pages; plays; stays up unless `once`."""
    from functools import partial

    from anju_service import Service
    from ingest.broker import embedded_broker
    from ingest.mqtt import Subscription
    from notifier.channels.log import LogChannel
    from simulator.demo import GATEWAY, resident_of
    from simulator.publish import Broker, Publisher
    from simulator.show import Show, StagedClock, fill_records
    from simulator.teller import Teller, tell_text
    from web.notes import new_key
    from web.rehearsal import dress, pass_by
    from web.session import add_account

    meters = [recording.meter_id for recording in story.recordings]
    address, notes_key, stopping = _address(listener), new_key(), Event()
    clock = StagedClock(story.start_at, time.monotonic)
    fill_records(folder, story.recordings, zone.key)
    channel = LogChannel(partial(tell_text, typer.echo))
    with closing(Service(folder, Settings(), [channel], clock.now)) as service, embedded_broker() as port:
        with service.records.write() as tx:
            add_account(tx, "demo", "limin", os.urandom(16).hex(), story.start_at)
        wearer = resident_of(meters, story.tap_meter)
        band = dress(service.records, wearer, by="limin", key=notes_key, now=story.start_at, salutation="奶奶")
        subscriber = service.subscriber(Subscription(host="127.0.0.1", port=port, client_id="anju-demo"))
        pages = service.pages(address, notes_keys=[notes_key], signed_in_as="demo")
        threads = [Thread(target=subscriber.run), Thread(target=pages.run, args=([listener],))]
        show = Show(service, Teller(service.records, typer.echo, zone), story, clock)
        for thread in threads:
            thread.start()
        try:
            if not subscriber.subscribed.wait(30):
                raise _stop("the embedded broker did not answer within 30 s")
            with Publisher(Broker(host="127.0.0.1", port=port), client_id=GATEWAY, say=_complain) as publisher:
                show.play(publisher, scan=lambda: pass_by(address, band.card_id), progress=_Progress())
            if not once:
                clock.run_on()
                typer.echo(f"\nThe last alert is still open: acknowledge and resolve it on {address}")
                typer.echo(f"The wristband as a passer-by sees it: {address}/1/{band.card_id}    (Ctrl-C ends)")
                while not stopping.wait(1.0):
                    show.turn()
        except KeyboardInterrupt:
            _complain("")
        finally:
            pages.should_exit = True
            subscriber.stop()
            for thread in threads:
                thread.join()
        typer.echo(show.sums())


class _Progress:
    """One line that is written over on a terminal; elsewhere a line for every tenth."""

    def __init__(self) -> None:
        self._tenths = -1

    def __call__(self, moment: "Moment", readings: int) -> None:
        line = f"{moment.at:%Y-%m-%d %H:%M} UTC, {moment.published} of {readings} readings"
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{line}\x1b[K")
        elif int(10 * moment.share) > self._tenths:
            self._tenths = int(10 * moment.share)
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _recordings(folder: Path) -> Iterator["Recording"]:
    """Every meter's recording in the folder; what isn't one is passed over with a line."""
    from ingest.recorded import read_recording

    files = sorted(path for path in folder.glob("*.csv*") if path.is_file())
    if not files:
        raise _stop(f"--data {folder}: no CSV files there", code=2)
    for path in files:
        recording = read_recording(path, _complain)
        if recording is not None:
            yield recording


account = typer.Typer(no_args_is_help=True, help="Staff who sign in to the console.")
app.add_typer(account, name="account")


@account.command("add")
def add_staff_account(
    login: Annotated[str, typer.Argument(help="The name to sign in with.")],
    contact: Annotated[str, typer.Option(help="The member of staff in the ledger: a contact_id.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    settings: SettingsFile = None,
) -> None:
    """Let a member of staff in the ledger sign in; asks for the password."""
    from web.session import AccountError, add_account

    try:
        with _records(_settings(settings)).write() as tx:
            add_account(tx, login, contact, password, _wall_clock())
    except AccountError as e:
        raise _stop(str(e), code=2) from e
    typer.echo(f"{login} can sign in")


wristband = typer.Typer(no_args_is_help=True, help="Wristbands by the hundred, and their medical notes.")
app.add_typer(wristband, name="wristband")


@wristband.command("print")
def print_wristbands(
    community: Annotated[str, typer.Argument(help="A community_id of the ledger.")],
    out: Annotated[Path, typer.Option(help="The PDF to write; keep it as you would keep keys.")],
    layout: Annotated[str, typer.Option(help="strip, iron_on, card or fob.")] = "iron_on",
    settings: SettingsFile = None,
) -> None:
    """Issue a band to everybody of a community who consented and has none, and print them into one PDF."""
    import secrets

    from web.band_office import print_for_community
    from web.band_print import LAYOUTS

    if layout not in LAYOUTS:
        raise _stop(f"--layout: {layout!r} is none of {', '.join(LAYOUTS)}", code=2)
    chosen = _settings(settings)
    try:
        with _records(chosen).write() as tx:
            count, document = print_for_community(
                tx,
                community,
                layout,
                public_url=chosen.web.public_url,
                by="anju",
                now=_wall_clock(),
                below=secrets.randbelow,
            )
            out.write_bytes(document)
    except (ValueError, OSError) as e:
        raise _stop(str(e), code=2) from e
    typer.echo(f"{count} wristbands issued")


@wristband.command("rotate-notes")
def rotate_wristband_notes(settings: SettingsFile = None) -> None:
    """Write all medical notes anew with the first of ANJU_WEB_NOTES_KEYS; the older keys may go then."""
    from web.bands import rotate_notes
    from web.notes import NotesCipher, NotesError

    chosen = _settings(settings)
    try:
        with _records(chosen).write() as tx:
            count = rotate_notes(tx, NotesCipher(chosen.web.notes_keys.split()))
    except NotesError as e:
        raise _stop(str(e), code=2) from e
    typer.echo(f"{count} notes written anew")


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
    from ingest.lines import UsageError, decode_command

    try:
        lines = decode_command(topic, device or [], messages, devices, tz, now=_wall_clock(), stdin=sys.stdin.buffer)
        for line in lines:
            typer.echo(line)
    except UsageError as e:
        raise _stop(str(e), code=2) from e


@bench.command("decode")
def bench_codecs() -> None:
    """Messages a second that each codec decodes, on one core."""
    from ingest.bench import bench_decode

    for speed in bench_decode(time.process_time):
        typer.echo(f"{speed.name:16}{speed.per_second:12,.0f} messages/s")


@bench.command("online")
def bench_the_watch() -> None:
    """Processor's time of one reading through all detectors, and the size of a household's state."""
    from simulator.bench_online import bench_online

    for every_min in (60, 15):
        speed = bench_online(time.process_time, every_min=every_min)
        typer.echo(
            f"every {every_min} min: {speed.microseconds:.1f} us a reading, "
            f"{speed.household_days_per_second:,.0f} household-days/s; "
            f"state {speed.state_bytes} bytes, written down in {speed.dump_microseconds:.1f} us"
        )


@bench.command("simulator")
def bench_simulated_lives() -> None:
    """Household-days a second that are simulated, and messages a second that are published, on one core."""
    from simulator.bench_lives import bench_lives

    for speed in bench_lives(time.process_time, time.monotonic):
        typer.echo(f"{speed.name:20}{speed.per_second:10,.0f} {speed.unit}/s")


@bench.command("ingest")
def bench_the_ingest(
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port; else the embedded one is started.")] = None,
    messages: Annotated[int, typer.Option(help="How many messages the queue holds.", min=1000)] = 20_000,
) -> None:
    """Durable ingest beside a bare subscriber that counts and drops; exit status 1 where a reading was lost."""
    from simulator.bench_ingest import bench_at

    with TemporaryDirectory(prefix="anju-bench-") as folder:
        raise typer.Exit(0 if bench_at(broker, Path(folder), messages=messages, say=typer.echo) else 1)


@app.command()
def detect(
    files: Annotated[list[Path], typer.Argument(help="CSV files ts,register_l, gzipped or not; one household each.")],
    tz: Annotated[str, typer.Option(help="The households' time zone.")] = "Asia/Shanghai",
    absences: Annotated[Path | None, typer.Option(help="CSV file household,from,until: announced absences.")] = None,
    budget: Annotated[float, typer.Option(help="False alerts aimed at, per household and 30 days.", min=0.01)] = 0.5,
) -> None:
    """Play recorded registers through the detectors; print what would have been raised, as JSON lines."""

    from ingest.detect import detect_files

    code = detect_files(files, tz=tz, absences=absences, budget=budget, out=sys.stdout, report=_complain)
    raise typer.Exit(code)


@app.command("import-ledger")
def import_the_ledger(
    folder: Annotated[Path, typer.Argument(help="CSV files: communities, grids, buildings, households, meters, ...")],
    settings: SettingsFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be, change nothing.")] = False,
) -> None:
    """Bring the ledger up to a folder of CSV files: all of it or, when anything is wrong, nothing."""

    from store.contracts import StoreError
    from store.ledger_import import import_ledger

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

    from store.contracts import StoreError
    from store.migrations import head, migrate

    path = _records_path(_settings(settings))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        migrate(path)
    except StoreError as e:
        raise _stop(str(e), code=2) from e
    typer.echo(f"{path}: schema {head()}")


quarantine = typer.Typer(no_args_is_help=True, help="Messages of unknown devices, or through a wrong gateway.")
app.add_typer(quarantine, name="quarantine")


@quarantine.command("list")
def list_quarantine(
    limit: Annotated[int, typer.Option(help="The newest so many.", min=1)] = 20, settings: SettingsFile = None
) -> None:
    """Show what is in quarantine and why; the service may run meanwhile."""
    from store.contracts import StoreError
    from store.readings import read_kept

    try:
        for k in read_kept(_folder(_settings(settings)) / "readings.db", "quarantined", limit):
            typer.echo(f"{k.received_at:%Y-%m-%dT%H:%M:%SZ} {k.device_id} {k.topic}: {k.reason}: {k.payload[:80]!r}")
    except StoreError as e:
        raise _stop(str(e), code=2) from e


@quarantine.command("release")
def release_quarantine(
    device: Annotated[
        str | None, typer.Option(help="Vouch for this device's messages, whichever gateway they came through.")
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Ask the service to judge again what is in quarantine; it does within seconds, or when it runs next."""
    from sqlalchemy import insert

    from store.tables import release_requests

    with _records(_settings(settings)).write() as tx:
        tx.execute(insert(release_requests).values(at=_wall_clock(), device_id=device))
    typer.echo("asked; the service does it within seconds, or when it runs next")


@app.command("backup")
def back_up(
    target: Annotated[Path, typer.Argument(help="A new folder.")],
    settings: SettingsFile = None,
) -> None:
    """Copy readings and records as they are at one moment; the service may run meanwhile."""
    from store.backup import backup
    from store.contracts import StoreError

    try:
        typer.echo(f"{target}: {backup(_folder(_settings(settings)), target)}")
    except StoreError as e:
        raise _stop(str(e)) from e


@app.command("restore")
def bring_back(
    source: Annotated[Path, typer.Argument(help="A folder that anju backup has written.")],
    settings: SettingsFile = None,
) -> None:
    """Bring a backup back into a store folder that holds no files yet."""
    from store.backup import restore
    from store.contracts import StoreError

    folder = _folder(_settings(settings))
    try:
        typer.echo(f"{folder}: {restore(source, folder)}")
    except StoreError as e:
        raise _stop(str(e)) from e


@app.command("replay")
def replay_files(
    files: Annotated[list[Path], typer.Argument(help="CSV files ts,register_l, gzipped or not; one meter each.")],
    to: Annotated[str, typer.Option(help="The broker: mqtt://[user:password@]host:port, or mqtts:// for TLS.")],
    speed: Speed = 1.0,
    gateway: Annotated[str, typer.Option(help="Published as this gateway, below anju/GATEWAY/.")] = "replay",
    form: PayloadFormat = "plain",
) -> None:
    """Publish recorded registers over MQTT as a gateway would; Ctrl-C ends it."""
    from simulator.replay import replay

    raise typer.Exit(replay(files, _way(to, speed, gateway, form)))


@app.command()
def simulate(
    scenario: Annotated[str, typer.Argument(help="A named scenario; without one they are listed.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder: the scenario's files, or the ledger of --meters.")] = None,
    to: Annotated[str, typer.Option(help="Play it there: mqtt://[user:password@]host:port, or mqtts://.")] = "",
    speed: Speed = 0.0,
    gateway: Annotated[str, typer.Option(help="Published as this gateway, below anju/GATEWAY/.")] = "gw-xingfuli",
    form: PayloadFormat = "plain",
    meters: Annotated[int, typer.Option(help="Instead of a scenario, this many meters for a test of load.")] = 0,
    days: Annotated[int, typer.Option(help="Days that these meters report, up to today.", min=1)] = 1,
    every: Annotated[int, typer.Option(help="Minutes between their readings.", min=1)] = 60,
    seed: Annotated[int, typer.Option(help="Of their lives.")] = 1,
) -> None:
    """Write or play a named scenario, or publish for thousands of meters."""
    from simulator.simulate import list_scenarios, load, simulate_scenario

    way = _way(to, speed, gateway, form) if to else None
    if meters:
        until = datetime.now(UTC).date()
        code = load(meters, days=days, every_min=every, seed=seed, until=until, ledger=out, way=way)
    elif scenario:
        code = simulate_scenario(scenario, out, way, say=typer.echo, report=_complain)
    else:
        code = list_scenarios(typer.echo)
    raise typer.Exit(code)


@app.command("realism")
def show_realism(
    homes: Annotated[Path | None, typer.Option(help="Folder of real meters, CSV ts,register_l, beside them.")] = None,
    tz: Annotated[str, typer.Option(help="The real homes' time zone.")] = "Asia/Shanghai",
    number: Annotated[int, typer.Option(help="Simulated homes of each kind.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Of the simulated homes.")] = 1001,
) -> None:
    """Compare simulated homes with real ones, by the same measures."""
    from simulator.likeness import realism

    for line in realism(homes, tz=_zone(tz), homes=number, seed=seed, report=_complain):
        typer.echo(line)


def _way(to: str, speed: float, gateway: str, form: str) -> "Way":
    from simulator.replay import Way

    clock, sleep = time.monotonic, time.sleep
    return Way(to=to, speed=speed, gateway_id=gateway, form=form, clock=clock, sleep=sleep, report=_complain)


@app.command("backtest")
def judge(
    homes: Annotated[
        Path | None, typer.Option(help="Folder of real meters, CSV ts,register_l; else simulated.")
    ] = None,
    tz: Annotated[str, typer.Option(help="The homes' time zone.")] = "Asia/Shanghai",
    number: Annotated[int, typer.Option(help="Simulated homes.", min=1)] = 40,
    days: Annotated[int, typer.Option(help="Days that each simulated home is lived in.", min=50)] = 200,
    seed: Annotated[int, typer.Option(help="Of simulated homes and of all incidents.")] = 2002,
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

    from simulator.backtest import Options
    from simulator.report import run_backtest

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


@policy.command("show")
def show_policy(
    kind: Annotated[str, typer.Argument(help="low_use, constant_flow, sos, ...; all: every kind.")] = "all",
    community: Annotated[str | None, typer.Option(help="A community with timelines of its own.")] = None,
    level: Annotated[Level, typer.Option(help="Asked first, or told at once.")] = Level.ASK,
    settings: SettingsFile = None,
) -> None:
    """The timeline that results when everybody can be reached and nobody answers."""
    from config.policies import load_policies
    from notifier.preview import timeline

    if kind != "all" and kind not in set(AlertKind):
        raise _stop(f"{kind} is no kind of alert; there are {', '.join(AlertKind)}", code=2)
    file = _settings(settings).notify.policies
    try:
        policies = load_policies(Path(file) if file else None)
    except ConfigError as e:
        raise _stop(str(e), code=2) from e
    for one in AlertKind if kind == "all" else [AlertKind(kind)]:
        typer.echo("\n  ".join([one.value, *timeline(policies, one, level, community)]))


@message.command("preview")
def preview_messages(
    language: Annotated[Language, typer.Option(help="zh or en.")] = Language.ZH,
    replies: Annotated[bool, typer.Option("--replies", help="As where people can text back.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Every text with the longest names: segments, length, encoding, words."""
    from notifier.messages import Texts
    from notifier.preview import previews

    for one in previews(Texts(words=_words(_settings(settings))), language, replies=replies):
        typer.echo(f"{one.segments} x {one.encoding:5} {one.units:4}  {one.about:20} {one.body}")


@message.command("test")
def send_test(
    phone: Annotated[str, typer.Argument(help="In international form, +8613800000000.")],
    language: Annotated[Language, typer.Option(help="zh or en.")] = Language.ZH,
    settings: SettingsFile = None,
) -> None:
    """Send one test text now, past the outbox, with the configured channel."""
    from notifier.contract import ChannelError
    from notifier.messages import Texts
    from notifier.preview import text_for_a_test

    loaded = _settings(settings)
    text = text_for_a_test(Texts(words=_words(loaded)), language, phone, f"{_wall_clock():%H%M%S}")
    for channel in _channels(loaded):
        try:
            sent = channel.send(text)
        except ChannelError as e:
            raise _stop(f"{channel.name}: {e}") from e
        typer.echo(f"{channel.name}: {sent.status.value} {sent.sid}: {text.body}")


@app.command()
def selftest(
    settings: SettingsFile = None,
    wait_s: Annotated[float, typer.Option(help="For the receipts.")] = 120.0,
) -> None:
    """Send a real alert through the running service to the operators' phones; list every home with a hole."""
    from notifier.audit import holes
    from notifier.letters import Letters
    from notifier.life import Life
    from notifier.messages import Texts
    from notifier.router import Router
    from notifier.selftest import SelfTest

    loaded = _settings(settings)
    with closing(_records(loaded)) as records:
        life = Life(Letters(Texts(words=_words(loaded)), Router(_channels(loaded))))
        test, give_up = SelfTest(records, life), time.monotonic() + wait_s
        alert_id = test.begin(_wall_clock())
        while not test.over(alert_id) and time.monotonic() < give_up:
            time.sleep(0.5)
        heard, well = test.heard(alert_id), bool(test.heard(alert_id))
        for one in heard:
            well &= one.status == "delivered"
            typer.echo(f"{one.contact_id} by {one.channel}: {one.status.value} {one.error or ''}".rstrip())
        if not heard:
            typer.echo("no operator can be reached: nobody would hear that the service is ill")
        test.end(alert_id, _wall_clock())
        with records.read() as tx:
            found = holes(tx)
        for hole in found:
            typer.echo(f"{hole.household_id} {hole.place}: {hole.what}")
    raise typer.Exit(0 if well and not found else 1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as e:
        raise _stop(f"--tz {name}: no such time zone", code=2) from e


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


def _channels(settings: Settings) -> "list[Channel]":
    """The configured way out; the log channel shows texts instead of sending them, and says so."""
    from notifier.channels.log import LogChannel
    from notifier.channels.twilio import TwilioRules, TwilioSms, client

    sms = settings.sms
    if sms.channel == "log":
        log.warning("texts are only logged, not sent: set sms.channel")
        return [LogChannel(lambda text: log.info("text %s (%s), not sent", text.reference, text.template))]
    if sms.channel != "twilio":
        raise _stop(f"sms.channel = {sms.channel!r}: wants log or twilio", code=2)
    needed = ("twilio_account_sid", "twilio_from", "twilio_auth_token")
    if missing := [name for name in needed if not getattr(sms, name)]:
        raise _stop(f"sms.{missing[0]} is needed for sms.channel = 'twilio'", code=2)
    rules = TwilioRules(sender=sms.twilio_from, callback_url=f"{settings.web.public_url}/webhooks/twilio/status")
    token = sms.twilio_auth_token.split()[0]
    return [TwilioSms(client(sms.twilio_account_sid, token, sms.twilio_api_base), rules), *_other_channels(settings)]


def _other_channels(settings: Settings) -> "Iterator[Channel]":
    """Each serves the contacts whose address is of its kind."""
    from notifier.channels.apprise import AppriseGroup, MissingExtraError
    from notifier.channels.email import Email, SmtpRules

    sms = settings.sms
    if sms.smtp_host:
        yield Email(
            SmtpRules(
                host=sms.smtp_host,
                port=sms.smtp_port,
                sender=sms.smtp_from or f"anju@{sms.smtp_host}",
                username=sms.smtp_username,
                password=sms.smtp_password,
                tls=sms.smtp_tls,
            )
        )
    if sms.apprise:
        try:
            yield AppriseGroup()
        except MissingExtraError as e:
            raise _stop(str(e), code=2) from e


def _words(settings: Settings) -> "dict[str, dict[str, dict[str, str]]]":
    from config.sms import load_words

    return load_words(Path(settings.notify.words) if settings.notify.words else None)


def _subscription(settings: Settings) -> "Subscription":
    from ingest.mqtt import Subscription, Tls

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
    from config.policies import load_policies
    from ingest.decode import FormatError, formats_of

    try:
        settings = load(path, os.environ)
        formats_of(settings.ingest.formats)
        if settings.notify.policies:
            load_policies(Path(settings.notify.policies))
    except (ConfigError, FormatError) as e:
        raise _stop(str(e), code=2) from e
    return settings


def _folder(settings: Settings) -> Path:
    return Path(settings.store.folder)


def _records_path(settings: Settings) -> Path:
    return _folder(settings) / "records.db"


def _records(settings: Settings) -> "Records":
    """For a command that may run beside the service."""
    from store.contracts import StoreError
    from store.records import Records

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
