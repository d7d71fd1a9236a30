"""The long history in InfluxDB."""

import time
from contextlib import closing

import typer

from anju_commands.checks import settings_of
from anju_commands.common import SettingsFile, complain, folder_of, stop


def copy_history(settings: SettingsFile = None) -> None:
    """Copy all that the embedded store holds to InfluxDB; the service may run meanwhile, and again does no harm."""
    from store import history
    from store.contracts import StoreError
    from store.influx import Influx, InfluxAt

    chosen = settings_of(settings)
    to, path = chosen.influx, folder_of(chosen) / "readings.db"
    if not to.url:
        raise stop("influx.url: is empty; it says where InfluxDB is", code=2)
    refused: list[str] = []
    try:
        total, told, written = history.size(path), 0, 0
        with closing(Influx(InfluxAt(url=to.url, bucket=to.bucket, org=to.org, token=to.token))) as influx:
            for written in history.copy(
                history.lines(path),
                influx,
                sleep=time.sleep,
                refuse=lambda line, error: refused.append(f"{line[:80]}: {error}"),
                away=lambda why: complain(f"InfluxDB is away ({why}); trying again until it is back"),
            ):
                if 20 * (written + len(refused)) // max(total, 1) > told:
                    told = 20 * (written + len(refused)) // max(total, 1)
                    complain(f"{written} of {total} points")
    except StoreError as e:
        raise stop(str(e)) from e
    typer.echo(f"points copied: {written}, refused: {len(refused)}")
    for line in refused[:10]:
        complain(f"refused: {line}")
    raise typer.Exit(1 if refused else 0)
