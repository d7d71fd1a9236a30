"""Settings: defaults, file, environment; every mistake named."""

from pathlib import Path

import pytest

from config.document import page
from config.load import load
from config.setting import ConfigError
from config.settings import Settings, described


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "anju.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_file_and_environment_the_defaults_hold() -> None:
    assert load(None, {}) == Settings()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[mqtt]\nhost = "broker.example"\nport = 8883\n')
    settings = load(path, {"ANJU_MQTT_PORT": "1884", "PATH": "/bin"})
    assert (settings.mqtt.host, settings.mqtt.port) == ("broker.example", 1884)


def test_an_unknown_key_stops_and_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mqtt\.prot is no setting; the nearest is mqtt\.port"):
        load(written(tmp_path, "[mqtt]\nprot = 1883\n"), {})


def test_an_unknown_variable_of_ours_stops_too() -> None:
    with pytest.raises(ConfigError, match="ANJU_MQTT_HOSTS is no setting; the nearest is ANJU_MQTT_HOST"):
        load(None, {"ANJU_MQTT_HOSTS": "x"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[mqtt]\nport = "1883"\n', r"mqtt\.port = '1883': wants a whole number"),
        ("[mqtt]\nport = true\n", r"mqtt\.port = True: wants a whole number"),
        ("[detect]\nbudget = 'much'\n", r"detect\.budget = 'much': wants a number from 0\.01 to 10 \[per household"),
        ("port = 1\n", "'port' stands outside a section; the nearest is"),
        ("[mqtt\n", "not TOML"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_do(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(written(tmp_path, text), {})


@pytest.mark.parametrize(("encoding", "line"), [("gbk", 3), ("utf-16", 1)])
def test_a_file_that_notepad_saved_in_another_encoding_is_told_with_the_line_and_what_to_do(
    tmp_path: Path, encoding: str, line: int
) -> None:
    path = tmp_path / "anju.toml"
    path.write_bytes('[sms]\r\nchannel = "log"\r\naliyun_sign = "安居"\r\n'.encode(encoding))
    with pytest.raises(ConfigError) as refused:
        load(path, {})
    assert str(refused.value) == f"{path}: line {line} is not UTF-8 text: save the file as UTF-8"


def test_a_file_that_notepad_marked_as_utf_8_is_read(tmp_path: Path) -> None:
    path = tmp_path / "anju.toml"
    path.write_bytes('[sms]\r\naliyun_sign = "安居"\r\n'.encode("utf-8-sig"))
    assert load(path, {}).sms.aliyun_sign == "安居"


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("store", "keep_days", "0"),  # would delete every reading
        ("store", "keep_days", "-1"),
        ("detect", "budget", "-1"),
        ("detect", "budget", "nan"),
        ("detect", "safety_net_hours", "0"),  # would alert without end
        ("detect", "safety_net_hours", "inf"),  # would switch the net off
        ("notify", "texts_a_second", "0"),  # would send nothing
        ("notify", "workers", "0"),
        ("web", "port", "99999"),
        ("store", "commit_messages", "0"),
    ],
)
def test_a_number_beyond_its_bounds_is_named_with_them(tmp_path: Path, section: str, name: str, value: str) -> None:
    words = rf"{name}.* = .*: wants a (whole )?number from \d[\d.]* to \d+"
    with pytest.raises(ConfigError, match=words):
        load(written(tmp_path, f"[{section}]\n{name} = {value}\n"), {})
    with pytest.raises(ConfigError, match=words.replace(name, name.upper())):
        load(None, {f"ANJU_{section}_{name}".upper(): value})


def test_every_default_is_within_its_bounds() -> None:
    numbers = [d for d in described() if d.type in (int, float)]
    assert len(numbers) > 10
    assert all(d.within and d.within[0] <= float(d.default) <= d.within[1] for d in numbers)


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, 'loose = 1\n[mqtt]\nprot = 1883\nport = "x"\n')
    with pytest.raises(ConfigError) as caught:
        load(path, {"ANJU_WEB_PORT": "x", "ANJU_MQTT_HOSTS": "x"})
    assert len(str(caught.value).splitlines()) == 5


def test_a_whole_number_will_do_for_a_number(tmp_path: Path) -> None:
    assert load(written(tmp_path, "[detect]\nbudget = 1\n"), {}).detect.budget == 1.0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: can't be read: No such file"):
        load(tmp_path / "nowhere.toml", {})


def test_a_secret_in_the_file_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"secret: set ANJU_MQTT_PASSWORD or \.\.\._FILE") as caught:
        load(written(tmp_path, '[mqtt]\npassword = "hunter2"\n'), {})
    assert "hunter2" not in str(caught.value)


def test_a_secret_comes_from_a_named_file(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n", encoding="utf-8")
    assert load(None, {"ANJU_SMS_TWILIO_AUTH_TOKEN_FILE": str(secret)}).sms.twilio_auth_token == "s3cret"


def test_a_secret_file_that_is_missing_is_loud() -> None:
    with pytest.raises(ConfigError, match="ANJU_MQTT_PASSWORD_FILE=/nowhere: can't be read"):
        load(None, {"ANJU_MQTT_PASSWORD_FILE": "/nowhere"})


def test_the_docs_agree_with_the_settings() -> None:
    docs = Path(__file__).parents[2] / "docs" / "settings.md"
    assert docs.read_text(encoding="utf-8") == page(), "run: python -m config.document > docs/settings.md"
