"""Policies by file: for all communities or for one; a slip of the pen is named."""

from pathlib import Path

import pytest

from config.policies import load_policies
from config.setting import ConfigError
from domain.finding import AlertKind, Level
from notifier.preview import timeline
from notifier.timelines import Policies


def wrote(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "policies.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_timeline_asks_then_tells_family_and_staff_then_goes_on_until_the_supervisor() -> None:
    assert timeline(Policies(), AlertKind.LOW_USE, Level.ASK) == [
        "+0 min: resident: ask (resident_asked_first)",
        "+30 min: first_guardian, paired: notify (resident_did_not_answer)",
        "+40 min: other_contacts: notify (nobody_acknowledged)",
        "+50 min: duty_staff: notify (nobody_acknowledged)",
        "+60 min: supervisor: notify (nobody_acknowledged)",
        "+70 min: first_guardian, paired: notify (started_again)",
        "and so on until somebody acknowledges, after a day with 120 min between rounds; "
        "an acknowledgement lasts 30 min without arrival",
    ]


def test_a_community_has_its_own_timeline_and_the_others_keep_theirs(tmp_path: Path) -> None:
    policies = load_policies(
        wrote(tmp_path, '[community.c1.low_use]\nask_minutes = 15\nsteps = [["paired"], ["duty_staff"]]\n')
    )
    assert (
        timeline(policies, AlertKind.LOW_USE, Level.ASK, "c1")[1] == "+15 min: paired: notify (resident_did_not_answer)"
    )
    assert timeline(policies, AlertKind.LOW_USE, Level.ASK, "c2") == timeline(Policies(), AlertKind.LOW_USE, Level.ASK)


def test_zero_minutes_of_asking_asks_nobody(tmp_path: Path) -> None:
    policies = load_policies(wrote(tmp_path, "[low_use]\nask_minutes = 0\n"))
    assert timeline(policies, AlertKind.LOW_USE, Level.ASK)[0] == "+0 min: first_guardian, paired: notify (raised)"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[low_usage]\n", "low_usage is unknown; did you mean low_use?"),
        ("[low_use]\nask_minuts = 3\n", "ask_minuts is unknown; did you mean ask_minutes?"),
        ("[low_use]\nstep_minutes = -1\n", "step_minutes = -1: wants minutes, 1 to 10080"),
        ('[low_use]\nsteps = [["gardian"]]\n', "gardian is unknown"),
        ("[low_use]\nsteps = []\n", "wants lists of groups"),
        ("[low_use\n", "Expected"),
    ],
)
def test_a_slip_of_the_pen_is_named_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says.replace("[", r"\[").replace("?", r"\?")):
        load_policies(wrote(tmp_path, text))
