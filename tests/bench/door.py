"""Our side of a benchmark, in a process of its own: door, intake and SQLite, authentication off.

usage: python -m tests.bench.door FOLDER
Prints its port when it is open; its log, a JSON line per mail as in production, goes to FOLDER/log.
"""

import asyncio
import gc
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway import logs, memory
from gateway.authentication.resolver import ZoneResolver
from gateway.config import Authentication, Log, Site, Smtp
from gateway.console.edge import HANDOVER
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
    gc.collect()
    gc.freeze()  # as the service does
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(door.addresses[0][1], flush=True)
    await stop.wait()
    await door.drain()
    await intake.close()
    await database.close()


if __name__ == "__main__":
    import uvloop

    memory.spare()  # as the service does
    sys.setswitchinterval(HANDOVER)
    sys.stderr = (Path(sys.argv[1]) / "log").open("a", encoding="utf-8", buffering=1)
    logs.configure(Log(format="json"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1])))
