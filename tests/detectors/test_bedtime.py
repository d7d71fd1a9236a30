"""Who would be told of at night, and can't be asked then."""

from detectors.bedtime import before_bed

QUIET = [0.1] * 24
EVENINGS = [0.9 if hour in (21, 22) else 0.1 for hour in range(24)]  # water at nearly every bedtime


def test_who_would_be_told_of_at_night_is_asked_at_nine_in_the_evening() -> None:
    assert before_bed(14, 9, 11, QUIET) == (7, 11)
    assert before_bed(16, 7, 8, QUIET) == (5, 8)


def test_who_drew_water_in_the_evening_cannot_be_asked_and_is_told_of_three_hours_later() -> None:
    assert before_bed(17, 6, 7, QUIET) == (6, 10)


def test_who_draws_water_every_evening_is_not_asked_just_before() -> None:
    assert before_bed(14, 9, 10, EVENINGS) == (9, 10)
    assert before_bed(6, 22, 23, EVENINGS) == (22, 23)


def test_a_silence_since_the_morning_is_asked_about_in_the_evening() -> None:
    assert before_bed(6, 22, 23, QUIET) == (15, 23)


def test_by_day_and_where_the_morning_lies_in_between_all_stays_as_planned() -> None:
    assert before_bed(6, 10, 11, QUIET) == (10, 11)
    assert before_bed(19, 6, 13, QUIET) == (6, 13)
