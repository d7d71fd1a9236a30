"""How fast the parts are on this machine."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from anju_commands.common import complain, stop


def bench_codecs() -> None:
    """Messages a second that each codec decodes, on one core."""
    from ingest.bench import bench_decode

    for speed in bench_decode(time.process_time):
        typer.echo(
            f"{speed.name:16}{speed.per_second:12,.0f} messages/s, {speed.of_json_loads:5.0%} of json.loads alone"
        )


def bench_the_watch() -> None:
    """Processor's time of one reading through all detectors, and the size of a household's state."""
    from simulator.bench_online import bench_online

    for every_min in (60, 15):
        speed = bench_online(time.process_time, every_min=every_min)
        typer.echo(
            f"every {every_min} min: {speed.microseconds:.1f} us a reading (p99 {speed.p99_microseconds:.0f} us; "
            f"{speed.ordinary_microseconds:.1f} us where it says nothing new, as {speed.ordinary_share:.0%} do), "
            f"{speed.household_days_per_second:,.0f} household-days/s; "
            f"state {speed.state_bytes} bytes, written down in {speed.dump_microseconds:.1f} us"
        )


def bench_whole_fleets(
    homes: Annotated[int, typer.Option(help="How many homes are watched at once.", min=1)] = 100_000,
    days: Annotated[int, typer.Option(help="Days of readings, one every 15 minutes.", min=1)] = 30,
    swept: Annotated[
        int, typer.Option(help="How many homes the records hold, of which some are due.", min=1)
    ] = 1_000_000,
) -> None:
    """Processor's time of whole fleets at once, beside one reading after the other; whose clock has run out."""
    from detectors.fleet.compiled import IS_COMPILED
    from simulator.bench_fleet import bench_fleet, bench_sweep

    if not IS_COMPILED:
        raise stop('numba is not installed, so this would take days: pip install "anju[fleet]"', code=2)
    try:
        speed = bench_fleet(time.process_time, homes=homes, days=days, report=complain)
    except MemoryError as e:
        raise stop(f"--homes {homes} --days {days}: {e}", code=2) from e
    typer.echo(
        f"{speed.homes:,} homes x {speed.days} days every 15 min: {speed.fleet_s:.1f} s on one processor, "
        f"{speed.said:,} changes said, at most {speed.memory_bytes / 1e9:.2f} GB; "
        f"compiled beforehand in {speed.compiled_s:.0f} s"
    )
    typer.echo(
        f"a reading: {speed.fleet_us:.3f} us in a fleet, {speed.online_us:.1f} us one after the other, "
        f"{speed.online_us / speed.fleet_us:.0f} times"
    )
    complain(f"records of {swept:,} homes")
    with TemporaryDirectory(prefix="anju-bench-") as folder:
        seconds, due = bench_sweep(time.perf_counter, Path(folder), homes=swept)
    typer.echo(f"whose clock has run out, of {swept:,} homes in the records: {due} found in {seconds * 1e3:.1f} ms")


def bench_simulated_lives(
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port; else the embedded one is started.")] = None,
) -> None:
    """Household-days a second that are simulated, and messages a second that are published, on one core."""
    from simulator.bench_lives import bench_lives

    _expect_broker(broker)
    for speed in bench_lives(time.process_time, time.monotonic, broker):
        typer.echo(f"{speed.name:20}{speed.per_second:10,.0f} {speed.unit}/s")


def bench_the_ingest(
    broker: Annotated[
        str | None, typer.Option(help="mqtt://127.0.0.1:port, without an account; else one is started.")
    ] = None,
    messages: Annotated[int, typer.Option(help="How many messages the queue holds.", min=1000)] = 20_000,
) -> None:
    """Durable ingest beside a bare subscriber that counts and drops; exit status 1 where a reading was lost."""
    from simulator.bench_ingest import bench_at

    _expect_broker(broker, here=True)
    with TemporaryDirectory(prefix="anju-bench-") as folder:
        raise typer.Exit(0 if bench_at(broker, Path(folder), messages=messages, say=typer.echo) else 1)


def _expect_broker(url: str | None, *, here: bool = False) -> None:
    """Before minutes of work: whether one answers there; `here`: on this machine, without an account and TLS."""
    from simulator.publish import UnreachableError, broker_at, connected

    if url is None:
        return
    try:
        broker = broker_at(url)
        if here and (broker.host not in ("127.0.0.1", "localhost") or broker.username or broker.tls):
            raise stop(f"--broker: {broker} is measured on this machine alone: mqtt://127.0.0.1:port", code=2)
        connected(broker, "bench", keepalive_s=60).close()
    except ValueError as e:
        raise stop(f"--broker: {e}", code=2) from e
    except UnreachableError as e:
        raise stop(f"--broker: {e}") from e
