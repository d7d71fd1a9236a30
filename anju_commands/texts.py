"""Who is told when, and in which words: shown, and tried on one phone."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from anju_commands.channels import channels_of, words_of
from anju_commands.checks import settings_of
from anju_commands.common import SettingsFile, stop, wall_clock
from config.setting import ConfigError
from domain.entered import address, is_landline
from domain.finding import AlertKind, Level
from domain.people import Language


class Provider(StrEnum):
    """Who sends approved templates only."""

    ALIYUN = "aliyun"
    TENCENT = "tencent"


def show_policy(
    kind: Annotated[str, typer.Argument(help="low_use, constant_flow, sos, ...; all: every kind.")] = "all",
    community: Annotated[str | None, typer.Option(help="A community with timelines of its own.")] = None,
    level: Annotated[Level, typer.Option(help="Asked first, or told at once.")] = Level.ASK,
    settings: SettingsFile = None,
) -> None:
    """The timeline that results when everybody can be reached and nobody answers."""
    from config.policies import load_policies
    from notifier.preview import timeline

    if kind != "all" and kind not in set(AlertKind):
        raise stop(f"{kind} is no kind of alert; there are {', '.join(AlertKind)}", code=2)
    file = settings_of(settings).notify.policies
    try:
        policies = load_policies(Path(file) if file else None)
    except ConfigError as e:
        raise stop(str(e), code=2) from e
    for one in AlertKind if kind == "all" else [AlertKind(kind)]:
        typer.echo("\n  ".join([one.value, *timeline(policies, one, level, community)]))


def preview_messages(
    language: Annotated[Language, typer.Option(help="zh or en.")] = Language.ZH,
    replies: Annotated[bool, typer.Option("--replies", help="As where people can text back.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Every text with the longest names: segments, length, encoding, words."""
    from notifier.messages import Texts
    from notifier.preview import previews

    for one in previews(Texts(words=words_of(settings_of(settings))), language, replies=replies):
        typer.echo(f"{one.segments} x {one.encoding:5} {one.units:4}  {one.about:20} {one.body}")


def show_templates(
    provider: Annotated[Provider, typer.Option(help="Whose way of writing variables.")] = Provider.ALIYUN,
    settings: SettingsFile = None,
) -> None:
    """Each text to be registered with a provider of approved templates, and the setting that wants its code."""
    from notifier.channels.registered import to_register
    from notifier.messages import Texts

    texts = to_register(Texts(words=words_of(settings_of(settings))), provider.value)
    for key, wording in texts.items():
        typer.echo(f"{key:18} {wording}")
    typer.echo(f'\nsms.{provider.value}_templates = "{" ".join(f"{key}=..." for key in texts)}"')


def send_test(
    phone: Annotated[str, typer.Argument(help="In international form, +8613800000000.")],
    language: Annotated[Language, typer.Option(help="zh or en.")] = Language.ZH,
    settings: SettingsFile = None,
) -> None:
    """Send one test text now, past the outbox, with the configured channel."""
    from notifier.contract import ChannelError
    from notifier.messages import Texts
    from notifier.preview import text_for_a_test

    try:
        phone = address(phone.strip())
    except ValueError as e:
        raise stop(f"{phone!r} {e}", code=2) from e
    loaded = settings_of(settings)
    text = text_for_a_test(Texts(words=words_of(loaded)), language, phone, f"{wall_clock():%H%M%S}")
    serving = [channel for channel in channels_of(loaded) if channel.capabilities(phone) is not None]
    if not serving:
        why = ", a landline: it gets no texts, only calls (voice)" if is_landline(phone) else ""
        raise stop(f"no channel of sms.channel serves {phone}{why}")
    for channel in serving:
        try:
            sent = channel.send(text)
        except ChannelError as e:
            raise stop(f"{channel.name}: {e}") from e
        typer.echo(f"{channel.name}: {sent.status.value} {sent.sid}: {text.body}")
