"""The whole way of a mail, on one core: door, SPF, DKIM (RSA-2048), DMARC, disk, handlers, number, acknowledgement.

20 connections leave mails of 10 KB from 50 domains, each from another author; the zone is in memory, the store is
SQLite (with --all PostgreSQL too, whose own CPU is not ours). A round ends when every mail is handled and every
acknowledgement is signed; beside it Postfix with OpenDKIM, which only verifies, takes the same mails on the same core.
Then half as many mails a second as were reached, to see how long 250 takes; with --long a run of a minute. What counts
is CPU; wall time says what the core gave beside other work. A further round runs under a profiler, for the table of
rooms: what a library does counts for the room that asked it.
"""

import asyncio
import cProfile
import os
import pstats
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from tests.bench import senders
from tests.bench.gateway import DOMAINS, OUR_CORE, Gateway, Left, leave, opened, quiet, write_mails
from tests.bench.intake import cpu_of
from tests.bench.postfix import Missing, Postfix
from tests.signing import record, rsa_key

CONNECTIONS, MAILS, OCTETS, ROUNDS = 20, 1000, 10_000, 3
GOAL, RATIO, WAIT = 450.0, 4.0, 100.0
"""Mails a second and core; times Postfix with OpenDKIM; milliseconds that 99 of 100 wait for 250 at half load."""
MINUTE, TEN = 60.0, 10.0
ROOMS = {"gateway/smtp/": "door", "gateway/authentication/signer": "signing",
         "gateway/authentication/": "authentication",
         "gateway/mail/compose": "letters", "gateway/mail/enclosed": "letters", "gateway/mail/encoded": "letters",
         "gateway/mail/": "reading the mail", "gateway/store/batch": "keeping", "gateway/store/intake": "keeping",
         "gateway/store/seen": "keeping", "gateway/store/search": "words for the search", "gateway/store/": "rows",
         "gateway/desk/letters": "letters", "gateway/desk/post": "letters", "gateway/desk/facts": "facts",
         "gateway/desk/": "desk", "handlers/": "handlers", "gateway/logs": "log"}  # fmt: skip


def main() -> int:
    """Exit code: 1 when a goal is missed."""
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-bench-"))
    folder.chmod(0o755)
    os.sched_setaffinity(0, {OUR_CORE})
    try:
        with quiet(folder):
            mails = write_mails(folder / "mails", 0, MAILS, OCTETS)
            return measure(folder, mails)
    except Missing as reason:
        print(f"journey: {reason}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path, mails: Path) -> int:
    rounds: dict[str, list[Run]] = {}
    with _beside(folder) as them, _stores(folder) as urls:
        for number in range(ROUNDS):
            for name, url in urls.items():
                rounds.setdefault(name, []).append(_run(folder / f"{name}{number}", url, mails, MAILS))
            rounds.setdefault("Postfix + OpenDKIM", []).append(them(mails))
    ours, theirs = (median(run.speed for run in rounds[name]) for name in ("SQLite", "Postfix + OpenDKIM"))
    rooms = _profiled(folder / "profiled", mails)
    half = _half(folder / "half", mails, ours / 2)
    _show(rounds, rooms)
    met = [_told("mails a second and core", 1000 / median(run.cpu for run in rounds["SQLite"]), GOAL, at_least=True),
           _told("times Postfix + OpenDKIM, on one core", ours / theirs, RATIO, at_least=True),
           _told(f"ms to 250, 99 of 100, at {ours / 2:.0f} mails/s", half.wait(0.99), WAIT, at_least=False)]
    if "--long" in sys.argv:
        met.append(_minute(folder, ours))
    return 0 if all(met) else 1


@dataclass(frozen=True)
class Run:
    """One round."""

    speed: float
    """Mails a second until the last one was done."""
    accepted: float
    """Mails a second until the last 250."""
    cpu: float
    """Milliseconds a mail."""


def _run(folder: Path, url: str, mails: Path, count: int, watch: Callable[[Any, Any], None] | None = None,
         ended: Callable[[], None] = lambda: None) -> Run:
    async def journey() -> Run:
        async with opened(folder, url, watch) as gateway:
            began, cpu = time.perf_counter(), time.process_time()
            left = await leave(gateway.port, mails, CONNECTIONS)
            await gateway.until_handled()
            assert await gateway.sign(count) == count
            ended()
            seconds, spent = time.perf_counter() - began, time.process_time() - cpu
            return Run(count / seconds, count / left.seconds, spent / count * 1000)

    return _alone(folder, journey)


def _alone(folder: Path, work: Callable[[], Any]) -> Any:
    folder.mkdir()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        done = runner.run(work())
    shutil.rmtree(folder, ignore_errors=True)
    return done


def _half(folder: Path, mails: Path, rate: float) -> Left:
    async def journey() -> Left:
        async with opened(folder, "sqlite") as gateway:
            return await leave(gateway.port, mails, CONNECTIONS, rate)

    return _alone(folder, journey)


def _minute(folder: Path, rate: float) -> bool:
    """As many mails as keep us busy for a minute; False when they cost more than the goal lets them."""
    count = int(MINUTE * rate)
    mails = write_mails(folder / "many", MAILS, count, OCTETS)
    marks: list[tuple[float, int]] = []

    async def journey() -> tuple[float, float]:
        async with opened(folder / "long", "sqlite") as gateway:
            watching = asyncio.create_task(_watch(gateway, marks))
            began, cpu = time.perf_counter(), time.process_time()
            await leave(gateway.port, mails, CONNECTIONS)
            await gateway.until_handled()
            watching.cancel()
            seconds, spent = time.perf_counter() - began, time.process_time() - cpu
            signing = time.process_time()
            assert await gateway.sign(MAILS) == MAILS
            return seconds, spent + (time.process_time() - signing) * count / MAILS

    seconds, spent = _alone(folder / "long", journey)
    print(f"{seconds:.0f} s on end: {count} mails, {count / seconds:.0f} handled a second; by tens of seconds",
          " ".join(f"{number / TEN:.0f}" for number in _by_tens(marks)))
    return _told("mails a second and core, sustained", count / spent, GOAL, at_least=True)


def _by_tens(marks: list[tuple[float, int]]) -> list[int]:
    """How many were handled in each ten seconds; what is left at the end is no ten."""
    ends = [0, *(number for (before, _), (at, number) in pairwise(marks) if before // TEN < at // TEN)]
    return [end - begin for begin, end in pairwise(ends)]


async def _watch(gateway: Gateway, marks: list[tuple[float, int]]) -> None:
    began = time.perf_counter()
    while True:
        marks.append((time.perf_counter() - began, gateway.handled))
        await asyncio.sleep(1)


# ---- beside us ----


@contextmanager
def _stores(folder: Path) -> Iterator[dict[str, str]]:
    if "--all" not in sys.argv:
        yield {"SQLite": "sqlite"}
        return
    from tests.postgres import PostgresServer

    server, cores = PostgresServer(), os.sched_getaffinity(0)
    try:
        yield {"SQLite": "sqlite", "PostgreSQL": server.create("journey")}
    finally:
        os.sched_setaffinity(0, cores)
        server.stop()


@contextmanager
def _beside(folder: Path) -> Iterator[Callable[[Path], Run]]:
    """Postfix that has every mail verified by OpenDKIM, and keeps it."""
    from ports import free_port

    from tests.opendkim import OpenDkim

    port, keys = free_port(), {f"s1._domainkey.{senders.domain_of(each)}": record(rsa_key()) for each in range(DOMAINS)}
    for name in ("postfix", "opendkim"):
        (folder / name).mkdir()
    milter = f"smtpd_milters = inet:127.0.0.1:{port}\nmilter_default_action = tempfail\n"
    postfix = Postfix(folder / "postfix", more=milter)
    with OpenDkim(port, folder / "opendkim", "Mode v", keys) as filter:
        postfix.start()

        def take(mails: Path) -> Run:
            processes = [*postfix.processes, filter.pid]
            before = cpu_of(processes)
            left = asyncio.run(leave(postfix.port, mails, CONNECTIONS))
            spent = cpu_of([*postfix.processes, filter.pid]) - before
            postfix.clear()
            return Run(MAILS / left.seconds, MAILS / left.seconds, spent / MAILS * 1000)

        try:
            yield take
        finally:
            postfix.stop()


# ---- where the CPU goes ----


def _profiled(folder: Path, mails: Path) -> Counter[str]:
    """Seconds of CPU by room, from one profile for each thread that works."""
    profiles: list[cProfile.Profile] = [loop := cProfile.Profile(time.thread_time)]

    def watch(database: Any, desk: Any) -> None:
        for owner, name in ((database, "_transact"), (database, "_look"), (desk, "read")):
            setattr(owner, name, _within(profiles, getattr(owner, name)))
        loop.enable()

    _run(folder, "sqlite", mails, MAILS, watch, loop.disable)
    rooms: Counter[str] = Counter()
    for profile in profiles:
        rooms.update(_by_room(pstats.Stats(profile).stats))  # type: ignore[attr-defined]
    return rooms


def _within(profiles: list[cProfile.Profile], work: Callable[..., Any]) -> Callable[..., Any]:
    """In a profile for each thread: two that write into one make times that are less than nothing."""
    own = threading.local()

    def worked(*words: Any) -> Any:
        if not hasattr(own, "profile"):
            profiles.append(profile := cProfile.Profile(time.thread_time))
            own.profile = profile
        own.profile.enable()
        try:
            return work(*words)
        finally:
            own.profile.disable()

    return worked


def _by_room(stats: dict[Any, Any]) -> Counter[str]:
    """What is not ours is shared out among those who called it, as often as it takes to come to a room."""
    rooms, left = Counter[str](), {function: entry[2] for function, entry in stats.items()}
    for _ in range(30):
        further: Counter[Any] = Counter()
        for function, seconds in left.items():
            callers = {caller: part[3] or part[2] for caller, part in stats[function][4].items()}
            if (room := _room(function[0])) or not any(callers.values()):
                rooms[room or "loop and threads"] += seconds
                continue
            for caller, part in callers.items():
                further[caller] += seconds * part / sum(callers.values())
        left = further
    rooms["loop and threads"] += sum(left.values())
    return rooms


def _room(path: str) -> str:
    return next((room for part, room in ROOMS.items() if f"/{part}" in path), "")


def _show(rounds: dict[str, list[Run]], rooms: Counter[str]) -> None:
    print(f"journey: {MAILS} signed mails of {OCTETS // 1000} KB, {CONNECTIONS} connections, {ROUNDS} rounds, medians")
    print(f"{'':20}{'CPU ms':>8}{'per core/s':>12}{'wall/s':>8}{'accept/s':>10}")
    for name, runs in rounds.items():
        cpu, speed, accepted = (median(getattr(run, what) for run in runs) for what in ("cpu", "speed", "accepted"))
        print(f"{name:20}{cpu:8.2f}{1000 / cpu:12.0f}{speed:8.0f}{accepted:10.0f}")
    cost = median(run.cpu for run in rounds["SQLite"])
    print("where the CPU goes (SQLite; shares of a run under the profiler):")
    for room, seconds in rooms.most_common():
        print(f"  {room:24}{seconds / rooms.total() * cost:6.2f} ms{seconds / rooms.total():7.1%}")


def _told(what: str, value: float, goal: float, *, at_least: bool) -> bool:
    is_met = value >= goal if at_least else value <= goal
    words = "at least" if at_least else "at most"
    print(f"{what}: {value:.1f}, goal {words} {goal:.0f}: {'met' if is_met else 'MISSED'}", flush=True)
    return is_met
