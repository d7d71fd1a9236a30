"""What `anju bench` does where a part is missing."""

import subprocess
import sys

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
