"""What commands share: the wall clock, settings, folders, and how a command ends. Nothing else reads the clock."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from config.addresses import proxies_of
from config.load import load
from config.setting import ConfigError
from config.settings import Settings

if TYPE_CHECKING:
    from store.records import Records

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; the environment wins over it.")]


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as e:
        raise stop(f"--tz {name}: no such time zone", code=2) from e


def complain(message: str) -> None:
    typer.echo(message, err=True)


def wall_clock() -> datetime:
    return datetime.now(UTC)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that a busy port is known before anything starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as e:
        listener.close()
        raise stop(f"port {port} on {host} can't be used ({e.strerror}); name another, or 0 for a free one") from e
    return listener


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


def settings_of(path: Path | None) -> Settings:
    """The settings, with what they lead to checked; whatever is wrong ends the command with every mistake named."""
    from config.policies import load_policies
    from config.sms import load_words
    from ingest.decode import FormatError, formats_of

    try:
        settings = load(path, os.environ)
    except ConfigError as e:
        raise stop(str(e), code=2) from e
    problems = []
    for check in (
        lambda: formats_of(settings.ingest.formats),
        lambda: load_policies(Path(settings.notify.policies) if settings.notify.policies else None),
        lambda: load_words(Path(settings.notify.words) if settings.notify.words else None),
        lambda: proxies_of(settings.web.trusted_proxies),
    ):
        try:
            check()
        except (ConfigError, FormatError) as e:
            problems.append(str(e))
    if problems:
        raise stop("\n".join(problems), code=2)
    return settings


def folder_of(settings: Settings) -> Path:
    return Path(settings.store.folder)


def records_path(settings: Settings) -> Path:
    return folder_of(settings) / "records.db"


def open_records(settings: Settings) -> "Records":
    """For a command that may run beside the service."""
    from store.contracts import StoreError
    from store.records import Records

    try:
        return Records(records_path(settings), checkpoint=False)
    except StoreError as e:
        raise stop(str(e), code=2) from e


def stop(reason: str, *, code: int = 1) -> typer.Exit:
    """The reason on standard error, and the exit status."""
    for line in reason.splitlines():
        typer.echo(f"anju: {line}", err=True)
    return typer.Exit(code)
