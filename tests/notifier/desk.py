"""The service with Twilio as its way out, and Twilio's webhooks behind a proxy."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from notifier.channels.twilio import TwilioRules, TwilioSms, client
from notifier.channels.twilio_voice import TwilioVoice, VoiceRules
from notifier.contract import Channel
from notifier.inbound import TwilioInbound
from notifier.replies import Replies
from notifier.service import NotifierRules
from tests.notifier.fake_twilio import ACCOUNT, SENDER, TOKEN, FakeTwilio
from tests.notifier.world import World
from web.webhooks import webhooks

PUBLIC = "https://anju.example.org"


def channel(base: str) -> TwilioSms:
    rules = TwilioRules(sender=SENDER, callback_url=f"{PUBLIC}/webhooks/twilio/status", timeout_s=5.0)
    return TwilioSms(client(ACCOUNT, TOKEN, base, timeout_s=5.0), rules)


def calls(base: str) -> TwilioVoice:
    return TwilioVoice(client(ACCOUNT, TOKEN, base, timeout_s=5.0), VoiceRules(sender=SENDER, public_url=PUBLIC))


class Desk:
    """The service with Twilio as its channel, and its webhooks."""

    def __init__(
        self,
        folder: Path,
        twilio: FakeTwilio,
        tokens: list[str] | None = None,
        channels: list[Channel] | None = None,
        rules: NotifierRules | None = None,
    ) -> None:
        self.twilio = twilio
        self.world = World(folder, channels=channels or [channel(twilio.base)], rules=rules or NotifierRules())
        twilio.now = lambda: self.world.now
        inbound = TwilioInbound(
            records=self.world.records,
            outbox=self.world.outbox,
            replies=Replies(self.world.life, self.world.notifier.letters),
            tokens=[TOKEN] if tokens is None else tokens,
            public_url=PUBLIC,
        )
        app = FastAPI()
        app.include_router(webhooks(inbound, lambda: self.world.now))
        self.http = TestClient(app)
        self.inbound_sids = iter(range(10**6))

    def post(self, address: str, form: dict[str, str], signature: str) -> int:
        """Behind a proxy: our own address is another than the public one that was signed."""
        answer = self.http.post(address.removeprefix(PUBLIC), data=form, headers={"X-Twilio-Signature": signature})
        return answer.status_code

    def replies(self, phone: str, body: str, sid: str | None = None) -> int:
        form = {"MessageSid": sid or f"SMin{next(self.inbound_sids)}", "From": phone, "To": SENDER, "Body": body}
        return self.post(*self.twilio.signed(f"{PUBLIC}/webhooks/twilio/reply", form))

    def sid_to(self, phone: str) -> str:
        return next(str(m["sid"]) for m in reversed(self.twilio.messages) if m["to"] == phone)

    def heard(self, asked: tuple[str, dict[str, str], str]) -> str:
        """What the call says next, after a request that Twilio signed."""
        address, form, signature = asked
        answer = self.http.post(address.removeprefix(PUBLIC), data=form, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 200
        return answer.text

    def called(self) -> list[str]:
        return [str(c["to"])[-1] for c in self.twilio.calls]

    def told(self) -> list[str]:
        return [str(m["to"])[-1] for m in self.twilio.messages]
