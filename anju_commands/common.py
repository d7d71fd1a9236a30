"""What commands share: the wall clock, folders, and how a command ends. Nothing else reads the clock."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from config.settings import Settings

if TYPE_CHECKING:
    from store.records import Records

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; the environment wins over it.")]


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as e:
        raise stop(f"--tz {name}: no such time zone", code=2) from e


def complain(message: str) -> None:
    typer.echo(message, err=True)


def wall_clock() -> datetime:
    return datetime.now(UTC)


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, so that a busy port is known before anything starts."""
    try:
        return bound(host, port)
    except OSError as e:
        raise stop(f"port {port} on {host} can't be used ({e.strerror}); name another, or 0 for a free one") from e


def bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


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


def require_new(out: Path) -> None:
    """Before the work: what is there already may be the only copy of it."""
    if out.exists():
        raise stop(f"--out: {out} is there already, and nothing is overwritten; name a new file", code=2)


def write_new(out: Path, data: bytes) -> None:
    """For its owner alone; overwrites nothing, and leaves no half of it. Raises `OSError`."""
    out.touch(mode=0o600, exist_ok=False)
    try:
        out.write_bytes(data)
    except OSError:
        out.unlink()
        raise


def stop(reason: str, *, code: int = 1) -> typer.Exit:
    """The reason on standard error, and the exit status."""
    for line in reason.splitlines():
        typer.echo(f"anju: {line}", err=True)
    return typer.Exit(code)
