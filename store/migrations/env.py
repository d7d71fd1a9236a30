"""What Alembic runs, on the connection it is given; its own command line works on a scratch file.

A new revision after a change to `store/tables.py`: `.venv/bin/alembic upgrade head`, then
`.venv/bin/alembic revision --autogenerate -m "What is different"`.
"""

from pathlib import Path
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, create_engine

from store.tables import UtcTime, metadata

SCRATCH = Path("build/revision.db")


def _frozen(kind: str, item: Any, _: object) -> str | Literal[False]:
    """A revision names no type of ours: they may change after it."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UtcTime) else False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_server_default=True,
        transactional_ddl=True,
        render_as_batch=True,
        render_item=_frozen,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    SCRATCH.parent.mkdir(exist_ok=True)
    with create_engine(f"sqlite:///{SCRATCH}").begin() as scratch:
        _run(scratch)
