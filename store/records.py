"""The records file (ledger, alerts, outbox, detectors' state): one writer, any number of readers."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from store import migrations
from store.contracts import StoreError, StoreUnavailableError

BUSY_TIMEOUT_S = 5.0  # a command beside the service (import-ledger, backup) holds the write lock for less


class SchemaError(StoreError):
    """The file's schema isn't this program's; the text says what to do."""


class Records:
    """SQLAlchemy connections to one SQLite file in WAL mode; a commit is on the disk when it returns.

    One writer connection a process alone checkpoints (a WAL bug of SQLite before 3.51.3 needs two that do), so
    commands that run beside the service open with `checkpoint=False`.
    """

    def __init__(self, path: Path, *, checkpoint: bool = True) -> None:
        self.path = path
        _require_schema(path)
        self._lock = RLock()
        self._writer = _engine(path, writing=True, checkpoint=checkpoint)
        self._readers = _engine(path, writing=False, checkpoint=False)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that sees the latest state and keeps other writers out; commits, or rolls back on an error."""
        with self._lock, _unavailable_named(self.path), self._writer.begin() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view, never blocked by the writer; writing in it is an error."""
        with _unavailable_named(self.path), self._readers.begin() as tx:
            yield tx

    def empty_log(self) -> bool:
        """What was deleted stands in the write-ahead log until that is in the file and empty; False: somebody reads."""
        with self._lock, _unavailable_named(self.path), closing(self._writer.raw_connection()) as raw:
            return not raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def close(self) -> None:
        self._readers.dispose()
        self._writer.dispose()


def _require_schema(path: Path) -> None:
    if not path.exists():
        raise SchemaError(f"{path} doesn't exist; make it with: anju migrate")
    found, wanted = migrations.revision(path), migrations.head()
    if found == wanted:
        return
    if found is None or migrations.knows(found):
        raise SchemaError(f"{path} has schema {found or 'none'}, older than {wanted}; bring it up with: anju migrate")
    raise SchemaError(
        f"{path} has schema {found}, which this version doesn't know ({wanted} is its newest); upgrade anju"
    )


@contextmanager
def _unavailable_named(path: Path) -> Iterator[None]:
    try:
        yield
    except DatabaseError as e:
        if type(e) not in (DatabaseError, OperationalError):  # the other subclasses are faults of the program
            raise
        raise StoreUnavailableError(f"{path}: {e.orig}") from e


def _engine(path: Path, *, writing: bool, checkpoint: bool) -> Engine:
    pool = {"pool_size": 1, "max_overflow": 0} if writing else {}
    timeout = {"timeout": BUSY_TIMEOUT_S}
    engine = create_engine(f"sqlite:///{path}", connect_args=timeout, hide_parameters=True, **pool)  # no names in logs

    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # BEGIN is ours: the driver's own comes too late
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")
        if not checkpoint:
            connection.execute("PRAGMA wal_autocheckpoint=0")
        if not writing:
            connection.execute("PRAGMA query_only=ON")

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine
