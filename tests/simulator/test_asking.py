"""Who is asked at night, and who hears of it: counted as the service does it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.finding import AlertKind, Level
from domain.recording import Recording
from simulator.asking import ALERT, ASK, ask_first
from simulator.cases import Home, Incident, IncidentKind
from simulator.contestants import About
from simulator.figures import figures
from simulator.judge import Outcome, Trial

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOTHING = Recording(meter_id="m", at_s=np.array([0, 3600]), register_l=np.array([0.0, 0.0]))
HOME = Home(about=About(home_id="m", zone=SHANGHAI), pipe=NOTHING)


def at_s(clock: str, day: int = 1) -> float:
    return datetime.fromisoformat(f"2026-03-0{day} {clock}").replace(tzinfo=SHANGHAI).timestamp()


def heard(
    asks: list[float], alerts: list[float], ends: list[float], *, replies: float
) -> tuple[list[float], list[float]]:
    """When the resident was asked, and the carer told."""
    trial = Trial(home=HOME, rises={ASK: asks, ALERT: alerts}, outcomes=(), ends={AlertKind.LOW_USE: ends})
    [counted] = ask_first([trial], replies=replies)
    return list(counted.rises[ASK]), list(counted.rises[ALERT])


def test_a_doubt_at_night_that_water_ends_before_seven_is_never_asked() -> None:
    assert heard([at_s("23:00")], [], [at_s("06:00", 2)], replies=0.0) == ([], [])


def test_a_doubt_at_night_is_asked_at_seven_and_the_carer_told_half_an_hour_later() -> None:
    asked, told = heard([at_s("23:00")], [at_s("08:00", 2)], [at_s("09:00", 2)], replies=0.0)
    assert (asked, told) == ([at_s("07:00", 2)], [at_s("07:30", 2)])


def test_an_alert_at_night_is_told_though_nobody_was_asked_and_by_day_an_answer_holds_it_back() -> None:
    ends = [at_s("09:00", 2)]
    assert heard([at_s("23:00")], [at_s("02:00", 2)], ends, replies=1.0) == ([], [at_s("02:00", 2)])
    assert heard([at_s("12:00")], [at_s("13:00")], ends, replies=1.0) == ([at_s("12:00")], [])


def test_what_one_in_ten_leaves_unanswered_counts_a_tenth() -> None:
    hours = np.arange(60 * 24)
    register_l = np.floor(hours / 12.0)  # a litre at noon, another at midnight
    pipe = Recording(meter_id="m", at_s=int(at_s("00:00")) + 3600 * hours, register_l=register_l)
    asked_s = at_s("20:00") + 50 * 86400.0
    rises, ends = {ASK: [asked_s], ALERT: [asked_s + 7200.0]}, {AlertKind.LOW_USE: [asked_s + 4 * 3600.0]}
    trial = Trial(home=replace(HOME, pipe=pipe), rises=rises, outcomes=(), ends=ends)
    alone, asked = (figures(of, IncidentKind.COLLAPSE).worst_home for of in ([trial], ask_first([trial], replies=0.9)))
    assert asked == pytest.approx(0.1 * alone, abs=0.005) != 0.0


def test_water_within_the_half_hour_is_the_answer() -> None:
    assert heard([at_s("12:00")], [], [at_s("12:20")], replies=0.0) == ([at_s("12:00")], [])


@pytest.mark.parametrize(("asked_h", "alert_h", "told_h"), [(6.0, 12.0, 12.0), (6.0, 20.0, 13.5), (inf, 14.0, 14.0)])
def test_after_a_collapse_nobody_answers(asked_h: float, alert_h: float, told_h: float) -> None:
    """It is 18:00; an ask at midnight goes out at seven, thirteen hours after."""
    incident = Incident(kind=IncidentKind.COLLAPSE, onset_s=at_s("18:00"))
    outcomes = [
        Outcome(incident=incident, level=level, delay_h=delay_h, hidden=delay_h == inf)
        for level, delay_h in ((Level.ASK, asked_h), (Level.ALERT, alert_h))
    ]
    [counted] = ask_first([Trial(home=HOME, rises={}, outcomes=outcomes)])
    assert [o.delay_h for o in counted.outcomes if o.level is Level.ALERT] == [told_h]
    assert datetime.fromtimestamp(incident.onset_s, UTC) + timedelta(hours=13) == datetime.fromtimestamp(
        at_s("07:00", 2), UTC
    )
