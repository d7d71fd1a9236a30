"""What the finder's pages share: how the finder came in, how often he may try, and the page itself."""

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from domain.wristband import Band, Stage, coarse
from store.contracts import BandScan, Batch, BatchSink, StoreUnavailableError
from store.security import security_event
from web import meetings, wearers
from web.desk import Desk
from web.first_page import FirstPages
from web.limits import Limit
from web.meetings import RaisesAlerts
from web.notes import NotesCipher
from web.scan_log import ScanLog
from web.sent import NOTHING
from web.wearers import Wearer, Worn

log = logging.getLogger(__name__)
COOKIE = "anju_finder"
COOKIE_LASTS = int(meetings.MEETING_LASTS.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class FinderLimits:
    """Generous for one who helps, too tight for one who guesses. An address may be that of a hospital, or of a town."""

    views: Limit  # of one band from one address: who has its code guesses nothing, but could fill the log
    deeds: Limit  # at one band, and in one meeting
    misses: Limit  # of one address
    all_misses: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """All that the finder's pages need beside the desk."""

    desk: Desk
    life: RaisesAlerts
    sink: BatchSink
    log: ScanLog
    cipher: NotesCipher
    limits: FinderLimits
    emergency_numbers: tuple[str, str]  # doctor, police
    policy: str  # the page's own content security policy
    first_pages: FirstPages


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How the finder came in: by scanning the code, or by typing the number. The number opens no medical notes."""

    path: str
    find: Callable[[Connection], Worn | None]
    medical: bool


def by_scan(card_id: str) -> Door:
    return Door(path=f"/1/{card_id}", find=lambda tx: wearers.worn_by_card(tx, card_id), medical=True)


def by_typing(number: str) -> Door:
    return Door(path=f"/n/{number}", find=lambda tx: wearers.worn_by_number(tx, number), medical=False)


def unknown(finder: Finder, request: Request, address: str, now: datetime) -> Response:
    """Counts a miss; one who misses often is guessing, and staff should know."""
    limits = finder.limits
    counts = limits.misses.allows(address, now)
    if counts:  # what one address tries beyond its own limit closes no numbers to others
        limits.all_misses.allows("all", now)
    if counts and limits.misses.exhausted(address, now):
        try:
            with finder.desk.records.write() as tx:
                security_event(tx, "guessing", coarse(address), f"{limits.misses.tries} unknown codes", now)
        except StoreUnavailableError as e:
            log.warning("that codes are guessed from %s can't be written down: %s", coarse(address), e)
    return page(finder, request, "finder/unknown.html", 404)


def guesses_too_much(finder: Finder, door: Door, address: str, now: datetime) -> bool:
    """Nobody guesses a card id, and a carrier's whole town has one address: what is scanned stays open.

    Numbers are closed for a while to an address that misses, and to all when the whole world does.
    """
    limits = finder.limits
    return not door.medical and (limits.misses.exhausted(address, now) or limits.all_misses.exhausted("all", now))


def wait(finder: Finder, request: Request, who: Wearer | None = None) -> Response:
    """Too often; of a band that is known, with the number of those who know its wearer."""
    return page(finder, request, "finder/wait.html", 429, line=who.line if who else None)


def count_scan(finder: Finder, band: Band, stage: Stage, now: datetime) -> None:
    finder.sink.commit(Batch(scans=[BandScan(band_no=band.band_id, at=now, stage=stage.value, source="web")]))


def page(finder: Finder, request: Request, name: str, status: int = 200, **values: object) -> Response:
    doctor, police = finder.emergency_numbers
    answer = finder.desk.page(request, name, None, status, sent=NOTHING, doctor=doctor, police=police, **values)
    return guarded(finder, answer)


def guarded(finder: Finder, answer: Response) -> Response:
    """Its own strict policy: nothing but itself is loaded, and nobody learns whence the finder came."""
    answer.headers["content-security-policy"] = finder.policy
    answer.headers["referrer-policy"] = "no-referrer"
    return answer


def content_policy(style: str, script: str) -> str:
    """Allows exactly the page's own style and script, by their hashes."""
    hashes = [base64.b64encode(sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
