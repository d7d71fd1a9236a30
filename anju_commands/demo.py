"""The demo: wires a small town, a broker and the pages in one process, and plays some weeks through them."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from anju_commands.common import address_of, complain, listen, stop, zone_of
from config.settings import Settings
from domain.people import Language

if TYPE_CHECKING:
    from domain.recording import Recording
    from simulator.demo import Story
    from simulator.stage import Moment


def demo(
    data: Annotated[Path | None, typer.Option(help="Folder of real meters: CSV files ts,register_l.")] = None,
    tz: Annotated[str | None, typer.Option(help="The homes' zone; Asia/Shanghai, or UTC with --data.")] = None,
    weeks: Annotated[int, typer.Option(help="How many weeks are played.", min=4, max=60)] = 8,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.", min=0, max=65535)] = 8000,
    once: Annotated[bool, typer.Option("--once", help="End after the show, with exit status 0.")] = False,
    language: Annotated[Language, typer.Option(help="Of the terminal: zh or en.")] = Language.EN,
) -> None:
    """See all of it at work: some weeks in a few homes, an incident in two of them, the texts, the page."""
    from simulator.demo import DemoError, tell, window
    from simulator.towns import small_town

    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    zone = zone_of(tz or ("UTC" if data else "Asia/Shanghai"))
    try:
        recordings = _recordings(data) if data else small_town(7, homes=6, weeks=weeks, start=date(2026, 3, 2))
        story = tell(window(recordings, weeks), zone)
    except DemoError as e:
        raise stop(str(e), code=2) from e
    with closing(listen("127.0.0.1", port)) as listener, TemporaryDirectory(prefix="anju-demo-") as folder:
        _perform(Path(folder), story, zone, listener, once=once, language=language)


def _perform(
    folder: Path, story: "Story", zone: ZoneInfo, listener: socket.socket, *, once: bool, language: Language
) -> None:
    """Wires the demo: records, service, broker on loopback, pages; plays; stays up unless `once`."""
    from functools import partial

    from anju_service.service import Service
    from ingest.broker import embedded_broker
    from ingest.connection import Subscription
    from notifier.channels.log import LogChannel
    from simulator.demo import GATEWAY, resident_of
    from simulator.publish import Broker, Publisher
    from simulator.show import Show, StagedClock, fill_records
    from simulator.teller import Teller, tell_text
    from web.notes import new_key
    from web.rehearsal import dress, pass_by
    from web.session import add_account
    from web.words import load

    meters = [recording.meter_id for recording in story.recordings]
    address, notes_key, stopping = address_of(listener), new_key(), Event()
    clock = StagedClock(story.start_at, time.monotonic)
    fill_records(folder, story.recordings, zone.key, story.start_at)
    channel = LogChannel(partial(tell_text, typer.echo, clock.now, zone))
    with (
        closing(Service(folder, Settings(), [channel], clock.now, steady_s=time.monotonic)) as service,
        embedded_broker() as port,
    ):
        with service.records.write() as tx:
            add_account(tx, "demo", "limin", os.urandom(16).hex(), story.start_at)
        wearer = resident_of(meters, story.tap_meter)
        band = dress(service.records, wearer, by="limin", key=notes_key, now=story.start_at, salutation="老人家")
        subscriber = service.subscriber(Subscription(host="127.0.0.1", port=port, client_id="anju-demo"))
        pages = service.pages(address, notes_keys=[notes_key], signed_in_as="demo")
        threads = [Thread(target=subscriber.run), Thread(target=pages.run, args=([listener],))]
        show = Show(service, Teller(service.records, typer.echo, zone, language, load(language).name), story, clock)
        for thread in threads:
            thread.start()
        try:
            if not subscriber.subscribed.wait(30):
                raise stop("the embedded broker did not answer within 30 s")
            with Publisher(Broker(host="127.0.0.1", port=port), client_id=GATEWAY, say=complain) as publisher:
                show.play(publisher, scan=lambda: pass_by(address, band.card_id), progress=_Progress(zone, language))
            if not once:
                clock.run_on()
                typer.echo(_STILL_UP[language].format(address=address, card_id=band.card_id))
                while not stopping.wait(1.0):
                    show.turn()
        except KeyboardInterrupt:
            complain("")
        finally:
            pages.should_exit = True
            subscriber.stop()
            for thread in threads:
                thread.join()
        typer.echo(show.sums())


_STILL_UP = {
    Language.EN: "\nThe last alert is still open: acknowledge and resolve it on {address}\n"
    "The wristband as a passer-by sees it: {address}/1/{card_id}    (Ctrl-C ends)",
    Language.ZH: "\n最后一件预警还没有办结：请到 {address} 接警、办结\n"
    "路人扫手环看到的页面：{address}/1/{card_id}    （按 Ctrl-C 结束）",
}


_PROGRESS = {
    Language.EN: "{when}, {published} of {readings} readings",
    Language.ZH: "{when}，已播放读数{published}/{readings}",
}


class _Progress:
    """One line that is written over on a terminal; elsewhere a line for every tenth."""

    def __init__(self, zone: ZoneInfo, language: Language) -> None:
        self._zone = zone
        self._language = language
        self._tenths = -1

    def __call__(self, moment: "Moment", readings: int) -> None:
        from detectors.wording import wall_clock

        when = wall_clock(moment.at, self._language, self._zone)
        line = _PROGRESS[self._language].format(when=when, published=moment.published, readings=readings)
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
        raise stop(f"--data {folder}: no CSV files there", code=2)
    for path in files:
        recording = read_recording(path, complain)
        if recording is not None:
            yield recording
