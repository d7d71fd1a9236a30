"""Brings the records file from any released schema to this version's, with its data."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DatabaseError

from store import private
from store.contracts import StoreError


def migrate(path: Path) -> None:
    """Makes the file, or changes its schema to the newest, in one transaction: wholly or not at all.

    Raises `StoreError`; the file is as it was then.
    """
    private.touch(path)
    engine = _engine(path)
    try:
        with engine.connect() as connection:
            upgrade(connection)
    except CommandError as e:
        raise StoreError(f"{path} can't be migrated: {e}") from e
    except DatabaseError as e:
        raise StoreError(f"{path} can't be migrated, and is as it was: {_first(e).orig}") from e
    finally:
        engine.dispose()


def _first(error: DatabaseError) -> DatabaseError:
    """Of a full disk, say, and not that what had been begun can't be taken back any more."""
    before = error.__context__
    while before is not None and not isinstance(before, DatabaseError):
        before = before.__context__
    return error if before is None else _first(before)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Runs the revisions up to `to`, then checks that no row lost what it refers to."""
    config = _config()
    config.attributes["connection"] = connection
    with connection.begin():
        command.upgrade(config, to)
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if orphans:
            raise StoreError(f"the migration left rows that refer to nothing: {orphans[:3]}")


def revision(path: Path) -> str | None:
    """The file's schema; None where there is none. Waits for no writer; raises `StoreError`."""
    engine = _engine(path, begin="BEGIN")
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DatabaseError as e:
        raise StoreError(f"{path} can't be read: {e.orig}") from e
    finally:
        engine.dispose()


def head() -> str:
    """This version's schema."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None, "no revision ships with this version"  # noqa: S101  the wheel would be broken
    return newest


def knows(wanted: str) -> bool:
    """Whether a schema is one of this version's or its predecessors'."""
    return wanted in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _engine(path: Path, *, begin: str = "BEGIN IMMEDIATE") -> Engine:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # BEGIN is ours: the driver's own comes too late
        connection.execute("PRAGMA journal_mode=WAL")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine
