"""`anju replay`: recorded registers published as their gateway would have, at the pace they had or faster."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from ingest.recorded import Report, read_recording
from simulator.publish import Player, Publisher, UnreachableError, broker_at

PATIENCE_S = 0.2  # longest sleep, so that Ctrl-C and progress stay quick
BURST = 500  # readings handed over between two looks at the clock


def replay(
    paths: Sequence[Path],
    *,
    to: str,
    speed: float,
    gateway_id: str,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    report: Report,
) -> int:
    """Publishes the files' readings to the broker at `to`; the exit status: 0, 1 no broker, 2 nothing usable.

    `speed` is how many times faster than recorded; 0 is as fast as the broker takes it. `clock` gives seconds.
    """
    try:
        broker = broker_at(to)
    except ValueError as e:
        report(str(e))
        return 2
    recordings = [recording for path in paths if (recording := read_recording(path, report)) is not None]
    if not recordings:
        return 2
    try:
        with Publisher(broker, client_id=gateway_id, say=report) as publisher:
            player = Player(recordings, publisher, gateway_id=gateway_id)
            play(player, speed=speed, clock=clock, sleep=sleep, progress=_lines(report))
    except UnreachableError as e:
        report(str(e))
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
