"""The ledger's page of the docs, made from its columns: python -m store.ledger_page > docs/ledger.md"""

import sys

from sqlalchemy import Column

from domain.entered import Value
from store.ledger_columns import FILES, FileSpec

HEAD = """# The ledger

Who lives where, who is told, and which meter counts whose water: CSV files in one folder, UTF-8 or what Excel in China
saves, a header first. `anju import-ledger FOLDER --dry-run` says what would change and what is wrong, with file, row,
column and value. Without `--dry-run` a row that is wrong is refused, with the rows that refer to it, and the others are
taken: what a refused row names stays as it was, and the exit status is 1. Where a file can't be read as a whole (a
column that it doesn't have, no CSV), or no row is left, nothing is taken, and the status is 2. It may be imported again
at any time: rows are found by their first columns, added or changed; what a file doesn't name stays as it is. Only
guardians.csv and pairings.csv are whole lists for each household of the folder: who is missing there is told no more,
unless a row of that file is refused, for it may be the one who is missing.
A running service follows within seconds. Where a device moves to another home while an alert runs at the old one, the
import names that alert: it goes on until somebody settles it, and what goes on by the device's readings is told of the
new home.

Start from [the example](example/ledger): two homes, every file and every column. A ledger may come in parts, file by
file. In bold: must be there. Phones are written in international form, such as +86 138 1234 5678, with the blanks: of
one without them Excel makes a number, and saves 8.61381E+12. A landline of mainland China, such as
+86 10 6552 9988, is called and never texted; where `sms.channel` sends texts and makes no calls (no `voice` in it) the
import names who has one. Days may stand as Excel saves them, 2026/3/1, and the words of a list in Chinese: 独居,
监护人, 求助按钮, 病情资料, 是. Semicolons or tabs, which Excel saves in some places, are understood as commas are.
The whole page in Chinese: [ledger.zh-CN.md](ledger.zh-CN.md).

This page is made by `python -m store.ledger_page`; a test compares it with the program.
"""


def page() -> str:
    """The whole page, Markdown."""
    return HEAD + "".join(_section(spec) for spec in FILES)


def _section(spec: FileSpec) -> str:
    rows = "".join(f"| {_named(spec, name)} | {spec.meaning[name]}{_default(spec, name)} |\n" for name in spec.columns)
    return f"\n## {spec.name}\n\n{spec.about}\n\n| column | what it says |\n|---|---|\n{rows}"


def _named(spec: FileSpec, name: str) -> str:
    return f"**{name}**" if spec.required(name) else name


def _default(spec: FileSpec, name: str) -> str:
    column: Column[Value] | None = spec.table.columns.get(name)
    default = None if column is None else column.server_default
    return "" if default is None else f"; {getattr(default, 'arg', default)} where it is empty"


if __name__ == "__main__":
    sys.stdout.write(page())
