"""`change_in_use` and `no_data` once more, slowly and obviously: all that was heard is looked through each time."""

from datetime import UTC, datetime
from itertools import pairwise
from math import sqrt

from detectors.packing import sixteenths
from domain.register import Case

HOUR_S = 3600.0
Said = list[tuple[datetime, str, str]]
REPEATS = (Case.DUPLICATE, Case.CONFLICT, Case.OLDER)


class ChangeInUse:
    """Each morning all days are counted anew."""

    def __init__(self) -> None:
        self.heard: dict[int, bool] = {}  # whether water was drawn in each local hour, in their order
        self.judged: set[int] = set()
        self.grade = self.running = 0

    def hear(self, at: datetime, hour: int, *, used: bool) -> Said:
        """An interval of known volume; an hour that comes a second time belongs to the one before."""
        last = max([hour, *list(self.heard)[-1:]])
        self.heard[last] = self.heard.get(last, False) or used
        if hour // 24 in self.judged or hour % 24 < 9:
            return []
        self.judged.add(hour // 24)
        return self.edges(at)

    def forget_today(self) -> None:
        """A leak was told of and runs: nobody knows who draws water beside it."""
        if self.heard:
            last = list(self.heard)[-1]
            self.heard = {hour: used for hour, used in self.heard.items() if hour // 24 != last // 24} | {last: False}

    def days(self) -> list[tuple[int, int]]:
        """Hours with use, and those of them before five, of each whole day that is known well and saw any."""
        hours = list(self.heard)
        known = [hour for hour, following in pairwise(hours) if following - hour <= 2]
        whole = sorted({hour // 24 for hour in hours})[:-1]
        used = {day: [h for h in hours if h // 24 == day and self.heard[h]] for day in whole}
        return [
            (len(used[day]), sum(h % 24 < 5 for h in used[day]))
            for day in whole
            if used[day] and sum(h // 24 == day for h in known) >= 18
        ][-31:]

    def edges(self, at: datetime) -> Said:
        days = self.days()
        if len(days) < 3 + 14:
            return []
        used, at_night = zip(*days, strict=True)
        grade = 0
        if is_apart([-u for u in used], 1.5 if self.grade == 1 else 3.0) and mean(used[-3:]) <= 0.65 * mean(used[:-3]):
            grade = 1
        elif is_apart(at_night, 1.5 if self.grade == 2 else 3.0) and mean(at_night[-3:]) >= mean(at_night[:-3]) + 2.0:
            grade = 2
        before, self.grade = self.grade, grade
        over: Said = [(at, "change_in_use", "ended")] if before and before != grade else []
        return over + ([(at, "change_in_use", "alert")] if grade and before != grade else [])


def mean(days: "list[int] | tuple[int, ...]") -> float:
    return sum(days) / len(days)


def is_apart(days: "list[int] | tuple[int, ...]", errors: float) -> bool:
    """Whether the last three days are so many standard errors above those before."""
    usual = days[:-3]
    variance = sum((day - mean(usual)) ** 2 for day in usual) / (len(usual) - 1)
    return (mean(days[-3:]) - mean(usual)) / sqrt((variance + 0.5) / 3) >= errors


class NoData:
    """The rhythm is learned anew from all times at which readings came."""

    def __init__(self) -> None:
        self.came_s: list[float] = []
        self.unusable_s = 0.0
        self.is_told = False

    def due(self, at: datetime) -> Said:
        """What was to be said before a reading of this time came."""
        if not self.came_s or self.is_told or at.timestamp() < self.allowed_until_s():
            return []
        self.is_told = True
        return [(datetime.fromtimestamp(self.allowed_until_s(), UTC), "no_data", "alert")]

    def hear(self, at: datetime, case: Case, *, usable: bool) -> Said:
        """A reading: the first, or one that tells a volume, is usable."""
        if not self.came_s or at.timestamp() > self.came_s[-1]:
            self.came_s.append(at.timestamp())
        told = self.is_told
        if usable:
            self.unusable_s, self.is_told = 0.0, False
            return [(at, "no_data", "ended")] if told else []
        if case in REPEATS:
            return []
        self.unusable_s = self.unusable_s or at.timestamp()
        self.is_told = told or at.timestamp() - self.unusable_s >= 24 * HOUR_S
        return [(at, "no_data", "alert")] if self.is_told and not told else []

    def allowed_until_s(self) -> float:
        """Three rhythms, or a rhythm and five hours, or more where it wobbles."""
        rhythm_s, wobble_s = self.rhythm_s()
        return self.came_s[-1] + max(3.0 * rhythm_s, rhythm_s + 5.0 * HOUR_S, rhythm_s + 6.0 * wobble_s)

    def rhythm_s(self) -> tuple[float, float]:
        """And by how much steps differ from it: a sixteenth of each step is believed, of outages less."""
        steps = [after - before for before, after in pairwise(self.came_s)]
        if not steps:
            return 24 * HOUR_S, 0.0
        rhythm_s, wobble_s, long_s = steps[0], 0.0, 0.0
        for step_s in steps[1:]:
            first_report = not wobble_s and rhythm_s > 60 * HOUR_S and 4.0 * step_s < rhythm_s
            if first_report or long_s / 2.0 <= step_s <= 2.0 * long_s:
                rhythm_s, wobble_s, long_s = step_s, 0.0, 0.0
                continue
            believed_s = min(step_s, 4.0 * rhythm_s)
            long_s = step_s if step_s > believed_s else 0.0
            wobble_s = sixteenths(wobble_s + (abs(believed_s - rhythm_s) - wobble_s) / 16)
            rhythm_s = sixteenths(rhythm_s + (believed_s - rhythm_s) / 16)
        return rhythm_s, wobble_s
