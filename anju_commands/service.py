"""The service itself, and what its operator does around it: settings, accounts, the test of the whole chain."""

import gc
import logging
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Annotated

import typer

from anju_commands.channels import channels_of, makes_calls, standing_problems, words_of
from anju_commands.checks import settings_of, settings_to_run_by, subscription
from anju_commands.common import SettingsFile, address_of, complain, folder_of, listen, open_records, stop, wall_clock

log = logging.getLogger("anju")


def run(settings_file: SettingsFile = None) -> None:
    """Run the service: listen to the broker, detect, send texts, serve the pages. SIGTERM or Ctrl-C ends it."""
    from anju_service.service import Service
    from notifier.pace import Pace, Turnstile
    from store.contracts import StoreError

    settings = settings_to_run_by(settings_file)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    channels = channels_of(settings)
    listener = listen(settings.web.host, settings.web.port)
    try:
        calls = ThreadPoolExecutor(settings.notify.workers, "provider")
        turnstile = Turnstile(Pace(settings.notify.texts_a_second), time.monotonic, time.sleep)
        folder, wrong = Path(settings.store.folder), standing_problems(settings)
        service = Service(
            folder, settings, channels, wall_clock, calls, steady_s=time.monotonic, turnstile=turnstile, standing=wrong
        )
        pages = service.pages(settings.web.public_url, notes_keys=settings.web.notes_keys.split())
    except StoreError as e:
        raise stop(str(e)) from e
    stopping = Event()
    subscriber = service.subscriber(subscription(settings))
    threads = [Thread(target=subscriber.run, name="subscriber"), *service.threads(stopping)]
    signal.signal(signal.SIGTERM, _end)  # uvicorn raises it again when the pages are down
    with closing(service), closing(listener):
        try:
            for thread in threads:
                thread.start()
            log.info("pages on %s", address_of(listener))
            gc.freeze()  # what is made by now stays: no search through all of it while a page waits
            pages.run([listener])
        finally:
            stopping.set()
            service.committed.set()
            subscriber.stop()
            for thread in threads:
                if thread.ident is not None:  # Ctrl-C may come before it has begun
                    thread.join()
            calls.shutdown()
            log.info("stopped")


def _end(_number: int, _frame: FrameType | None) -> None:
    """As Ctrl-C, but as wished: what is being done is finished first, lest a text leaves twice."""
    sys.exit(0)


def check_config(
    settings: Annotated[Path | None, typer.Argument(help="The TOML file; the environment wins over it.")] = None,
) -> None:
    """Say whether `anju run` would start by these settings; every mistake is named, and nothing is changed.

    The store's files are looked at, too, so `anju migrate` comes first. Not looked at: whether a port is free, the
    broker answers, a provider knows the account. Exit status: 0, or 2 where something is wrong.
    """
    loaded = settings_to_run_by(settings)
    for problem in standing_problems(loaded):
        complain(f"warning: {problem}")
    typer.echo(f"{settings or 'the environment'}: in order")


def selftest(
    settings: SettingsFile = None,
    wait_s: Annotated[float, typer.Option(help="For the receipts.")] = 120.0,
) -> None:
    """Send a real alert through the running service to the operators' phones; list homes with holes, and idle staff.

    Ends with 0 where all is well, 1 where a phone was not reached or anything is listed, 2 where it can't be tried, and
    3 where texts are only logged: nobody's phone rang, then.
    """
    from notifier.audit import holes
    from notifier.channels.log import LogChannel
    from notifier.letters import Letters
    from notifier.life import Life
    from notifier.messages import Texts
    from notifier.router import Router
    from notifier.selftest import SelfTest
    from store.beside import meters_heard
    from store.contracts import StoreError

    loaded = settings_of(settings)
    try:
        heard_meters = meters_heard(folder_of(loaded) / "readings.db")
    except StoreError as e:
        raise stop(str(e), code=2) from e
    with closing(open_records(loaded)) as records:
        life = Life(Letters(Texts(words=words_of(loaded)), Router(channels_of(loaded))))
        test, give_up = SelfTest(records, life), time.monotonic() + wait_s
        alert_id = test.begin(wall_clock())
        while not test.over(alert_id) and time.monotonic() < give_up:
            time.sleep(0.5)
        heard, well = test.heard(alert_id), bool(test.heard(alert_id))
        for one in heard:
            well &= one.status == "delivered"
            typer.echo(f"{one.contact_id} by {one.channel}: {one.status.value} {one.error or ''}".rstrip())
        if not heard:
            typer.echo("no operator can be reached: nobody would hear that the service is ill")
        test.end(alert_id, wall_clock())
        with records.read() as tx:
            found = holes(tx, heard_meters, calls=makes_calls(loaded))
        for hole in found:
            typer.echo(f"{hole.subject} {hole.place}: {hole.what}")
    if any(one.channel == LogChannel.name for one in heard):
        typer.echo("NOT SENT: texts are only logged, nobody's phone rang; set sms.channel")
        raise typer.Exit(3)
    raise typer.Exit(0 if well and not found else 1)
