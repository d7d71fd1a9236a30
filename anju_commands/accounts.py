"""Staff who sign in to the console: added, listed, given a new password, closed when they leave."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from anju_commands.checks import settings_of
from anju_commands.common import SettingsFile, open_records, stop, wall_clock

if TYPE_CHECKING:
    from sqlalchemy import Connection

Password = Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)]


def add_staff_account(
    login: Annotated[str, typer.Argument(help="The name to sign in with.")],
    contact: Annotated[str, typer.Option(help="The member of staff in the ledger: a contact_id.")],
    password: Annotated[str | None, typer.Option(help="Asked for where it isn't given.")] = None,
    settings: SettingsFile = None,
) -> None:
    """Let a member of staff in the ledger sign in; asks for the password."""
    from web.session import add_account, check_account

    _change(settings, lambda tx: check_account(tx, login, contact))
    password = password or typer.prompt("Password", hide_input=True, confirmation_prompt="Repeat for confirmation")
    _change(settings, lambda tx: add_account(tx, login, contact, str(password), wall_clock()), login)
    typer.echo(f"{login} can sign in")


def change_password(
    login: Annotated[str, typer.Argument(help="Whose.")], password: Password, settings: SettingsFile = None
) -> None:
    """Give an account a new password; asks for it, and signs the account out everywhere."""
    from web.session import set_password

    _change(settings, lambda tx: set_password(tx, login, password), login)
    typer.echo(f"{login} has a new password")


def disable_account(
    login: Annotated[str, typer.Argument(help="Who signs in no more.")],
    undo: Annotated[bool, typer.Option("--undo", help="Let the account sign in again.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Keep somebody who left from signing in, and sign the account out everywhere."""
    from web import session

    if undo:
        _change(settings, lambda tx: session.enable_account(tx, login), login)
    else:
        _change(settings, lambda tx: session.disable_account(tx, login, wall_clock()), login)
    typer.echo(f"{login} can sign in" if undo else f"{login} can't sign in any more")


def list_accounts(settings: SettingsFile = None) -> None:
    """Say who may sign in: login, name and role; also whose account is closed."""
    from web.session import who_may_sign_in

    with open_records(settings_of(settings)).read() as tx:
        for login, name, role, is_open in who_may_sign_in(tx):
            typer.echo(f"{login}  {name}  {role}" + ("" if is_open else "  (closed)"))


def _change(settings: SettingsFile, change: Callable[["Connection"], None], changed: str | None = None) -> None:
    """`changed`: whose account is another afterwards."""
    from store.security import security_event
    from web.session import AccountError

    try:
        with open_records(settings_of(settings)).write() as tx:
            change(tx)
            if changed:
                security_event(tx, "account_changed", changed, "by command", wall_clock())
    except AccountError as e:
        raise stop(str(e), code=2) from e
