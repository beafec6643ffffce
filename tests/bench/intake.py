"""Durable accept beside Postfix, authentication off: an interleaved run, medians of rounds.

usage: python -m tests.bench intake [--all]
By default one case for each goal, about four minutes; --all is the whole matrix of sizes, connections, mails over each
connection and ways to speak. CPU and memory are of all processes of a server. Trust the ratios: both servers, the
clients and whatever else runs share the machine.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.postfix import Missing, Postfix, processes_of

ROUNDS = 5
TICKS = os.sysconf("SC_CLK_TCK")
US, THEM = "frontdesk", "postfix"
SIZES = {"2 KB": 2_000, "10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000, "10 MB": 10_000_000}
MODES = ("plain", "pipelining", "starttls", "bdat")


@dataclass(frozen=True)
class Case:
    """What the clients do. again: connections of each client, one after the other. goal: times Postfix; 0 for none."""

    size: str
    connections: int
    mails: int
    mode: str = "plain"
    again: int = 1
    goal: float = 0

    @property
    def words(self) -> list[str]:
        return [self.mode, *map(str, (self.connections, self.again, self.mails, SIZES[self.size]))]

    @property
    def kept(self) -> int:
        return self.connections * self.again * self.mails


CASES = (
    Case("2 KB", 20, 30, goal=2.5), Case("10 KB", 1, 100, goal=1), Case("10 KB", 20, 50, goal=3),
    Case("10 KB", 100, 10, goal=3), Case("10 KB", 500, 3), Case("10 KB", 20, 1, again=20, goal=1.5),
    Case("10 KB", 20, 30, "pipelining"), Case("10 KB", 20, 30, "starttls", goal=2), Case("10 KB", 20, 30, "bdat"),
    Case("100 KB", 20, 10, goal=1.2), Case("1 MB", 20, 3, goal=0.9), Case("10 MB", 5, 2, goal=0.8),
)  # fmt: skip


def matrix() -> Iterator[Case]:
    """Every size, number of connections, 1 or 50 mails over each, every way; of large mails fewer."""
    for size, connections, mails, mode in product(SIZES, (1, 20, 100, 500), (1, 50), MODES):
        most = max(connections, min(2_000, 100_000_000 // SIZES[size]))
        yield Case(size, connections, max(1, min(mails, most // connections)), mode,
                   again=max(1, min(most // connections, 25)) if mails == 1 else 1)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One server, one case, one round."""

    speed: float
    waits: list[float]
    cpu: float
    """Milliseconds a mail."""


def main() -> int:
    """Exit code: 1 when a goal is missed, or when there is nothing to compare with."""
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-bench-"))
    folder.chmod(0o755)
    try:
        with _servers(folder) as servers:
            return _report(servers, matrix() if "--all" in sys.argv else CASES)
    except Missing as reason:
        print(f"intake: {reason}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Server:
    port: int
    processes: Callable[[], list[int]]
    clear: Callable[[], None] = lambda: None


@contextmanager
def _servers(folder: Path) -> Iterator[dict[str, Server]]:
    for name in (US, THEM):
        (folder / name).mkdir()
    with subprocess.Popen([sys.executable, "-m", "tests.bench.door", folder / US], stdout=subprocess.PIPE) as door:
        assert door.stdout
        postfix = Postfix(folder / THEM, folder / US / "certificate.pem")
        try:
            ours = Server(int(door.stdout.readline()), lambda: processes_of(door.pid))
            postfix.start()
            yield {US: ours, THEM: Server(postfix.port, lambda: postfix.processes, postfix.clear)}
        finally:
            door.terminate()
            postfix.stop()


def _run(server: Server, case: Case) -> Run:
    before = cpu_of(server.processes())
    words = [sys.executable, "-m", "tests.bench.load", str(server.port), *case.words]
    done: dict[str, Any] = json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
    assert done["kept"] == case.kept
    spent = cpu_of(server.processes()) - before
    server.clear()
    return Run(case.kept / done["seconds"], done["latency"], spent / case.kept * 1000)


def cpu_of(processes: list[int]) -> float:
    """Seconds, with those of children that have ended."""
    total = 0
    for process in processes:
        try:
            total += sum(map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15]))
        except OSError:  # it ended meanwhile, and its parent has its time
            continue
    return total / TICKS


def _memory(processes: list[int]) -> float:
    """The most megabytes each had, added up."""
    total = 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return total / 1024


def _report(servers: dict[str, Server], cases: Iterator[Case] | tuple[Case, ...]) -> int:
    print(f"intake: durable accept, {ROUNDS} rounds, medians; waits from end of data to 250; CPU per 1,000 mails")
    columns = f"{'p50 ms':>8}{'p99 ms':>8}{'CPU s':>7} |"
    print(f"{'':44}{'mails/s':>8}{columns}{THEM:>8}{columns}{'ratio':>6}{'p99':>6}  goal")
    missed = sum(not _compare(servers, case) for case in cases)
    print("memory, most MB:", ", ".join(f"{name} {_memory(each.processes()):.0f}" for name, each in servers.items()))
    return 1 if missed else 0


def _compare(servers: dict[str, Server], case: Case) -> bool:
    """Print one line; False when its goal is missed. One round to warm up is not counted."""
    rounds = [{name: _run(server, case) for name, server in servers.items()} for _ in range(ROUNDS + 1)][1:]
    ours, theirs = ([each[name] for each in rounds] for name in servers)
    ratio = median(our.speed / their.speed for our, their in zip(ours, theirs, strict=True))
    waits = median(_wait(our, 0.99) / _wait(their, 0.99) for our, their in zip(ours, theirs, strict=True))
    said = f"{case.size}, {case.connections} x {case.again} connections x {case.mails} mails, {case.mode}"
    is_met = ratio >= case.goal
    verdict = f"{case.goal}: {'met' if is_met else 'MISSED'}" if case.goal else ""
    print(f"{said:44}{_figures(ours)} |{_figures(theirs)} |{ratio:6.2f}{waits:6.2f}  {verdict}", flush=True)
    return is_met


def _wait(run: Run, part: float) -> float:
    return run.waits[int(len(run.waits) * part)] * 1000


def _figures(runs: list[Run]) -> str:
    p50, p99 = (median(_wait(run, part) for run in runs) for part in (0.5, 0.99))
    return f"{median(run.speed for run in runs):8.0f}{p50:8.1f}{p99:8.1f}{median(run.cpu for run in runs):7.2f}"
