"""A detector whose clock stands still calls people at every danger, and a repeated message of it calls nobody again."""

import json
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.wording import explain
from domain.finding import Reason
from ingest.sorted import Message
from tests.notifier.world import ZONE
from tests.scenarios.detector import HOUR, MINUTE, Home


@pytest.fixture(params=["2020-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2038-01-19T03:14:07Z", "its battery"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    home = Home(tmp_path)
    home.clock = home.now.isoformat() if request.param == "its battery" else request.param
    return home


@pytest.mark.parametrize("over", [True, False])
def test_a_second_danger_calls_everybody_though_its_message_is_the_first_ones_to_the_byte(
    home: Home, over: bool
) -> None:
    for _ in range(3):
        assert home.says(True, after=5 * HOUR) == 5
        if over:
            home.says(False)
        home.settle()


def test_it_is_over_when_the_detector_says_so(home: Home) -> None:
    for _ in range(2):
        home.says(True, after=5 * HOUR)
        home.says(False)
        assert home.world.alerts()[-1]["ended_at"] is not None
        home.settle()


@pytest.mark.parametrize("how", ["retained", "again"])
@pytest.mark.parametrize("calm_between", [True, False])
def test_what_the_broker_sends_again_calls_nobody(home: Home, how: str, calm_between: bool) -> None:
    for n in range(3):
        home.says(True, after=5 * HOUR)
        if calm_between and n:
            home.says(False)
            home.says(True)
        home.settle()
        assert home.repeats(9 * MINUTE, retained=how == "retained", again=how == "again") == 0
        assert home.repeats(2 * HOUR, retained=True) == 0
        home.says(False)


def test_an_alarm_that_the_broker_kept_while_we_were_away_is_one_though_it_is_like_an_earlier_one(home: Home) -> None:
    home.says(True)
    rang = home.last
    home.says(False)
    home.settle()
    home.last = rang
    assert home.repeats(3 * HOUR, retained=True) == 5
    home.settle()
    assert home.repeats(3 * HOUR, retained=True) == 0


def test_a_gateway_that_repeats_a_stale_alarm_every_minute_sends_no_storm_of_texts(home: Home) -> None:
    home.says(True)
    home.settle()
    assert sum(home.repeats() for _ in range(60)) <= 5


def test_a_danger_after_days_of_words_that_all_is_well_is_told(home: Home) -> None:
    home.says(True)
    home.says(False)
    home.settle()
    for n in range(48):
        assert home.says(False, after=HOUR, battery=90 - n) == 0
    assert home.says(True, after=HOUR, battery=40) == 5


def test_what_a_gateway_publishes_again_of_a_clock_that_has_gone_on_calls_nobody(tmp_path: Path) -> None:
    home = Home(tmp_path, clock=None)
    home.says(True)
    rang = home.last
    home.says(False, after=5 * MINUTE)
    home.settle()
    home.last = rang
    for after in (MINUTE, HOUR, 20 * HOUR):
        assert home.repeats(after) == 0
    assert home.settled


def test_people_read_that_the_clock_is_wrong_and_what_it_said(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.says(True)
    (alert,) = home.world.alerts()
    reason = Reason(**alert["reason"])  # type: ignore[arg-type]  # as it was written down
    english, chinese = (explain(reason, language, ZONE) for language in ("en", "zh"))
    assert "The clock of gas1 is wrong: it said 2020-01-01 08:00." in english
    assert "设备gas1的时钟不准，当时显示2020-01-01 08:00，" in chinese
    assert "晚到" not in home.world.received[-1].body


@pytest.mark.parametrize(("told_ago", "is_wrong"), [(timedelta(hours=5), False), (timedelta(days=31), True)])
def test_of_a_press_that_may_have_been_held_up_nobody_says_that_its_clock_is_wrong(
    tmp_path: Path, told_ago: timedelta, is_wrong: bool
) -> None:
    home = Home(tmp_path)
    said = {"device_id": "sos1", "event": "sos", "at": (home.now - told_ago).isoformat()}
    assert home.hears(Message("anju/gw1/events", json.dumps(said).encode(), home.now)) == 5
    (alert,) = home.world.alerts()
    assert ("told_at" in alert["reason"]["values"]) is is_wrong  # type: ignore[index]  # as it was written down


def test_the_message_is_kept_once_where_staff_see_which_devices_clock_is_wrong(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for _ in range(3):
        home.says(True)
    (kept,) = home.world.readings.kept("refused")
    assert kept.device_id == "gas1"
    told = "at: 2020-01-01T00:00:00+00:00 is behind our clock by 2258 days, and taken as of its receipt"
    assert kept.reason == told


WORDS = st.lists(
    st.tuples(st.sampled_from(["rings", "is quiet", "retained", "again", "settle"]), st.sampled_from([1, 4, 16, 90])),
    min_size=3,
    max_size=14,
)


@settings(max_examples=25, deadline=None)
@given(WORDS)
def test_people_are_called_as_by_a_detector_whose_clock_is_right(words: list[tuple[str, int]]) -> None:
    """What the broker repeats, which the other's does not, calls nobody; its word alone is believed for minutes."""
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        stands, right = Home(Path(one)), Home(Path(other), clock=None)
        for word, minutes in words:
            after = minutes * MINUTE
            if word == "settle" and not stands.settled:
                stands.settle(after)
                right.settle(after)
            elif word in ("rings", "is quiet"):
                assert stands.says(word == "rings", after) == right.says(word == "rings", after)
            elif word == "retained" or stands.now + after - stands.said_at <= 15 * MINUTE:
                due = right.waits(after)
                assert stands.repeats(after, retained=word == "retained", again=word == "again") == due
            assert len(stands.world.alerts()) == len(right.world.alerts())
