"""Who sees what of a resident: the table that stands in docs/wristbands.md, and that test_roles.py holds the pages to.

python -m tests.web.roles     # prints it
"""

from dataclasses import dataclass

YES, NO = "yes", "–"


@dataclass(frozen=True, slots=True)
class Column:
    """One kind of visitor; `sees` is all that he or she may be shown."""

    title: str
    sees: frozenset[str]


FIELDS = {
    "salutation": "form of address",
    "age": "age",
    "name": "name",
    "contacts": "family's phones",
    "health": "medical notes",
    "address": "address",
    "phone": "the resident's own phone",
    "alert": "alerts and their reasons",
    "water": "the water chart",
    "texts": "texts to family and staff",
    "talk": "what a passer-by writes",
    "place": "where the passer-by is",
    "number": "numbers of the bands",
    "consent": "consents, with paper",
    "scans": "the log of scans",
    "export": "the export",
    "security": "security events",
}
_SEEN = frozenset({"salutation", "age"})
_PRESENT = _SEEN | {"name", "contacts", "talk", "place"}
_FAMILY = frozenset({"salutation", "age", "name", "address", "alert", "talk", "place", "number", "consent"})
_HOME = frozenset({"age", "name", "contacts", "address", "phone", "alert", "water", "texts", "talk", "place"})
_BANDS = frozenset({"salutation", "health", "number", "consent", "scans", "export"})
COLUMNS = {
    "viewed": Column("passer-by: page opened", _SEEN),
    "present": Column("“I am with this person”", _PRESENT),
    "medical": Column("“medical emergency”", _PRESENT | {"health"}),
    "typed": Column("number typed, “I am with …”", _PRESENT),
    "old_band": Column("a band out of use", frozenset()),
    "link": Column("guardian, by link", _FAMILY),
    "code": Column("guardian, by code", _FAMILY | {"health"}),
    "other_guardian": Column("another home's guardian", frozenset()),
    "volunteer": Column("volunteer, paired", _HOME),
    "grid_worker": Column("grid worker", _HOME | _BANDS),
    "duty": Column("duty staff, supervisor", _HOME | _BANDS),
    "operator": Column("operator", _HOME | {"security"}),
    "other_duty": Column("staff of another community", frozenset()),
    "signed_out": Column("signed out", frozenset()),
}


def table() -> str:
    """Markdown: one row a field, one column a visitor."""
    head = ["", *FIELDS.values()]
    rows = [[column.title, *(YES if field in column.sees else NO for field in FIELDS)] for column in COLUMNS.values()]
    lines = ["| " + " | ".join(cells) + " |" for cells in zip(head, *rows, strict=True)]
    return "\n".join([lines[0], "|" + "---|" * len(head[:1] + rows), *lines[1:]])


if __name__ == "__main__":
    print(table())
