"""A look at a band's page: as far as this finder has gone. It changes nothing but the log, and tells nobody.

What most looks are, a first one at a band in use, runs where the request came in: one question by key, which no writer
ever keeps waiting, and no disk. All else goes to a thread: it opens more, and is written down before it is shown.
"""

from dataclasses import dataclass
from datetime import datetime

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from domain.wristband import Band, BandField, BandState, Stage, shown
from store.security import security_event
from web import looks, meetings, wearers
from web.finder import COOKIE, Door, Finder, count_scan, guarded, guesses_too_much, page, unknown, wait
from web.limits import caller
from web.looks import View
from web.meetings import Line, Meeting
from web.notes import Notes, NotesError
from web.wearers import Helper, Wearer

_FIRST_FIELDS = shown(Stage.VIEWED, list(BandField), all_at_once=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What this finder's look opens."""

    band: Band
    who: Wearer
    meeting: Meeting | None
    fields: frozenset[BandField]
    talk: list[Line]
    helpers: list[Helper]
    has_family: bool

    @property
    def stage(self) -> Stage:
        return self.meeting.stage if self.meeting else Stage.VIEWED

    @property
    def is_first(self) -> bool:
        """Shows no more than form of address and age."""
        return self.meeting is None and self.fields <= _FIRST_FIELDS


async def look(finder: Finder, request: Request, door: Door) -> Response:
    """The first page at once, or all else in a thread."""
    now, address = finder.desk.now(), caller(request)
    if guesses_too_much(finder, door, address, now):
        return wait(finder, request)
    seen = _seen(finder, door, request.cookies.get(COOKIE, ""), now)
    if seen is None:
        return await run_in_threadpool(unknown, finder, request, address, now)
    if not finder.limits.views.allows(f"{address} band {seen.band.band_id}", now):
        return wait(finder, request, seen.who)
    if seen.band.state_at(now) is not BandState.ACTIVE:
        return await run_in_threadpool(_inactive, finder, request, door, seen, now)
    if not seen.is_first:
        return await run_in_threadpool(_further, finder, request, door, seen, now)
    view = View(band_id=seen.band.band_id, at=now, address=address, fields=seen.fields)
    answer = _first_page(finder, request, door, seen, now)
    finder.log.add(view)
    if finder.log.at_once:
        answer.background = BackgroundTask(finder.log.write)
    return answer


def talk(finder: Finder, request: Request, door: Door) -> Response:
    """What finder and family wrote, for the page that the finder has open; it opens nothing, so nothing is logged.

    Nobody else is answered a word: nobody learns here whether a code or a number is one.
    """
    now = finder.desk.now()
    seen = _seen(finder, door, request.cookies.get(COOKIE, ""), now)
    if seen is None or seen.meeting is None or seen.band.state_at(now) is not BandState.ACTIVE:
        return guarded(finder, Response(status_code=204))
    return page(finder, request, "finder/_talk.html", talk=seen.talk)


def _seen(finder: Finder, door: Door, token: str, now: datetime) -> Seen | None:
    with finder.desk.records.read() as tx:
        worn = door.find(tx)
        if worn is None:
            return None
        band, who = worn
        meeting = meetings.of_token(tx, token, band.band_id, now)
        stage = meeting.stage if meeting else Stage.VIEWED
        fields = shown(stage, who.consented, all_at_once=who.all_at_once)
        return Seen(
            band=band,
            who=who,
            meeting=meeting,
            fields=fields if door.medical else fields - {BandField.HEALTH},
            talk=meetings.lines(tx, meeting.meeting_id) if meeting else [],
            helpers=wearers.helpers(tx, who.household_id) if BandField.CONTACTS in fields else [],
            has_family=meeting is not None and wearers.has_family(tx, who.household_id),
        )


def _first_page(finder: Finder, request: Request, door: Door, seen: Seen, now: datetime) -> Response:
    html = finder.first_pages.html(
        seen.who,
        seen.fields,
        here=door.path,
        medical=door.medical,
        language=finder.desk.language(request),
        year=now.year,
    )
    return guarded(finder, finder.desk.answer(request, html))


def _further(finder: Finder, request: Request, door: Door, seen: Seen, now: datetime) -> Response:
    """Name, contacts or notes: first written down, then shown."""
    with finder.desk.records.write() as tx:
        view = View(band_id=seen.band.band_id, at=now, address=caller(request), fields=seen.fields, stage=seen.stage)
        looks.log_views(tx, view)
    count_scan(finder, seen.band, seen.stage, now)
    notes = _notes(finder, seen.who) if BandField.HEALTH in seen.fields else None
    return _page(finder, request, door, seen, notes=notes)


def _page(finder: Finder, request: Request, door: Door, seen: Seen, *, notes: Notes | None) -> Response:
    return page(
        finder,
        request,
        "finder/band.html",
        here=door.path,
        medical=door.medical,
        who=seen.who,
        helpers=seen.helpers,
        has_family=seen.has_family,
        meeting=seen.meeting,
        talk=seen.talk,
        fields=seen.fields,
        notes=notes,
        year=finder.desk.now().year,
    )


def _inactive(finder: Finder, request: Request, door: Door, seen: Seen, now: datetime) -> Response:
    """Shows nobody; staff see that it was scanned, and the finder can still call them."""
    band, told = seen.band, seen.meeting is not None
    with finder.desk.records.write() as tx:
        address = caller(request)
        looks.log_views(tx, View(band_id=band.band_id, at=now, address=address))
        security_event(tx, "inactive_band_scanned", f"band {band.band_id}", band.state_at(now).value, now)
    count_scan(finder, band, Stage.VIEWED, now)
    return page(finder, request, "finder/inactive.html", 410, here=door.path, line=seen.who.line, told=told)


def _notes(finder: Finder, who: Wearer) -> Notes | None:
    """None where there are none, or the key is gone: the page then says to ask the doctor's line."""
    try:
        return finder.cipher.open(who.sealed, who.resident_id) if who.sealed else None
    except NotesError:
        return None
