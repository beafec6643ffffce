"""Our side of a benchmark, in a process of its own: door, intake and SQLite, authentication off.

usage: python -m tests.bench.door FOLDER
Prints its port when it is open; its log, a JSON line per mail as in production, goes to FOLDER/log.
"""

import asyncio
import logging
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from gateway.authentication.resolver import ZoneResolver
from gateway.config import Authentication, Site, Smtp
from gateway.desk.capability import Capabilities
from gateway.smtp.server import Door
from gateway.store.database import connect
from gateway.store.intake import Intake


async def serve(folder: Path) -> None:
    database = connect(f"sqlite:///{folder}/frontdesk.db")
    await database.migrate()
    intake = Intake(database)
    door = Door(
        Site(data=folder),
        Smtp(listen=("127.0.0.1:0",), connections=2000, connections_per_client=2000),
        Authentication(enabled=False), intake, ZoneResolver({}),
        Capabilities(b"s" * 32, "support@example.com", timedelta(days=180)), lambda: datetime.now(UTC),
    )  # fmt: skip
    await door.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(door.addresses[0][1], flush=True)
    await stop.wait()
    await door.drain()
    await intake.close()
    await database.close()


def log_to(path: Path) -> None:
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"),
                    structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(path.open("a", encoding="utf-8")),
        cache_logger_on_first_use=True,
    )  # fmt: skip


if __name__ == "__main__":
    import uvloop

    log_to(Path(sys.argv[1]) / "log")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1])))
