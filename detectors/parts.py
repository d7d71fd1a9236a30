"""The parts of the design, each of which can be left out alone, to see what it brings."""

from enum import StrEnum


class Part(StrEnum):
    """What is left out, and what stands in its place."""

    DRIP = "drip"  # every litre is use
    HAZARD = "hazard"  # the own record of silences alone, without weights learned from other homes
    PLAN = "plan"  # one clock for all hours of the day; how patient it is is still the home's own
    CALIBRATION = "calibration"  # the step of the ladder that keeps to the budget in other homes
    STEEP_COST = "steep_cost"  # a late alarm costs in proportion to its hours
    STILL_REGISTER = "still_register"  # a gap tells nothing, though the register has not moved
    SCHEDULE = "schedule"  # what a timer draws is use
    TICKS = "ticks"  # a slow drip's litre and a leaking cistern's fill are use
    NET = "net"  # no safety net
    FLOW_RECORD = "flow_record"  # the same limits of flows for all homes
    TIME_OF_DAY = "time_of_day"  # the shortest scales tell what is drawn at once, at any hour
    STEADY_RUNS = "steady_runs"  # water that hardly changes is told by the scales alone
    HIDDEN_PAUSES = "hidden_pauses"  # a reading over many hours tells of water that never paused
    OFTEN = "often"  # readings every quarter of an hour go by the limits of an hour's
