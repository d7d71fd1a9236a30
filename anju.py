"""anju: composition root and command line. Parse, wire, call. The only reader of the wall clock."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from config.settings import ConfigError, Settings, load
from ingest.detect import detect_files
from simulator.replay import replay
from store.contracts import StoreError
from store.ledger_import import import_ledger
from store.migrations import head, migrate
from store.records import Records

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; the environment wins over it.")]


@app.callback()
def cli() -> None:
    """anju (安居) notices when an elderly person living alone may need help, and sees that somebody goes and looks."""


@app.command("check-config")
def check_config(settings: Annotated[Path, typer.Argument(help="The TOML file to check.")]) -> None:
    """Say whether a settings file would do; every unknown key and wrong value is named."""
    _settings(settings)
    typer.echo(f"{settings}: in order")


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


def _complain(message: str) -> None:
    typer.echo(message, err=True)


def _settings(path: Path | None) -> Settings:
    try:
        return load(path, os.environ)
    except ConfigError as e:
        raise _stop(str(e), code=2) from e


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
