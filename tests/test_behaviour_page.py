"""The pages about alerts and texts agree with the program."""

import re
from pathlib import Path

import pytest

from config.policies import load_policies
from config.sms import load_words
from domain.finding import AlertKind, Level
from notifier.channels.registered import to_register
from notifier.messages import Texts
from notifier.preview import timeline

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("page", "rows"), [("alert-behaviour.md", 20), ("wristbands.md", 8)])
def test_every_row_of_the_pages_is_proved_by_a_test_that_exists(page: str, rows: int) -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / page).read_text(encoding="utf-8")))
    files = list(ROOT.glob("tests/**/test_*.py"))  # a row may be proved by a whole file
    there = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))}
    there |= {file.stem for file in files}
    assert len(named) > rows
    assert named - there == set()


def test_the_tables_for_registration_are_what_the_command_prints() -> None:
    page = (ROOT / "docs" / "sms-in-china.md").read_text(encoding="utf-8")
    for provider in ("aliyun", "tencent"):
        for key, wording in to_register(Texts(words=load_words()), provider).items():
            assert f"| `{key}` | {wording} |\n" in page


def test_the_policies_on_the_page_of_texts_are_ones_that_load(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "texts.md").read_text(encoding="utf-8")
    file = tmp_path / "policies.toml"
    file.write_text(page.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    policies = load_policies(file)
    assert timeline(policies, AlertKind.LOW_USE, Level.ASK)[1].startswith("+20 min: first_guardian, paired")
    assert timeline(policies, AlertKind.CONSTANT_FLOW, Level.ALERT, "c1")[0].startswith("+0 min: paired")
