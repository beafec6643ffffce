"""The agents' desk as it fills: queue page, search, claim, a request opened, the report of a month, among a thousand,
a hundred thousand and a million requests, on SQLite and PostgreSQL. Five minutes, most of them for making the requests.

A fifth of the requests are alive, half of these wait for an agent; each has a mail of some 300 characters, Korean or
English. Every step is measured as the page takes it, transaction and commit included, one after another. What counts
is the median (p99 tells more of the machine's other work), and how it grows. The loop is the one that `serve` runs in;
the lines of lists are drawn once and remembered, as they are where agents look again and again. PostgreSQL is the
tests' own: it does not wait for the disk.

Words: --quick leaves the million out, --sqlite PostgreSQL.
"""

import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import uvloop
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session as Db

from gateway.config import Agents, Config, Site
from gateway.desk.acts import Acts
from gateway.desk.number import compose
from gateway.desk.pipeline import Desk
from gateway.desk.staff import Staff, Visit
from gateway.models import Agent, Customer, Entry, History, Request, columns
from gateway.rooms import build_desk, build_sheets, build_workplace
from gateway.store import days, queue, reports, requests, search
from gateway.store.claims import let_go
from gateway.store.database import Database, Postgres, connect
from gateway.store.queue import Filter
from gateway.web.desk import AgentsWindow

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SIZES = (1_000, 100_000, 1_000_000)
TIMES, AGENTS, PER_BATCH, COPIED = 100, 20, 2_000, 20_000
YEAR, DECISIONS = timedelta(days=365), 3
QUEUES = ("account", "complaints", "general", "technical", "billing", "delivery")
STATES = ("new", "open", "pending", "answered") + ("resolved",) * 2 + ("closed",) * 14
PROSE = (
    "Since yesterday I cannot log in to the app and it says error 1042.", "Please refund the second payment.",
    "My order came late and the parcel was open.", "Nobody answered my last message.", "Where is my invoice?",
    "어제부터 앱에 로그인이 안 됩니다.", "두 번 결제되었으니 환불해 주세요.", "배송이 아직 오지 않았습니다.",
    "비밀번호를 잊어버렸는데 인증번호가 오지 않아요.", "세금계산서를 발행해 주시기 바랍니다.")  # fmt: skip
SURNAMES, GIVEN = "김이박최정강조윤장임한오서신권황안송류홍", "민서지우하윤준호수빈예린도현시은"
PASSWORD = "correct horse battery"
GOALS = dict.fromkeys(
    ("page of a queue", "page of all", "queue page", "page 20", "all queues", "claim", "claim in a queue"), 5.0)
SEARCH_GOAL, REPORT_GOAL, GROWTH_GOAL = 50.0, 50.0, 2.0
LOOKS = 9
LATE = (1, 2, 3, 7, 8, 9)
"""Days ago: what customers and agents answer next, and what was silent long enough."""
REQUEST = columns(Request)


def main() -> int:
    """Exit code: 1 when a goal is missed."""
    sizes = SIZES[:-1] if "--quick" in sys.argv else SIZES
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-bench-"))
    try:
        runs = {f"{kind} {size:,}": uvloop.run(measure(connect(url), folder, size))
                for kind, size, url in stores(folder, sizes)}  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return report(runs, len(sizes))


def stores(folder: Path, sizes: tuple[int, ...]) -> Iterator[tuple[str, int, str]]:
    for size in sizes:
        yield "SQLite", size, f"sqlite:///{folder / f'{size}.db'}"
        (folder / f"{size}.db").unlink(missing_ok=True)
    if "--sqlite" not in sys.argv:
        from tests.postgres import PostgresServer

        server = PostgresServer()
        try:
            for size in sizes:
                yield "PostgreSQL", size, server.create(f"desk{size}")
        finally:
            server.stop()


# ---- a desk of so many requests ----


async def fill(database: Database, size: int) -> None:
    """A year of requests. The database multiplies the first ones itself, each copy a little later in the year: a client
    would take half an hour over a million."""
    await database.migrate()
    made, found = min(size, COPIED), list[tuple[int, str]]()
    for first in range(1, made + 1, PER_BATCH):
        numbers = range(first, min(first + PER_BATCH, made + 1))
        await database.write(lambda db, numbers=numbers: found.extend(_batch(db, numbers, size)))  # type: ignore[misc]
    for behind in range(made, size, made):
        await database.write(lambda db, behind=behind: _copy(db, behind, size, found))  # type: ignore[misc]
    await database.write(_worked_on)
    if isinstance(database, Postgres):
        await database.write(_go_on_counting)
        # As the server does by and by, but not while we measure.
        async with database._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            for what in ("VACUUM ANALYZE", "CHECKPOINT"):
                await connection.execute(text(what))


def _go_on_counting(db: Db) -> None:
    """New ids come behind those that were given here."""
    for name in ("customer", "request", "entry", "history", "letter", "figure"):
        db.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"))


LETTERS = """INSERT INTO letter (request_id, template, created_at, reverse_path, recipient, message_id, subject, raw,
 is_automatic, state, attempts, next_attempt, reply, is_reported)
 SELECT id, 'acknowledgement', created_at, '', 'a@example.org', '', '', CAST('' AS {octets}), TRUE,
 CASE WHEN id % 97 = 0 THEN 'bounced' ELSE 'sent' END, 1, created_at, '', TRUE FROM request"""
FEEDBACK = """INSERT INTO figure (at, request_id, name, value)
 SELECT resolved_at, id, 'feedback', id % 5 / 4.0 FROM request WHERE resolved_at IS NOT NULL AND id % 4 = 0"""
TAUGHT = """INSERT INTO taught (request_id, at, category, queue, said_category, category_confidence, said_queue,
 queue_confidence) SELECT id, answered_at, category, queue, CASE WHEN id % 9 = 0 THEN 'account' ELSE category END,
 0.9, queue, 0.9 FROM request WHERE answered_at IS NOT NULL"""


def _worked_on(db: Db) -> None:
    """What reports tell besides: letters, some of which bounced, what customers said, what agents taught."""
    octets = "bytea" if db.connection().dialect.name == "postgresql" else "blob"
    for statement in (LETTERS.format(octets=octets), FEEDBACK, TAUGHT):
        db.execute(text(statement))


def _copy(db: Db, behind: int, size: int, found: list[tuple[int, str]]) -> None:
    """The first COPIED of everything once more, with other numbers and so much later."""
    is_postgres, seconds = db.connection().dialect.name == "postgresql", YEAR.total_seconds() * behind // size
    later = "{} + interval '{} seconds'" if is_postgres else "strftime('%Y-%m-%dT%H:%M:%f000Z', {}, '{} seconds')"
    others = {name: f"{name} + {behind}" for name in ("id", "customer_id", "request_id", "last_entry")}
    others |= {name: later.format(name, seconds) for name in ("at", "created_at", "changed_at", "answered_at",
                                                              "resolved_at")}  # fmt: skip
    others |= {"number": f"'FD-2026-' || (id + {behind + 10_000_000})", "address": f"'{behind}' || address"}
    for table in (Customer, Request, Entry, History):
        each = DECISIONS if table is History else 1
        values = others | {"id": f"id + {behind * each}"}
        name, names = table.__table__.name, table.__table__.columns.keys()  # type: ignore[attr-defined]
        db.execute(text(f"INSERT INTO {name} ({', '.join(names)}) SELECT {', '.join(values.get(n, n) for n in names)} "
                        f"FROM {name} WHERE id <= {COPIED * each}"))  # fmt: skip
    if is_postgres:
        db.execute(text(f"INSERT INTO finding SELECT entry_id + {behind}, words FROM finding "
                        f"WHERE entry_id <= {COPIED}"))
    else:
        db.connection().exec_driver_sql("INSERT INTO finding (rowid, words) VALUES (?, ?)",
                                        [(id + behind, words) for id, words in found])


def _batch(db: Db, numbers: range, size: int) -> list[tuple[int, str]]:
    """The words by which each is found."""
    chance = random.Random(numbers[0])
    rows = [_request(number, size, chance) for number in numbers]
    people = [{"id": number, "address": address(number), "created_at": NOW,
               "name": chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=2)), "language": "ko"}
              for number in numbers]  # fmt: skip
    texts = [" ".join(chance.choices(PROSE, k=8)) + f" {number:x}q" for number in numbers]
    said = [{"id": row["id"], "request_id": row["id"], "at": row["created_at"], "kind": "mail", "text": each,
             "author": address(row["id"])} for row, each in zip(rows, texts, strict=True)]  # fmt: skip
    decided = [{"id": (row["id"] - 1) * DECISIONS + place, "at": row["created_at"], "request_id": row["id"],
                "event": "received", "handler": "route", "decision": decision, "detail": {},
                "because": "The rule for all that is left."}
               for row in rows for place, decision in enumerate(("open", "label", "place"), 1)]  # fmt: skip
    for table, values in ((Customer, people), (Request, rows), (Entry, said), (History, decided)):
        db.connection().execute(insert(table.__table__), values)  # type: ignore[attr-defined]
    found = [(row["id"], (row["number"], row["subject"], person["name"], person["address"], each))
             for row, person, each in zip(rows, people, texts, strict=True)]  # fmt: skip
    search.enter(db.connection(), found)
    return [(id, " ".join(search.terms(words))) for id, words in found]


def address(number: int) -> str:
    return f"customer{number}@example{number % 50}.org"


def _request(number: int, size: int, chance: random.Random) -> dict[str, Any]:
    state, at = chance.choice(STATES), NOW - YEAR * (1 - number / size)
    waits, is_over = state in ("new", "open"), state in ("resolved", "closed")
    return {"id": number, "number": compose("FD", 2026, number), "customer_id": number, "subject": chance.choice(PROSE),
            "state": state, "queue": chance.choice(QUEUES), "priority": chance.choice((1, 2, 3, 3, 3, 3, 4, 5)),
            "due": NOW + timedelta(minutes=chance.randrange(-2000, 20000)) if waits else None, "created_at": at,
            "changed_at": at, "category": chance.choice(("technical", "policy", "account", "other")),
            "answered_at": at + timedelta(hours=chance.random() * 30) if is_over or state == "answered" else None,
            "resolved_at": at + timedelta(days=chance.random() * 5) if is_over else None,
            "last_entry": number}  # fmt: skip


# ---- what is measured ----


@dataclass
class Run:
    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    """Milliseconds that our process worked; on SQLite the database with it."""
    filled: float = 0.0
    """Seconds that the requests took to be made."""
    doubles: int = 0
    """Requests that two of the agents who claimed at once were given."""


async def measure(database: Database, folder: Path, size: int) -> Run:
    run, began, chance = Run(), time.perf_counter(), random.Random(size)
    await fill(database, size)
    run.filled = time.perf_counter() - began
    config = Config(site=Site(data=folder), agents=Agents(listen="127.0.0.1:0"))
    desk = build_desk(config, database, lambda: NOW)
    acts, browser = Acts(desk), Browser(config, database, desk)
    await browser.opens()

    async def timed(name: str, step: Callable[[int], Awaitable[Any]], times: int = TIMES,
                    after: Callable[[Any], Awaitable[Any]] | None = None) -> None:
        await step(0)
        for number in range(times):
            started, cpu = time.perf_counter(), time.process_time()
            done = await step(number)
            run.milliseconds.setdefault(name, []).append((time.perf_counter() - started) * 1000)
            run.cpu.setdefault(name, []).append((time.process_time() - cpu) * 1000)
            if after:
                await after(done)

    def paged(after: str = "", **filter: Any) -> Callable[[int], Awaitable[queue.Page]]:
        return lambda number: database.read(lambda db: queue.page(
            db, Filter(**{name: value[number % len(value)] for name, value in filter.items()}), NOW, 50, after))

    deep = ""
    for _ in range(19 if size > SIZES[0] else 1):
        deep = (await paged(deep, queue=("general",))(0)).next
    ids = [chance.randint(1, size) for _ in range(TIMES)]
    await timed("page of a queue", lambda number: browser.gets(f"/?queue={QUEUES[number % len(QUEUES)]}"))
    await timed("page of all", lambda _: browser.gets("/"))
    await timed("page of a request", lambda number: browser.gets(f"/requests/{compose('FD', 2026, number + 1)}"))
    await timed("page of reports", lambda _: browser.gets("/reports"), LOOKS, lambda _: database.write(late_acts))
    await timed("queue page", paged(queue=QUEUES))
    await timed("page 20", paged(deep, queue=("general",)))
    await timed("all queues", paged())
    await timed("filter met by none", paged(category=("other",), language=("xx",)))
    await timed("none of the settled", paged(category=("other",), language=("xx",), state=("settled",)))
    await timed("counts", lambda _: database.read(lambda db: queue.counts(db, NOW)))
    await timed("search: common", paged(words=("환불", "로그인", "order", "인증번호")))
    await timed("search: two words", paged(words=("환불 invoice", "refund 배송", "비밀번호 parcel")))
    await timed("search: in a queue", paged(words=("세금계산서",), queue=QUEUES, state=("closed", "open")))
    await timed("search: one person", lambda number: paged(words=(address(ids[number]),))(0))
    await timed("search: beginnings", paged(words=("refu", "inv", "yesterd")))
    await timed("search: nothing", paged(words=("unheard", "없는말", "refund zzz")))
    async def given_back(request: Request) -> None:  # so that the thousandth finds as many as the first
        await database.write(lambda db: let_go(db.get_one(Request, request.id)))

    await timed("claim", lambda number: acts.next(None, f"agent{number}"), after=given_back)
    await timed("claim in a queue", lambda number: acts.next("general", f"other{number}"), after=given_back)
    await timed("open a request", lambda number: database.read(lambda db: opened(db, ids[number])))
    await timed("report of a month", lambda _: month(database), LOOKS, lambda _: database.write(late_acts))
    together = await asyncio.gather(*(acts.next(None, f"crowd{number}") for number in range(AGENTS)))
    taken = [request.number for request in together if request]
    run.doubles = len(taken) - len(set(taken))
    await browser.closes()
    await database.close()
    return run


class Browser:
    """A supervisor's, who reads Korean: the agents' window over one connection, in our own loop."""

    def __init__(self, config: Config, database: Database, desk: Desk) -> None:
        self._staff = Staff(database, lambda: NOW)
        self._window = AgentsWindow(build_workplace(config, database, desk), build_sheets(config))

    async def opens(self) -> None:
        await self._window.start()
        ann = Agent(name="ann", full_name="Ann", role="supervisor", language="ko", queues=[])
        await self._staff.add("bench", ann, PASSWORD)
        secret = await self._staff.enter("ann", PASSWORD, Visit("127.0.0.1", "bench"), timedelta(hours=12))
        self._head = f"HTTP/1.1\r\nHost: desk.example.com\r\nCookie: frontdesk={secret}\r\n\r\n"
        self._reader, self._writer = await asyncio.open_connection(*self._window.addresses[0], limit=2**20)

    async def gets(self, path: str) -> bytes:
        self._writer.write(f"GET {path} {self._head}".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise RuntimeError(f"{path}: {head!r}")
        return await self._reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))

    async def closes(self) -> None:
        self._writer.close()
        await self._window.drain()


def opened(db: Db, id: int) -> tuple[Any, ...]:
    """What the page of a request reads."""
    request = db.get_one(Request, id)
    said = requests.conversation(db, id)
    return (requests.customer(db, request), requests.attachments(db, [each.id or 0 for each in said]),
            requests.findings(db, said), requests.history(db, id), requests.of_customer(db, request.customer_id))


async def month(database: Database) -> list[reports.Line]:
    """As `frontdesk report` and the API tell it."""
    zone = ZoneInfo("Asia/Seoul")
    end = datetime(2026, 11, 24, tzinfo=zone)
    span = days.Span(end - timedelta(days=30), end, zone)
    await days.keep(database, span, NOW)
    return reports.report(await database.read(lambda db: days.opened(db, span)), "day")


def late_acts(db: Db) -> None:
    """What is done between two looks: requests that were opened up to nine days ago are answered or solved."""
    for age in LATE:
        opened_then = (select(REQUEST.id).where(REQUEST.created_at > NOW - timedelta(days=age))
                       .order_by(REQUEST.created_at).limit(5))
        for request in db.scalars(select(Request).where(REQUEST.id.in_(opened_then))):
            before = request.resolved_at or NOW - timedelta(hours=1)
            request.answered_at, request.resolved_at = request.answered_at or NOW, before + timedelta(seconds=1)


# ---- the report ----


def report(runs: dict[str, Run], sizes: int) -> int:
    print(f"desk: milliseconds, p50 / p99 of {TIMES} (reports {LOOKS}, before each of which requests of {len(LATE)} "
          f"days change), and CPU of our process; {len(QUEUES)} queues, a fifth alive; pages over HTTP, what follows "
          "is what they ask the store")  # fmt: skip
    names = list(next(iter(runs.values())).milliseconds)
    for start in range(0, len(runs), sizes):
        some = list(runs.items())[start:start + sizes]
        print(f"{'':20}" + "".join(f"{name:>29}" for name, _ in some) + f"{'grows':>8}")
        for name in names:
            shown = "".join(f"{p(run, name):12.2f} /{p(run, name, 0.99):8.2f}{median(run.cpu[name]):7.2f}"
                            for _, run in some)
            print(f"{name:20}{shown}{growth(some, name):8.1f}")
        print(f"{'made in s':20}" + "".join(f"{run.filled:29.0f}" for _, run in some))
    missed = list(faults(runs, sizes))
    print("goals (medians): queue page and claim < 5 ms and at most twice as slow among a million, search and report "
          f"< 50 ms, {AGENTS} agents at once without a double: " + ("met" if not missed else "MISSED"))  # fmt: skip
    print("".join(f"  missed: {each}\n" for each in missed), end="")
    return 1 if missed else 0


def faults(runs: dict[str, Run], sizes: int) -> Iterator[str]:
    for where, run in runs.items():
        for name in run.milliseconds:
            goal = SEARCH_GOAL if name.startswith("search") else GOALS.get(name)
            goal = REPORT_GOAL if name == "report of a month" else goal
            if goal is not None and p(run, name) > goal:
                yield f"{name} on {where}: {p(run, name):.1f} ms"
        if run.doubles:
            yield f"{run.doubles} doubles on {where}"
    for start in range(0, len(runs), sizes):
        some = list(runs.items())[start:start + sizes]
        yield from (f"{name} grows {growth(some, name):.1f} times on {some[0][0]}" for name in GOALS
                    if growth(some, name) > GROWTH_GOAL)  # fmt: skip


def growth(runs: list[tuple[str, Run]], name: str) -> float:
    return p(runs[-1][1], name) / p(runs[0][1], name)


def p(run: Run, name: str, share: float = 0.5) -> float:
    values = sorted(run.milliseconds[name])
    return median(values) if share == 0.5 else values[min(len(values) - 1, int(len(values) * share))]
