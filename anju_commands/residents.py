"""What the law lets a resident ask for: all that is held, or that it be deleted."""

import json
from pathlib import Path
from typing import Annotated

import typer

from anju_commands.checks import settings_of
from anju_commands.common import SettingsFile, folder_of, open_records, require_new, stop, wall_clock, write_new

Resident = Annotated[str, typer.Argument(help="A resident_id of the ledger.")]


def export_resident(
    resident: Resident,
    out: Annotated[Path, typer.Option(help="The JSON file to write; it holds medical notes, too.")],
    settings: SettingsFile = None,
) -> None:
    """Write everything held on one resident into a JSON file; the service may run meanwhile."""
    from store.beside import read_traces
    from store.contracts import StoreError
    from store.security import security_event
    from web.held import everything_about
    from web.notes import NotesCipher, NotesError

    require_new(out)
    chosen = settings_of(settings)
    readings = folder_of(chosen) / "readings.db"
    try:
        cipher = NotesCipher(chosen.web.notes_keys.split())
        with open_records(chosen).write() as tx:
            held = everything_about(tx, resident, cipher, lambda of: read_traces(readings, of), wall_clock())
            security_event(tx, "exported", resident, "by command", wall_clock())
            write_new(out, json.dumps(held, ensure_ascii=False, indent=1).encode())
    except (StoreError, NotesError, OSError) as e:
        raise stop(str(e), code=2) from e
    typer.echo(f"{out}: the water readings, and rows: {sum(map(len, held['records'].values()))}")
    _say_elsewhere()


def forget_resident(
    resident: Resident,
    sure: Annotated[bool, typer.Option("--yes", help="Delete; without it nothing is.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Delete everything held on one resident, but for what the law wants kept; the service may run meanwhile."""
    from store.beside import erase_traces
    from store.contracts import StoreError
    from store.held import KEPT
    from web.held import forget

    if not sure:
        raise stop("nothing was deleted: say --yes. Export first, if it is asked for", code=2)
    chosen = settings_of(settings)
    try:
        with open_records(chosen).write() as tx:
            traces = forget(tx, resident, by="anju", now=wall_clock())
            erase_traces(folder_of(chosen) / "readings.db", traces)
    except StoreError as e:
        raise stop(str(e), code=2) from e
    typer.echo(f"{resident}: deleted")
    for name, why in KEPT.items():
        typer.echo(f"kept: {name}: {why}")
    _say_elsewhere()


def _say_elsewhere() -> None:
    from web.held import ELSEWHERE

    for place in ELSEWHERE:
        typer.echo(f"held elsewhere: {place}")
