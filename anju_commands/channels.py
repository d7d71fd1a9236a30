"""The ways out that the settings name: each channel made ready to send."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from anju_commands.common import stop
from config.settings import Settings

if TYPE_CHECKING:
    from notifier.contract import Channel

log = logging.getLogger("anju")


def channels_of(settings: Settings) -> "list[Channel]":
    """The configured way out; the log channel shows texts instead of sending them, and says so."""
    from notifier.channels.log import LogChannel
    from notifier.channels.twilio import TwilioRules, TwilioSms, client

    sms = settings.sms
    if sms.channel == "log":
        log.warning("texts are only logged, not sent: set sms.channel")
        return [LogChannel(lambda text: log.info("text %s (%s), not sent", text.reference, text.template))]
    if sms.channel != "twilio":
        raise stop(f"sms.channel = {sms.channel!r}: wants log or twilio", code=2)
    needed = ("twilio_account_sid", "twilio_from", "twilio_auth_token")
    if missing := [name for name in needed if not getattr(sms, name)]:
        raise stop(f"sms.{missing[0]} is needed for sms.channel = 'twilio'", code=2)
    rules = TwilioRules(sender=sms.twilio_from, callback_url=f"{settings.web.public_url}/webhooks/twilio/status")
    token = sms.twilio_auth_token.split()[0]
    return [TwilioSms(client(sms.twilio_account_sid, token, sms.twilio_api_base), rules), *_other_channels(settings)]


def _other_channels(settings: Settings) -> "Iterator[Channel]":
    """Each serves the contacts whose address is of its kind."""
    from notifier.channels.apprise import AppriseGroup, MissingExtraError
    from notifier.channels.email import Email, SmtpRules

    sms = settings.sms
    if sms.smtp_host:
        yield Email(
            SmtpRules(
                host=sms.smtp_host,
                port=sms.smtp_port,
                sender=sms.smtp_from or f"anju@{sms.smtp_host}",
                username=sms.smtp_username,
                password=sms.smtp_password,
                tls=sms.smtp_tls,
            )
        )
    if sms.apprise:
        try:
            yield AppriseGroup()
        except MissingExtraError as e:
            raise stop(str(e), code=2) from e


def words_of(settings: Settings) -> "dict[str, dict[str, dict[str, str]]]":
    from config.sms import load_words

    return load_words(Path(settings.notify.words) if settings.notify.words else None)
