"""Texts through Twilio's official client; what may have been taken is looked up, never guessed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NoReturn
from urllib.parse import urlsplit, urlunsplit

from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from domain.entered import is_landline
from domain.message import MessageStatus
from notifier.channels.failures import never_stood
from notifier.channels.twilio_codes import STATUSES, UNDELIVERED, Undelivered, refusal
from notifier.contract import Capabilities, ChannelError, Failure, Outgoing, Sent
from notifier.heard import Inbound

ONE_WAY = Capabilities(receipts=True, replies=False, links=False, cost=0.05)
LOOKED_THROUGH = 200  # of the texts to one number, the newest first
MOST_WORKERS = 256  # `notify.workers`; of connections beyond its ten requests would warn, and close them
TWO_WAY = Capabilities(receipts=True, replies=True, links=True, cost=0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioRules:
    """`sender`: a number of ours, or a messaging service (MG...). `callback_url`: where receipts come, if anywhere.

    `countries`: what Twilio can do by the number's beginning; to mainland China no link and no reply.
    `timeout_s`: longer than a provider's bad day (30 s), shorter than the outbox waits (90 s).
    """

    sender: str
    callback_url: str | None = None
    timeout_s: float = 45.0
    countries: Mapping[str, Capabilities] = field(default_factory=lambda: MappingProxyType({"+86": ONE_WAY}))
    elsewhere: Capabilities = TWO_WAY


class TwilioSms:
    """`TwilioSms(client(account_sid, token), TwilioRules(sender=...))`."""

    name = "twilio"

    def __init__(self, client: Client, rules: TwilioRules) -> None:
        self._client = client
        self._rules = rules

    def capabilities(self, phone: str) -> Capabilities | None:
        """By country; only numbers in international form are served, and no landlines."""
        if not phone.startswith("+") or is_landline(phone):
            return None
        own = [can for beginning, can in self._rules.countries.items() if phone.startswith(beginning)]
        return own[0] if own else self._rules.elsewhere

    def send(self, text: Outgoing) -> Sent:
        extra = {"status_callback": self._rules.callback_url} if self._rules.callback_url else {}
        sender = "messaging_service_sid" if self._rules.sender.startswith("MG") else "from_"
        try:
            taken = self._client.messages.create(
                to=text.to,
                body=text.body,
                **{sender: self._rules.sender},
                **extra,
            )
        except (TwilioException, RequestException) as e:
            explain(e)
        return _sent(taken)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        """The newest text to this number with these words since then.

        Asked for by number alone: a text that waits in a queue has no `date_sent`, so a filter by it may leave it out.
        """
        try:
            found = self._client.messages.list(to=text.to, limit=LOOKED_THROUGH)
        except (TwilioException, RequestException) as e:
            explain(e)
        same = [m for m in found if m.body == text.body and (m.date_created is None or m.date_created >= since)]
        return _sent(same[0]) if same else None

    def replies(self, since: datetime) -> list[Inbound]:
        """Texts to us since then, oldest first, whether or not a webhook of ours was there for them."""
        ours = {} if self._rules.sender.startswith("MG") else {"to": self._rules.sender}
        try:
            found = self._client.messages.list(date_sent_after=since, limit=1000, **ours)
        except (TwilioException, RequestException) as e:
            explain(e)
        inbound = [m for m in reversed(found) if m.direction == "inbound" and m.date_created >= since]
        return [Inbound(key=m.sid, phone=m.from_, body=m.body or "", sent_at=m.date_created) for m in inbound]

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        try:
            return _sent(self._client.messages(sid).fetch())
        except (TwilioException, RequestException) as e:
            explain(e)


def client(account_sid: str, token: str, api_base: str = "", timeout_s: float = 45.0) -> Client:
    """Twilio's client; with `api_base`, for example http://127.0.0.1:4010, it talks to that address instead."""
    logging.getLogger("twilio").setLevel(logging.WARNING)  # it logs each request, with the number asked after
    http = _Elsewhere(api_base, timeout_s) if api_base else TwilioHttpClient(timeout=timeout_s)
    for scheme in ("https://", "http://"):
        http.session.mount(scheme, HTTPAdapter(pool_maxsize=MOST_WORKERS))
    return Client(account_sid, token, http_client=http)


class _Elsewhere(TwilioHttpClient):  # type: ignore[misc]  # twilio has no types
    """The same requests at another scheme and host."""

    def __init__(self, base: str, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s)
        self._base = urlsplit(base)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        asked = urlsplit(url)
        path = self._base.path.rstrip("/") + asked.path
        moved = urlunsplit((self._base.scheme, self._base.netloc, path, asked.query, asked.fragment))
        return super().request(method, moved, *args, **kwargs)


def heard(sid: str, status: str, code: str | int | None) -> Sent:
    """What Twilio says of a text, in an answer or a receipt."""
    said = STATUSES.get(status, MessageStatus.SENT)
    number = int(code) if code and str(code).isdigit() else 0
    if not number or not said.lost:
        return Sent(sid=sid, status=said)
    why = UNDELIVERED.get(number, Undelivered(reason="not delivered"))
    return Sent(sid=sid, status=said, error=f"{why.reason} ({number})", again_after=why.again_after)


def check_id(sid: str | None) -> None:
    """An answer without one comes from something between us and Twilio: the text may have left, or not."""
    if not sid:
        raise ChannelError(Failure.UNCERTAIN, "an answer without an id")


def _sent(message: Any) -> Sent:
    check_id(message.sid)
    return heard(message.sid, str(message.status), message.error_code)


def explain(e: Exception) -> NoReturn:
    """As a `ChannelError`: what a lost connection means depends on whether it ever stood."""
    if isinstance(e, TwilioRestException):
        failure, reason = refusal(e.code, e.status)
        raise ChannelError(failure, reason, str(e.code or e.status)) from e
    if never_stood(e):
        raise ChannelError(Failure.DOWN, "can't be reached", type(e).__name__) from e
    raise ChannelError(Failure.UNCERTAIN, "no answer", type(e).__name__) from e
