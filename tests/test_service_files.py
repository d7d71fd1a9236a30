"""The files that run anju elsewhere: systemd's own checks, an ordinary user, and all of the program in the image."""

import re
import subprocess
import tomllib
from pathlib import Path

from tests.services import program

ROOT = Path(__file__).parents[1]
DEPLOYMENT = ROOT / "docs" / "deployment"
MOST_EXPOSED = 25  # of 100, by systemd's own count; what it calls OK ends at 50


def test_systemd_finds_the_unit_in_order_and_well_shut_in(tmp_path: Path) -> None:
    unit = tmp_path / "anju.service"
    unit.write_text((DEPLOYMENT / "anju.service").read_text().replace("/opt/anju/bin/anju", "/bin/true"))
    analyze = program("systemd-analyze", "systemd")
    found = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    judged = [analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit)]
    found = subprocess.run(judged, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_the_container_runs_as_an_ordinary_user_over_one_volume() -> None:
    last_stage = (DEPLOYMENT / "Containerfile").read_text().rpartition("\nFROM ")[2]
    orders = dict(re.findall(r"^([A-Z]+) (.+)$", last_stage, re.MULTILINE))
    assert orders["USER"] == "anju"
    assert "useradd --system --uid 10001 --home-dir /var/lib/anju" in orders["RUN"]
    assert orders["VOLUME"] == orders["WORKDIR"] == "/var/lib/anju"


def test_what_the_wheel_is_made_of_reaches_the_image_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    sources = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    beside = ["pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert sorted(line[1:] for line in ignored if line.startswith("!")) == sorted([*sources, *beside])


def test_every_fault_of_the_table_is_a_test_that_exists() -> None:
    page = (DEPLOYMENT / "faults.md").read_text()
    named = re.findall(r"`(tests/\w+/\w+\.py)::(test_\w+)", page)
    assert len(named) == page.count("| 0 | 0 |")
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text()
