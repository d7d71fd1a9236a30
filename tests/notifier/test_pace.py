"""The sending rate, by a clock of our own: never above it in any second, and not below it while texts wait."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from hypothesis import given
from hypothesis import strategies as st

from notifier.pace import A_SECOND_S, CATCH_UP, Pace, Turnstile

RATES = st.integers(1, 80)
GAPS = st.lists(st.floats(0.0, 0.4) | st.just(0.0), min_size=1, max_size=300)


def begun(rate: int, gaps: list[float], lateness: list[float]) -> list[float]:
    """When each of the texts leaves that come after these gaps; a thread that waits wakes up late [s]."""
    pace, now, came, at, late = Pace(rate), 0.0, 0.0, list[float](), deque(lateness)
    for gap in gaps:
        came += gap
        now = max(now, came)
        while wait := pace.wait_s(now):
            now += wait + late[0]
            late.rotate()
        at.append(now)
    return at


@given(RATES, GAPS, st.lists(st.floats(0.0, 0.05), min_size=1, max_size=20))
def test_in_no_second_do_more_texts_leave_than_the_rate_allows(rate: int, gaps: list[float], late: list[float]) -> None:
    at = begun(rate, gaps, late)
    for first, begin in enumerate(at):
        assert sum(1 for other in at[first:] if other < begin + A_SECOND_S - 1e-9) <= rate


@given(RATES, st.integers(1, 300))
def test_texts_that_wait_leave_at_the_rate_and_no_slower(rate: int, count: int) -> None:
    at = begun(rate, [0.0] * count, [0.0])
    assert at[-1] <= A_SECOND_S * count / rate + 1e-6


@given(RATES, st.integers(1, 300), st.floats(0.0, 0.002))
def test_threads_that_wake_late_do_not_make_the_rate_slower(rate: int, count: int, late: float) -> None:
    at = begun(rate, [0.0] * count, [late])
    assert at[-1] <= A_SECOND_S * count / rate + (1 + count / rate) * late + late + 1e-6


@given(RATES, GAPS)
def test_texts_are_spaced_evenly_but_for_a_small_catch_up(rate: int, gaps: list[float]) -> None:
    at = begun(rate, gaps, [0.0])
    for first, begin in enumerate(at):
        soon = [other for other in at[first:] if other < begin + 0.5]
        assert len(soon) <= 0.5 * rate + CATCH_UP + 2


def test_a_clock_that_goes_back_holds_nobody_up() -> None:
    pace = Pace(1)
    assert pace.wait_s(1000.0) == 0.0
    assert pace.wait_s(10.0) == 0.0
    assert 0.0 < pace.wait_s(10.5) <= A_SECOND_S - 0.5 + 1e-9


def test_threads_go_through_the_turnstile_one_after_another_at_the_pace() -> None:
    clock, lock, passed = [0.0], Lock(), list[float]()

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    turnstile = Turnstile(Pace(10), lambda: clock[0], sleep)

    def through() -> None:
        turnstile()
        with lock:
            passed.append(clock[0])

    with ThreadPoolExecutor(8) as pool:
        for _ in range(40):
            pool.submit(through)
    assert len(passed) == 40
    assert 2.9 <= clock[0] <= 4.1
