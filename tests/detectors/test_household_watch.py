"""One household's watch: what is said, when, and how often."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.episodes import Change, Ended, Raised
from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState, StateError
from detectors.low_use import LowUseParameters
from detectors.parameters import WatchParameters
from detectors.parts import Part
from detectors.wording import explain
from domain.finding import AlertKind, Level
from tests.detectors.homes import HOUR, MONDAY, ordinary_life, registers

SHANGHAI = ZoneInfo("Asia/Shanghai")
WATCH = HouseholdWatch(WatchParameters(), SHANGHAI)
Readings = Iterable[tuple[datetime, float]]


def watched(readings: Readings, state: HouseholdState | None = None) -> tuple[HouseholdState, list[Change]]:
    state = state or WATCH.start()
    return state, [change for at, register_l in readings for change in WATCH.observe(state, at, register_l)]


def raised(changes: list[Change], kind: AlertKind, level: Level = Level.ALERT) -> list[datetime]:
    return [
        change.finding.at
        for change in changes
        if isinstance(change, Raised) and change.finding.kind is kind and change.finding.level is level
    ]


def after(moments: list[datetime], moment: datetime) -> list[datetime]:
    return [at for at in moments if at > moment]


STOPPED = MONDAY + 60 * 24 * HOUR
LIVED = WATCH.dump(watched(registers(ordinary_life(20)))[0])


def test_ordinary_life_stays_within_twice_the_budget() -> None:
    _, changes = watched(registers(ordinary_life(120)))
    trained = MONDAY + timedelta(days=42)
    assert len(after(raised(changes, AlertKind.LOW_USE), trained)) <= 2 * 0.5 * (120 - 42) / 30
    assert after(raised(changes, AlertKind.CONSTANT_FLOW), trained) == []
    assert raised(changes, AlertKind.NO_DATA) == []


def test_a_person_who_stops_using_water_is_noticed_within_a_day_and_once() -> None:
    _, changes = watched(registers(ordinary_life(60) + [0.0] * 72))
    (alert,) = after(raised(changes, AlertKind.LOW_USE), STOPPED)
    assert timedelta(hours=4) < alert - STOPPED < timedelta(hours=24)


def test_however_lax_the_budget_the_resident_has_an_hour_to_answer_before_others_are_told() -> None:
    lax = LowUseParameters(budget=900.0, ask_budget=900.0, without=frozenset({Part.PLAN}))
    watch = HouseholdWatch(WatchParameters(low_use=lax), SHANGHAI)
    state = watch.start()
    life = registers(ordinary_life(59) + [9.0, 0.0] * 12 + [0.0] * 24)
    changes = [change for at, register_l in life for change in watch.observe(state, at, register_l)]
    (asked,) = after(raised(changes, AlertKind.LOW_USE, Level.ASK), STOPPED)
    (alert,) = after(raised(changes, AlertKind.LOW_USE), STOPPED)
    assert alert - asked == HOUR


def test_the_resident_is_asked_no_later_than_others_are_told() -> None:
    _, changes = watched(registers(ordinary_life(60) + [0.0] * 72))
    (asked,) = after(raised(changes, AlertKind.LOW_USE, Level.ASK), STOPPED)
    (alert,) = after(raised(changes, AlertKind.LOW_USE), STOPPED)
    assert asked <= alert


@pytest.mark.parametrize("hours", [(7, 8, 12, 18, 20), (8, 9, 14, 16, 17, 18, 22)])
def test_who_lives_by_the_clock_is_not_asked_every_morning(hours: tuple[int, ...]) -> None:
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("UTC"))
    state = watch.start()
    life = registers([20.0 * (hour in hours) for _ in range(75) for hour in range(24)])
    changes = [change for at, register_l in life for change in watch.observe(state, at, register_l)]
    assert raised(changes, AlertKind.LOW_USE, Level.ASK) == []


def test_who_draws_water_every_evening_is_not_asked_just_before() -> None:
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("UTC"))
    state = watch.start()
    life = registers([20.0 * (hour in (11, 12, 13, 21, 22)) for _ in range(75) for hour in range(24)])
    changes = [change for at, register_l in life for change in watch.observe(state, at, register_l)]
    asked = raised(changes, AlertKind.LOW_USE, Level.ASK)
    assert after(asked, MONDAY + 21 * 24 * HOUR) == []  # by then that evening hour is known


def test_a_new_household_is_only_asked_but_the_safety_net_holds_from_the_first_day() -> None:
    _, changes = watched(registers(ordinary_life(3) + [0.0] * 48))
    (alert,) = raised(changes, AlertKind.LOW_USE)
    assert timedelta(hours=32) < alert - (MONDAY + 3 * 24 * HOUR) <= timedelta(hours=37)


@pytest.mark.parametrize("days_before", [0, 1])
def test_weeks_without_readings_are_none_of_the_days_in_which_a_new_household_is_only_asked(days_before: int) -> None:
    """As where a meter was put in, and read once or for a day, long before anybody listened to it."""
    stops = 24 * (days_before + 30 + 4)
    life = list(registers(ordinary_life(days_before + 34) + [0.0] * 30 + [400.0] * 2))
    _, changes = watched(life[: 24 * days_before + 1] + life[24 * (days_before + 30) :])
    assert len(after(raised(changes, AlertKind.LOW_USE, Level.ASK), life[stops][0])) == 1
    assert raised(changes, AlertKind.LOW_USE) == []
    assert raised(changes, AlertKind.CONSTANT_FLOW) == []


def test_a_meter_read_once_weeks_before_it_began_to_report_is_missed_as_soon_as_any_other() -> None:
    state, _ = watched([(MONDAY - timedelta(days=25), 900.0), *registers(ordinary_life(1))])
    other, _ = watched(registers(ordinary_life(1)))
    assert WATCH.deadline(state) == WATCH.deadline(other)


def test_no_readings_are_never_taken_for_no_water() -> None:
    readings = list(registers(ordinary_life(62)))
    back = STOPPED + timedelta(hours=36)
    state, changes = watched(reading for reading in readings if not STOPPED < reading[0] < back)
    assert after(raised(changes, AlertKind.LOW_USE), STOPPED) == []
    assert len(raised(changes, AlertKind.NO_DATA)) == 1
    assert [change.kind for change in changes if isinstance(change, Ended)][-1] is AlertKind.NO_DATA
    assert AlertKind.NO_DATA not in state.running


def test_a_meter_that_falls_silent_is_named_at_its_deadline_and_once() -> None:
    state, _ = watched(registers(ordinary_life(20)))
    due = WATCH.deadline(state)
    assert due is not None
    assert WATCH.tick(state, due - timedelta(seconds=1)) == []
    (change,) = WATCH.tick(state, due + timedelta(hours=3))
    assert isinstance(change, Raised)
    assert change.finding.at == due
    assert WATCH.tick(state, due + timedelta(days=9)) == []
    assert WATCH.deadline(state) is None


def test_a_meter_that_never_reports_is_missed_too() -> None:
    state = WATCH.start(known_since=MONDAY)
    (change,) = WATCH.tick(state, MONDAY + timedelta(days=4))
    assert isinstance(change, Raised)
    assert change.finding.reason.key == "no_data_never"


def test_a_running_tap_is_noticed_within_two_readings() -> None:
    life = ordinary_life(60)
    _, changes = watched(registers(life + [volume + 240.0 for volume in ordinary_life(1)]))
    alert = raised(changes, AlertKind.CONSTANT_FLOW)[0]
    assert alert - (MONDAY + 60 * 24 * HOUR) <= 2 * HOUR


def test_an_announced_absence_keeps_even_the_safety_net_quiet_and_ends_by_itself() -> None:
    state, _ = watched(registers(ordinary_life(60)))
    left = STOPPED
    WATCH.absent(state, left, left + timedelta(days=3))
    nothing = [(left + hour * HOUR, state.register.last_l) for hour in range(1, 140)]
    _, changes = watched(nothing, state)
    (alert,) = raised(changes, AlertKind.LOW_USE)
    assert alert > left + timedelta(days=3, hours=3)


def dry_hours(hours: int, signs: Iterable[int] = (), seen: Iterable[int] = ()) -> list[Change]:
    """What is said in so many hours without water, with a sensor's word, or a visit, after some of them."""
    state, _ = watched(registers(ordinary_life(60)))
    changes: list[Change] = []
    for hour in range(1, hours + 1):
        at = STOPPED + hour * HOUR
        changes += WATCH.observe(state, at, state.register.last_l)
        changes += WATCH.presence(state, at) if hour in signs else []
        changes += WATCH.seen(state, at) if hour in seen else []
        state = WATCH.load(WATCH.dump(state))
    return changes


def test_a_sensor_s_word_stops_the_clock() -> None:
    assert dry_hours(20, signs=range(4, 20, 4)) == []
    assert dry_hours(20) != []


def test_whatever_sensors_say_a_day_without_water_is_asked_about_and_the_net_holds() -> None:
    """A person on the floor, and a cat; then a curtain in the wind, which moves all the time."""
    for every_h in (4, 3, 1):
        changes = dry_hours(72, signs=range(every_h, 73, every_h))
        last_use = max(at for at, volume in zip(times(), ordinary_life(60), strict=True) if volume) + HOUR
        asked, (alert, *_) = raised(changes, AlertKind.LOW_USE, Level.ASK), raised(changes, AlertKind.LOW_USE)
        assert asked[0] - last_use <= timedelta(hours=24)
        assert alert - last_use <= timedelta(hours=36)
        assert len(raised(changes, AlertKind.LOW_USE)) == 1
        words = [explain(c.finding.reason, "en", SHANGHAI) for c in changes if isinstance(c, Raised)]
        assert "pet" in words[-1]


def test_a_sensor_that_never_rests_is_not_believed() -> None:
    """The water alone tells, as if there were no sensor, from the twentieth hour in which it speaks."""
    state, _ = watched(registers(ordinary_life(60)))
    for hour in range(24, -1, -1):
        WATCH.presence(state, STOPPED - hour * HOUR)
    changes: list[Change] = []
    for hour in range(1, 25):
        changes += WATCH.observe(state, STOPPED + hour * HOUR, state.register.last_l)
        changes += WATCH.presence(state, STOPPED + hour * HOUR)
    assert raised(changes, AlertKind.LOW_USE) == raised(dry_hours(24), AlertKind.LOW_USE) != []


def test_who_was_surely_seen_starts_the_net_anew_too() -> None:
    changes = dry_hours(60, signs=range(1, 61, 5), seen=[20])
    (alert, *_) = raised(changes, AlertKind.LOW_USE)
    assert timedelta(hours=44) <= alert - STOPPED <= timedelta(hours=56)


def test_one_odd_reading_a_day_does_not_hold_back_the_net() -> None:
    state, _ = watched(long_used(registers(ordinary_life(60))))
    still_l = state.register.last_l
    odd = [(STOPPED + hour * HOUR, 0.0 if hour % 20 == 3 else still_l) for hour in range(1, 73)]
    _, changes = watched(odd, state)
    assert raised(changes, AlertKind.LOW_USE)[0] - STOPPED <= timedelta(hours=42)


def test_backfill_raises_nothing_about_now() -> None:
    state, _ = watched(registers(ordinary_life(60)))
    late = [
        change
        for hour in range(1, 60)
        for change in WATCH.observe(state, STOPPED + hour * HOUR, state.register.last_l, late=True)
    ]
    assert raised(late, AlertKind.LOW_USE) == []
    now = WATCH.observe(state, STOPPED + 60 * HOUR, state.register.last_l)
    assert len(raised(now, AlertKind.LOW_USE)) == 1


def test_backfill_raises_nothing_where_a_sensor_began_the_habit_s_clock_anew_after_a_day_without_water() -> None:
    state, _ = watched(registers(ordinary_life(60) + [0.0] * 20))
    WATCH.presence(state, STOPPED + 20 * HOUR)
    late = [
        change
        for hour in range(21, 24)
        for change in WATCH.observe(state, STOPPED + hour * HOUR, state.register.last_l, late=True)
    ]
    assert late == []
    assert raised(WATCH.observe(state, STOPPED + 24 * HOUR, state.register.last_l), AlertKind.LOW_USE, Level.ASK)


def test_a_litre_by_itself_answers_a_question_and_takes_nothing_back_of_what_others_were_told() -> None:
    """It may be a drip's: whoever was told is not told that all is well until people draw water."""
    _, silent = watched(registers(ordinary_life(60) + [0.0] * 30))
    (asked,) = after(raised(silent, AlertKind.LOW_USE, Level.ASK), STOPPED)
    (alerted,) = after(raised(silent, AlertKind.LOW_USE), STOPPED)
    for told_at, later_l, ended_after in ((asked, [], timedelta(0)), (alerted, [0.0, 0.0, 9.0], 3 * HOUR)):
        hours = (told_at - STOPPED) // HOUR
        state, _ = watched(registers(ordinary_life(60) + [0.0] * hours))
        litre_at, last_l = told_at + HOUR, state.register.last_l
        readings = [(litre_at, last_l + 1.0)]
        readings += [(litre_at + (n + 1) * HOUR, last_l + 1.0 + litres) for n, litres in enumerate(later_l)]
        _, changes = watched(readings, state)
        (ended,) = [change for change in changes if isinstance(change, Ended)]
        assert ended.at == litre_at + ended_after


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(0, 24 * 70), drip=st.sampled_from([0.0, 0.4, 3.0]))
def test_a_state_written_down_goes_on_as_if_nothing_had_happened(cut: int, drip: float) -> None:
    readings = list(registers(ordinary_life(65, drip_lph=drip) + [0.0] * 120))
    _, whole = watched(readings)
    state, first = watched(readings[:cut])
    _, second = watched(readings[cut:], WATCH.load(WATCH.dump(state)))
    assert first + second == whole


def test_bytes_that_are_no_state_are_refused() -> None:
    for packed in (b"", b"\x00", b"\xff" * 400, WATCH.dump(WATCH.start())[:30]):
        with pytest.raises(StateError):
            WATCH.load(packed)


@settings(max_examples=200, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), garbage=st.binary(min_size=1, max_size=12))
def test_a_damaged_state_is_refused_or_read_and_never_stops_the_watch(place: float, garbage: bytes) -> None:
    packed = bytearray(LIVED)
    begin = 1 + int(place * (len(packed) - 1))
    packed[begin : begin + len(garbage)] = garbage
    with suppress(StateError):
        assert isinstance(WATCH.load(bytes(packed)), HouseholdState)


def test_every_reason_speaks_both_languages_and_fills_every_place() -> None:
    volumes = [*ordinary_life(60), *([0.0] * 60), *ordinary_life(5), *([300.0] * 30), 4000.0]
    state, changes = watched(registers(volumes))
    changes += WATCH.tick(state, MONDAY + timedelta(days=99))
    reasons = [change.finding.reason for change in changes if isinstance(change, Raised)]
    assert {reason.key.split("_")[0] for reason in reasons} == {"low", "constant", "no"}
    for reason in reasons:
        for language in ("en", "zh"):
            words = explain(reason, language, SHANGHAI)
            assert "{" not in words
            assert words != reason.key


def test_a_household_s_state_stays_small() -> None:
    for drip in (0.0, 0.4, 3.0):
        state, _ = watched(registers(ordinary_life(65, drip_lph=drip)))
        assert len(WATCH.dump(state)) <= 600


def test_a_meter_that_never_moved_says_that_it_may_be_stuck() -> None:
    _, changes = watched(registers([0.0] * 60))
    (alert,) = [c.finding for c in changes if isinstance(c, Raised) and c.finding.level is Level.ALERT]
    assert alert.reason.key == "low_use_never_moved"
    assert alert.at == MONDAY + 36 * HOUR


def test_a_register_that_never_moved_tells_nothing_of_the_weeks_between_two_readings() -> None:
    put_in = [(MONDAY - timedelta(days=25), 1000.0)]
    _, changes = watched([*put_in, *registers([0.0] * 60)])
    (alert,) = [c.finding for c in changes if isinstance(c, Raised) and c.finding.kind is AlertKind.LOW_USE][-1:]
    assert (alert.level, alert.reason.key, alert.at) == (Level.ALERT, "low_use_never_moved", MONDAY + 36 * HOUR)


def test_days_of_an_announced_absence_are_none_of_the_first_days_that_only_ask() -> None:
    def alerts(away_days: int) -> list[datetime]:
        state = WATCH.start()
        life = [0.0] * 24 * away_days + ordinary_life(7) + [0.0] * 30
        WATCH.absent(state, MONDAY, MONDAY + timedelta(days=away_days))
        return raised(watched(registers(life), state)[1], AlertKind.LOW_USE)

    assert alerts(0) == alerts(20) == []


@pytest.mark.parametrize("step_l", [10.0, 100.0])
def test_a_register_too_coarse_for_hours_leaves_only_the_net_and_says_so(step_l: float) -> None:
    """Forty litres a day: the register stands still for half a day and more, or for two and a half."""
    life = [volume / 4.0 for volume in ordinary_life(90)]
    readings = [(at, register_l // step_l * step_l) for at, register_l in registers(life + [0.0] * 140)]
    stopped = MONDAY + 90 * 24 * HOUR
    state, changes = watched(readings)
    told = [c.finding for c in changes if isinstance(c, Raised) and c.finding.kind is AlertKind.LOW_USE]
    if step_l == 100.0:
        asked, alert = (f for f in told if f.at > MONDAY + timedelta(days=4))
        assert (asked.level, asked.reason.key) == (Level.ASK, "low_use_net_coarse")
        assert (alert.level, alert.reason.key, alert.at) == (Level.ALERT, "low_use_net_coarse", asked.at + HOUR)
        assert WATCH.only_the_net(state)
        assert all("100" in explain(told[-1].reason, language, SHANGHAI) for language in ("en", "zh"))
    trained = [f.at for f in told if f.level is Level.ALERT and MONDAY + timedelta(days=42) < f.at < stopped]
    assert len(trained) <= 2 * 0.5 * 48 / 30
    assert [f for f in told if f.at > stopped and f.level is Level.ALERT]


def behind_ten_litres(life: list[float]) -> list[tuple[datetime, float]]:
    return [(at, register_l // 10.0 * 10.0) for at, register_l in registers(life)]


def test_behind_a_register_of_ten_litres_too_36_hours_alert_however_long_silences_are_usual() -> None:
    life = [volume / 14.0 for volume in ordinary_life(60)]  # 8 L a day, and moves up to two days apart
    readings = behind_ten_litres(life + [0.0] * 60)
    last_move = next(at for at, register_l in readings if register_l == readings[-1][1])
    state, changes = watched(readings)
    assert max(state.low_use.longest) / 2.0 > 36.0
    assert raised(changes, AlertKind.LOW_USE)[-1] <= last_move + 36 * HOUR


def test_behind_a_register_of_ten_litres_one_move_in_six_hours_is_use_and_no_drip() -> None:
    """Seven litres an hour all day, a step every one to two hours; at night one step each six hours."""
    day = [0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0, *[10.0, 10.0, 0.0] * 5, 0.0]
    state, _ = watched(behind_ten_litres(day * 20))
    assert state.low_use.drip.lph == pytest.approx(0.0, abs=0.01)
    _, changes = watched(behind_ten_litres(day * 60 + [0.0] * 30))
    assert after(raised(changes, AlertKind.LOW_USE), STOPPED)[0] <= STOPPED + 24 * HOUR


def test_a_drip_that_alone_moves_a_register_of_ten_litres_hides_nobody() -> None:
    drip = np.diff(np.floor(np.arange(60 * 24 + 73) * 1.5)).tolist()  # a step every six to seven hours
    life = [own + drips for own, drips in zip(ordinary_life(60) + [0.0] * 72, drip, strict=True)]
    _, changes = watched(behind_ten_litres(life))
    told = [c.finding for c in changes if isinstance(c, Raised) and c.finding.kind is AlertKind.LOW_USE]
    alert = next(finding for finding in told if finding.at > STOPPED and finding.level is Level.ALERT)
    assert (alert.reason.key, alert.reason.values["litres"]) == ("low_use_row", 10)
    assert alert.at <= STOPPED + 48 * HOUR


def test_what_comes_of_itself_is_told_with_all_its_litres_while_the_last_draw_still_runs() -> None:
    _, changes = watched(registers(ordinary_life(60) + [0.0, 8.0, 8.0, *[0.0] * 7] * 8))
    told = [c.finding for c in changes if isinstance(c, Raised) and c.finding.kind is AlertKind.LOW_USE]
    row = next(finding for finding in told if finding.reason.key == "low_use_row")
    assert (row.reason.values["litres"], row.reason.values["every_hours"]) == (16, 10.0)


TRACES = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0] * 6  # a drip that began as nobody drew any more


def test_a_drip_of_single_litres_at_no_equal_times_hides_nobody() -> None:
    _, changes = watched(registers(ordinary_life(60) + TRACES))
    told = [c.finding for c in changes if isinstance(c, Raised) and c.finding.kind is AlertKind.LOW_USE]
    asked = next(finding for finding in told if finding.since == told[-1].since)
    assert (asked.reason.key, asked.level) == ("low_use_traces", Level.ASK)
    assert asked.since <= STOPPED < asked.at <= STOPPED + 40 * HOUR
    assert not [c for c in changes if isinstance(c, Ended) and c.at > asked.at]


def test_a_cat_beside_a_drip_does_not_end_the_question_and_ask_it_anew() -> None:
    state, _ = watched(registers(ordinary_life(60)))
    total, said = state.register.last_l, list[Change]()
    for hour, litre in enumerate(TRACES, start=1):
        total += litre
        said += WATCH.observe(state, STOPPED + hour * HOUR, total)
        said += WATCH.presence(state, STOPPED + hour * HOUR) if hour % 3 == 0 else []
    assert [type(change) for change in said] == [Raised]


def test_lost_readings_amid_a_drip_s_litres_don_t_hide_anybody_either() -> None:
    readings = list(registers(ordinary_life(60) + TRACES))
    heard = [one for one in readings if one[0] <= STOPPED or (one[0] - STOPPED) // HOUR % 12 not in {5, 6, 7, 8}]
    _, changes = watched(heard)
    keys = [c.finding.reason.key for c in changes if isinstance(c, Raised) and c.finding.at > STOPPED]
    assert keys[-1] == "low_use_traces"


def test_who_flushes_once_a_day_and_else_draws_single_litres_is_not_taken_for_a_drip() -> None:
    life = [3.0 if hour % 30 == 0 else litre for hour, litre in enumerate(TRACES)]
    _, changes = watched(registers(ordinary_life(60) + life))
    assert "low_use_traces" not in {c.finding.reason.key for c in changes if isinstance(c, Raised)}


def test_alerts_that_staff_call_false_make_the_household_s_watch_more_patient() -> None:
    def hours_to_alert(false_alarms: int) -> timedelta:
        state, _ = watched(registers(ordinary_life(60) + [0.0] * 30))
        for _ in range(false_alarms):
            WATCH.false_alarm(state)
        total = state.register.last_l
        later = list(registers(ordinary_life(2, seed=5) + [0.0] * 30, begins_at=STOPPED + 30 * HOUR))
        _, changes = watched([(at, total + litres) for at, litres in later[1:]], state)
        return raised(changes, AlertKind.LOW_USE)[-1] - STOPPED

    assert hours_to_alert(0) < hours_to_alert(6) <= timedelta(days=4, hours=6)


def test_a_register_that_stood_still_over_a_gap_tells_that_nobody_drew_water() -> None:
    volumes = ordinary_life(60) + [0.0] * 40
    seen = [r for r in registers(volumes) if not STOPPED + 2 * HOUR < r[0] < STOPPED + 30 * HOUR]
    _, changes = watched(seen)
    (alert,) = after(raised(changes, AlertKind.LOW_USE), STOPPED)
    assert alert == STOPPED + 30 * HOUR


@pytest.mark.parametrize("ran_l", [300.0, 0.0], ids=["water ran in a gap", "somebody was seen"])
def test_a_silence_is_counted_from_where_its_reason_says_that_it_began(ran_l: float) -> None:
    """Not from the last draw that was read: three days without readings, or a visit, lie between."""
    state, _ = watched(registers(ordinary_life(60)))
    began = STOPPED + 72 * HOUR if ran_l else STOPPED + 2 * HOUR
    WATCH.observe(state, began, state.register.last_l + ran_l)
    if not ran_l:
        WATCH.seen(state, began)
    _, changes = watched([(began + hour * HOUR, state.register.last_l) for hour in range(1, 40)], state)
    told = [c.finding for c in changes if isinstance(c, Raised) and c.finding.kind is AlertKind.LOW_USE]
    assert told
    for finding in told:
        hours = (finding.at - began) / HOUR
        assert (finding.since, finding.reason.values["silent_hours"]) == (began, hours)
        assert finding.reason.values["last_use_at"] == began.isoformat()


@pytest.mark.parametrize(("ran_l", "is_use"), [(1.0, False), (2.0, True)])
def test_a_litre_by_itself_in_an_outage_is_told_from_use_as_well(ran_l: float, is_use: bool) -> None:
    """Each day five hours without readings, in which a drip has its litre; two may be a person's."""
    volumes = ordinary_life(60) + [0.0] * 72
    for day in range(60, 63):
        volumes[day * 24 + 14] = ran_l
    seen = [r for r in registers(volumes) if not (r[0] > STOPPED and 12 <= (r[0] - STOPPED) // HOUR % 24 < 17)]
    _, changes = watched(seen)
    assert after(raised(changes, AlertKind.LOW_USE), STOPPED)
    taken_back = [c for c in changes if isinstance(c, Ended) and c.level is Level.ALERT and c.at > STOPPED]
    assert (AlertKind.LOW_USE in {c.kind for c in taken_back}) is is_use


def times() -> list[datetime]:
    return [at for at, _ in registers(ordinary_life(60))][:-1]


def in_other_unit(readings: Readings) -> list[tuple[datetime, float]]:
    return [(at, 0.001 * (100_000.0 + register_l)) for at, register_l in readings]


def long_used(readings: Readings) -> list[tuple[datetime, float]]:
    return [(at, 100_000.0 + register_l) for at, register_l in readings]


def test_a_meter_whose_readings_tell_no_volume_for_a_day_is_named_once_with_the_case_until_they_do() -> None:
    readings = list(registers(ordinary_life(70)))
    good, odd, mended = readings[: 60 * 24], readings[60 * 24 : 65 * 24], readings[65 * 24 :]
    state, _ = watched(long_used(good))
    _, changes = watched(in_other_unit(odd), state)
    (alert,) = [c.finding for c in changes if isinstance(c, Raised) and c.finding.kind is AlertKind.NO_DATA]
    assert alert.at - odd[0][0] == timedelta(hours=24)
    assert (alert.reason.key, alert.reason.values["case"]) == ("no_data_unusable", "unit change")
    assert not [c for c in changes if isinstance(c, Ended) and c.kind is AlertKind.NO_DATA]
    assert "it counts in another unit than before" in explain(alert.reason, "en", SHANGHAI)
    assert "单位与以前不同" in explain(alert.reason, "zh", SHANGHAI)
    _, after_mending = watched(long_used(mended), state)
    ended = [c.at for c in after_mending if isinstance(c, Ended) and c.kind is AlertKind.NO_DATA]
    assert ended == [mended[1][0]]  # the first is unknown across the break


def test_a_meter_that_only_ever_sends_negative_registers_is_named() -> None:
    _, changes = watched([(at, -register_l) for at, register_l in registers([0.0] * 72)])
    (alert,) = [c.finding for c in changes if isinstance(c, Raised)]
    assert (alert.reason.key, alert.at) == ("no_data_unusable", MONDAY + 24 * HOUR)


def test_a_silent_meter_that_comes_back_with_readings_that_tell_nothing_is_not_back() -> None:
    state, _ = watched(long_used(registers(ordinary_life(60))))
    WATCH.tick(state, STOPPED + 30 * HOUR)
    _, changes = watched([(STOPPED + hour * HOUR, -5.0) for hour in range(31, 90)], state)
    assert changes == []
    (change,) = WATCH.observe(state, STOPPED + 90 * HOUR, state.register.last_l + 9.0)
    assert isinstance(change, Ended)
    assert change.kind is AlertKind.NO_DATA


def test_an_unknown_volume_does_not_end_a_silence_that_is_told() -> None:
    readings = list(registers(ordinary_life(60) + [0.0] * 80))
    told, odd, later = readings[: 61 * 24], readings[61 * 24 : 61 * 24 + 6], readings[61 * 24 + 6 :]
    state, _ = watched(long_used(told))
    assert state.running[AlertKind.LOW_USE][0] is Level.ALERT
    _, changes = watched([*in_other_unit(odd), *long_used(later)], state)
    assert changes == []


def test_a_meter_that_uploads_its_hours_once_a_day_is_missed_after_three_uploads_not_each_day() -> None:
    state, changes, readings = WATCH.start(), list[Change](), list(registers(ordinary_life(30)))[1:]
    for day in range(30):
        now = MONDAY + timedelta(days=day + 1, minutes=10)
        changes += WATCH.tick(state, now)
        for at, register_l in readings[day * 24 : day * 24 + 24]:
            changes += WATCH.observe(state, at, register_l, now - at > timedelta(hours=3), now)
    assert raised(changes, AlertKind.NO_DATA) == []
    due = WATCH.deadline(state)
    assert due is not None
    assert timedelta(days=2) < due - readings[-1][0] <= timedelta(days=4)


def test_an_hourly_meter_is_missed_as_soon_as_ever_after_its_gateway_sent_a_backlog() -> None:
    readings = list(registers(ordinary_life(30)))
    back = readings[20 * 24][0]
    state = WATCH.start()
    for at, register_l in readings:
        WATCH.observe(state, at, register_l, False, max(at, back) if at > back - 20 * HOUR else at)
    due = WATCH.deadline(state)
    assert due is not None
    assert due - readings[-1][0] <= timedelta(hours=7)


@pytest.mark.parametrize(("every_min", "then_h"), [(60, 24), (15, 24), (5, 24), (15, 6), (300, 24), (60, 168)])
def test_a_meter_that_reads_less_often_from_now_on_is_missed_twice_at_most(every_min: int, then_h: int) -> None:
    changes_at, step = MONDAY + timedelta(days=10), timedelta(minutes=every_min)
    often = [MONDAY + n * step for n in range(int((changes_at - MONDAY) / step))]
    seldom = [changes_at + n * then_h * HOUR for n in range(30)]
    state, changes = watched((at, 1000.0 + 9.0 * n) for n, at in enumerate([*often, *seldom]))
    assert len(raised(changes, AlertKind.NO_DATA)) == 2
    assert WATCH.deadline(state) == seldom[-1] + max(3 * then_h, then_h + 5) * HOUR


@pytest.mark.parametrize("outages_h", [(20,), (20, 1, 20), (30, 9)])
def test_outages_of_a_meter_read_every_hour_are_told_as_soon_as_before(outages_h: tuple[int, ...]) -> None:
    """Also where a reading or two came in between, unless the outages were as long as one another."""
    at = [MONDAY + n * HOUR for n in range(240)]
    for length_h in outages_h:
        at.append(at[-1] + length_h * HOUR)
    state, _ = watched((one, 1000.0 + 9.0 * n) for n, one in enumerate(at))
    due = WATCH.deadline(state)
    assert due is not None
    assert due - at[-1] <= 8 * HOUR


def test_nothing_is_said_of_low_use_while_readings_are_missing() -> None:
    state, _ = watched(registers(ordinary_life(60)))
    changes = [c for hour in range(1, 200) for c in WATCH.tick(state, STOPPED + hour * HOUR)]
    assert [c.finding.kind for c in changes if isinstance(c, Raised)] == [AlertKind.NO_DATA]
