"""The page of an alert's life, drawn from the table: python -m notifier.diagram > docs/alert-life.md"""

import sys

from domain.alert import MEANING, TRANSITIONS, Event, State

HEAD = """# An alert's life

Every change of an alert is a step of this table, and a row in its history: who or what, when, why. A step that is not
here is refused with an error that names both words. This page is made by `python -m notifier.diagram`; a test compares
it with the table.

Steps that lead back to the same state (more evidence, a second acknowledgement) are left out of the picture.

"""


def page() -> str:
    """Markdown with a Mermaid state diagram and the table itself."""
    return HEAD + _picture() + "\n## Events\n\n" + _events() + "\n## The table\n\n" + _table()


def _picture() -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.OPEN.value}"]
    for state, steps in TRANSITIONS.items():
        together: dict[State, list[str]] = {}
        for event, to in steps.items():
            if to is not state:
                together.setdefault(to, []).append(event.value)
        lines += [f"    {state.value} --> {to.value}: {', '.join(events)}" for to, events in together.items()]
    return "\n".join([*lines, "```", ""])


def _events() -> str:
    rows = [f"| `{event.value}` | {MEANING[event]} |" for event in Event]
    return "\n".join(["| event | means |", "|---|---|", *rows, ""])


def _table() -> str:
    head = "| from | " + " | ".join(f"`{event.value}`" for event in Event) + " |"
    rows = [
        f"| **{state.value}** | " + " | ".join(_to(state, event) for event in Event) + " |" for state in TRANSITIONS
    ]
    return "\n".join([head, "|---" * (len(Event) + 1) + "|", *rows, ""])


def _to(state: State, event: Event) -> str:
    to = TRANSITIONS[state].get(event)
    return to.value if to else ""


if __name__ == "__main__":
    sys.stdout.write(page())
