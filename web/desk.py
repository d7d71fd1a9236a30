"""What every page is handed: the stores, the clock, the words, and who may see what."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from typing import Annotated, Protocol
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Form, Path, Query
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import AfterValidator
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from detectors.wording import explain
from domain.alert import Outcome
from domain.finding import Reason
from domain.people import Language
from domain.wristband import Emergency
from store.contracts import BatchSink, KeptReader, RegisterReader, ScanReader, TracesKeeper
from store.security import SecurityLog
from web.health import Health
from web.limits import Limit
from web.meetings import RaisesAlerts
from web.pinyin import pinyin
from web.sent import NOTHING, Sent
from web.session import Viewer
from web.words import Words, load, preferred, spoken

LARGEST_ID = 2**63 - 1  # what the records can hold
IdInPath = Annotated[int, Path(ge=0, le=LARGEST_ID)]
IdInQuery = Annotated[int, Query(ge=0, le=LARGEST_ID)]
IdInForm = Annotated[int, Form(ge=0, le=LARGEST_ID)]


def _as_counted(text: str) -> str:
    """Browsers count an end of line as one character, and send two."""
    return text.replace("\r\n", "\n")


Text = Annotated[str, Form(), AfterValidator(_as_counted)]


class Records(Protocol):
    """The records file: a consistent view to read, and one transaction to write."""

    def read(self) -> AbstractContextManager[Connection]: ...

    def write(self) -> AbstractContextManager[Connection]: ...


class Readings(RegisterReader, KeptReader, ScanReader, BatchSink, TracesKeeper, Protocol):
    """The readings file: registers for the chart, messages not taken, scans of wristbands; it takes scans, too."""


class AlertLife(RaisesAlerts, Protocol):
    """What staff and finders do; the notifier's `Life` does it. An impossible step raises `ImpossibleStepError`."""

    def acknowledge(self, tx: Connection, alert_id: int, *, by: str, now: datetime) -> None: ...

    def holds_for(self, tx: Connection, alert_id: int, now: datetime) -> timedelta: ...

    def leave(self, tx: Connection, alert_id: int, *, by: str, until: datetime, now: datetime) -> None: ...

    def arrive(self, tx: Connection, alert_id: int, *, by: str, now: datetime) -> None: ...

    def back(self, tx: Connection, household_id: str, *, by: str, now: datetime) -> bool: ...

    def away_announced(
        self, tx: Connection, household_id: str, *, by: str, until: datetime, now: datetime, from_at: datetime | None
    ) -> None: ...

    def decline(self, tx: Connection, alert_id: int, *, by: str, now: datetime) -> None: ...

    def reopen(self, tx: Connection, alert_id: int, *, by: str, now: datetime) -> None: ...

    def resolve(
        self, tx: Connection, alert_id: int, *, by: str, outcome: Outcome, now: datetime, note: str
    ) -> None: ...

    def correct(
        self, tx: Connection, alert_id: int, *, by: str, outcome: Outcome, now: datetime, note: str
    ) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Handed down once by `create_app`; holds no state but the counters of the limits."""

    records: Records
    readings: Readings
    life: AlertLife
    now: Callable[[], datetime]
    public_url: str
    is_healthy: Callable[[], Health]
    signed_in_as: str | None
    demo_csrf: str
    sign_in_limit: Limit
    security: SecurityLog
    templates: Environment
    words: Mapping[Language, Words]

    def language(self, request: Request) -> Language:
        """The switch wins, then what the ledger says of who asks, once that is known, then the browser."""
        chosen = request.query_params.get("language") or request.cookies.get("anju_language", "")
        if chosen in self.words:
            return Language(chosen)
        own: Language | None = getattr(request.state, "own_language", None)
        if own and self.signed_in_as is None:  # whoever looks at a demonstration is somebody else
            return own
        return preferred(request.headers.get("accept-language", ""))

    def speak(self, request: Request, language: Language) -> None:
        """Who asks is known from here on: this is the ledger's language of them."""
        request.state.own_language = language

    def viewer(self, request: Request) -> Viewer | None:
        """Who is signed in, once a page has asked (`web.sign_in.viewer`)."""
        found: Viewer | None = getattr(request.state, "viewer", None)
        return found

    def explain(self, reason: Reason, language: Language, timezone: str) -> str:
        """The reason in the viewer's language, its times in the household's zone."""
        if reason.key in self.words[language].sections["reason"]:
            return self.words[language].reason(reason, ZoneInfo(timezone))
        return explain(reason, language, ZoneInfo(timezone))

    def page(
        self,
        request: Request,
        name: str,
        viewer: Viewer | None = None,
        status: int = 200,
        *,
        sent: Sent = NOTHING,
        **values: object,
    ) -> Response:
        """One rendered page. What all pages show is added here; `sent`: the form that it gives back with its faults."""
        language = self.language(request)
        html = self.html(
            name,
            language,
            viewer=viewer,
            now=self.now(),
            path=sent.page or request.url.path,
            sent=sent,
            switch=_in_another_language(request, sent, self.other(language)),
            why_of=lambda alert: self.explain(alert.reason, language, alert.timezone),
            demo=self.signed_in_as is not None,
            **values,
        )
        return self.answer(request, html, status)

    def html(self, name: str, language: Language, **values: object) -> str:
        other = self.other(language)
        return self.templates.get_template(name).render(t=self.words[language], other=other, **values)

    def other(self, language: Language) -> Language:
        return Language.EN if language is Language.ZH else Language.ZH

    def answer(self, request: Request, html: str, status: int = 200) -> Response:
        return self.remembering(request, HTMLResponse(html, status))

    def remembering(self, request: Request, answer: Response) -> Response:
        """The answer; where the visitor has just chosen a language, the browser remembers it."""
        chosen = request.query_params.get("language")
        if chosen in self.words:
            answer.set_cookie("anju_language", str(chosen), max_age=31_536_000, httponly=True, samesite="lax")
        return answer

    def problem(self, request: Request, status: int, why: str) -> Response:
        """A page that says what is wrong; `why` is a key of the section "page"."""
        back = page_of(request) if status != 404 else "/"
        return self.page(request, "problem.html", self.viewer(request), status, why=f"page.{why}", back=back)


def page_of(request: Request) -> str:
    """The page on which a form stood: of one alert, home or resident; else the first."""
    own = re.match(r"/(alerts|households|residents)/[^/]+(?=/)|/family", request.url.path)
    return quote(own[0]) if own else "/"


def _in_another_language(request: Request, sent: Sent, language: Language) -> str | None:
    """Where the switch leads: to what is shown now, as far as it can be asked for again."""
    if sent.page:
        return f"{sent.page}{'&' if '?' in sent.page else '?'}language={language}"
    if request.method != "GET":
        return None
    asked = [(key, value) for key, value in request.query_params.multi_items() if key != "language"]
    return "?" + urlencode([*asked, ("language", language.value)])


FINDER_STYLE = (files("web") / "templates/finder/style.css").read_text("utf-8")
FINDER_SCRIPT = (files("web") / "templates/finder/here.js").read_text("utf-8")


def templates(reaches: Callable[[str], bool]) -> Environment:
    """Escapes everything; a name that isn't there is an error."""
    environment = Environment(
        loader=FileSystemLoader(str(files("web") / "templates")),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # no look at the disk for each page
    )
    environment.filters["spoken"] = spoken
    environment.filters["pinyin"] = pinyin
    environment.tests["reached"] = reaches
    environment.globals["static_version"] = _static_version()
    environment.globals["emergencies"] = list(Emergency)
    environment.globals["finder_style"] = FINDER_STYLE
    environment.globals["finder_script"] = FINDER_SCRIPT
    return environment


def all_words() -> dict[Language, Words]:
    return {language: load(language) for language in Language}


def _static_version() -> str:
    """Changes with the files, so that browsers may keep them for long."""
    static = files("web") / "static"
    content = b"".join((static / name).read_bytes() for name in ("style.css", "live.js"))
    return sha256(content).hexdigest()[:8]
