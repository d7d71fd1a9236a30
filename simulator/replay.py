"""`anju replay`: recorded registers published as their gateway would have, at the pace they had or faster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from domain.recording import Recording
from ingest.recorded import Counted, Report
from ingest.tls import Tls
from simulator.drops import DropCount
from simulator.files import AlarmAt, is_alarms, read_alarms, read_sent
from simulator.formats import FORMATS, Format, FormatError, alarm
from simulator.player import Player
from simulator.publish import NO_FILES, Publisher, UnreachableError, broker_at

PATIENCE_S = 0.2  # longest sleep, so that Ctrl-C and progress stay quick
BURST = 500  # readings handed over between two looks at the clock
QUEUE = 1000  # what Mosquitto keeps for a slow subscriber by default; fewer messages are not worth asking after


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How recordings reach a broker.

    `to` is its address, mqtt://host:port; `speed` how many times faster than recorded, 0 as fast as `rate_per_s` allows
    (0: as fast as the broker takes it); `form` the gateway's payload format. `tls`: certificates, where `to` is
    mqtts://. `clock` gives seconds, `sleep` waits.
    """

    to: str
    speed: float
    gateway_id: str
    form: str = "plain"
    rate_per_s: float = 0.0
    tls: Tls = NO_FILES
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    report: Report


def replay(paths: Sequence[Path], way: Way) -> int:
    """Publishes the files' readings and alarms.

    The exit status: 0, 1 no broker, messages lost, or lines and files that could not be used, 2 nothing usable.
    """
    report = Counted(way.report)
    alarms = [one for path in paths if is_alarms(path) for one in read_alarms(path, report)]
    read = [read_sent(path, report) for path in paths if not is_alarms(path)]
    recordings = [recording for recording in read if recording is not None]
    if not recordings and not alarms:
        return 2
    return publish_all(recordings, alarms, way) or int(report.said > 0)


def publish_all(recordings: Sequence[Recording], alarms: Sequence[AlarmAt], way: Way) -> int:
    """Publishes recordings, and what other devices say, at their pace; the exit status as of `replay`."""
    form = FORMATS.get(way.form)
    if form is None:
        way.report(f"format {way.form!r} is unknown; known are {', '.join(FORMATS)}")
        return 2
    _tell_what_to_know(form, alarms, way)
    try:
        also = [(at, alarm(form, kind).encode(device_id, at)) for at, device_id, kind in alarms]
        broker = broker_at(way.to, way.tls)
        with (
            Publisher(broker, client_id=way.gateway_id, say=way.report) as publisher,
            DropCount(broker, client_id=f"{way.gateway_id}-drops") as drops,
        ):
            player = Player(recordings, publisher, gateway_id=way.gateway_id, form=form.encode, also=also)
            began = way.clock()
            play(player, way, progress=_lines(way.report))
            took_s = max(way.clock() - began, 1e-9)
            way.report(f"{len(player)} messages in {took_s:.1f} s: {len(player) / took_s:.0f} a second")
            return _lost(drops, way.report) if len(player) >= QUEUE else 0
    except (FormatError, ValueError) as e:
        way.report(str(e))
        return 2
    except UnreachableError as e:
        way.report(str(e))
        return 1


def _tell_what_to_know(form: Format, alarms: Sequence[AlarmAt], way: Way) -> None:
    """What the ledger must say before the service understands this, and what such messages can't tell."""
    if form.ledger.columns or form.known_as != "{}":
        needs = "".join(f", {name} {value}" for name, value in form.ledger.columns.items())
        way.report(f"{way.form}: the ledger must have each meter as {form.known_as.format('ID')}{needs}")
    for _, device_id, kind in alarms:
        said = alarm(form, kind)
        if said.ledger.columns or said.known_as != "{}":
            needs = "".join(f", {name} {value}" for name, value in said.ledger.columns.items())
            way.report(f"{way.form}: the ledger must have {said.known_as.format(device_id)}{needs}")
    if not form.dated and way.speed != 1.0:
        way.report(f"{way.form} carries no time: readings are dated when they arrive, which is true at --speed 1 alone")


def _lost(drops: DropCount, report: Report) -> int:
    """Says so where the broker dropped messages: acknowledged to us, but never handed to a slow subscriber."""
    dropped = drops.since()
    if dropped is None:
        report("this broker doesn't tell whether it dropped messages of a slow subscriber")
    if not dropped:
        return 0
    report(
        f"the broker dropped {dropped} messages meanwhile: a subscriber was too slow for its queue "
        "(Mosquitto: max_queued_messages); publish again with a lower --rate, what is stored already stays as it is"
    )
    return 1


def _lines(report: Report) -> Callable[[int, int, datetime], None]:
    def tell(published: int, of: int, at: datetime) -> None:
        report(f"{published} of {of} readings published and acknowledged, up to {at:%Y-%m-%d %H:%M} UTC")

    return tell


def play(player: Player, way: Way, *, progress: Callable[[int, int, datetime], None]) -> None:
    """Plays all to the end; `progress` is told (published, of all, virtual time) about once a second."""
    begins_at, started = player.next_at, way.clock()
    told = started
    while (due_at := player.next_at) is not None and begins_at is not None:
        passed_s = way.clock() - started
        now = begins_at + timedelta(seconds=passed_s * way.speed) if way.speed else player.ends_at
        allowed = int(passed_s * way.rate_per_s) + 1 - player.published if way.rate_per_s else BURST
        if due_at > now:
            player.idle()
            way.sleep(min((due_at - now).total_seconds() / way.speed, PATIENCE_S))
        elif allowed <= 0:
            way.sleep(min(10.0 / way.rate_per_s, PATIENCE_S))
        else:
            player.send_until(now, at_most=min(allowed, BURST))
        if way.clock() - told >= 1.0:
            told = way.clock()
            progress(player.published, len(player), due_at)
    if begins_at is not None:
        player.play_until(player.ends_at, timeout_s=None)
        progress(player.published, len(player), player.ends_at)
