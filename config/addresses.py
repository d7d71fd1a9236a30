"""The addresses among the settings: what others reach us by, and we them."""

import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from config.setting import ConfigError


def proxies_of(text: str) -> list[str]:
    """Addresses and networks. Raises `ConfigError` for anything else: it would be believed never, or always."""
    wrong = [one for one in text.split() if not _is_network(one)]
    if wrong:
        raise ConfigError(f"{', '.join(map(repr, wrong))}: neither an address nor a network")
    return text.split()


def origin(url: str) -> None:
    """Scheme, host and port, where pages are served at the root; raises `ConfigError`."""
    web_address(url)
    at = urlsplit(url)
    if at.path not in ("", "/") or at.query or at.fragment or at.username is not None:
        raise ConfigError(f"{url!r}: wants nothing beside scheme, host and port, such as https://anju.example")


def web_address(url: str) -> None:
    """Anything by HTTP; raises `ConfigError`."""
    try:
        at = urlsplit(url)
        host(at.hostname or "")
        fits = at.scheme in ("http", "https") and at.port != 0 and at.netloc[-1] != ":" and url.split() == [url]
    except (ConfigError, ValueError):  # a port beyond all ports, half an IPv6 address
        fits = False
    if not fits:
        raise ConfigError(f"{url!r}: wants http:// or https:// and a host")


def host(text: str) -> None:
    """A name, or an address without brackets; raises `ConfigError`."""
    try:
        ip_address(text)
    except ValueError:
        if not _NAME.fullmatch(text):
            raise ConfigError(f"{text!r}: wants a name or an address alone, such as host.example") from None


_NAME = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})*\.?")


def topic_filters(text: str) -> list[str]:
    """MQTT's: + stands for one level, # for all that follow; raises `ConfigError`."""
    filters = text.split()
    if not filters:
        raise ConfigError(f"{text!r}: wants topic filters; # for all")
    if wrong := [one for one in filters if not _is_filter(one.split("/"))]:
        raise ConfigError(f"{', '.join(map(repr, wrong))}: + and # stand alone in their level, # only at the end")
    return filters


def _is_filter(levels: list[str]) -> bool:
    alone = all(level in ("+", "#") or not {"+", "#"} & set(level) for level in levels)
    return alone and "#" not in levels[:-1]


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
