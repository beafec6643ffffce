"""What a full store costs, on one core: the journey and the wait for 250 with 0, 100,000 and 1,000,000 mails kept; and
250 while 100,000 mails lie in the spool.

The kept mails are made by SQL: each with its customer, request, conversation, letter, history and words for the search,
as the desk leaves them, closed long ago, with small bodies. SQLite. `--quick` leaves the million out; with `--long`
the whole spool is drained at the end.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import uvloop
from sqlalchemy import text
from sqlalchemy.orm import Session as Db

from gateway.mail.authres import UNCHECKED
from tests.bench.gateway import OUR_CORE, Gateway, Left, leave, opened, quiet, write_mails

CONNECTIONS, MAILS, OCTETS, ROUNDS = 20, 500, 10_000, 3
SIZES, BACKLOG, STEP = (0, 100_000, 1_000_000), 100_000, 50_000
WITHIN, SLOWER = 1.3, 1.2
"""Goals: what most may cost, in terms of what none costs; 250 with a backlog, in terms of 250 without."""
MANY = 1_000_000_000
"""Ids of what is made begin here, so that what the desk opens meanwhile comes behind."""

_EACH = "WITH RECURSIVE each(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM each WHERE n < :last)"
_BODY = "'Since yesterday I cannot log in, error ' || n || '. What can I do? Please have a look at it.'"
_HEADER = ("'From: Ann <ann' || n || '@old' || (n % 997) || '.example>' || char(13, 10) || 'To: support@example.com' "
           "|| char(13, 10) || 'Subject: Error ' || n || char(13, 10) || 'Message-ID: <old' || n || '@old.example>' || "
           "char(13, 10, 13, 10) || " + _BODY)  # fmt: skip
_AT = "strftime('%Y-%m-%dT%H:%M:%fZ', 1735689600 + n % 1000000 * 30, 'unixepoch')"
_WHO = "'ann' || n || '@old' || (n % 997) || '.example'"
_RECEIVED = f"""INSERT INTO received (id, kept_at, digest, client_ip, helo, tls, protocol, reverse_path, recipients,
    size, verdict, quarantined, state, attempts, next_attempt, reason, request_id)
    {_EACH} SELECT n, {_AT}, lower(hex(randomblob(32))), '192.0.2.1', 'mx.old.example', 1, 'ESMTPS', {_WHO},
    '["support@example.com"]', 300, :verdict, 0, :state, 0, {_AT}, '', :request FROM each"""
_RAW = f"INSERT INTO raw_mail (received_id, content) {_EACH} SELECT n, CAST({_HEADER} AS BLOB) FROM each"
_HANDLED = (
    f"""INSERT INTO customer (id, address, name, language, created_at)
        {_EACH} SELECT n, {_WHO}, 'Ann', 'en', {_AT} FROM each""",
    f"""INSERT INTO request (id, number, customer_id, subject, state, category, language, queue, priority, owner,
        identity, identity_because, verification, verification_because, on_file, is_held, created_at, changed_at,
        resolution, reopened, last_entry)
        {_EACH} SELECT n, 'FD-2025-' || n, n, 'Error ' || n, 'closed', 'technical', 'en', 'technical', 3, '',
        'unknown', '', '', '', '', 0, {_AT}, {_AT}, 'silent', 0, n FROM each""",
    f"""INSERT INTO letter (id, request_id, template, created_at, reverse_path, recipient, message_id, subject, raw,
        is_automatic, state, attempts, next_attempt, reply, is_reported)
        {_EACH} SELECT n, n, 'acknowledgement', {_AT}, 'bounce+' || n || '@example.com', {_WHO},
        '<letter' || n || '@example.com>', 'Error ' || n, CAST({_HEADER} AS BLOB), 1, 'sent', 1, {_AT}, '250', 0
        FROM each""",
    f"""INSERT INTO entry (id, request_id, at, kind, author, subject, text, reply_text, message_id, identity)
        {_EACH} SELECT n, n, {_AT}, 'mail', {_WHO}, 'Error ' || n, {_BODY}, {_BODY}, '<old' || n || '@old.example>',
        'unknown' FROM each""",
    f"""INSERT INTO history (id, at, request_id, event, handler, decision, detail, because)
        {_EACH} SELECT n * 5 + m, {_AT}, n, 'received', 'route', 'place', '{{}}', 'The rule for all that is left.'
        FROM each, (SELECT 0 AS m UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4)""",
    f"""INSERT INTO sighting (signature, last_at, times)
        {_EACH} SELECT lower(hex(randomblob(32))), :now, 1 FROM each""",
    f"""INSERT INTO finding (rowid, words)
        {_EACH} SELECT n, 'since yesterday i cannot log in error what can do please have look at it ' || n FROM each""",
)


def main() -> int:
    """Exit code: 1 when a goal is missed."""
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-bench-"))
    os.sched_setaffinity(0, {OUR_CORE})
    try:
        with quiet(folder), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return 0 if runner.run(_measure(folder)) else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(folder: Path) -> bool:
    batches = _batches(folder)
    runs: dict[int, Run] = {}
    kept = 0
    print(f"growth: {MAILS} signed mails of {OCTETS // 1000} KB, {ROUNDS} rounds, medians; on SQLite, one core")
    print(f"{'kept before':>12}{'CPU ms':>8}{'p50 ms':>8}{'p99 ms':>8}{'made in s':>11}{'MB':>7}")
    for size in SIZES[:2] if "--quick" in sys.argv else SIZES:
        async with opened(folder, "sqlite") as gateway:
            began = time.perf_counter()
            while kept < size:
                await gateway.database.write(lambda db, first=kept: _fill(db, first, "handled"))  # type: ignore[misc]
                kept += STEP
            made = time.perf_counter() - began
            runs[size] = run = await _journey(gateway, batches)
        print(f"{size:12,}{run.cpu:8.2f}{run.left.wait(0.5):8.1f}{run.left.wait(0.99):8.1f}{made:11.0f}{_stored(folder):7.0f}",
              flush=True)  # fmt: skip
    most = max(runs)
    return all([
        _told("CPU with most kept", runs[most].cpu / runs[0].cpu, WITHIN),
        _told("250 with most kept", runs[most].left.wait(0.5) / runs[0].left.wait(0.5), WITHIN),
        await _backlog(folder, batches)])  # fmt: skip


def _stored(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.glob("frontdesk.db*")) / 1e6


@dataclass(frozen=True)
class Run:
    cpu: float
    """Milliseconds a mail, until it is handled."""
    left: Left


async def _journey(gateway: Gateway, batches: Iterator[Path]) -> Run:
    costs = []
    for _ in range(ROUNDS):
        cpu = time.process_time()
        await leave(gateway.port, next(batches), CONNECTIONS)
        await gateway.until_handled()
        costs.append((time.process_time() - cpu) / MAILS * 1000)
    rate = 1000 / median(costs) / 2
    left = await leave(gateway.port, next(batches), CONNECTIONS, rate)
    await gateway.until_handled()
    return Run(median(costs), left)


async def _backlog(folder: Path, batches: Iterator[Path]) -> bool:
    """Clients leave mails as fast as they can while the desk has nothing behind it, and while it has much."""
    async with opened(folder, "sqlite") as gateway:
        without = [await leave(gateway.port, next(batches), CONNECTIONS) for _ in range(ROUNDS)]
        await gateway.until_handled()
    async with opened(folder, "sqlite", works=False) as gateway:
        first = max(SIZES) + STEP
        for start in range(first, first + BACKLOG, STEP):
            await gateway.database.write(lambda db, start=start: _fill(db, start, "kept"))  # type: ignore[misc]
    async with opened(folder, "sqlite") as gateway:
        behind = [await leave(gateway.port, next(batches), CONNECTIONS) for _ in range(ROUNDS)]
        began, handled = time.perf_counter(), gateway.handled
        if "--long" in sys.argv:
            await gateway.until_handled()
            seconds = time.perf_counter() - began
            print(f"the rest drained in {seconds:.0f} s, {(gateway.handled - handled) / seconds:.0f} mails a second")
        left, is_in_order = await gateway.database.read(_drained)
    print(f"250 within {_p50(without):.1f} ms (median), {_p50(behind):.1f} ms with {BACKLOG:,} in the spool;",
          f"{BACKLOG - left:,} of them handled meanwhile{'' if is_in_order else ', NOT IN ORDER'}")
    return _told("250 with a backlog", _p50(behind) / _p50(without), SLOWER) and is_in_order


def _p50(runs: list[Left]) -> float:
    return median(run.wait(0.5) for run in runs)


def _drained(db: Db) -> tuple[int, bool]:
    """How many of the backlog are left, and whether none was handled before another that had come before it."""
    sql = """SELECT sum(handled_at IS NULL), sum(handled_at < before) FROM (
                 SELECT handled_at, max(coalesce(handled_at, 'z')) OVER
                     (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                 FROM received WHERE id >= :first AND helo = 'mx.old.example')"""
    left, late = db.execute(text(sql), {"first": MANY + 2 * (max(SIZES) + STEP)}).one()
    return left, not late


def _fill(db: Db, first: int, state: str) -> None:
    start = MANY + 2 * first  # what came in meanwhile has the ids behind those that were made before
    values = {"first": start, "last": start + STEP - 1}
    given = {"verdict": json.dumps(UNCHECKED.as_json()), "state": state, "request": None}
    for statement in (_RECEIVED, _RAW, *(_HANDLED if state == "handled" else ())):
        now = {"now": datetime.now(UTC).isoformat().replace("+00:00", "Z")} if ":now" in statement else {}
        db.execute(text(statement), values | now | (given if statement == _RECEIVED else {}))


def _batches(folder: Path) -> Iterator[Path]:
    """Files of mails that were not there before."""
    first = 0
    while True:
        yield write_mails(folder / "mails", first, MAILS, OCTETS)
        first += MAILS


def _told(what: str, value: float, goal: float) -> bool:
    print(f"{what}: {value:.2f} times, goal at most {goal}: {'met' if value <= goal else 'MISSED'}", flush=True)
    return value <= goal
