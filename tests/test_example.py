"""The example that an operator starts from: every file and column of a ledger, and settings that would do."""

import csv
import re
import shlex
import shutil
import tomllib
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
        with (EXAMPLE / "ledger" / spec.name).open(encoding="utf-8-sig", newline="") as file:
            assert tuple(next(csv.reader(file))) == spec.columns, spec.name
    run.invoke(app, ["migrate"])
    done = run.invoke(app, ["import-ledger", str(EXAMPLE / "ledger")])
    assert (done.exit_code, done.stderr) == (0, "")


def test_the_copies_that_the_readme_makes_in_a_checkout_are_never_committed() -> None:
    readme, ignored = ((EXAMPLE.parents[1] / name).read_text("utf-8") for name in ("README.md", ".gitignore"))
    assert "cp -r docs/example/ledger docs/example/anju.toml ." in readme
    assert {"/ledger/", "/anju.toml"} <= set(ignored.splitlines())


def test_the_example_settings_would_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(tmp_path))
    run.invoke(app, ["migrate"])
    assert run.invoke(app, ["check-config", str(EXAMPLE / "anju.toml")]).exit_code == 0


def test_before_the_service_ran_the_quarantine_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(tmp_path))
    said = run.invoke(app, ["quarantine", "list"])
    assert said.exit_code == 2
    assert "readings.db isn't there yet: anju run makes it" in said.stderr


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_a_newcomer_gets_going_by_the_readmes_commands_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, readme: str
) -> None:
    text = (EXAMPLE.parents[1] / readme).read_text(encoding="utf-8")
    commands = [shlex.split(line, comments=True)[1:] for line in re.findall(r"^    (\.venv/bin/anju .*)$", text, re.M)]
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    assert commands.pop() == ["run", "--settings", "anju.toml"]  # what would keep it from starting says the one before
    for command in commands:
        result = run.invoke(app, command, input="a long password\na long password\n")
        assert (command, result.exit_code, result.exception) == (command, 0, None), result.stderr
    assert commands[-1] == ["check-config", "anju.toml"]


def test_the_example_asks_for_no_account_at_the_broker_and_names_the_order_of_commands() -> None:
    text = (EXAMPLE / "anju.toml").read_text(encoding="utf-8")
    assert "username" not in tomllib.loads(text)["mqtt"]
    assert [text.index(f"anju {command}") for command in ("migrate", "check-config", "run")] == sorted(
        text.index(f"anju {command}") for command in ("migrate", "check-config", "run")
    )
