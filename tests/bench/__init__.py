"""Benches, run by `make bench`. The servers of the tests that they use find each other by their bare names."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
