"""`anju migrate` and `anju import-ledger`, as typed."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anju import app, main
from store.migrations import head, revision

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


METER = "meter_id,household_id\nm1,h1\n"


def one_building(data: Path, **files: str) -> Path:
    """The ledger's files of one building, and these."""
    folder = Path(communities(data, "Asia/Shanghai"))
    files |= {"grids": "grid_id,community_id,name\ng,x,G\n", "buildings": "building_id,grid_id,name\nb,g,B\n"}
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_the_folder_and_the_file_that_migrate_makes_are_for_its_account_alone(data: Path) -> None:
    run.invoke(app, ["migrate"])
    assert [path.stat().st_mode & 0o077 for path in (data / "var", data / "var" / "records.db")] == [0, 0]


def test_a_ledger_is_checked_then_imported(data: Path) -> None:
    folder = communities(data, "Asia/Shanghai")
    assert "schema" in run.invoke(app, ["migrate"]).stdout
    for options, again in ((["--dry-run"], False), ([], False), ([], True)):
        result = run.invoke(app, ["import-ledger", folder, *options])
        assert result.exit_code == 0
        said = f"communities.csv: {int(not again)} new, 0 changed, {int(again)} as before\n"
        assert result.stdout == said + ("dry run: nothing was written\n" if options else "")


def test_what_is_wrong_with_a_ledger_is_said_in_chinese_where_that_is_asked_for(data: Path) -> None:
    run.invoke(app, ["migrate"])
    folder = one_building(
        data, households="household_id,building_id,door\nh1,b,101\nh2,b9,102\nh3,,103\n", meters=METER
    )
    said = run.invoke(app, ["import-ledger", str(folder), "--language", "zh", "--dry-run"])
    assert said.exit_code == 1
    assert "households.csv：新增1，改动0，不变0，没有导入2\n" in said.stdout
    assert said.stdout.endswith("试运行：什么也没有写入\n")
    assert "anju: households.csv 第3行 building_id：buildings.csv 和台账里都没有'b9'\n" in said.stderr
    assert "anju: households.csv 第4行 building_id：没有填\n" in said.stderr
    assert "注意：没有守护，因为没有人同意查看用水：h1 B 101\n" in said.stderr
    assert said.stderr.endswith("anju: 没有导入2行，它们写到的保持原样\n")
    empty = run.invoke(app, ["import-ledger", str(data / "nowhere"), "--language", "zh"])
    assert (empty.exit_code, "这里没有 CSV 文件" in empty.stderr) == (2, True)


def test_a_wrong_word_is_answered_with_the_words_that_a_chinese_clerk_may_write(data: Path) -> None:
    run.invoke(app, ["migrate"])
    homes = "".join(f"h{n},b,{n}01\n" for n in range(1, 13))
    folder = one_building(
        data,
        households=f"household_id,building_id,door\n{homes}",
        residents="resident_id,household_id,name,language,categories\nr1,h1,王秀英,中文,空巢户\n",
        contacts="contact_id,name,role,phone,language\nc1,王丽,duty_staff,+86 138 1234 5678,中文\nc2,李敏,运维,,中文\n",
    )
    said = run.invoke(app, ["import-ledger", str(folder), "--language", "zh"]).stderr
    groups = "独居、空巢、80岁以上、低保、特困、残疾、计生特殊家庭、失智、其他"
    assert f"residents.csv 第2行 categories：'空巢户'不在其中：{groups}\n" in said
    assert "role：'运维'不在其中：监护人、网格员、志愿者、值班人员、主管、运维人员\n" in said
    assert "'c1'是值班人员：收不到任何一户的通知" in said
    assert "注意：没有水表：h1 B 101, h10 B 1001, h11 B 1101, " in said
    assert ", h6 B 601, h7 B 701，另有2个\n" in said


@pytest.mark.parametrize("options", [["--dry-run"], []])
def test_a_home_that_nobody_would_be_told_of_is_named(data: Path, options: list[str]) -> None:
    folder = one_building(data, households="household_id,building_id,door\nh1,b,101\n")
    run.invoke(app, ["migrate"])
    result = run.invoke(app, ["import-ledger", str(folder), *options])
    assert result.exit_code == 0
    assert "warning: nobody who can be reached: h1 B 101\n" in result.stderr
    assert "warning: no meter: h1 B 101\n" in result.stderr


@pytest.mark.parametrize(("channel", "named"), [("twilio", True), ("twilio voice", False), ("log", False)])
def test_who_has_a_landline_is_named_where_no_calls_are_set_up(
    data: Path, monkeypatch: pytest.MonkeyPatch, channel: str, named: bool
) -> None:
    monkeypatch.setenv("ANJU_SMS_CHANNEL", channel)
    folder = one_building(
        data,
        households="household_id,building_id,door\nh1,b,101\n",
        contacts="contact_id,name,role,phone,language\nc1,王丽,guardian,+86 0551 655 1234,zh\n",
        guardians="household_id,contact_id,order\nh1,c1,1\n",
    )
    run.invoke(app, ["migrate"])
    said = run.invoke(app, ["import-ledger", str(folder), "--language", "zh"]).stderr
    assert ("座机收不到短信，而 sms.channel 没有设置打电话（voice），通知不到：c1 王丽\n" in said) is named
    assert ("没有能联系上的监护人：h1 B 101\n" in said) is named


def test_a_meter_of_a_home_without_consent_is_named(data: Path) -> None:
    folder = one_building(data, households="household_id,building_id,door\nh1,b,101\n", meters=METER)
    run.invoke(app, ["migrate"])
    assert (
        "warning: not watched: no consent to watching the water: h1 B 101\n"
        in run.invoke(app, ["import-ledger", str(folder)]).stderr
    )
    (folder / "households.csv").write_text("household_id,building_id,door,water_consent_by\nh1,b,101,Wang\n")
    refused = run.invoke(app, ["import-ledger", str(folder)])
    assert "households.csv row 2, water_consent_paper: is empty, but water_consent_by isn't" in refused.stderr


def test_a_meter_that_leaves_a_home_with_a_running_alert_is_named_also_in_a_dry_run(data: Path) -> None:
    folder = one_building(data, households="household_id,building_id,door\nh1,b,101\nh2,b,102\n", meters=METER)
    run.invoke(app, ["migrate"])
    run.invoke(app, ["import-ledger", str(folder)])
    at = "2026-03-09 07:00:00.000000"
    with closing(sqlite3.connect(data / "var" / "records.db")) as db, db:
        db.execute(
            "INSERT INTO alerts"
            " (household_id, subject, kind, level, state, reason, raised_at, since, opened_at, last_at)"
            " VALUES ('h1', 'h1', 'low_use', 'alert', 'notified', ?, ?, ?, ?, ?)",
            ['{"key": "low_use", "values": {}}', *[at] * 4],
        )
    (folder / "meters.csv").write_text("meter_id,household_id\nm1,h2\n")
    for options in (["--dry-run"], []):
        said = run.invoke(app, ["import-ledger", str(folder), *options]).stderr
        assert "warning: alert 1 (low_use) of h1 goes on though m1 moves to h2: no reading ends it any more" in said
    assert "goes on" not in run.invoke(app, ["import-ledger", str(folder)]).stderr


def test_a_mistake_ends_with_its_place_and_status_2(data: Path) -> None:
    run.invoke(app, ["migrate"])
    result = run.invoke(app, ["import-ledger", communities(data, "Asia/Shangai")])
    assert result.exit_code == 2
    assert "communities.csv row 2, timezone: 'Asia/Shangai' is no time zone" in result.stderr


def test_a_refused_row_is_told_with_status_1_and_the_others_are_taken(data: Path) -> None:
    run.invoke(app, ["migrate"])
    folder = one_building(
        data, households="household_id,building_id,door\nh1,b,101\nh2,b,102\n", meters=METER + "m 2,h2\n"
    )
    for options in (["--dry-run"], []):
        result = run.invoke(app, ["import-ledger", str(folder), *options])
        assert (result.exit_code, "meters.csv: 1 new, 0 changed, 0 as before, 1 refused\n" in result.stdout) == (
            1,
            True,
        )
        assert "anju: meters.csv row 3, meter_id: 'm 2' can't be a meter's id: a blank in it" in result.stderr
        assert result.stderr.endswith("anju: rows refused: 1; what they name stays as it was\n")


def test_without_a_records_file_the_command_that_makes_it_is_named(data: Path) -> None:
    result = run.invoke(app, ["import-ledger", communities(data, "Asia/Shanghai")])
    assert result.exit_code == 2
    assert "make it with: anju migrate" in result.stderr


def test_a_command_that_only_reads_waits_for_no_writer(data: Path) -> None:
    run.invoke(app, ["migrate"])
    with closing(sqlite3.connect(data / "var" / "records.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert revision(data / "var" / "records.db") == head()


@pytest.mark.parametrize("command", [["import-ledger", "."], ["migrate"], ["quarantine", "list"], ["selftest"]])
def test_files_that_are_damaged_end_a_command_in_one_line(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    (data / "var").mkdir()
    for name in ("records.db", "readings.db"):
        (data / "var" / name).write_bytes(b"not a database" * 1000)
    monkeypatch.setattr(sys, "argv", ["anju", *command])
    with pytest.raises(SystemExit) as ended:
        main()
    said = f"{ended.value.code}{capsys.readouterr().err}"
    assert "file is not a database" in said
    assert said.count("\n") <= 1
