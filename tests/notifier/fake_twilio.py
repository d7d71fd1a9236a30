"""A Twilio of our own on loopback: it remembers, has moods, signs its callbacks and texts us replies."""

import html
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import RequestValidator

from tests.notifier.loopback import Loopback, listening

ACCOUNT = "AC" + "0" * 32
TOKEN = "a-token-for-tests"
SENDER = "+15005550006"


@dataclass
class Mood:
    """What the next sends meet: an HTTP status and code, before or after the text is taken, or no answer at all."""

    http_status: int = 201
    code: int = 0
    taken: bool = True
    answers: bool = True


@dataclass
class FakeTwilio:
    """`messages` is what it took, in order; `moods` are used up one a send."""

    base: str = ""
    messages: list[dict[str, object]] = field(default_factory=list)
    calls: list[dict[str, object]] = field(default_factory=list)
    scripts: dict[str, str] = field(default_factory=dict)
    callbacks: dict[str, str] = field(default_factory=dict)
    moods: list[Mood] = field(default_factory=list)
    requests: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, form: dict[str, str]) -> dict[str, object]:
        sid = f"SM{next(self.numbers):032x}"
        message = _message(sid, form, self.now())
        self.messages.append(message)
        self.callbacks[sid] = form.get("StatusCallback", "")
        return message

    def hears(self, phone: str, body: str) -> str:
        """Somebody texts to us; returns its id. Whether our webhook takes it is another matter."""
        sid = f"SM{next(self.numbers):032x}"
        text = _message(sid, {"From": phone, "To": SENDER, "Body": body}, self.now())
        self.messages.append(text | {"direction": "inbound", "status": "received", "date_sent": text["date_created"]})
        return sid

    def ring(self, form: dict[str, str]) -> dict[str, object]:
        sid = f"CA{next(self.numbers):032x}"
        call = _call(sid, form, self.now())
        self.calls.append(call)
        self.callbacks[sid], self.scripts[sid] = form.get("StatusCallback", ""), form["Twiml"]
        return call

    def call_ends(self, sid: str, status: str) -> tuple[str, dict[str, str], str]:
        """(address, form, signature) of the callback when a call is over."""
        call = next(c for c in self.calls if c["sid"] == sid)
        call["status"] = status
        form = {"CallSid": sid, "CallStatus": status, "To": str(call["to"]), "AccountSid": ACCOUNT}
        return self.signed(self.callbacks[sid], form)

    def key_pressed(self, sid: str, digits: str) -> tuple[str, dict[str, str], str]:
        """(address, form, signature) of the request that the call's script asks for."""
        action = html.unescape(re.findall(r'action="([^"]+)"', self.scripts[sid])[0])
        form = {"CallSid": sid, "Digits": digits, "CallStatus": "in-progress", "AccountSid": ACCOUNT}
        return self.signed(action, form)

    def bodies(self) -> list[tuple[str, str]]:
        return [(str(m["to"]), str(m["body"])) for m in self.messages]

    def status_callback(self, sid: str, status: str, code: int = 0) -> tuple[str, dict[str, str], str]:
        """(address, form, signature) of a receipt, and the message has that status from now on."""
        message = next(m for m in self.messages if m["sid"] == sid)
        message["status"], message["error_code"] = status, code or None
        message["date_sent"] = message["date_created"]
        form = {"MessageSid": sid, "MessageStatus": status, "To": str(message["to"]), "AccountSid": ACCOUNT}
        form |= {"ErrorCode": str(code)} if code else {}
        return self.signed(self.callbacks[sid], form)

    def signed(self, url: str, form: dict[str, str], token: str = TOKEN) -> tuple[str, dict[str, str], str]:
        return url, form, RequestValidator(token).compute_signature(url, form)


def _call(sid: str, form: dict[str, str], now: datetime) -> dict[str, object]:
    """As Twilio describes a call resource."""
    at = format_datetime(now.astimezone(UTC))
    empty = ["parent_call_sid", "phone_number_sid", "start_time", "end_time", "duration", "price", "answered_by"]
    return dict.fromkeys([*empty, "forwarded_from", "group_sid", "caller_name", "trunk_sid"]) | {
        "sid": sid,
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "date_created": at,
        "date_updated": at,
        "direction": "outbound-api",
        "from": form["From"],
        "from_formatted": form["From"],
        "to": form["To"],
        "to_formatted": form["To"],
        "price_unit": "USD",
        "queue_time": "0",
        "status": "queued",
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{sid}.json",
        "subresource_uris": {},
    }


def _message(sid: str, form: dict[str, str], now: datetime) -> dict[str, object]:
    """As Twilio describes a message resource."""
    at = format_datetime(now.astimezone(UTC))
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json"
    return {
        "sid": sid,
        "account_sid": ACCOUNT,
        "messaging_service_sid": None,
        "api_version": "2010-04-01",
        "body": form["Body"],
        "from": form.get("From"),
        "to": form["To"],
        "status": "queued",
        "direction": "outbound-api",
        "num_segments": "1",
        "num_media": "0",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "date_created": at,
        "date_sent": None,
        "date_updated": at,
        "uri": path,
        "subresource_uris": {"media": path.replace(".json", "/Media.json")},
    }


class _Handler(Loopback):
    fake: FakeTwilio

    def post(self) -> None:
        form = {k: v[0] for k, v in parse_qs(self.body(), keep_blank_values=True).items()}
        with self.fake.lock:
            self.fake.requests += 1
            mood = self.fake.moods.pop(0) if self.fake.moods else Mood()
            take = self.fake.ring if urlsplit(self.path).path.endswith("/Calls.json") else self.fake.take
            message = take(form) if mood.taken else {}
        if not mood.answers:
            self.close_connection = True
            return
        refused = {
            "code": mood.code,
            "message": "as asked",
            "more_info": "https://twilio.com",
            "status": mood.http_status,
        }
        self.answer(mood.http_status, message if mood.http_status < 300 else refused)

    def get(self) -> None:
        asked = urlsplit(self.path)
        sid = asked.path.rsplit("/", 1)[-1].removesuffix(".json")
        with self.fake.lock:
            self.fake.requests += 1
            if sid.startswith(("SM", "CA")):
                self.answer(200, next(m for m in self.fake.messages + self.fake.calls if m["sid"] == sid))
                return
            query = parse_qs(asked.query)
            to, by_date = query.get("To", [""])[0], "DateSent>" in query
            newest_first = reversed(self.fake.messages)
            found = [m for m in newest_first if to in ("", m["to"]) and (m["date_sent"] or not by_date)]
        page = {
            "messages": found,
            "page": 0,
            "page_size": 50,
            "start": 0,
            "end": max(0, len(found) - 1),
            "uri": self.fake.base + self.path,
            "first_page_uri": self.fake.base + self.path,
            "next_page_uri": None,
            "previous_page_uri": None,
        }
        self.answer(200, page)


@contextmanager
def fake_twilio() -> Iterator[FakeTwilio]:
    """Listens on a free port of loopback."""
    fake = FakeTwilio()
    with listening(type("Handler", (_Handler,), {"fake": fake})) as fake.base:
        yield fake
