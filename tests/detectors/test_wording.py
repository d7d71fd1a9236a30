"""Reasons in words."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from detectors.wording import TEMPLATES, explain
from domain.finding import Reason
from domain.people import Language


@pytest.mark.parametrize(("every_hours", "said"), [(0.3, "0.3 h"), (1.5, "1.5 h"), (9.6, "10 h")])
def test_what_comes_every_few_minutes_doesn_t_come_every_nought_hours(every_hours: float, said: str) -> None:
    assert f"every {said}" in explain(Reason(key="low_use_row", values={"every_hours": every_hours}), "en", UTC)


@pytest.mark.parametrize("key", [key for key in TEMPLATES if key.startswith("low_use")])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_longest_silence_is_told_of_only_where_one_has_ended(key: str, language: str) -> None:
    asked = TEMPLATES[key][Language(language)]
    values: dict[str, float | str] = {"silent_hours": 23.0, "expected_uses": 4.0, "longest_hours": 0.0}
    young = explain(Reason(key=key, values=values), language, UTC)
    known = explain(Reason(key=key, values=values | {"longest_hours": 17.0}), language, UTC)
    assert "28" not in young
    assert ("17" in known) is ("{longest_hours}" in asked)
    assert young[-1] in ".。"


@pytest.mark.parametrize(
    ("key", "name"), [("found", "at"), ("gas", "at"), ("constant_flow_tap", "since_at"), ("gateway_silent", "last_at")]
)
def test_every_moment_is_said_on_the_wall_clock_of_the_home(key: str, name: str) -> None:
    values: dict[str, float | str] = {name: "2026-04-23T07:25:07+00:00", "flow_lph": 240.0, "record_lph": 100.0}
    assert "Thu 23 Apr 15:25" in explain(Reason(key=key, values=values), "en", ZoneInfo("Asia/Shanghai"))
    assert "4月23日15:25" in explain(Reason(key=key, values=values), "zh", ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize("grade", ["tap", "leak", "burst"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nobody_reads_that_nought_litres_an_hour_are_usual(grade: str, language: str) -> None:
    values: dict[str, float | str] = {"since_at": "2026-04-23T07:25:07+00:00", "flow_lph": 60.0, "record_lph": 0.0}
    said = explain(Reason(key=f"constant_flow_{grade}", values=values), language, UTC)
    assert "60" in said
    assert " 0 " not in said
    assert "0升" not in said.replace("60升", "")
    usual = explain(Reason(key=f"constant_flow_{grade}", values=values | {"record_lph": 7.0}), language, UTC)
    assert "7" in usual


@pytest.mark.parametrize(
    ("minutes", "en", "zh"), [(60.0, "60 min", "60分钟"), (67.3, "67 min", "67分钟"), (1440.0, "24 h", "24小时")]
)
def test_a_meters_rhythm_is_said_as_people_say_it(minutes: float, en: str, zh: str) -> None:
    reason = Reason(key="no_data", values={"last_at": "2026-04-23T07:25:07+00:00", "rhythm_minutes": minutes})
    assert f"about every {en}. " in explain(reason, "en", UTC)
    assert f"约每{zh}一次" in explain(reason, "zh", UTC)


@pytest.mark.parametrize("key", ["no_data", "no_data_never"])
def test_a_meter_whose_readings_are_all_refused_is_not_said_to_send_none(key: str) -> None:
    reason = Reason(key=key, values={"last_at": "2026-04-23T07:25:07+00:00", "rhythm_minutes": 60.0})
    assert "usable" in explain(reason, "en", UTC)
    assert "可用" in explain(reason, "zh", UTC)


def test_no_reason_in_chinese_holds_a_word_of_the_programs() -> None:
    for case in ("unreadable", "replaced", "jump", "return", "unit change"):
        reason = Reason(key="no_data_unusable", values={"since_at": "2026-04-23T07:25:07+00:00", "case": case})
        assert not any(
            letter.isascii() and letter.isalpha() for letter in explain(reason, "zh", ZoneInfo("Asia/Shanghai"))
        )
