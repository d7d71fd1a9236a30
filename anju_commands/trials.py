"""Trying things out before or beside a service: decoding, detecting on files, replaying, simulating, judging."""

import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anju_commands.common import complain, stop, wall_clock, zone_of
from config.settings import LEAST_BUDGET, MOST_BUDGET
from domain.people import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detectors.parts import Part
    from simulator.replay import Way

Speed = Annotated[float, typer.Option(help="Times faster than recorded; 0: as fast as it goes.", min=0.0)]
PayloadFormat = Annotated[str, typer.Option("--format", help="As which gateway's format; a wrong name lists them all.")]
CaFile = Annotated[
    Path | None,
    typer.Option(help="Who signed the broker's certificate; else the system's.", exists=True, dir_okay=False),
]
CertFile = Annotated[
    Path | None,
    typer.Option(help="The gateway's certificate, where the broker asks for one.", exists=True, dir_okay=False),
]
KeyFile = Annotated[Path | None, typer.Option(help="The key to --cert-file.", exists=True, dir_okay=False)]
Rate = Annotated[float, typer.Option(help="Readings a second at most; 0: all that the broker takes.", min=0.0)]


def decode(
    topic: Annotated[str | None, typer.Option(help="Of one message, whose payload comes from standard input.")] = None,
    device: Annotated[list[str] | None, typer.Option(help="KEY=VALUE of the ledger's entry for its device.")] = None,
    messages: Annotated[Path | None, typer.Option(help="JSON lines topic, payload_b64, received_at.")] = None,
    devices: Annotated[Path | None, typer.Option(help="JSON object: the ledger's entries by device id.")] = None,
    tz: Annotated[str, typer.Option(help="Time zone of clocks that don't say theirs.")] = "UTC",
) -> None:
    """Say what a message means, as JSON lines: readings, events, and why others are ignored or refused.

    Exit status: 0, also where messages are refused; 2 where there is nothing to decode.
    """
    from ingest.lines import UsageError, decode_command

    try:
        lines = decode_command(topic, device or [], messages, devices, tz, now=wall_clock(), stdin=sys.stdin.buffer)
        for line in lines:
            typer.echo(line)
    except UsageError as e:
        raise stop(str(e), code=2) from e


def detect(
    files: Annotated[list[Path], typer.Argument(help="CSV files ts,register_l, gzipped or not; one household each.")],
    tz: Annotated[str, typer.Option(help="The households' time zone; a ts without a zone is UTC.")] = "Asia/Shanghai",
    absences: Annotated[Path | None, typer.Option(help="CSV file household,from,until: announced absences.")] = None,
    budget: Annotated[
        float, typer.Option(help="False alerts aimed at, per household and 30 days.", min=LEAST_BUDGET, max=MOST_BUDGET)
    ] = 0.5,
    language: Annotated[Language, typer.Option(help="Of the reasons: zh or en.")] = Language.EN,
) -> None:
    """Play recorded registers through the detectors; print what would have been raised, as JSON lines.

    Each reading counts as come when it was read, and no alert is answered: a column `arrives_at` is not heeded.
    Lines and files that can't be used are named on standard error, the others count; so is where a register breaks off
    and the volume is not known. Exit status: 0, 1 where something could not be used, 2 where nothing could.
    """

    from ingest.detect import detect_files

    code = detect_files(
        files, tz=tz, absences=absences, budget=budget, out=sys.stdout, report=complain, language=language
    )
    raise typer.Exit(code)


def budgets(
    files: Annotated[list[Path], typer.Argument(help="CSV files ts,register_l, gzipped or not; one household each.")],
    budget: Annotated[
        list[float],
        typer.Option(
            help="False alerts aimed at; give it once for each to compare.", min=LEAST_BUDGET, max=MOST_BUDGET
        ),
    ],
    tz: Annotated[str, typer.Option(help="The households' time zone; a ts without a zone is UTC.")] = "Asia/Shanghai",
) -> None:
    """Compare budgets on recordings of a whole community: asks and alerts for missing use, as JSON lines.

    Exit status: 0, 1 where some lines or files could not be used, 2 where nothing could.
    """
    from ingest.budgets import compare_budgets

    raise typer.Exit(compare_budgets(files, tz=tz, budgets=budget, out=sys.stdout, report=complain))


def replay_files(
    files: Annotated[list[Path], typer.Argument(help="CSV files ts,register_l, gzipped or not; one meter each.")],
    to: Annotated[str, typer.Option(help="To mqtt://host:port or mqtt://user:password@host:port; mqtts:// for TLS.")],
    speed: Speed = 1.0,
    gateway: Annotated[str, typer.Option(help="Published as this gateway, below anju/GATEWAY/.")] = "replay",
    form: PayloadFormat = "plain",
    rate: Rate = 1000.0,
    ca_file: CaFile = None,
    cert_file: CertFile = None,
    key_file: KeyFile = None,
) -> None:
    """Publish recorded registers over MQTT as a gateway would; Ctrl-C ends it.

    Exit status: 0, 1 without a broker, where it dropped messages, or where some lines or files could not be used, 2
    where nothing could.
    """
    from simulator.replay import replay

    raise typer.Exit(replay(files, _way(to, speed, gateway, form, rate, (ca_file, cert_file, key_file))))


def simulate(
    scenario: Annotated[str, typer.Argument(help="A named scenario; without one they are listed.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder: the scenario's files, or the ledger of --meters.")] = None,
    to: Annotated[
        str, typer.Option(help="Play it at mqtt://host:port or mqtt://user:password@host:port; mqtts:// for TLS.")
    ] = "",
    speed: Speed = 0.0,
    gateway: Annotated[str, typer.Option(help="Published as this gateway, below anju/GATEWAY/.")] = "gw-xingfuli",
    form: PayloadFormat = "plain",
    rate: Rate = 1000.0,
    ca_file: CaFile = None,
    cert_file: CertFile = None,
    key_file: KeyFile = None,
    meters: Annotated[int, typer.Option(help="Instead of a scenario, this many meters for a test of load.")] = 0,
    days: Annotated[int, typer.Option(help="Days that these meters report, up to today.", min=1, max=3650)] = 1,
    every: Annotated[int, typer.Option(help="Minutes between their readings.", min=1, max=1440)] = 60,
    seed: Annotated[int, typer.Option(help="Of their lives.", min=0)] = 1,
) -> None:
    """Write or play a named scenario, or publish for thousands of meters.

    Exit status: 0, 1 without a broker or where it dropped messages, 2 where there is no such scenario or folder.
    """
    from simulator.simulate import list_scenarios, load, simulate_scenario

    way = _way(to, speed, gateway, form, rate, (ca_file, cert_file, key_file)) if to else None
    _make(out)
    if meters:
        until = datetime.now(UTC).date()
        code = load(meters, days=days, every_min=every, seed=seed, until=until, ledger=out, way=way, form=form)
    elif scenario:
        code = simulate_scenario(scenario, out, way, say=typer.echo, report=complain)
    else:
        code = list_scenarios(typer.echo)
    raise typer.Exit(code)


def show_realism(
    homes: Annotated[Path | None, typer.Option(help="Folder of real meters, CSV ts,register_l, beside them.")] = None,
    tz: Annotated[str, typer.Option(help="The real homes' time zone.")] = "Asia/Shanghai",
    number: Annotated[int, typer.Option(help="Simulated homes of each kind.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Of the simulated homes.", min=0)] = 1001,
) -> None:
    """Compare simulated homes with real ones, by the same measures.

    Files and lines that can't be used are named. Exit status: 0, 2 where no real home can be used.
    """
    from simulator.likeness import NoHomesError, realism

    try:
        for line in realism(homes, tz=zone_of(tz), homes=number, seed=seed, command=_as_typed(), report=complain):
            typer.echo(line)
    except NoHomesError as e:
        raise stop(str(e), code=2) from e


def _way(to: str, speed: float, gateway: str, form: str, rate: float, files: "Sequence[Path | None]") -> "Way":
    from ingest.tls import Tls
    from simulator.replay import Way

    ca, cert, key = (str(file) if file else None for file in files)
    return Way(
        to=to,
        speed=speed,
        gateway_id=gateway,
        form=form,
        rate_per_s=rate,
        tls=Tls(ca_file=ca, cert_file=cert, key_file=key),
        clock=time.monotonic,
        sleep=time.sleep,
        report=complain,
    )


def _make(folder: Path | None) -> None:
    """The folder to write to, before hours of work are lost on it."""
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise stop(f"--out {folder}: no folder can be made there ({e.strerror})", code=2) from e


def _as_typed() -> str:
    """The command, to stand beside its figures."""
    return shlex.join(["anju", *sys.argv[1:]])


def _parts(names: list[str]) -> "list[Part]":
    from detectors.parts import Part

    known = {part.value: part for part in Part}
    if unknown := [name for name in names if name not in {*known, "all"}]:
        raise stop(f"--without {unknown[0]}: no such part; there are {', '.join(known)}, and all", code=2)
    return list(Part) if "all" in names else [known[name] for name in names]


def judge(
    homes: Annotated[
        Path | None, typer.Option(help="Folder of real meters, CSV ts,register_l; else simulated.")
    ] = None,
    tz: Annotated[str, typer.Option(help="The homes' time zone.")] = "Asia/Shanghai",
    number: Annotated[int, typer.Option(help="Simulated homes.", min=1)] = 40,
    days: Annotated[int, typer.Option(help="Days that each simulated home is lived in.", min=50, max=3650)] = 200,
    seed: Annotated[int, typer.Option(help="Of simulated homes and of all incidents.", min=0)] = 2002,
    incidents: Annotated[int, typer.Option(help="Incidents of each kind in each home.", min=1)] = 8,
    budget: Annotated[
        float, typer.Option(help="False alerts our detectors aim at.", min=LEAST_BUDGET, max=MOST_BUDGET)
    ] = 0.5,
    every: Annotated[int, typer.Option(help="Minutes between readings of simulated meters.", min=15, max=1440)] = 60,
    litres: Annotated[float, typer.Option(help="Register step of simulated meters [L].", min=1.0, max=1000.0)] = 1.0,
    curves: Annotated[
        bool, typer.Option("--curves", help="Delay against false alerts; the limit (simulated).")
    ] = False,
    meters: Annotated[bool, typer.Option("--meters", help="By reporting and register step (simulated).")] = False,
    folds: Annotated[
        int, typer.Option(help="Of real homes: ours learns anew from those of the other folds; 0: as shipped.", min=0)
    ] = 0,
    without: Annotated[
        list[str] | None, typer.Option(help="Also ours without this part (detectors/parts.py); all: each alone.")
    ] = None,
    machine: Annotated[
        str | None,
        typer.Option(help="In every simulated home: irrigation, softener, cistern, slow_drip, ..."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for report.json, curve.svg and curve.png.")] = None,
) -> None:
    """Judge detection: put incidents into ordinary lives, real or simulated; count false alerts and delays.

    Files and lines of --homes that can't be used are named, the others count. Exit status: 0, 2 where no home is left.
    """

    from simulator.backtest import Options
    from simulator.machines import Machine
    from simulator.report import run_backtest

    if folds and (homes is None or folds < 2):
        raise stop("--folds wants --homes and at least two folds", code=2)
    if machine is not None and machine not in set(Machine):
        raise stop(f"--machine is {machine!r}, expected one of {', '.join(Machine)}", code=2)

    _make(out)
    options = Options(
        folder=homes,
        tz=zone_of(tz),
        homes=number,
        days=days,
        seed=seed,
        incidents=incidents,
        budget=budget,
        every_min=every,
        step_l=litres,
        curves=curves,
        meters=meters,
        folds=folds,
        without=_parts(without or []),
        machine=Machine(machine) if machine else None,
    )
    code = run_backtest(options, out=out, command=_as_typed(), clock=time.perf_counter, say=typer.echo, report=complain)
    raise typer.Exit(code)
