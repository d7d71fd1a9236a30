"""How far who follows something has got: one number a name, in the records."""

from sqlalchemy import Connection, insert, select, update

from store.tables import cursors

C = cursors.c


def position(tx: Connection, name: str) -> int:
    """0 before the first move."""
    return tx.scalar(select(C.position).where(C.name == name)) or 0


def move(tx: Connection, name: str, to: int) -> None:
    if not tx.execute(update(cursors).where(C.name == name).values(position=to)).rowcount:
        tx.execute(insert(cursors).values(name=name, position=to))
