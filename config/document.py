"""The settings page of the docs, made from the settings themselves: python -m config.document > docs/settings.md"""

import sys
from itertools import groupby

from config.setting import Described
from config.settings import described

HEAD = """# Settings

`anju run --settings FILE` reads a TOML file; every setting can also come from the environment, which wins. Secrets
come from the environment alone: the variable itself, or the variable with `_FILE` and the path of a file that holds
the secret.
An unknown key stops the start. `anju check-config FILE` names at once everything for which `anju run` would refuse to
start (without FILE: of the environment alone); the store's files are looked at, too, so `anju migrate` comes first.

This page is made by `python -m config.document`; a test compares it with the program.
"""


def page() -> str:
    """The whole page, Markdown."""
    parts = [HEAD]
    for section, settings in groupby(described(), key=lambda d: d.section):
        parts.append(f"\n## [{section}]\n\n| key | default | unit | what for | environment |\n|---|---|---|---|---|\n")
        parts.extend(_row(d) for d in settings)
    return "".join(parts)


def _row(d: Described) -> str:
    default = "secret" if d.secret else f"`{_toml(d.default)}`"
    bounds = f"; {d.within[0]} to {d.within[1]}" if d.within else ""
    return f"| `{d.name}` | {default} | {d.unit} | {d.reason}{bounds} | `{d.variable}` |\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    sys.stdout.write(page())
