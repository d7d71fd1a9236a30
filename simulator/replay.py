"""`anju replay`: recorded registers published as their gateway would have, at the pace they had or faster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from domain.recording import Recording
from ingest.recorded import Report, read_recording
from simulator.formats import FORMATS, Published
from simulator.publish import Player, Publisher, UnreachableError, broker_at

PATIENCE_S = 0.2  # longest sleep, so that Ctrl-C and progress stay quick
BURST = 500  # readings handed over between two looks at the clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How recordings reach a broker.

    `to` is its address, mqtt://host:port; `speed` how many times faster than recorded, 0 as fast as the broker takes
    it; `form` the gateway's payload format. `clock` gives seconds, `sleep` waits.
    """

    to: str
    speed: float
    gateway_id: str
    form: str = "plain"
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    report: Report


def replay(paths: Sequence[Path], way: Way) -> int:
    """Publishes the files' readings; the exit status: 0, 1 no broker, 2 nothing usable."""
    recordings = [recording for path in paths if (recording := read_recording(path, way.report)) is not None]
    return publish_all(recordings, (), way) if recordings else 2


def publish_all(recordings: Sequence[Recording], also: Sequence[tuple[datetime, Published]], way: Way) -> int:
    """Publishes recordings, and what other devices say, at their pace; the exit status as of `replay`."""
    if way.form not in FORMATS:
        way.report(f"format {way.form!r} is unknown; known are {', '.join(FORMATS)}")
        return 2
    try:
        with Publisher(broker_at(way.to), client_id=way.gateway_id, say=way.report) as publisher:
            player = Player(recordings, publisher, gateway_id=way.gateway_id, form=FORMATS[way.form], also=also)
            play(player, speed=way.speed, clock=way.clock, sleep=way.sleep, progress=_lines(way.report))
    except ValueError as e:
        way.report(str(e))
        return 2
    except UnreachableError as e:
        way.report(str(e))
        return 1
    return 0


def _lines(report: Report) -> Callable[[int, int, datetime], None]:
    def tell(published: int, of: int, at: datetime) -> None:
        report(f"{published} of {of} readings published and acknowledged, up to {at:%Y-%m-%d %H:%M} UTC")

    return tell


def play(
    player: Player,
    *,
    speed: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    progress: Callable[[int, int, datetime], None],
) -> None:
    """Plays all to the end; `progress` is told (published, of all, virtual time) about once a second."""
    begins_at, started = player.next_at, clock()
    told = started
    while (due_at := player.next_at) is not None and begins_at is not None:
        now = begins_at + timedelta(seconds=(clock() - started) * speed) if speed else player.ends_at
        if due_at > now:
            sleep(min((due_at - now).total_seconds() / speed, PATIENCE_S))
        else:
            player.send_until(now, at_most=BURST)
        if clock() - told >= 1.0:
            told = clock()
            progress(player.published, len(player), due_at)
    if begins_at is not None:
        player.play_until(player.ends_at, timeout_s=None)
        progress(player.published, len(player), player.ends_at)
