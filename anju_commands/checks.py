"""What settings lead to, tried before anything starts: every mistake in one run, in a line that begins with its key."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from anju_commands.channels import channel_problems, words_of
from anju_commands.common import bound, folder_of, records_path, stop
from config.addresses import host, origin, proxies_of, topic_filters, web_address
from config.load import find
from config.setting import ConfigError
from config.settings import Settings, described

if TYPE_CHECKING:
    from ingest.connection import Subscription

Check = Callable[[Settings], Iterator[str]]


def settings_of(path: Path | None) -> Settings:
    """For any command: the values. Whatever is wrong ends the command."""
    return _settings(path, _VALUES)


def settings_to_run_by(path: Path | None) -> Settings:
    """For the service: also what it would open, but for what depends on who else runs (a busy port, a lock)."""
    return _settings(path, (*_VALUES, *_TO_RUN))


def _settings(path: Path | None, checks: tuple[Check, ...]) -> Settings:
    try:
        found = find(path, os.environ)
    except ConfigError as e:
        raise stop(str(e), code=2) from e
    more = [line for check in checks for line in check(found.settings)]
    problems = found.problems + [line for line in more if line.split()[0].rstrip(":") not in found.wrong]
    if problems:
        raise stop("\n".join(problems), code=2)
    return found.settings


def _sound(key: str, make: Callable[[Settings], object]) -> Check:
    """Not sound where `make` raises `ConfigError`."""

    def check(settings: Settings) -> Iterator[str]:
        try:
            make(settings)
        except ConfigError as e:
            yield from (f"{key}: {line}" for line in str(e).splitlines())

    return check


@contextmanager
def _refused_by(*errors: type[Exception]) -> Iterator[None]:
    try:
        yield
    except errors as e:
        raise ConfigError(str(e)) from e


def _formats(settings: Settings) -> None:
    from ingest.decode import FormatError, formats_of

    with _refused_by(FormatError):
        formats_of(settings.ingest.formats)


def _policies(settings: Settings) -> None:
    from config.policies import load_policies

    load_policies(Path(settings.notify.policies) if settings.notify.policies else None)


def _urls(settings: Settings) -> Iterator[str]:
    for d in described():
        url = getattr(getattr(settings, d.section), d.name)
        if url and d.name.endswith(("url", "api_base")) and d.key != "web.public_url":
            yield from _sound(d.key, lambda _, url=url: web_address(url))(settings)  # type: ignore[misc]


def subscription(settings: Settings) -> "Subscription":
    from ingest.connection import Subscription
    from ingest.tls import Tls

    mqtt = settings.mqtt
    tls = Tls(ca_file=mqtt.ca_file or None, cert_file=mqtt.cert_file or None, key_file=mqtt.key_file or None)
    return Subscription(
        host=mqtt.host,
        port=mqtt.port,
        client_id=mqtt.client_id,
        topics=mqtt.topics.split(),
        username=mqtt.username or None,
        password=mqtt.password or None,
        tls=tls if mqtt.tls else None,
        protocol="5" if mqtt.v5 else "3.1.1",
    )


def _broker(settings: Settings) -> Iterator[str]:
    yield from _sound("mqtt.topics", lambda _: topic_filters(settings.mqtt.topics))(settings)
    if settings.mqtt.tls:
        yield from _certificates(settings)


def _certificates(settings: Settings) -> Iterator[str]:
    from ingest.connection import client_of

    unread = []
    for name in ("ca_file", "cert_file", "key_file"):
        if file := getattr(settings.mqtt, name):
            try:
                Path(file).read_bytes()
            except OSError as e:
                unread.append(f"mqtt.{name}: {file}: can't be read: {e.strerror}")
    yield from unread
    if not unread:
        try:
            client_of(subscription(settings))
        except OSError as e:  # ssl.SSLError is one
            yield f"mqtt.ca_file, cert_file, key_file: not certificates and their key in PEM: {e.strerror or e}"


def _keys(settings: Settings) -> Iterator[str]:
    from web.links import LinkKeyError, Links
    from web.notes import NotesCipher, NotesError

    try:
        Links(settings.web.public_url, settings.web.link_keys.split())
    except LinkKeyError as e:
        yield str(e)
    try:
        NotesCipher(settings.web.notes_keys.split())
    except NotesError as e:
        yield str(e)


def _host(settings: Settings) -> Iterator[str]:
    try:
        bound(settings.web.host, 0).close()
    except OSError as e:
        yield f"web.host = {settings.web.host!r}: is no address of this machine ({e.strerror})"


def _files(settings: Settings) -> Iterator[str]:
    from store.beside import check_readings
    from store.contracts import StoreError
    from store.records import Records

    folder = folder_of(settings)
    try:
        Records(records_path(settings), checkpoint=False).close()
    except StoreError as e:
        yield f"store.folder: {e}"
    try:
        check_readings(folder / "readings.db")
    except StoreError as e:
        yield f"store.folder: {e}"
    if folder.exists() and not os.access(folder, os.W_OK):
        yield f"store.folder: {folder} can't be written"


_VALUES: tuple[Check, ...] = (
    _sound("ingest.formats", _formats),
    _sound("notify.policies", _policies),
    _sound("notify.words", words_of),
    _sound("mqtt.host", lambda settings: host(settings.mqtt.host)),
    _sound("sms.smtp_host", lambda settings: host(settings.sms.smtp_host or "localhost")),
    _sound("web.trusted_proxies", lambda settings: proxies_of(settings.web.trusted_proxies)),
    _sound("web.public_url", lambda settings: origin(settings.web.public_url)),
    _urls,
)
_TO_RUN: tuple[Check, ...] = (_broker, _keys, _host, channel_problems, _files)
