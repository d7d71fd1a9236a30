"""Our top-level names are ours alone, and every package is shipped and layered."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = sorted(p.parent.name for p in ROOT.glob("*/__init__.py") if p.parent.name != "tests")


def test_no_other_distribution_owns_one_of_our_names() -> None:
    owners = packages_distributions()
    assert {name: owners[name] for name in [*PACKAGES, "anju"] if set(owners.get(name, [])) - {"anju"}} == {}


def test_every_package_is_in_the_wheel() -> None:
    shipped = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert sorted(shipped) == sorted([*PACKAGES, "anju.py"])


def test_every_package_is_in_the_layers() -> None:
    contract = PROJECT["tool"]["importlinter"]["contracts"][0]
    named = [name.strip() for layer in contract["layers"] for name in layer.split("|")]
    assert sorted(named) == PACKAGES == sorted(PROJECT["tool"]["importlinter"]["root_packages"])
