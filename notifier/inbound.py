"""What Twilio's webhooks say, as what the notifier does: receipts, replies, keys pressed in a call."""

from collections.abc import Mapping
from datetime import datetime

from twilio.request_validator import RequestValidator

from notifier.channels.twilio import heard
from notifier.channels.twilio_voice import heard_call, last_words, script
from notifier.contract import Records
from notifier.outbox import Outbox
from notifier.replies import Inbound, Meaning, Pressed, Replies


class TwilioInbound:
    """`TwilioInbound(records=..., outbox=..., replies=..., tokens=[...], public_url=...)`.

    `tokens`: the account's auth token, and while it is rotated the second one. Without a token nothing is believed.
    The signature is checked over `public_url` + the path as Twilio was given it, never over what a proxy makes of it.
    """

    def __init__(
        self, *, records: Records, outbox: Outbox, replies: Replies, tokens: list[str], public_url: str
    ) -> None:
        self._records = records
        self._outbox = outbox
        self._replies = replies
        self._validators = [RequestValidator(token) for token in tokens if token]
        self._public_url = public_url.rstrip("/")

    def believes(self, path: str, form: Mapping[str, str], signature: str) -> bool:
        """Whether Twilio signed this; `path` with its query, if any."""
        url = self._public_url + path
        return bool(signature) and any(v.validate(url, dict(form), signature) for v in self._validators)

    def receipt(self, form: Mapping[str, str], now: datetime) -> bool:
        """A text's new status; false where the text is not (or not yet) known by its sid."""
        sid, status = form.get("MessageSid", ""), form.get("MessageStatus", "")
        if not sid or not status:
            return False
        with self._records.write() as tx:
            return self._outbox.receipt(tx, heard(sid, status, form.get("ErrorCode")), now)

    def call(self, form: Mapping[str, str], now: datetime) -> bool:
        """How a call ended; false where it is not (or not yet) known by its sid."""
        sid, status = form.get("CallSid", ""), form.get("CallStatus", "")
        if not sid or not status:
            return False
        with self._records.write() as tx:
            return self._outbox.receipt(tx, heard_call(sid, status, form.get("AnsweredBy")), now)

    def key(self, form: Mapping[str, str], message_id: str, now: datetime) -> str:
        """A key pressed in the call about this text; what the call says next, as TwiML."""
        pressed = Pressed(
            message_id=int(message_id) if message_id.isdecimal() else 0,
            call=form.get("CallSid", ""),
            digits=form.get("Digits", ""),
        )
        with self._records.write() as tx:
            said = self._replies.press(tx, pressed, now)
        if said.done or not said.words:
            return last_words(said.words, said.language)
        return script(said.words, said.language, f"{self._public_url}/webhooks/twilio/key?m={message_id}")

    def reply(self, form: Mapping[str, str], now: datetime) -> Meaning | None:
        """A text to us."""
        inbound = Inbound(key=form.get("MessageSid", ""), phone=form.get("From", ""), body=form.get("Body", ""))
        if not inbound.key or not inbound.phone:
            return None
        with self._records.write() as tx:
            return self._replies.take(tx, inbound, now)
