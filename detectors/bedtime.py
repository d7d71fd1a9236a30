"""Nobody is asked at night: whom others would be told of before the morning is asked in the evening."""

LAST_ASKED, ASKED_AGAIN = 21, 7  # local hours: at night the service asks nobody
NIGHT_H = 9
ASKED_FROM_H = 4  # of silence


def before_bed_h(begun: int, asked_h: int, alert_h: int) -> int:
    """The hours of silence after which to ask, and no later than the evening where both hours fall into one night.

    `begun`: the local hour in which the silence begins; the hours of silence after which to ask, and to alert.
    """
    asked, alerted = (begun + asked_h) % 24, (begun + alert_h) % 24
    sooner_h = asked_h - (asked - LAST_ASKED) % 24
    if sooner_h < ASKED_FROM_H or alert_h - asked_h > NIGHT_H or not (at_night(asked) and at_night(alerted)):
        return asked_h
    return sooner_h


def at_night(hour: int) -> bool:
    return hour > LAST_ASKED or hour < ASKED_AGAIN
