"""Wristband scans by handheld scanners and kiosks of staff: `anju/<scanner_id>/scans`, JSON `{"card_id", "at"}`.

`card_id` may be the whole address that the code holds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.reading import Refused
from ingest.codecs.values import RefusedError, parse_json

MOST_SCANS = 100  # in one message; a scanner sends one, or what it saved up while offline


@dataclass(frozen=True, slots=True, kw_only=True)
class CardScan:
    """`scanner_id` read the band with `card_id`."""

    card_id: str
    at: datetime
    scanner_id: str


def is_scan(topic: str) -> bool:
    return topic.endswith("/scans") and topic.startswith("anju/") and topic.count("/") == 2


def decode_scans(topic: str, payload: bytes, received_at: datetime) -> list[CardScan | Refused]:
    """One scan or an array of them; without `at` it is now."""
    try:
        document = parse_json(payload)
    except RefusedError as e:
        return [Refused(str(e))]
    scanner_id = topic.split("/")[1]
    scans = document if isinstance(document, list) else [document]
    decoded = [_scan(scan, scanner_id, received_at) for scan in scans[:MOST_SCANS]]
    if len(scans) > MOST_SCANS:
        decoded.append(Refused(f"scans: {len(scans)} in one message; the first {MOST_SCANS} count"))
    return decoded


def _scan(scan: Any, scanner_id: str, received_at: datetime) -> CardScan | Refused:
    if not isinstance(scan, dict) or not isinstance(scan.get("card_id"), str):
        return Refused("card_id: a scan is an object with a card_id")
    card_id = scan["card_id"].rsplit("/", 1)[-1]
    text = scan.get("at")
    if text is None:
        return CardScan(card_id=card_id, at=received_at, scanner_id=scanner_id)
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            return Refused(f"at: {str(text)[:40]!r} lacks its zone")
        return CardScan(card_id=card_id, at=at.astimezone(UTC), scanner_id=scanner_id)
    except (TypeError, ValueError, OverflowError):
        return Refused(
            f"at: {str(text)[:40]!r} is no time with its zone, of 2000 to 2099 (such as 2026-03-01T06:30:00Z)"
        )
