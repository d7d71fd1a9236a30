"""The order in which people look for doors: 601 before 1001, 2号楼 before 10号楼."""

import re

_NUMBER = re.compile(r"(\d+)")


def in_a_row(*names: str) -> tuple[tuple[str | int, ...], ...]:
    """Sorts by it: the larger first (building, door), numbers by their size."""
    return tuple(
        tuple(int(part) if place % 2 else part for place, part in enumerate(_NUMBER.split(name))) for name in names
    )
