"""What stands in a command's help is read: rich takes small letters in square brackets for markup and drops them."""

from collections.abc import Iterator

from rich.text import Text
from typer.main import get_command

from anju import app


def helps(command: object, name: str = "anju") -> Iterator[tuple[str, str]]:
    yield name, getattr(command, "help", "") or ""
    for parameter in getattr(command, "params", ()):
        yield f"{name} {parameter.name}", getattr(parameter, "help", "") or ""
    for word, one in getattr(command, "commands", {}).items():
        yield from helps(one, f"{name} {word}")


def test_no_word_of_a_help_text_is_taken_for_markup() -> None:
    texts = dict(helps(get_command(app)))
    assert len(texts) > 100
    assert {name: text for name, text in texts.items() if Text.from_markup(text).plain != text} == {}
