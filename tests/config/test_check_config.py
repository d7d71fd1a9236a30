"""`anju check-config` as typed: whatever `anju run` would refuse, all of it in one run."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anju import app
from web.notes import new_key

run = CliRunner()


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(tmp_path / "var"))
    run.invoke(app, ["migrate"])
    return tmp_path / "var"


def said(tmp_path: Path, toml: str = "", env: Mapping[str, str] = {}) -> list[str]:
    """What is wrong, a line each; none where the settings would do."""
    file = tmp_path / "anju.toml"
    file.write_text(toml, encoding="utf-8")
    result = run.invoke(app, ["check-config", str(file)], env=env)
    lines = result.stderr.splitlines()
    assert result.exit_code == (2 if any(line.startswith("anju: ") for line in lines) else 0)
    return [line.removeprefix("anju: ") for line in lines if line.startswith("anju: ")]


def test_all_that_is_wrong_is_named_in_one_run_whatever_kind_it_is_of(tmp_path: Path) -> None:
    policies = tmp_path / "policies.toml"
    policies.write_text("low_use = 3\n[sos]\nrepeats = 'no'\nask_minuts = 3\n[community.c1.gas]\nsteps = []\n")
    found = said(
        tmp_path,
        f"""
        [mqtt]
        port = "x"
        topics = "a/#/b"
        [ingest]
        formats = "a=b c"
        [sms]
        channel = "pigeon aliyun"
        aliyun_caps = "often"
        [notify]
        policies = "{policies}"
        heartbeat_url = "anju"
        [web]
        public_url = "anju"
        trusted_proxies = "x y"
        """,
        {"ANJU_WEB_LINK_KEYS": "short", "ANJU_WEB_NOTES_KEYS": "short YWJj", "ANJU_INFLUX_URL": "http://a:99999"},
    )
    for wanted in (
        "mqtt.port = 'x': wants a whole number",
        "mqtt.topics: 'a/#/b': + and # stand alone",
        "ingest.formats: 'a=b', 'c': not FILTER=FORMAT",
        "sms.channel = 'pigeon aliyun': wants log, or some of aliyun, tencent, twilio, voice",
        "sms.aliyun_key_id is needed for sms.channel = 'aliyun'",
        "sms.aliyun_key_secret is needed",
        "sms.aliyun_caps: 'often'",
        "[low_use] = 3: wants a table",
        "[sos]: repeats = 'no': wants true or false",
        "[sos]: ask_minuts is unknown",
        "[community.c1.gas]: steps = []: wants lists",
        "notify.heartbeat_url: 'anju': wants http:// or https:// and a host",
        "influx.url: 'http://a:99999': wants http://",
        "web.public_url: 'anju': wants http:// or https:// and a host",
        "web.trusted_proxies: 'x', 'y': neither an address nor a network",
        "ANJU_WEB_LINK_KEYS: key 1 has 5 characters, wants 32 or more",
        "ANJU_WEB_NOTES_KEYS: key 1 isn't base64, key 2 has 3 bytes instead of 32; make one by: openssl rand",
    ):
        assert any(wanted in line for line in found), (wanted, found)


@pytest.mark.parametrize(
    ("toml", "wanted"),
    [
        ('[mqtt]\nhost = ""\n', "mqtt.host: '': wants a name or an address alone"),
        ('[mqtt]\nhost = "x y"\n', "mqtt.host: 'x y': wants a name or an address alone"),
        ('[mqtt]\nhost = " broker.example"\n', "mqtt.host: ' broker.example': wants a name or an address alone"),
        ('[mqtt]\nhost = "mqtt://h"\n', "mqtt.host: 'mqtt://h': wants a name or an address alone"),
        ('[mqtt]\nhost = "h:1883"\n', "mqtt.host: 'h:1883': wants a name or an address alone"),
        ('[mqtt]\nhost = "a..b"\n', "mqtt.host: 'a..b': wants a name or an address alone"),
        ('[sms]\nsmtp_host = "smtp://h"\n', "sms.smtp_host: 'smtp://h': wants a name or an address alone"),
        ('[influx]\nurl = " http://h"\n', "influx.url: ' http://h': wants http:// or https:// and a host"),
        ('[influx]\nurl = "http://http://h"\n', "influx.url: 'http://http://h': wants http:// or https:// and a host"),
        ('[influx]\nurl = "http://a..b"\n', "influx.url: 'http://a..b': wants http:// or https:// and a host"),
        ('[web]\nhost = "a..b"\n', "web.host = 'a..b': is no address of this machine"),
        ('[mqtt]\ntopics = ""\n', "mqtt.topics: '': wants topic filters; # for all"),
        ('[mqtt]\ntls = true\ncert_file = "/nowhere"\n', "mqtt.cert_file: /nowhere: can't be read: No such file"),
        (f'[mqtt]\ntls = true\nca_file = "{__file__}"\n', "mqtt.ca_file, cert_file, key_file: not certificates"),
        ('[web]\nhost = "nowhere.invalid"\n', "web.host = 'nowhere.invalid': is no address of this machine"),
        (
            '[web]\npublic_url = "https://anju.example/pages"\n',
            "web.public_url: 'https://anju.example/pages': wants",
        ),
        ('[sms]\nchannel = "voice"\ntwilio_from = "MG1"\n', "sms.twilio_voice_from = 'MG1': wants a number that can"),
        ('[notify]\nwords = "/nowhere"\n', "notify.words: /nowhere: no such folder of words"),
    ],
)
def test_what_would_break_the_start_or_leave_the_service_deaf_is_found_before(
    tmp_path: Path, toml: str, wanted: str
) -> None:
    assert any(line.startswith(wanted) for line in said(tmp_path, toml))


def test_a_wrong_value_is_named_once_and_what_follows_from_it_is_not(tmp_path: Path) -> None:
    found = said(tmp_path, '[sms]\nchannel = "twilio"\ntwilio_account_sid = 3\ntwilio_auth_token = "x"\n')
    assert [line.partition(": ")[2] if line[0] == "/" else line for line in found] == [
        "sms.twilio_account_sid = 3: wants a text",
        "sms.twilio_auth_token is a secret: set ANJU_SMS_TWILIO_AUTH_TOKEN or ..._FILE instead",
        "sms.twilio_from is needed for sms.channel = 'twilio'",
    ]


def test_files_of_another_version_are_found_and_a_file_that_windows_marked_is_read(tmp_path: Path, store: Path) -> None:
    assert said(tmp_path, "\ufeff[mqtt]\nport = 1883\n") == []
    with closing(sqlite3.connect(store / "readings.db")) as db:
        db.execute("PRAGMA user_version = 99")
    (store / "records.db").unlink()
    first, second = said(tmp_path)
    assert first.endswith("records.db doesn't exist; make it with: anju migrate")
    assert "readings.db has schema 99, newer than this version's" in second


def test_good_keys_will_do_and_texts_that_are_only_logged_are_a_warning(tmp_path: Path) -> None:
    keys = {"ANJU_WEB_NOTES_KEYS": f"{new_key()} {new_key()}", "ANJU_WEB_LINK_KEYS": "x" * 32}
    assert said(tmp_path, "", keys) == []
    without_a_file = run.invoke(app, ["check-config"], env=keys)
    assert (without_a_file.exit_code, without_a_file.stdout) == (0, "the environment: in order\n")
    assert without_a_file.stderr == "warning: texts are only logged, not sent: set sms.channel\n"


def test_run_refuses_in_the_same_words(tmp_path: Path) -> None:
    env = {"ANJU_WEB_LINK_KEYS": "short", "ANJU_MQTT_HOST": ""}
    refused = run.invoke(app, ["run"], env=env)
    assert refused.exit_code == 2
    assert [line.removeprefix("anju: ") for line in refused.stderr.splitlines()] == said(tmp_path, "", env)
