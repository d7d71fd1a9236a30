"""A small town for the pages' tests: two communities, five households, their people, and some alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import Connection, insert

from config.sms import load_words
from notifier.channels.log import LogChannel
from notifier.letters import Letters
from notifier.life import Life
from notifier.messages import Texts
from notifier.router import Router
from store import migrations
from store.contracts import Arrival, Batch
from store.memory import MemoryReadings
from store.records import Records
from store.tables import (
    alert_events,
    alerts,
    buildings,
    communities,
    contacts,
    grids,
    guardians,
    households,
    messages,
    meters,
    pairings,
    resident_categories,
    residents,
)
from web.app import create_app
from web.links import Links
from web.session import add_account

NOW = datetime(2026, 3, 18, 8, 30, tzinfo=UTC)  # 16:30 in Fuxin
URL = "http://127.0.0.1:8000"
PASSWORD = "a long enough password"
HOUR = timedelta(hours=1)
CONSENT = {"water_consent_by": "本人", "water_consent_on": "2026-01-05", "water_consent_paper": "登记表 17"}


@dataclass(slots=True)
class Clock:
    """Time that the test moves."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at


def life() -> Life:
    """The notifier's own, with a channel that only prints."""
    return Life(Letters(Texts(words=load_words()), Router([LogChannel(lambda _: None)])))


def pages(records: Records, clock: Clock, letters: Letters, *, key: str, links: Links) -> FastAPI:
    """All pages over these records, family's too, at `URL`."""
    return create_app(
        records,
        readings(),
        Life(letters),
        now=clock,
        public_url=URL,
        notes_keys=[key],
        letters=letters,
        links=links,
    )


def readings() -> MemoryReadings:
    """Three meters: one silent since last evening, one in order, one unheard since yesterday."""
    store = MemoryReadings()
    registers = {
        "M1": hourly(20, silent_from=NOW - 20 * HOUR, holes=[range(130, 151)]),
        "M2": hourly(20),
        "M3": hourly(20, holes=[range(30)]),
    }
    for meter_id, rows in registers.items():
        arrivals = [
            Arrival(meter_id=meter_id, at=at, register_l=register, late=False, received_at=at) for at, register in rows
        ]
        store.commit(Batch(arrivals=arrivals))
    return store


def hourly(
    days: int, *, silent_from: datetime | None = None, holes: Sequence[range] = ()
) -> list[tuple[datetime, float]]:
    """Read every hour at someone's who is up from 6 to 22; `holes`: hours before NOW without readings."""
    register, rows = 100_000.0, []
    for back in range(days * 24, -1, -1):
        at = NOW - back * HOUR
        local_hour = (at.hour + 8) % 24
        if local_hour in {6, 7, 8, 11, 12, 14, 17, 18, 20, 21} and (silent_from is None or at <= silent_from):
            register += 3 + (at.day * 7 + local_hour * 5) % 17 + (18 if local_hour == 20 and at.day % 3 == 0 else 0)
        if not any(back in hole for hole in holes):
            rows.append((at, register))
    return rows


def build(path: Path) -> None:
    """Makes the records file with the town in it."""
    migrations.migrate(path)
    records = Records(path)
    with records.write() as tx:
        _ledger(tx)
        _accounts(tx)
        alarm(tx)
    records.close()


def _ledger(tx: Connection) -> None:
    tx.execute(
        insert(communities),
        [
            {
                "community_id": "xh",
                "name": "幸福社区",
                "timezone": "Asia/Shanghai",
                "language": "zh",
                "phone": "04182900000",
            },
            {"community_id": "he", "name": "和平社区", "timezone": "Asia/Shanghai", "language": "zh", "phone": None},
        ],
    )
    tx.execute(
        insert(grids),
        [
            {"grid_id": "xh1", "community_id": "xh", "name": "第一网格"},
            {"grid_id": "xh2", "community_id": "xh", "name": "第二网格"},
            {"grid_id": "he1", "community_id": "he", "name": "第一网格"},
        ],
    )
    tx.execute(
        insert(buildings),
        [
            {"building_id": "b3", "grid_id": "xh1", "name": "3号楼", "address": "中华路 18 号"},
            {"building_id": "b7", "grid_id": "xh2", "name": "7号楼", "address": None},
            {"building_id": "h1", "grid_id": "he1", "name": "1号楼", "address": None},
        ],
    )
    homes = [("H1", "b3", "2单元402"), ("H2", "b3", "1单元101"), ("H3", "b7", "3单元603"), ("H4", "b7", "3单元201")]
    homes += [("H9", "h1", "1单元301")]
    tx.execute(insert(households), [{"household_id": h, "building_id": b, "door": d} | CONSENT for h, b, d in homes])
    people = [
        ("R1", "H1", "王秀兰", 1941, "+8613900000001"),
        ("R2", "H2", "李德福", 1938, None),
        ("R3", "H3", "张桂英", 1944, None),
        ("R4", "H4", "赵玉珍", 1946, None),
        ("R9", "H9", "陈凤霞", 1940, None),
    ]
    tx.execute(
        insert(residents),
        [
            {"resident_id": r, "household_id": h, "name": n, "birth_year": y, "phone": p, "language": "zh"}
            for r, h, n, y, p in people
        ],
    )
    tx.execute(
        insert(resident_categories),
        [{"resident_id": "R1", "category": "living_alone"}, {"resident_id": "R1", "category": "over_80"}],
    )
    staff = [
        ("daughter", "王丽", "guardian", "+8613800000011", None, None),
        ("grid_worker", "刘芳", "grid_worker", "+8613800000012", "xh", "xh1"),
        ("volunteer", "孙强", "volunteer", "+8613800000013", "xh", None),
        ("duty", "周敏", "duty_staff", "+8613800000014", "xh", None),
        ("other_duty", "吴磊", "duty_staff", "+8613800000015", "he", None),
        ("operator", "郑工", "operator", None, None, None),
    ]
    tx.execute(
        insert(contacts),
        [
            {"contact_id": c, "name": n, "role": r, "phone": p, "community_id": o, "grid_id": g}
            | {"language": "zh" if c in {"daughter", "grid_worker"} else "en"}  # as tests read their texts, or pages
            for c, n, r, p, o, g in staff
        ],
    )
    tx.execute(insert(guardians).values(household_id="H1", contact_id="daughter", order=1))
    tx.execute(
        insert(pairings),
        [{"household_id": "H1", "contact_id": "grid_worker"}, {"household_id": "H3", "contact_id": "volunteer"}],
    )
    tx.execute(insert(meters), [{"meter_id": f"M{n}", "household_id": f"H{n}"} for n in (1, 2, 3, 4, 9)])


def _accounts(tx: Connection) -> None:
    for login in ("grid_worker", "volunteer", "duty", "other_duty", "operator"):
        add_account(tx, login, login, PASSWORD, NOW)


def raise_alert(
    tx: Connection,
    alert_id: int,
    household_id: str | None,
    kind: str,
    *,
    level: str = "alert",
    state: str = "notified",
    hours: float = 3,
    subject: str | None = None,
    since: datetime | None = None,
    reason: Mapping[str, object] | None = None,
) -> None:
    """An alert as the notifier would have left it."""
    raised_at = NOW - hours * HOUR
    tx.execute(
        insert(alerts).values(
            alert_id=alert_id,
            household_id=household_id,
            subject=subject or household_id,
            kind=kind,
            level=level,
            state=state,
            raised_at=raised_at,
            since=since or raised_at - 9 * HOUR,
            opened_at=raised_at,
            last_at=raised_at,
            reason=reason or {"key": "gap", "values": {}},
            resolved_at=raised_at + HOUR if state == "resolved" else None,
            outcome="safe" if state == "resolved" else None,
            outcome_note="在女儿家过夜" if state == "resolved" else None,
        )
    )
    for event, to_state, minutes in (("ask", "asked", 0), ("notify", "notified", 30)):
        tx.execute(
            insert(alert_events).values(
                alert_id=alert_id,
                at=raised_at + timedelta(minutes=minutes),
                event=event,
                to_state=to_state,
                by="anju",
                why="",
            )
        )


def write_text(tx: Connection, alert_id: int, contact_id: str, body: str, status: str = "delivered") -> None:
    """A text as the outbox would have left it."""
    tx.execute(
        insert(messages).values(
            key=f"{alert_id}/{contact_id}/{body[:8]}",
            alert_id=alert_id,
            contact_id=contact_id,
            addressee="contact",
            purpose="first",
            urgency=1,
            why="",
            channel="twilio",
            template="low_use",
            variables={},
            language="zh",
            body=body,
            segments=1,
            status=status,
            attempts=1,
            created_at=NOW - 2 * HOUR,
            sent_at=NOW - 2 * HOUR,
        )
    )


def alarm(tx: Connection) -> None:
    """The town on a bad day: one of each sort."""
    raise_alert(
        tx,
        1,
        "H1",
        "low_use",
        since=NOW - 20 * HOUR,
        reason={
            "key": "low_use",
            "values": {
                "silent_hours": 19.5,
                "last_use_at": (NOW - 20 * HOUR).isoformat(),
                "expected_uses": 7,
                "longest_hours": 9.5,
            },
        },
    )
    write_text(
        tx, 1, "daughter", "【安居】王秀兰（3号楼2单元402）自昨天20:30起没有用水，请尽快联系或上门看看。收到请回复1。"
    )
    write_text(
        tx,
        1,
        "grid_worker",
        "【安居】3号楼2单元402王秀兰自昨天20:30起没有用水，请上门查看。收到请回复1，代码81。",
        "sent",
    )
    raise_alert(
        tx,
        2,
        "H2",
        "constant_flow",
        since=NOW - 2 * HOUR,
        state="acknowledged",
        hours=1,
        reason={
            "key": "constant_flow_tap",
            "values": {"since_at": (NOW - 2 * HOUR).isoformat(), "flow_lph": 240.0, "record_lph": 65.0},
        },
    )
    raise_alert(
        tx,
        3,
        "H3",
        "no_data",
        subject="M3",
        hours=20,
        state="open",
        reason={"key": "no_data", "values": {"last_at": (NOW - 30 * HOUR).isoformat(), "rhythm_minutes": 60}},
    )
    raise_alert(tx, 4, "H4", "low_use", level="ask", state="asked", hours=0.3)
    raise_alert(tx, 5, "H1", "low_use", state="resolved", hours=120)
    raise_alert(tx, 6, "H9", "sos", hours=0.1)
    raise_alert(tx, 7, None, "gateway_silent", subject="GW7", hours=2, state="open")
