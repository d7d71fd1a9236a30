"""anju: composition root and command line. Parse, wire, call. The only reader of the wall clock."""

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def cli() -> None:
    """anju notices when an elderly person living alone may need help, and sees to it that a person goes and looks."""


def main() -> None:
    """The console command `anju`."""
    app()
