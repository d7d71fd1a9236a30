"""`anju migrate` and `anju import-ledger`, as typed."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from anju import app

run = CliRunner()


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(tmp_path / "var"))
    return tmp_path


def communities(folder: Path, zone: str) -> str:
    path = folder / "ledger"
    path.mkdir(exist_ok=True)
    (path / "communities.csv").write_text(f"community_id,name,timezone,language\nx,X,{zone},zh\n")
    return str(path)


def test_a_ledger_is_checked_then_imported(data: Path) -> None:
    folder = communities(data, "Asia/Shanghai")
    assert "schema" in run.invoke(app, ["migrate"]).stdout
    for options, again in ((["--dry-run"], False), ([], False), ([], True)):
        result = run.invoke(app, ["import-ledger", folder, *options])
        assert result.exit_code == 0
        assert result.stdout == f"communities.csv: {int(not again)} new, 0 changed, {int(again)} as before\n"


def test_a_mistake_ends_with_its_place_and_status_2(data: Path) -> None:
    run.invoke(app, ["migrate"])
    result = run.invoke(app, ["import-ledger", communities(data, "Asia/Shangai")])
    assert result.exit_code == 2
    assert "communities.csv row 2, timezone: 'Asia/Shangai' is no time zone" in result.stderr


def test_without_a_records_file_the_command_that_makes_it_is_named(data: Path) -> None:
    result = run.invoke(app, ["import-ledger", communities(data, "Asia/Shanghai")])
    assert result.exit_code == 2
    assert "make it with: anju migrate" in result.stderr
