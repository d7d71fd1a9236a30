"""A call through Twilio's official client: it says the text in the reader's language and takes a key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, Say, VoiceResponse

from domain.message import MessageStatus
from domain.people import Language
from notifier.channels.twilio import check_id, explain
from notifier.contract import Capabilities, Outgoing, Sent

VOICES = {Language.ZH: ("cmn-CN", "Polly.Zhiyu"), Language.EN: ("en-GB", "Polly.Amy")}
RINGS_S = 40
KEY_WITHIN_S = 8

_STATUSES: dict[str, tuple[MessageStatus, timedelta | None]] = {  # and after which time another call may help
    "completed": (MessageStatus.DELIVERED, None),
    "busy": (MessageStatus.UNDELIVERED, timedelta(minutes=1)),
    "no-answer": (MessageStatus.UNDELIVERED, timedelta(minutes=3)),
    "failed": (MessageStatus.UNDELIVERED, None),
    "canceled": (MessageStatus.FAILED, None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceRules:
    """`sender`: a number of ours that can call. `public_url`: where Twilio tells of keys and of the call's end."""

    sender: str
    public_url: str
    cost: float = 0.15


class TwilioVoice:
    """`TwilioVoice(client(account_sid, token), VoiceRules(sender=..., public_url=...))`; any phone, also a landline."""

    name = "voice"

    def __init__(self, client: Client, rules: VoiceRules) -> None:
        self._client = client
        self._rules = rules

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities(receipts=True, voice=True, cost=self._rules.cost) if phone.startswith("+") else None

    def send(self, text: Outgoing) -> Sent:
        try:
            call = self._client.calls.create(
                to=text.to,
                from_=self._rules.sender,
                twiml=script(text.body, text.language, key_url(self._rules.public_url, text) if text.asks else None),
                status_callback=f"{self._rules.public_url.rstrip('/')}/webhooks/twilio/call",
                timeout=RINGS_S,
            )
        except (TwilioException, RequestException) as e:
            explain(e)
        return _sent(call)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        """Twilio's list of calls doesn't tell what was said in them: a call of which nobody knows is made once more."""
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        try:
            return _sent(self._client.calls(sid).fetch())
        except (TwilioException, RequestException) as e:
            explain(e)


def key_url(public_url: str, text: Outgoing) -> str:
    """Where the key pressed in this call is sent, signed; our own number of the text is part of what is signed."""
    return f"{public_url.rstrip('/')}/webhooks/twilio/key?m={text.reference}"


def script(words: str, language: Language, keys_to: str | None) -> str:
    """The words twice, as TwiML; with `keys_to` each time a key is waited for, and the call ends where none comes."""
    response = VoiceResponse()
    for _ in range(2):
        response.append(_gather(words, language, keys_to) if keys_to else _say(words, language))
    return str(response)


def last_words(words: str, language: Language) -> str:
    """Said once, then the call ends."""
    response = VoiceResponse()
    response.append(_say(words, language))
    return str(response)


def heard_call(sid: str, status: str, answered_by: str | None = None) -> Sent:
    """What Twilio says of a call. An answering machine is nobody."""
    said, again_after = _STATUSES.get(status, (MessageStatus.SENT, None))
    if said is MessageStatus.DELIVERED and (answered_by or "").startswith(("machine", "fax")):
        return Sent(sid=sid, status=MessageStatus.UNDELIVERED, error=f"answered by {answered_by}")
    return Sent(sid=sid, status=said, error=status if said.lost else "", again_after=again_after)


def _say(words: str, language: Language) -> Say:
    spoken_in, voice = VOICES[language]
    return Say(words, language=spoken_in, voice=voice)


def _gather(words: str, language: Language, keys_to: str) -> Gather:
    gather = Gather(action=keys_to, method="POST", num_digits=1, timeout=KEY_WITHIN_S)
    gather.append(_say(words, language))
    return gather


def _sent(call: Any) -> Sent:
    check_id(call.sid)
    return heard_call(call.sid, str(call.status), call.answered_by)
