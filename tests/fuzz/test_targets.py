"""The targets of `make fuzz` find nothing within a second; in CI this says that they still run.

Without atheris, whether it is installed or not: that begins with all that earlier runs have left, for minutes.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = """
import runpy, sys
sys.modules["atheris"] = None
sys.argv[:] = sys.argv[1:]
runpy.run_module("fuzz." + sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("target", ["authentication", "door", "mail"])
def test_a_target_runs(target: str) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/tests:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", RUN, target, "1"], env=environment, cwd=ROOT, check=False,
                          capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-3000:]
