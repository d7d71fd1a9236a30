"""Messages that the service did not take: seen beside it, and judged again by it."""

import time
from contextlib import closing
from typing import Annotated

import typer

from anju_commands.checks import settings_of
from anju_commands.common import SettingsFile, folder_of, open_records, stop, wall_clock
from config.settings import Settings

WaitS = Annotated[float, typer.Option(help="For the service's answer.")]


def list_quarantine(
    limit: Annotated[int, typer.Option(help="The newest so many.", min=1)] = 20,
    refused: Annotated[bool, typer.Option("--refused", help="Instead those that couldn't be understood.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Show what is in quarantine and why; the service may run meanwhile."""
    from store.beside import read_kept
    from store.contracts import StoreError

    kind = "refused" if refused else "quarantined"
    try:
        for k in read_kept(folder_of(settings_of(settings)) / "readings.db", kind, limit):
            device = f"{k.device_id} " if k.device_id else ""
            typer.echo(f"{k.received_at:%Y-%m-%dT%H:%M:%SZ} {device}{k.topic}: {k.reason}: {k.payload[:80]!r}")
    except StoreError as e:
        raise stop(str(e), code=2) from e


def release_quarantine(
    device: Annotated[
        str | None, typer.Option(help="Vouch for this device's messages, whichever gateway they came through.")
    ] = None,
    wait_s: WaitS = 30.0,
    settings: SettingsFile = None,
) -> None:
    """Ask the service to judge again what is in quarantine; it does within seconds, or when it runs next."""
    _ask(settings_of(settings), "quarantined", device, wait_s)


def retry_refused(
    device: Annotated[str | None, typer.Option(help="Only what this device said.")] = None,
    wait_s: WaitS = 30.0,
    settings: SettingsFile = None,
) -> None:
    """Ask the service to judge again what it refused: after its clock was behind, or the ledger or a format was mended.

    Readings are taken at the time that their meter told, if that is over by now: leave out meters whose own clock is
    ahead. What still can't be used stays where it is; asking again changes nothing.
    """
    _ask(settings_of(settings), "refused", device, wait_s)


def _ask(settings: Settings, kind: str, device: str | None, wait_s: float) -> None:
    from sqlalchemy import insert, select

    from store.tables import release_requests as asked

    with closing(open_records(settings)) as records:
        with records.write() as tx:
            row = insert(asked).values(at=wall_clock(), kind=kind, device_id=device).returning(asked.c.request_id)
            number = tx.execute(row).scalar_one()
        answer = select(asked.c.released).where(asked.c.request_id == number, asked.c.done_at.is_not(None))
        give_up = time.monotonic() + wait_s
        while True:
            with records.read() as tx:
                taken = tx.scalar(answer)
            if taken is not None or time.monotonic() >= give_up:
                break
            time.sleep(0.2)
    typer.echo("asked; the service does it when it runs next" if taken is None else f"messages taken: {taken}")
