"""The files of a running service: ledger, schema, backup, wristbands by the hundred."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anju_commands.channels import makes_calls
from anju_commands.checks import settings_of
from anju_commands.common import (
    SettingsFile,
    complain,
    folder_of,
    open_records,
    records_path,
    require_new,
    stop,
    wall_clock,
    write_new,
)
from domain.in_chinese import in_chinese
from domain.people import Language

if TYPE_CHECKING:
    from sqlalchemy import Connection


def import_the_ledger(
    folder: Annotated[Path, typer.Argument(help="CSV files: communities, grids, buildings, households, meters, ...")],
    settings: SettingsFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be, change nothing.")] = False,
    language: Annotated[Language, typer.Option(help="Of what it says: zh or en.")] = Language.EN,
) -> None:
    """Bring the ledger up to a folder of CSV files.

    A row with which something is wrong is refused, named with column and value, and stays as it was, as do rows that
    refer to it; the others are taken. Exit status: 0, 1 where rows were refused, 2 where a file can't be read or no row
    is left: nothing was written then.
    """
    from notifier.audit import Hole, holes
    from notifier.moved import left_behind
    from store.contracts import StoreError
    from store.ledger_files import Problem
    from store.ledger_import import Moved, import_ledger

    say = in_chinese if language is Language.ZH else str
    loaded = settings_of(settings)
    records, found, behind, now = open_records(loaded), list[Hole](), list[str](), wall_clock()
    wrong: list[Problem] = []

    def look(tx: "Connection", moved: list[Moved]) -> None:
        found.extend(holes(tx, calls=makes_calls(loaded)))
        behind.extend(left_behind(tx, moved, now))

    try:
        done = import_ledger(records, folder, now=now, dry_run=dry_run, look=look, report=wrong.append)
    except StoreError as e:
        raise stop("\n".join(map(say, str(e).splitlines())), code=2) from e
    for one in done:
        typer.echo(say(str(one)))
    by_what: dict[str, list[str]] = {}
    for hole in found:
        if hole.what != "meter not heard":  # it can't have been, so soon
            by_what.setdefault(hole.what, []).append(f"{hole.subject} {hole.place}")
    for what, whose in by_what.items():
        more = f" and {len(whose) - 10} more" if len(whose) > 10 else ""
        complain(say(f"warning: {what}: {', '.join(whose[:10])}{more}"))
    for line in behind:
        complain(say(f"warning: {line}"))
    if dry_run:
        typer.echo(say("dry run: nothing was written"))
    if wrong:
        refused = sum(one.refused for one in done)
        lines = [*map(str, wrong), f"rows refused: {refused}; what they name stays as it was"]
        raise stop("\n".join(map(say, lines)))


def migrate_records(settings: SettingsFile = None) -> None:
    """Make the records file, or bring an older version's to this one's schema with its data."""

    from store import private
    from store.contracts import StoreError
    from store.migrations import head, migrate

    path = records_path(settings_of(settings))
    path.parent.mkdir(private.FOLDER, parents=True, exist_ok=True)
    try:
        migrate(path)
    except StoreError as e:
        raise stop(str(e), code=2) from e
    typer.echo(f"{path}: schema {head()}")


def back_up(
    target: Annotated[Path, typer.Argument(help="A new folder.")],
    settings: SettingsFile = None,
) -> None:
    """Copy readings and records as they are at one moment; the service may run meanwhile."""
    from store.backup import backup
    from store.contracts import StoreError

    try:
        typer.echo(f"{target}: {backup(folder_of(settings_of(settings)), target)}")
    except StoreError as e:
        raise stop(str(e)) from e


def bring_back(
    source: Annotated[Path, typer.Argument(help="A folder that anju backup has written.")],
    settings: SettingsFile = None,
) -> None:
    """Bring a backup back into a store folder that holds no files yet."""
    from store.backup import restore
    from store.contracts import StoreError

    folder = folder_of(settings_of(settings))
    try:
        typer.echo(f"{folder}: {restore(source, folder)}")
    except StoreError as e:
        raise stop(str(e)) from e


def print_wristbands(
    community: Annotated[str, typer.Argument(help="A community_id of the ledger.")],
    out: Annotated[Path, typer.Option(help="The PDF to write; keep it as you would keep keys.")],
    layout: Annotated[str, typer.Option(help="strip, iron_on, card or fob.")] = "iron_on",
    settings: SettingsFile = None,
) -> None:
    """Issue a band to everybody of a community who consented and has none, and print them into one PDF.

    Says which number is whose, in the order of the print: the bands themselves name nobody.
    """
    import secrets
    from urllib.parse import urlsplit

    from web.band_office import print_for_community
    from web.band_print import LAYOUTS
    from web.guard import LOOPBACK

    if layout not in LAYOUTS:
        raise stop(f"--layout: {layout!r} is none of {', '.join(LAYOUTS)}", code=2)
    require_new(out)
    chosen = settings_of(settings)
    if urlsplit(chosen.web.public_url).hostname in LOOPBACK:
        raise stop(f"web.public_url: {chosen.web.public_url!r} would open on this machine alone, on no phone", code=2)
    try:
        with open_records(chosen).write() as tx:
            handed, document = print_for_community(
                tx,
                community,
                layout,
                public_url=chosen.web.public_url,
                by="anju",
                now=wall_clock(),
                below=secrets.randbelow,
            )
            if handed:
                write_new(out, document)
    except (ValueError, OSError) as e:
        raise stop(str(e), code=2) from e
    if not handed:
        raise stop(f"no wristband issued, nothing is written: in {community} all who consented have one, or nobody did")
    for line in handed:
        typer.echo(line)
    typer.echo(f"wristbands issued: {len(handed)}")


def rotate_wristband_notes(settings: SettingsFile = None) -> None:
    """Write all medical notes anew with the first of ANJU_WEB_NOTES_KEYS; the older keys may go then."""
    from web.bands import rotate_notes
    from web.notes import NotesCipher, NotesError

    chosen = settings_of(settings)
    try:
        with open_records(chosen).write() as tx:
            count = rotate_notes(tx, NotesCipher(chosen.web.notes_keys.split()))
    except NotesError as e:
        raise stop(str(e), code=2) from e
    typer.echo(f"notes written anew: {count}")
