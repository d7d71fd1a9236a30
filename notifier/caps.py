"""How many texts a provider takes to one number: known before sending, so that the next provider is asked at once."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from notifier.contract import Cap
from store import tables as t

M = t.messages.c
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}
_CAP = re.compile(r"(\d+)/(\d*)(s|min|h|d)(?:/(template))?")


def parse_caps(text: str) -> tuple[Cap, ...]:
    """ "1/30s 5/h 10/d", or "50/d/template" for texts of the same template. Raises ValueError naming the part."""
    return tuple(_cap(part) for part in text.split())


def _cap(part: str) -> Cap:
    match = _CAP.fullmatch(part)
    if match is None or int(match[1]) < 1:
        raise ValueError(f"{part!r} is no number of texts and time, as in 1/30s 5/h 10/d 50/d/template")
    within = timedelta(**{_UNITS[match[3]]: int(match[2] or 1)})
    return Cap(texts=int(match[1]), within=within, alike=match[4] is not None)


def full_until(tx: Connection, row: dict[str, Any], channel: str, caps: Sequence[Cap], now: datetime) -> datetime:
    """Until when this text's reader gets no more from that channel; `now` where there is room."""
    return max((_full_until(tx, row, channel, cap, now) for cap in caps), default=now)


def _full_until(tx: Connection, row: dict[str, Any], channel: str, cap: Cap, now: datetime) -> datetime:
    left_at = func.coalesce(M.sent_at, M.status_at)
    others = (
        M.contact_id == row["contact_id"],
        M.addressee == row["addressee"],
        M.channel == channel,
        M.attempts > 0,
        left_at > now - cap.within,
        left_at <= now,  # a clock that went back must not hold anybody back
        M.message_id != row["message_id"],
        *((M.template == row["template"],) if cap.alike else ()),
    )
    times = tx.execute(select(left_at).where(*others).order_by(left_at.desc()).limit(cap.texts)).scalars().all()
    return times[-1] + cap.within if len(times) == cap.texts else now
