"""What is remembered of one household, and its few bytes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from math import isnan, nan

from detectors.bits import pack_counts, unpack_counts
from detectors.change_in_use import ChangeInUseState
from detectors.constant_flow_state import ConstantFlowState
from detectors.low_use_state import PLAIN, LowUseState
from detectors.no_data import NoDataState
from detectors.packing import above_least, ago, of_least, pack_numbers, take, then, unpack_numbers
from domain.finding import AlertKind, Level
from domain.register import RegisterState

_VERSION = 17
KINDS = (
    AlertKind.LOW_USE,
    AlertKind.CONSTANT_FLOW,
    AlertKind.NO_DATA,
    AlertKind.CHANGE_IN_USE,
    AlertKind.USE_WHILE_ABSENT,
)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class StateError(Exception):
    """The bytes are no state of ours; the household must be learned anew from its readings."""


@dataclass(slots=True)
class HouseholdState:
    """All that is remembered of one meter. `running`: each kind's running episode, its level and since when [s].

    Not written down: up to `still_until_s` a register that stands still at `still_l` moves the clocks and no more;
    `still_s` are the times of such readings, whose clocks are yet to be moved (`detectors.still`), `came_s` when they
    came, `heard_at` and `heard_s` the last reading's; at `judged_s` the day is judged.
    """

    register: RegisterState
    low_use: LowUseState
    constant_flow: ConstantFlowState
    change_in_use: ChangeInUseState
    no_data: NoDataState
    running: dict[AlertKind, tuple[Level, float]] = field(default_factory=dict)
    still_until_s: float = 0.0
    still_l: float = nan
    heard_at: datetime = NEVER
    heard_s: float = 0.0
    judged_s: float = 0.0
    still_s: list[float] = field(default_factory=list)
    came_s: list[float] = field(default_factory=list)
    counted: tuple[bytes, bytes] = (b"", b"")  # and as last written down: most readings change none of them


def dump(state: HouseholdState) -> bytes:
    """The state as bytes: version, numbers, counts. Times are written as seconds before the last reading."""
    now_s = state.register.last_at.timestamp() if state.register.last_at else 0.0
    running = [
        part
        for kind, (level, since_s) in sorted(state.running.items())
        for part in (KINDS.index(kind), level is Level.ALERT, ago(since_s, now_s))
    ]
    numbers = [
        now_s,
        *_register_numbers(state.register, now_s),
        *state.no_data.numbers(now_s),
        *state.change_in_use.numbers(now_s),
        *state.constant_flow.numbers(now_s),
        *(len(state.running), *running),
        *state.low_use.numbers(now_s, state.constant_flow.first_s),
    ]
    counted = state.low_use.counted()
    if counted != state.counted[0]:
        state.counted = counted, pack_counts(state.low_use.counts())
    plain = state.change_in_use.counts() + state.low_use.plain()
    return bytes([_VERSION]) + pack_numbers(numbers) + plain + state.counted[1]


def load(packed: bytes) -> HouseholdState:
    """The state that `dump` wrote; raises `StateError` for anything else."""
    if packed[:1] != bytes([_VERSION]):
        raise StateError(f"version {packed[:1].hex()} of a household's state, expected {_VERSION:02x}")
    try:
        return _unpack(packed[1:])
    except Exception as error:  # damaged bytes fail in any way, as infinite counts or years beyond the calendar
        raise StateError(f"{len(packed)} bytes are no household's state: {error}") from error


def _unpack(packed: bytes) -> HouseholdState:
    values, size = unpack_numbers(packed)
    numbers, rest = iter(values), iter(packed[size:])
    now_s = next(numbers)
    register = _register_of(numbers, now_s)
    no_data = NoDataState.of(numbers, now_s)
    change_in_use = ChangeInUseState.of(numbers, rest, now_s)
    constant_flow = ConstantFlowState.of(numbers, now_s)
    running = {}
    for _ in range(int(next(numbers))):
        kind, alert, since_s = take(numbers, 3)
        running[KINDS[int(kind)]] = (Level.ALERT if alert else Level.ASK, then(since_s, now_s))
    low_use = LowUseState.of(
        numbers, bytes(islice(rest, PLAIN)), unpack_counts(bytes(rest)), now_s, constant_flow.first_s
    )
    return HouseholdState(register, low_use, constant_flow, change_in_use, no_data, running)


def _register_numbers(state: RegisterState, now_s: float) -> list[float]:
    """A register never seen is written as -1, which none can be."""
    marked_s = state.marked_at.timestamp() if state.marked_at else 0.0
    last_l, mark_l = (-1.0 if isnan(litres) else litres for litres in (state.last_l, state.mark_l))
    aside = (0.0,) if isnan(state.aside_l) else (1.0, state.aside_l)
    mark = (0.0,) if mark_l == last_l else (1.0, mark_l)
    return [
        last_l,
        ago(marked_s, now_s),
        *mark,
        *aside,
        state.falls,
        len(state.lengths_s),
        *above_least(state.lengths_s),
    ]


def _register_of(numbers: Iterator[float], now_s: float) -> RegisterState:
    last_l, marked_ago_s = take(numbers, 2)
    mark_l = next(numbers) if next(numbers) else last_l
    aside_l = next(numbers) if next(numbers) else nan
    falls, lengths = take(numbers, 2)
    marked_s = then(marked_ago_s, now_s)
    last_at, marked_at = (datetime.fromtimestamp(at_s, UTC) if at_s else None for at_s in (now_s, marked_s))
    last_l, mark_l = (nan if litres == -1.0 else litres for litres in (last_l, mark_l))
    lengths_s = tuple(of_least(take(numbers, 1 + int(lengths))))
    return RegisterState(last_at, last_l, marked_at, mark_l, aside_l, int(falls), lengths_s)
