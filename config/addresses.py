"""The addresses among the settings."""

from ipaddress import ip_network

from config.setting import ConfigError


def proxies_of(text: str) -> list[str]:
    """Addresses and networks. Raises `ConfigError` for anything else: it would be believed never, or always."""
    for one in text.split():
        try:
            ip_network(one, strict=False)
        except ValueError as e:
            raise ConfigError(f"web.trusted_proxies: {one!r} is neither an address nor a network") from e
    return text.split()
