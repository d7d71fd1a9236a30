"""The example that an operator starts from: every file and column of a ledger, and settings that would do."""

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anju import app
from store.ledger_columns import FILES

EXAMPLE = Path(__file__).parent.parent / "docs" / "example"
run = CliRunner()


def test_the_example_ledger_has_every_column_and_is_taken_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(tmp_path))
    for spec in FILES:
        with (EXAMPLE / "ledger" / spec.name).open(encoding="utf-8", newline="") as file:
            assert tuple(next(csv.reader(file))) == spec.columns, spec.name
    run.invoke(app, ["migrate"])
    done = run.invoke(app, ["import-ledger", str(EXAMPLE / "ledger")])
    assert (done.exit_code, done.stderr) == (0, "")


def test_the_example_settings_would_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(tmp_path))
    run.invoke(app, ["migrate"])
    assert run.invoke(app, ["check-config", str(EXAMPLE / "anju.toml")]).exit_code == 0


def test_before_the_service_ran_the_quarantine_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(tmp_path))
    said = run.invoke(app, ["quarantine", "list"])
    assert said.exit_code == 2
    assert "readings.db isn't there yet: anju run makes it" in said.stderr
