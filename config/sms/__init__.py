"""The words of the texts, one TOML file a language; another folder may bring its own."""

from pathlib import Path

from config.load import toml
from config.setting import ConfigError

SHIPPED = Path(__file__).parent


def load_words(folder: Path | None = None) -> dict[str, dict[str, dict[str, str]]]:
    """{language: {section: {key: text}}}; a file in `folder` replaces or adds to what is shipped, key by key."""
    if folder and not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder of words")
    words: dict[str, dict[str, dict[str, str]]] = {}
    for place in (SHIPPED, folder) if folder else (SHIPPED,):
        for file in sorted(place.glob("*.toml")):
            _merge(words.setdefault(file.stem, {}), _read(file))
    return words


def _read(file: Path) -> dict[str, dict[str, str]]:
    content = toml(file)
    sections = {name: section for name, section in content.items() if isinstance(section, dict)}
    loose = {name: value for name, value in content.items() if isinstance(value, str)}
    return {"": loose, **sections}


def _merge(into: dict[str, dict[str, str]], more: dict[str, dict[str, str]]) -> None:
    for section, entries in more.items():
        into.setdefault(section, {}).update({key: str(value) for key, value in entries.items()})
