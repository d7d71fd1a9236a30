"""Ctrl-C: one line and status 130, whatever a command is at; SIGTERM: the service finishes what it is at."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.services import wait_for_port

ANJU = [sys.executable, "-c", "from anju import main; main()"]
WHILE_IT_LOADS = """
import sys
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "{name}":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupts())
from anju import main
sys.argv[1:] = {words!r}
main()
"""


def started(words: Sequence[str], env: Mapping[str, str] = {}) -> "subprocess.Popen[str]":
    """In a process group of its own, as a terminal has it."""
    command = [*ANJU, *words]
    return subprocess.Popen(
        command, env=os.environ | env, stderr=subprocess.PIPE, text=True, process_group=0, stdout=subprocess.DEVNULL
    )


@pytest.mark.parametrize("name", ["typer", "anju_commands.trials", "ingest.budgets"])
def test_while_the_parts_are_loaded(name: str) -> None:
    program = WHILE_IT_LOADS.format(name=name, words=["budgets", "x.csv", "--budget", "1"])
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "anju: interrupted\n")


@pytest.mark.parametrize("files", [1, 3])
def test_while_files_are_read_by_one_process_or_several(tmp_path: Path, files: int) -> None:
    paths = [tmp_path / f"home{number}.csv" for number in range(files)]
    for path in paths:
        os.mkfifo(path)
    process = started(["detect", *map(str, paths)])
    with paths[0].open("w"):  # waits until it is opened to be read
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "anju: interrupted\n")


@pytest.mark.parametrize(
    ("ending", "code", "last"),
    [(signal.SIGINT, 130, "anju: interrupted"), (signal.SIGTERM, 0, "INFO anju: stopped")],
)
def test_a_service_that_runs_finishes_what_it_is_at(
    tmp_path: Path, ending: signal.Signals, code: int, last: str
) -> None:
    env = {"ANJU_STORE_FOLDER": str(tmp_path), "ANJU_WEB_PORT": "0", "ANJU_MQTT_PORT": "1"}
    with started(["migrate"], env) as making:
        assert making.wait(60) == 0
    process = started(["run"], env)
    assert process.stderr is not None
    address = next(line for line in process.stderr if "pages on" in line)
    wait_for_port(int(address.rpartition(":")[2]), process, 60)  # from now on signals are the pages' first
    os.killpg(process.pid, ending)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said, "anju: stopped" in said) == (code, False, True)
    assert said.splitlines()[-1].endswith(last)
