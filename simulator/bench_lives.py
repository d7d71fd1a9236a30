"""How fast lives are simulated and published: household-days and messages a second, on one core."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date

from ingest.broker import embedded_broker
from simulator.metering import Meter, read
from simulator.player import Player
from simulator.publish import Publisher, broker_at
from simulator.towns import small_town, town

HOMES, DAYS, SEED = 20, 365, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """So many of these a second."""

    name: str
    unit: str
    per_second: float


def bench_lives(cpu: Callable[[], float], clock: Callable[[], float], url: str | None = None) -> Iterator[Speed]:
    """Lives alone, read each minute, read each hour (processor's time); QoS 1 to a broker, or the embedded one."""
    for name, every_s in (("every draw", 0), ("read each minute", 60), ("read each hour", 3600)):
        began = cpu()
        for life in town(SEED, homes=HOMES, days=DAYS, first_day=date(2026, 1, 5), share_alone=1.0):
            if every_s:
                read(life, Meter(every_s=every_s))
        yield Speed(name=name, unit="household-days", per_second=HOMES * DAYS / (cpu() - began))
    with embedded_broker() if url is None else nullcontext() as port:
        broker = broker_at(url or f"mqtt://127.0.0.1:{port}")
        with Publisher(broker, client_id="bench") as publisher:
            player = Player(small_town(SEED, homes=40, weeks=8), publisher, gateway_id="bench")
            began = clock()
            published = player.play_until(player.ends_at)
            yield Speed(name="published, QoS 1", unit="messages", per_second=published / (clock() - began))
