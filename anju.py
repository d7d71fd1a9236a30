"""anju: composition root and command line. Parse, wire, call. The only reader of the wall clock."""

import os
from pathlib import Path
from typing import Annotated

import typer

from config.settings import ConfigError, Settings, load

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


def _settings(path: Path | None) -> Settings:
    try:
        return load(path, os.environ)
    except ConfigError as e:
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
