"""The demo's story: some weeks of ordinary life in a few homes, then a tap stays on, then a resident's use stops."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from domain.recording import Recording
from simulator.formats import Format
from simulator.incidents import drip_l_per_h, tap_left_on, use_stops

HOUR = 3600
TAP_LPM = 4.0

GATEWAY = "gw-xingfuli"


class DemoError(Exception):
    """These recordings can't carry the demo; says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is played, and when the two incidents begin and the tap is shut again. Times are aware UTC."""

    recordings: tuple[Recording, ...]
    start_at: datetime
    end_at: datetime
    tap_meter: str
    tap_at: datetime
    tap_shut_at: datetime
    scan_at: datetime
    stop_meter: str
    stop_at: datetime


def window(recordings: Iterable[Recording], weeks: int) -> tuple[Recording, ...]:
    """The last `weeks` in which nearly all of the homes report; homes without readings then are left out."""
    all_of_them = [r for r in recordings if len(r)]
    if not all_of_them:
        raise DemoError("no readings to play")
    end = int(np.quantile([r.at_s[-1] for r in all_of_them], 0.25))
    start = end - weeks * 7 * 24 * HOUR
    cut = [_between(r, start, end) for r in all_of_them]
    return tuple(r for r in cut if len(r) >= 2)


def tell(recordings: Sequence[Recording], zone: ZoneInfo) -> Story:
    """Chooses the two homes and the two moments: the tap four days before the end, the stop two days before it.

    The incidents fall on homes that report without gaps, don't drip and are regular in their use, so that what
    follows is the incident's doing; their own record decides, nothing else.
    """
    end_at = _time(max(int(r.at_s[-1]) for r in recordings))
    steady = [r for r in recordings if _reports_to_the_end(r, end_at)]
    calm = sorted(steady, key=lambda r: (_drips(r, end_at), _longest_usual_silence(r)))
    if len(calm) < 2:
        raise DemoError("the demo wants at least two homes that report for two weeks up to the end")
    stop_home, tap_home = calm[0], calm[1]
    last_day = end_at.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    tap_at = (last_day - timedelta(days=4)).replace(hour=19).astimezone(UTC)
    stop_at = _after_a_draw(stop_home, (last_day - timedelta(days=2)).replace(hour=9).astimezone(UTC))
    return Story(
        recordings=tuple(recordings),
        start_at=_time(min(int(r.at_s[0]) for r in recordings)),
        end_at=end_at,
        tap_meter=tap_home.meter_id,
        tap_at=tap_at,
        tap_shut_at=tap_at + timedelta(hours=4),
        scan_at=tap_at + timedelta(hours=20),
        stop_meter=stop_home.meter_id,
        stop_at=stop_at,
    )


def with_incidents(story: Story) -> tuple[Recording, ...]:
    """The recordings as they would have been, had the two incidents happened."""

    def happened(recording: Recording) -> Recording:
        if recording.meter_id == story.tap_meter:
            return tap_left_on(recording, story.tap_at, TAP_LPM, story.tap_shut_at)
        return use_stops(recording, story.stop_at) if recording.meter_id == story.stop_meter else recording

    return tuple(happened(recording) for recording in story.recordings)


def household_of(meters: Sequence[str], meter_id: str) -> str:
    """The household that `write_ledger` gives this meter."""
    return _Home(number=list(meters).index(meter_id), meter_id=meter_id).household_id


def resident_of(meters: Sequence[str], meter_id: str) -> str:
    """The resident that `write_ledger` gives this meter's household."""
    return f"r-{household_of(meters, meter_id)}"


def _between(recording: Recording, start_s: int, end_s: int) -> Recording:
    inside = (recording.at_s >= start_s) & (recording.at_s <= end_s)
    return Recording(meter_id=recording.meter_id, at_s=recording.at_s[inside], register_l=recording.register_l[inside])


def _reports_to_the_end(recording: Recording, end_at: datetime) -> bool:
    recent = recording.at_s[recording.at_s > end_at.timestamp() - 14 * 24 * HOUR]
    if len(recent) < 24 or end_at.timestamp() - recent[-1] > 6 * HOUR:
        return False
    return int(np.diff(recent).max()) <= 6 * HOUR


def _drips(recording: Recording, end_at: datetime) -> bool:
    """Whether water never stopped in any of the last four weeks."""
    return any(drip_l_per_h(recording, end_at - timedelta(weeks=n)) > 0 for n in range(4))


def _longest_usual_silence(recording: Recording) -> float:
    """The silence that nine in ten days of this home don't exceed [h]; 48 h where hardly anything flows."""
    drawn = recording.at_s[1:][np.diff(recording.register_l) >= 1]
    if len(drawn) < 50:
        return 48.0
    begin, silence = drawn[:-1], np.diff(drawn) / HOUR
    days = begin // (24 * HOUR)
    return float(np.quantile([silence[days == day].max() for day in np.unique(days)], 0.9))


def _after_a_draw(recording: Recording, latest: datetime) -> datetime:
    """The last moment up to `latest` at which the home had just drawn water."""
    drawn = recording.at_s[1:][np.diff(recording.register_l) >= 1]
    before = drawn[drawn <= latest.timestamp()]
    return _time(int(before[-1])) if len(before) else latest


def _time(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


# The ledger of the demo's people. All are invented; the phone numbers are from ranges that reach nobody.

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = ("秀英", "桂兰", "建国", "玉珍", "淑华", "德福", "凤英", "志明", "桂芳", "永贵")


def write_ledger(
    folder: Path, meters: Sequence[str], zone: str, form: Format | None = None, consent_on: date = date(2026, 1, 5)
) -> None:
    """A community with these meters, one household each, as the CSV files that `anju import-ledger` reads.

    `form`: what the ledger must say of meters whose gateways speak so.
    """
    known_as, columns = (form.known_as, dict(form.ledger.columns)) if form else ("{}", {})
    zone = str(columns.pop("timezone", zone))  # clocks that don't say theirs go by the community's
    homes = [_Home(number=n, meter_id=meter_id) for n, meter_id in enumerate(meters)]
    tables: Mapping[str, list[dict[str, object]]] = {
        "communities": [
            {
                "community_id": "xfl",
                "name": "幸福里社区",
                "timezone": zone,
                "language": "zh",
                "phone": "+8655500000000",
            }
        ],
        "grids": [{"grid_id": "xfl-1", "community_id": "xfl", "name": "第一网格"}],
        "buildings": [
            {"building_id": f"b{n}", "grid_id": "xfl-1", "name": f"{n}号楼", "address": f"幸福里{n}号楼"}
            for n in sorted({home.building for home in homes})
        ],
        "gateways": [{"gateway_id": GATEWAY, "community_id": "xfl", "name": "幸福里网关"}],
        "households": [
            {
                "household_id": home.household_id,
                "building_id": f"b{home.building}",
                "door": home.door,
                "water_consent_by": home.resident()["name"],
                "water_consent_on": consent_on.isoformat(),
                "water_consent_paper": f"2026-{home.number + 1:03d}",
            }
            for home in homes
        ],
        "residents": [home.resident() for home in homes],
        "contacts": [*_staff(), *(home.guardian() for home in homes)],
        "guardians": [
            {"household_id": home.household_id, "contact_id": f"g-{home.household_id}", "order": 1} for home in homes
        ],
        "pairings": [{"household_id": home.household_id, "contact_id": "limin"} for home in homes],
        "meters": [
            {
                "meter_id": known_as.format(home.meter_id),
                "household_id": home.household_id,
                "gateway_id": GATEWAY,
                **columns,
            }
            for home in homes
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Home:
    number: int
    meter_id: str

    @property
    def household_id(self) -> str:
        return f"xfl-{self.number + 1:03d}"

    @property
    def building(self) -> int:
        return self.number // 6 + 1

    @property
    def door(self) -> str:
        return f"{self.number % 6 + 1}01"

    def resident(self) -> dict[str, object]:
        name = _SURNAMES[self.number % len(_SURNAMES)] + _GIVEN[self.number % len(_GIVEN)]
        return {
            "resident_id": f"r-{self.household_id}",
            "household_id": self.household_id,
            "name": name,
            "birth_year": 1938 + self.number % 15,
            "phone": f"+86140100{self.number:05d}",
            "language": "zh",
            "categories": "living_alone",
        }

    def guardian(self) -> dict[str, object]:
        surname = _SURNAMES[self.number % len(_SURNAMES)]
        chinese = self.number % 3 != 1
        return {
            "contact_id": f"g-{self.household_id}",
            "name": f"{surname}明" if chinese else ("Anna Lee", "David Chen", "Grace Wu")[self.number % 9 // 3],
            "role": "guardian",
            "phone": f"+86140200{self.number:05d}",
            "language": "zh" if chinese else "en",
            "community_id": "",
            "grid_id": "",
        }


def _staff() -> list[dict[str, object]]:
    people = (
        ("limin", "李敏", "grid_worker", "zh", "xfl-1"),
        ("zhaolei", "赵磊", "duty_staff", "zh", ""),
        ("sunjie", "孙洁", "supervisor", "zh", ""),
        ("ops", "Operator", "operator", "en", ""),
    )
    return [
        {
            "contact_id": contact_id,
            "name": name,
            "role": role,
            "phone": f"+86140300{n:05d}",
            "language": language,
            "community_id": "xfl",
            "grid_id": grid_id,
        }
        for n, (contact_id, name, role, language, grid_id) in enumerate(people)
    ]
