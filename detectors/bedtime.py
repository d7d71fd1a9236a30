"""Nobody is asked at night: whom others would be told of before the morning is asked in the evening.

But not who has drawn water in the hours before: of them others are told later, as nobody has asked. Nor who mostly does
in the hours between: the question would come every evening, just before.
"""

from collections.abc import Sequence

LAST_ASKED, ASKED_AGAIN = 21, 7  # local hours: at night the service asks nobody
NIGHT_H = 9
ASKED_FROM_H = 5  # of silence
UNASKED_H = 3  # later others are told
MOSTLY = 0.85  # of the days: nobody is asked before an hour in which so often water is drawn


def before_bed(begun: int, asked_h: int, alert_h: int, rate: Sequence[float]) -> tuple[int, int]:
    """The hours of silence after which to ask and to alert, where both would fall into one night.

    `begun`: the local hour in which the silence begins; `rate`: on what share of the days each hour sees use.
    """
    asked, alerted = (begun + asked_h) % 24, (begun + alert_h) % 24
    if alert_h - asked_h > NIGHT_H or not (at_night(asked) and at_night(alerted)):
        return asked_h, alert_h
    sooner_h = asked_h - (asked - LAST_ASKED) % 24
    if sooner_h < ASKED_FROM_H:
        return asked_h, alert_h + UNASKED_H
    expected = any(rate[(begun + hour) % 24] > MOSTLY for hour in range(sooner_h, asked_h))
    return (asked_h if expected else sooner_h), alert_h


def at_night(hour: int) -> bool:
    return hour > LAST_ASKED or hour < ASKED_AGAIN
