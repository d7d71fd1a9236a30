"""Files that a person may hand to a command: each says what it is in one line, and none ends in a traceback."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from anju import app

run = CliRunner()
GOOD = "ts,register_l\n" + "".join(f"2026-01-{1 + h // 24:02}T{h % 24:02}:00:00Z,{1000 + 7 * h}\n" for h in range(480))
NOT_TEXT: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "only_blank_lines": (b"\r\n\n", "is empty"),
    "utf16": (GOOD.encode("utf-16"), "is UTF-16 text; save it in UTF-8"),
    "utf16_without_a_mark": (GOOD.encode("utf-16-be"), "is UTF-16 text; save it in UTF-8"),
    "spreadsheet": (b"PK\x03\x04" + bytes(range(256)), "is a spreadsheet or an archive; save it as CSV in UTF-8"),
    "broken_gzip": (b"\x1f\x8b" + GOOD.encode(), "not a whole gzip file (Unknown compression method)"),
    "other_columns": (b"time,value\n1,2\n", "no column ts, only 'time,value'; wanted is"),
}
COMMANDS: dict[str, Callable[[Path], list[str]]] = {
    "detect": lambda path: ["detect", str(path)],
    "absences": lambda path: ["detect", str(path.with_name("good.csv")), "--absences", str(path)],
    "budgets": lambda path: ["budgets", str(path), "--budget", "0.5"],
    "replay": lambda path: ["replay", str(path), "--to", "mqtt://127.0.0.1:1", "--speed", "0"],
    "decode": lambda path: ["decode", "--messages", str(path)],
}


def wrote(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.with_name("good.csv").write_text(GOOD)
    return path


def ended(result: Result) -> Result:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", [kind for kind in NOT_TEXT if kind != "other_columns"])
def test_a_file_without_text_is_told_in_one_line_with_status_2(tmp_path: Path, command: str, kind: str) -> None:
    content, reason = NOT_TEXT[kind]
    path = wrote(tmp_path / "home.csv", content)
    result = ended(run.invoke(app, COMMANDS[command](path)))
    (line,) = [line for line in result.stderr.splitlines() if str(path) in line]
    assert (result.exit_code, line.rpartition(f"{path}: ")[2]) == (2, reason)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path: Path, command: str) -> None:
    wrote(tmp_path / "x.csv", b"")
    for path, reason in ((tmp_path, "can't be read (Is a directory)"), (tmp_path / "nowhere.csv", "no such file")):
        result = ended(run.invoke(app, COMMANDS[command](path)))
        assert result.exit_code == 2
        assert f"{path}: {reason}" in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_one_may_not_read_is_told(tmp_path: Path) -> None:
    path = wrote(tmp_path / "home.csv", GOOD.encode())
    path.chmod(0)
    assert f"{path}: can't be read (Permission denied)" in ended(run.invoke(app, ["detect", str(path)])).stderr


@pytest.mark.parametrize("command", ["detect", "budgets", "replay"])
def test_other_columns_are_named_beside_those_wanted(tmp_path: Path, command: str) -> None:
    path = wrote(tmp_path / "home.csv", NOT_TEXT["other_columns"][0])
    result = ended(run.invoke(app, COMMANDS[command](path)))
    assert result.exit_code == 2
    assert f"{path}: no column ts, only 'time,value'; wanted is ts,register_l" in result.stderr.splitlines()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("marked.csv", b"\xef\xbb\xbf" + GOOD.encode()),
        ("windows.csv", GOOD.replace("\n", "\r\n").encode()),
        ("packed.csv.gz", gzip.compress(GOOD.encode())),
        ("packed.csv", gzip.compress(GOOD.encode())),
        ("plain.csv.gz", GOOD.encode()),
        ("shell.csv", GOOD.replace("ts,", " ts , ").encode()),
    ],
)
@pytest.mark.parametrize("command", ["detect", "replay"])
def test_a_mark_windows_ends_of_lines_and_gzip_whatever_its_name_are_read(
    tmp_path: Path, command: str, name: str, content: bytes
) -> None:
    result = ended(run.invoke(app, COMMANDS[command](wrote(tmp_path / name, content))))
    broker_alone = [line for line in result.stderr.splitlines() if "no broker" not in line]
    assert (broker_alone, result.exit_code) == ([], 0 if command == "detect" else 1)


def test_a_byte_that_is_no_text_costs_its_line_and_the_status_is_1(tmp_path: Path) -> None:
    path = wrote(tmp_path / "home.csv", GOOD.encode().replace(b"T02:", b"T\xe92", 1))
    for command in ("detect", "replay"):
        result = ended(run.invoke(app, COMMANDS[command](path)))
        assert result.exit_code == 1
        assert f"{path}: 1 of 480 lines can't be used" in result.stderr.splitlines()


def test_a_file_of_alarms_without_their_columns_is_told(tmp_path: Path) -> None:
    path = wrote(tmp_path / "home.alarms.csv", b"ts,id\n1,2\n")
    result = ended(run.invoke(app, COMMANDS["replay"](path)))
    assert result.exit_code == 2
    assert result.stderr == f"{path}: no column device_id, only 'ts,id'; wanted is ts,device_id,kind\n"


def test_homes_to_compare_with_are_asked_for_before_anything_is_simulated(tmp_path: Path) -> None:
    wrote(tmp_path / "home.csv", b"")
    (tmp_path / "good.csv").unlink()
    for command, reason in (("backtest", "no home to judge"), ("realism", "no home to compare with")):
        for folder in (tmp_path, tmp_path / "nowhere"):
            result = ended(run.invoke(app, [command, "--homes", str(folder)]))
            assert (result.exit_code, reason in result.stderr) == (2, True)


@pytest.mark.parametrize("words", [["simulate", "quiet_morning"], ["simulate", "--meters", "3"], ["backtest"]])
def test_a_folder_to_write_to_that_is_a_file_is_told_before_the_work(tmp_path: Path, words: list[str]) -> None:
    path = wrote(tmp_path / "home.csv", b"")
    result = ended(run.invoke(app, [*words, "--out", str(path)]))
    assert (result.exit_code, result.stderr) == (2, f"anju: --out {path}: no folder can be made there (File exists)\n")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_excel_saves_with_semicolons_or_tabs_is_read(tmp_path: Path, separator: str) -> None:
    path = wrote(tmp_path / "home.csv", GOOD.replace(",", separator).encode())
    away = tmp_path / "away.csv"
    away.write_text("household,from,until\nhome,2026-01-02,2026-01-03\n".replace(",", separator))
    result = ended(run.invoke(app, ["detect", str(path), "--absences", str(away)]))
    assert (result.exit_code, result.stderr) == (0, "")


def test_decimals_behind_a_comma_are_said_to_want_a_point(tmp_path: Path) -> None:
    path = wrote(tmp_path / "home.csv", GOOD.replace(",", ";").replace(";1007\n", ";1007,5\n").encode())
    result = ended(run.invoke(app, ["detect", str(path)]))
    assert f"{path}:3: register_l is no number: '1007,5'; decimals stand behind a point\n" in result.stderr
