"""The ways out that the settings name: each channel made ready to send."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from anju_commands.common import stop, wall_clock
from config.settings import Settings
from notifier.contract import MissingExtraError

if TYPE_CHECKING:
    from notifier.channels.registered import Registered
    from notifier.contract import Cap, Channel

log = logging.getLogger("anju")


def channels_of(settings: Settings) -> "list[Channel]":
    """The configured ways out, best first; the log channel shows texts instead of sending them, and says so."""
    from notifier.channels.log import LogChannel

    names = settings.sms.channel.split()
    if names == ["log"]:
        log.warning("texts are only logged, not sent: set sms.channel")
        return [LogChannel(lambda text: log.info("text %s (%s), not sent", text.reference, text.template))]
    if not names or set(names) - set(_MAKERS):
        raise stop(f"sms.channel = {settings.sms.channel!r}: wants log, or some of {', '.join(_MAKERS)}", code=2)
    return [*(_MAKERS[name](settings) for name in names), *_other_channels(settings)]


def standing_problems(settings: Settings) -> list[str]:
    """A service that texts nobody must not look ready."""
    return ["texts are only logged, not sent: set sms.channel"] if settings.sms.channel.split() == ["log"] else []


def _twilio(settings: Settings) -> "Channel":
    from notifier.channels.twilio import TwilioRules, TwilioSms, client

    sms = settings.sms
    _need(settings, "twilio", "twilio_account_sid", "twilio_from", "twilio_auth_token")
    rules = TwilioRules(sender=sms.twilio_from, callback_url=f"{settings.web.public_url}/webhooks/twilio/status")
    return TwilioSms(client(sms.twilio_account_sid, sms.twilio_auth_token.split()[0], sms.twilio_api_base), rules)


def _aliyun(settings: Settings) -> "Channel":
    from notifier.channels.aliyun import AliyunRules, AliyunSms, client

    sms = settings.sms
    _need(settings, "aliyun", "aliyun_key_id", "aliyun_key_secret", "aliyun_sign", "aliyun_templates")
    rules = AliyunRules(
        sign=sms.aliyun_sign,
        templates=_templates(settings, "aliyun", sms.aliyun_templates),
        replies=sms.aliyun_replies,
        caps=_caps("aliyun", sms.aliyun_caps),
    )
    try:
        return AliyunSms(client(sms.aliyun_key_id, sms.aliyun_key_secret, sms.aliyun_api_base), rules)
    except MissingExtraError as e:
        raise stop(str(e), code=2) from e


def _tencent(settings: Settings) -> "Channel":
    from notifier.channels.tencent import TencentRules, TencentSms, client

    sms = settings.sms
    needed = ("tencent_secret_id", "tencent_secret_key", "tencent_app_id", "tencent_sign", "tencent_templates")
    _need(settings, "tencent", *needed)
    rules = TencentRules(
        app_id=sms.tencent_app_id,
        sign=sms.tencent_sign,
        templates=_templates(settings, "tencent", sms.tencent_templates),
        replies=sms.tencent_replies,
        caps=_caps("tencent", sms.tencent_caps),
    )
    try:
        to = client(sms.tencent_secret_id, sms.tencent_secret_key, sms.tencent_api_base)
    except MissingExtraError as e:
        raise stop(str(e), code=2) from e
    return TencentSms(to, rules, wall_clock)


def _voice(settings: Settings) -> "Channel":
    from notifier.channels.twilio import client
    from notifier.channels.twilio_voice import TwilioVoice, VoiceRules

    sms = settings.sms
    _need(settings, "voice", "twilio_account_sid", "twilio_auth_token")
    sender = sms.twilio_voice_from or sms.twilio_from
    if not sender.startswith("+"):
        raise stop("sms.twilio_voice_from is needed for sms.channel = 'voice': a number that can call", code=2)
    rules = VoiceRules(sender=sender, public_url=settings.web.public_url)
    return TwilioVoice(client(sms.twilio_account_sid, sms.twilio_auth_token.split()[0], sms.twilio_api_base), rules)


_MAKERS: "dict[str, Callable[[Settings], Channel]]" = {
    "aliyun": _aliyun,
    "tencent": _tencent,
    "twilio": _twilio,
    "voice": _voice,
}


def _need(settings: Settings, channel: str, *names: str) -> None:
    if missing := [name for name in names if not getattr(settings.sms, name)]:
        raise stop(f"sms.{missing[0]} is needed for sms.channel = '{channel}'", code=2)


def _templates(settings: Settings, channel: str, pairs: str) -> "dict[str, Registered]":
    from notifier.channels.registered import TemplatesError, registered
    from notifier.messages import Texts

    try:
        return registered(Texts(words=words_of(settings)), pairs)
    except TemplatesError as e:
        raise stop(f"sms.{channel}_templates: {e}", code=2) from e


def _caps(channel: str, text: str) -> "tuple[Cap, ...]":
    from notifier.caps import parse_caps

    try:
        return parse_caps(text)
    except ValueError as e:
        raise stop(f"sms.{channel}_caps: {e}", code=2) from e


def _other_channels(settings: Settings) -> "Iterator[Channel]":
    """Each serves the contacts whose address is of its kind."""
    from notifier.channels.apprise import AppriseGroup
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
