"""What the pages say, in Chinese and English: data beside this file, looked up by section and key."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

from detectors.wording import named
from domain.finding import Reason
from domain.in_chinese import in_chinese
from domain.people import Language

LANGUAGES = (Language.ZH, Language.EN)


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words. `words("alert.act")` is a text; `{names}` in it are filled from the keywords."""

    language: Language
    sections: dict[str, dict[str, str]]

    def __call__(self, key: str, /, **values: object) -> str:
        section, _, name = key.partition(".")
        text = self.sections[section][name]
        return text.format(**values) if values else text

    def name(self, section: str, value: str) -> str:
        """The word for a value that may be newer than these words: then the value itself."""
        return self.sections[section].get(value, value)

    def length(self, length: timedelta) -> str:
        """A length of time as people say it: minutes under an hour, hours under two days, then days."""
        minutes = max(0, int(length.total_seconds() // 60))
        hours, days = minutes // 60, minutes // 1440
        if minutes < 1:
            return self("time.now")
        if minutes < 60:
            return self("time.minutes", n=minutes)
        if hours < 48:
            rest = minutes % 60
            return self("time.hours_minutes", h=hours, m=rest) if rest else self("time.hours", n=hours)
        rest = hours % 24
        return self("time.days_hours", d=days, h=rest) if rest else self("time.days", n=days)

    def ago(self, length: timedelta) -> str:
        return self("time.now") if length < timedelta(minutes=1) else self("time.ago", length=self.length(length))

    def lasting(self, length: timedelta) -> str:
        return self("time.now") if length < timedelta(minutes=1) else self("alerts.for", length=self.length(length))

    def moment(self, at: datetime, timezone: str, now: datetime) -> str:
        """A moment in local time, or in UTC and named so; the date is left out today, the year this year."""
        zone = ZoneInfo(timezone)
        local, today = at.astimezone(zone), now.astimezone(zone).date()
        clock = f"{local:%H:%M}{named(zone)}"
        if local.date() == today:
            return self("time.today_at", clock=clock)
        if local.year != today.year:
            return f"{self.dated(at, timezone)} {clock}"
        return self("time.date_time", month=self._month(local), day=local.day, clock=clock)

    def dated(self, at: datetime, timezone: str) -> str:
        """The local day with its year, as on a paper."""
        return self.day_of_year(at.astimezone(ZoneInfo(timezone)))

    def day_of_year(self, day: date) -> str:
        return self("time.date_of_year", year=day.year, month=self._month(day), day=day.day)

    def reason(self, reason: Reason, zone: ZoneInfo) -> str:
        """A reason that the pages have words for; its times on the household's clock."""
        values = {
            name: f"{datetime.fromisoformat(str(value)).astimezone(zone):%H:%M}" if name == "at" else value
            for name, value in reason.values.items()
        }
        return self(f"reason.{reason.key}", **values)

    def technical(self, sentence: str) -> str:
        """What the service says of itself, or of a message that it can't use."""
        return in_chinese(sentence) if self.language is Language.ZH else sentence

    def day(self, day: date) -> str:
        """A date with its weekday, short."""
        weekdays = self("time.weekdays")
        names = weekdays.split() if " " in weekdays else list(weekdays)
        return self("time.date", month=self._month(day), day=day.day, weekday=names[day.weekday()])

    def _month(self, day: date) -> str:
        return self("time.months").split()[day.month - 1]


def load(language: Language) -> Words:
    """The shipped words of one language."""
    return Words(language, tomllib.loads((files("web.words") / f"{language.value}.toml").read_text("utf-8")))


def preferred(accept_language: str) -> Language:
    """The browser's first choice among our languages; Chinese where it names neither."""
    ranked = sorted(_ranges(accept_language), key=lambda pair: -pair[1])
    for tag, quality in ranked:
        for language in LANGUAGES:
            if quality > 0 and tag.split("-")[0].lower() == language.value:
                return language
    return Language.ZH


def spoken(phone: str) -> str:
    """A Chinese number as it is dialled and read there, one of Hong Kong or Macao in fours; others as they are."""
    if re.fullmatch(r"\+85[23][0-9]{8}", phone):
        return f"{phone[:4]} {phone[4:8]} {phone[8:]}"
    if not phone.startswith("+86"):
        return phone
    rest = phone.removeprefix("+86")
    if rest[0] == "1" and len(rest) == 11:
        return f"{rest[:3]} {rest[3:7]} {rest[7:]}"
    area = 2 if rest[0] in "12" else 3
    return f"0{rest[:area]} {rest[area:]}"


def _ranges(header: str) -> list[tuple[str, float]]:
    ranges = []
    for part in header[:500].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            ranges.append((tag, float(weight) if weight else 1.0))
        except ValueError:
            continue
    return ranges
