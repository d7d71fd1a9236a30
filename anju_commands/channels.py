"""The ways out that the settings name: each channel made ready to send."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from anju_commands.common import stop, wall_clock
from config.setting import ConfigError
from config.settings import Settings
from notifier.contract import MissingExtraError

if TYPE_CHECKING:
    from notifier.channels.registered import Registered
    from notifier.contract import Cap, Channel

log = logging.getLogger("anju")


def channels_of(settings: Settings) -> "list[Channel]":
    """The configured ways out, best first; the log channel shows texts instead of sending them, and says so."""
    from notifier.channels.log import LogChannel

    if problems := list(channel_problems(settings)):
        raise stop("\n".join(problems), code=2)
    for problem in standing_problems(settings):
        log.warning(problem)
        return [LogChannel(lambda text: log.info("text %s (%s), not sent", text.reference, text.template))]
    return [*(_MAKERS[name](settings) for name in settings.sms.channel.split()), *_other_channels(settings)]


def channel_problems(settings: Settings) -> Iterator[str]:
    """Why these settings make no ways out: each begins with the key that is to be set."""
    names = settings.sms.channel.split()
    if standing_problems(settings):
        return
    if not names or set(names) - set(_MAKERS):
        yield f"sms.channel = {settings.sms.channel!r}: wants log, or some of {', '.join(_MAKERS)}"
    for name in filter(_MAKERS.__contains__, names):
        found = list(_problems_of(settings, name))
        yield from found
        if not found:
            yield from _unmade(lambda name=name: _MAKERS[name](settings))  # type: ignore[misc]
    yield from _unmade(lambda: list(_other_channels(settings)))


def _problems_of(settings: Settings, channel: str) -> Iterator[str]:
    for key in _NEEDED[channel]:
        if not getattr(settings.sms, key).strip():
            yield f"sms.{key} is needed for sms.channel = '{channel}'"
    if channel == "voice" and not _caller(settings).startswith("+"):
        yield f"sms.twilio_voice_from = {_caller(settings)!r}: wants a number that can call, as +14155550100"
    if channel in _APPROVED:
        yield from _unfit(settings, channel)


def _unfit(settings: Settings, channel: str) -> Iterator[str]:
    """What is wrong with a provider's templates and limits."""
    from notifier.channels.registered import TemplatesError

    checks = {f"{channel}_templates": _templates, f"{channel}_caps": _caps}
    for key, make in checks.items():
        try:
            if getattr(settings.sms, key):
                make(settings, channel)
        except (TemplatesError, ValueError) as e:
            yield f"sms.{key}: {e}"
        except ConfigError:  # the words: named as notify.words
            continue


def _unmade(make: Callable[[], object]) -> Iterator[str]:
    try:
        make()
    except MissingExtraError as e:
        yield f"sms.channel: {e}"


def standing_problems(settings: Settings) -> list[str]:
    """A service that texts nobody must not look ready."""
    return ["texts are only logged, not sent: set sms.channel"] if settings.sms.channel.split() == ["log"] else []


def makes_calls(settings: Settings) -> bool:
    """Whether landlines are reached; where texts are only logged, nobody is."""
    return bool({"voice", "log"} & set(settings.sms.channel.split()))


def _twilio(settings: Settings) -> "Channel":
    from notifier.channels.twilio import TwilioRules, TwilioSms, client

    sms = settings.sms
    rules = TwilioRules(sender=sms.twilio_from, callback_url=f"{settings.web.public_url}/webhooks/twilio/status")
    return TwilioSms(client(sms.twilio_account_sid, sms.twilio_auth_token.split()[0], sms.twilio_api_base), rules)


def _aliyun(settings: Settings) -> "Channel":
    from notifier.channels.aliyun import AliyunRules, AliyunSms, client

    sms = settings.sms
    rules = AliyunRules(
        sign=sms.aliyun_sign,
        templates=_templates(settings, "aliyun"),
        replies=sms.aliyun_replies,
        caps=_caps(settings, "aliyun"),
    )
    return AliyunSms(client(sms.aliyun_key_id, sms.aliyun_key_secret, sms.aliyun_api_base), rules)


def _tencent(settings: Settings) -> "Channel":
    from notifier.channels.tencent import TencentRules, TencentSms, client

    sms = settings.sms
    rules = TencentRules(
        app_id=sms.tencent_app_id,
        sign=sms.tencent_sign,
        templates=_templates(settings, "tencent"),
        replies=sms.tencent_replies,
        caps=_caps(settings, "tencent"),
    )
    return TencentSms(client(sms.tencent_secret_id, sms.tencent_secret_key, sms.tencent_api_base), rules, wall_clock)


def _voice(settings: Settings) -> "Channel":
    from notifier.channels.twilio import client
    from notifier.channels.twilio_voice import TwilioVoice, VoiceRules

    sms = settings.sms
    rules = VoiceRules(sender=_caller(settings), public_url=settings.web.public_url)
    return TwilioVoice(client(sms.twilio_account_sid, sms.twilio_auth_token.split()[0], sms.twilio_api_base), rules)


def _caller(settings: Settings) -> str:
    return settings.sms.twilio_voice_from or settings.sms.twilio_from


_MAKERS: "dict[str, Callable[[Settings], Channel]]" = {
    "aliyun": _aliyun,
    "tencent": _tencent,
    "twilio": _twilio,
    "voice": _voice,
}


_NEEDED = {
    "aliyun": ("aliyun_key_id", "aliyun_key_secret", "aliyun_sign", "aliyun_templates"),
    "tencent": ("tencent_secret_id", "tencent_secret_key", "tencent_app_id", "tencent_sign", "tencent_templates"),
    "twilio": ("twilio_account_sid", "twilio_from", "twilio_auth_token"),
    "voice": ("twilio_account_sid", "twilio_auth_token"),
}
_APPROVED = ("aliyun", "tencent")  # take registered templates only


def _templates(settings: Settings, channel: str) -> "dict[str, Registered]":
    from notifier.channels.registered import registered
    from notifier.messages import Texts

    return registered(Texts(words=words_of(settings)), getattr(settings.sms, f"{channel}_templates"))


def _caps(settings: Settings, channel: str) -> "tuple[Cap, ...]":
    from notifier.caps import parse_caps

    return parse_caps(getattr(settings.sms, f"{channel}_caps"))


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
        yield AppriseGroup()


def words_of(settings: Settings) -> "dict[str, dict[str, dict[str, str]]]":
    from config.sms import load_words

    return load_words(Path(settings.notify.words) if settings.notify.words else None)
