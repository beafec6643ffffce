"""Durable accept beside Postfix: 10 KB mails, 20 connections, 50 mails over each, in one interleaved run."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.postfix import Missing, Postfix

CONNECTIONS, MAILS, OCTETS, ROUNDS = 20, 50, 10_000, 7
GOAL = 1.0


def main() -> int:
    """Exit code: 1 when we are slower than the goal, or when there is nothing to compare with."""
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-bench-"))
    folder.chmod(0o755)
    try:
        return _compare(folder)
    except Missing as reason:
        print(f"intake: {reason}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _compare(folder: Path) -> int:
    for name in ("postfix", "frontdesk"):
        (folder / name).mkdir()
    postfix = Postfix(folder / "postfix")
    try:
        postfix.start()
        with subprocess.Popen([sys.executable, "-m", "tests.bench.door", folder / "frontdesk"],
                              stdout=subprocess.PIPE) as door:  # fmt: skip
            assert door.stdout
            try:
                ports = {"frontdesk": int(door.stdout.readline()), "postfix": postfix.port}
                return _report(_rounds(ports, postfix))
            finally:
                door.terminate()
    finally:
        postfix.stop()


def _rounds(ports: dict[str, int], postfix: Postfix) -> dict[str, list[dict[str, Any]]]:
    """What each server did in each round; one round each to warm up is not counted."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in ports}
    for number in range(ROUNDS + 1):
        for name, port in ports.items():
            words = [sys.executable, "-m", "tests.bench.load", *map(str, (port, CONNECTIONS, MAILS, OCTETS))]
            run = json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
            assert run["kept"] == CONNECTIONS * MAILS
            if number:
                runs[name].append(run)
        postfix.clear()
    return runs


def _report(runs: dict[str, list[dict[str, Any]]]) -> int:
    speeds = {name: [run["kept"] / run["seconds"] for run in done] for name, done in runs.items()}
    ratio = median(ours / theirs for ours, theirs in zip(*speeds.values(), strict=True))
    print(f"intake: {OCTETS // 1000} KB, {CONNECTIONS} connections x {MAILS} mails, durable, {ROUNDS} rounds")
    print(f"{'':12}{'mails/s':>9}{'slowest':>9}{'fastest':>9}{'p50 ms':>9}{'p99 ms':>9}   (end of data to 250)")
    for name, done in runs.items():
        waits = sorted(wait for run in done for wait in run["latency"])
        p50, p99 = (waits[int(len(waits) * part)] * 1000 for part in (0.5, 0.99))
        speed = speeds[name]
        print(f"{name:12}{median(speed):9.0f}{min(speed):9.0f}{max(speed):9.0f}{p50:9.1f}{p99:9.1f}")
    print(f"ratio {ratio:.2f} (median of rounds; goal at least {GOAL})")
    return 0 if ratio >= GOAL else 1
