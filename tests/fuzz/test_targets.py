"""The targets of `make fuzz` find nothing within a second; in CI this says that they still run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("target", ["authentication", "door", "mail"])
def test_a_target_runs(target: str) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/tests:{ROOT}"}
    done = subprocess.run([sys.executable, "-m", f"fuzz.{target}", "1"], env=environment, cwd=ROOT, check=False,
                          capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-3000:]
