"""What `anju bench` does where a part is missing."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from anju import app
from ingest.broker import free_port

WITHOUT_NUMBA = "import sys; sys.modules['numba'] = None; from anju import app; app()"


def test_fleets_are_not_measured_without_numba_but_the_missing_part_is_named() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMBA, "bench", "fleet"], capture_output=True, text=True, timeout=60, check=False
    )
    assert asked.returncode == 2
    assert asked.stderr.splitlines() == [
        'anju: numba is not installed, so this would take days: pip install "anju[fleet]"'
    ]
    assert asked.stdout == ""


@pytest.mark.parametrize(
    ("command", "url", "said"),
    [
        ("ingest", "nonsense", "'nonsense' is no broker: expected mqtt://host:port or mqtts://host:port"),
        ("ingest", "mqtt://h:99999", "Port out of range 0-65535"),
        ("ingest", "mqtt://broker.example:1883", "broker at broker.example:1883 is measured on this machine alone"),
        ("ingest", "mqtt://anju:secret@127.0.0.1:1883", "broker at 127.0.0.1:1883 is measured on this machine alone"),
        ("simulator", "nonsense", "'nonsense' is no broker"),
        ("simulator", "mqtt://127.0.0.1:{port}", "no broker at 127.0.0.1:{port}"),
        ("ingest", "mqtt://127.0.0.1:{port}", "no broker at 127.0.0.1:{port}"),
    ],
)
def test_a_broker_that_is_none_is_named_before_any_work(command: str, url: str, said: str) -> None:
    port = free_port()
    done = CliRunner().invoke(app, ["bench", command, "--broker", url.format(port=port)])
    assert done.exit_code == (1 if "{port}" in url else 2)
    assert done.stderr.startswith(f"anju: --broker: {said.format(port=port)}")
    assert done.stdout == ""


def test_fleets_that_fit_in_no_memory_are_refused() -> None:
    done = CliRunner().invoke(app, ["bench", "fleet", "--homes", "1000000000000"])
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith("anju: --homes 1000000000000 --days 30: Unable to allocate ")
