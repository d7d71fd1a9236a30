"""The migrations make exactly the tables that the program means, and a file of another schema stops the start."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import pytest
from sqlalchemy import create_engine, select

from notifier.audit import holes
from store.contracts import StoreError
from store.ledger import read_ledger
from store.migrations import head, migrate, upgrade
from store.records import Records, SchemaError
from store.tables import communities, gateways, households, metadata


def schema(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'alembic_version'")
        bare = {name: sql.replace('"', "") for name, sql in rows}  # a table made anew is quoted
    parts = {name: re.split(r",\s*|\n", sql) for name, sql in bare.items()}  # a column added later stands at the end
    return {name: "\n".join(sorted(filter(None, (p.strip(" )\t") for p in some)))) for name, some in parts.items()}


def test_the_migrations_make_exactly_the_tables_of_the_program(tmp_path: Path) -> None:
    migrate(tmp_path / "migrated.db")
    metadata.create_all(create_engine(f"sqlite:///{tmp_path / 'meant.db'}"))
    assert schema(tmp_path / "migrated.db") == schema(tmp_path / "meant.db"), (
        "store/tables.py and store/migrations differ; store/migrations/env.py says how to write a revision"
    )


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    migrate(path)
    before = schema(path)
    migrate(path)
    assert schema(path) == before


def test_a_file_that_is_not_there_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"records\.db doesn't exist; make it with: anju migrate"):
        Records(tmp_path / "records.db")


def test_an_empty_file_is_brought_up_not_used(tmp_path: Path) -> None:
    (tmp_path / "records.db").touch()
    with pytest.raises(SchemaError, match=r"has schema none, older than \d{4}; bring it up with: anju migrate"):
        Records(tmp_path / "records.db")


def test_a_file_of_a_newer_version_stops_the_start_and_the_migration(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    migrate(path)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        SchemaError, match=f"has schema 9999, which this version doesn't know \\({head()} is its newest"
    ):
        Records(path)
    with pytest.raises(StoreError, match="9999"):
        migrate(path)


def test_a_migration_that_there_is_no_room_for_says_so_and_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    with create_engine(f"sqlite:///{path}").connect() as connection:
        upgrade(connection, "0009")
    before = schema(path)
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (100_000, hard))  # what would grow beyond these bytes can't be written
    try:
        with pytest.raises(StoreError, match="can't be migrated, and is as it was: disk I/O error"):
            migrate(path)
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))
    assert schema(path) == before


def test_an_older_file_is_brought_up_with_its_data(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    with create_engine(f"sqlite:///{path}").connect() as connection:
        upgrade(connection, "0001")
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO communities VALUES ('xfl', '幸福里社区', 'Asia/Shanghai', 'zh', NULL)")
        db.execute("INSERT INTO gateways VALUES ('gw1', 'xfl', NULL)")
    with pytest.raises(SchemaError, match=r"has schema 0001, older than \d{4}; bring it up with: anju migrate"):
        Records(path)
    migrate(path)
    records = Records(path)
    with records.read() as tx:
        assert tx.execute(select(communities.c.name, gateways.c.gateway_id).join(gateways)).all() == [
            ("幸福里社区", "gw1")
        ]
    records.close()


MADE_UP = {"INTEGER": 1, "BOOLEAN": 1, "FLOAT": 1.5, "JSON": "{}", "BLOB": b"x"}  # else a word, the same as every key
GONE = {"meters": {"resolution_l"}}  # the readings tell it


def rows(db: sqlite3.Connection) -> dict[str, list[dict[str, object]]]:
    """Of every table, by column."""
    db.row_factory = sqlite3.Row
    names = [row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: [dict(row) for row in db.execute(f'SELECT * FROM "{name}"')] for name in names}


def test_a_row_of_every_first_table_is_there_after_the_upgrade_with_every_value(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    with create_engine(f"sqlite:///{path}").connect() as connection:
        upgrade(connection, "0001")
    with closing(sqlite3.connect(path)) as db, db:
        for name in rows(db).keys() - {"alembic_version", "sqlite_sequence"}:
            columns = db.execute(f'PRAGMA table_info("{name}")').fetchall()
            values = [
                f"2026-03-01 12:00:{column['cid']:02}"
                if column["type"] == "DATETIME"
                else MADE_UP.get(column["type"], "word")
                for column in columns
            ]
            db.execute(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(values))})', values)
        first = rows(db)
    migrate(path)
    with closing(sqlite3.connect(path)) as db:
        now = rows(db)
    for name in first.keys() - {"alembic_version"}:
        (before,), (after,) = first[name], now[name]
        assert after.items() >= {key: before[key] for key in before.keys() - GONE.get(name, set())}.items(), name


def test_homes_that_were_watched_stay_so_and_those_without_a_meter_need_consent_first(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    with create_engine(f"sqlite:///{path}").connect() as connection:
        upgrade(connection, "0004")
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO communities VALUES ('xfl', '幸福里社区', 'Asia/Shanghai', 'zh', NULL)")
        db.execute("INSERT INTO grids VALUES ('g', 'xfl', 'G')")
        db.execute("INSERT INTO buildings VALUES ('b', 'g', 'B', NULL)")
        db.execute("INSERT INTO households VALUES ('h1', 'b', '101'), ('h2', 'b', '102')")
        db.execute("INSERT INTO meters (meter_id, household_id) VALUES ('m1', 'h1')")
    migrate(path)
    records = Records(path)
    with records.read() as tx:
        assert read_ledger(tx).without_consent == frozenset()
        assert dict(tx.execute(select(households.c.household_id, households.c.water_consent_by)).all()) == {
            "h1": "",
            "h2": None,
        }
        assert "consent to watching the water is not on paper" in {hole.what for hole in holes(tx)}
    records.close()
