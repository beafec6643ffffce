"""Kill -9 at random moments: every 250 is kept once, every request has one number and one acknowledgement."""

import asyncio
import os
import random
from collections import Counter
from email.parser import BytesHeaderParser
from pathlib import Path

import pytest
from gateway_process import GatewayProcess, submit
from nameserver import nameserver
from sqlalchemy import func, select

from gateway.models import Letter, Received, Request, columns
from gateway.store.database import connect
from gateway.store.outbox import counts as outbox_counts
from gateway.store.spool import counts as spool_counts

MAILS = int(os.environ.get("FRONTDESK_CRASH_MAILS", "600"))
"""`make crash` sends 2,000; `make test` fewer, that it ends soon."""
CONNECTIONS, KILLS = 20, 8
ZONE = {"example.org": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]}, "_dmarc.example.org": {"TXT": ["v=DMARC1; p=reject"]}}


def mail(serial: int) -> tuple[str, str, bytes]:
    message_id, sender = f"<{serial}@example.org>", f"customer{serial}@example.org"
    text = (f"From: {sender}\nTo: support@example.com\nSubject: Cannot log in, case {serial}\n"
            f"Message-ID: {message_id}\nDate: Mon, 23 Nov 2026 09:00:00 +0000\n\n"
            f"The app says error {serial} when I log in. What can I do? I tried it on two phones.\n")
    return message_id, sender, text.replace("\n", "\r\n").encode().rstrip()


async def load_and_kill(gateway: GatewayProcess, chance: random.Random) -> set[str]:
    mails: asyncio.Queue[tuple[str, str, bytes]] = asyncio.Queue()
    for serial in range(MAILS):
        mails.put_nowait(mail(serial))
    confirmed: set[str] = set()
    clients = [asyncio.create_task(submit(gateway.port, mails, confirmed)) for _ in range(CONNECTIONS)]
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.05, 0.8))
        gateway.kill()
        await asyncio.to_thread(gateway.start)
    await asyncio.gather(*clients)
    # Once more while the desk and delivery still work on what was kept.
    for _ in range(KILLS // 2):
        await asyncio.sleep(chance.uniform(0.3, 1.5))
        gateway.kill()
        await asyncio.to_thread(gateway.start)
    return confirmed


async def settled(database_url: str) -> None:
    database = connect(database_url)
    async with asyncio.timeout(180):
        while True:
            spool, outbox = await database.read(lambda db: (spool_counts(db), outbox_counts(db)))
            if not spool["kept"] and not outbox.get("waiting") and not outbox.get("deferred"):
                break
            await asyncio.sleep(0.2)
    await database.close()


@pytest.mark.crash
@pytest.mark.timeout(600)
async def test_nothing_is_lost_and_nothing_is_done_twice(database_url: str, tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    with nameserver(ZONE) as server:
        gateway = GatewayProcess(tmp_path, database_url, f'[dns]\nnameservers = ["{server}"]')
        if database_url.startswith("sqlite"):
            database_url = f"sqlite:///{tmp_path}/var/frontdesk.db"
        gateway.start()
        confirmed = await load_and_kill(gateway, random.Random(seed))
        await settled(database_url)
        assert gateway.stop() == 0
    database = connect(database_url)
    letter, received = columns(Letter), columns(Received)
    kept, numbers, acknowledged, sent, shunted = await database.read(lambda db: (
        db.scalars(select(func.count()).select_from(Received)).one(),
        db.scalars(select(columns(Request).number)).all(),
        db.scalars(select(letter.request_id).where(letter.template.startswith("acknowledgement"))).all(),
        db.scalars(select(letter.id).where(letter.state == "sent")).all(),
        db.scalars(select(func.count()).select_from(Received).where(received.state != "handled")).one()))
    await database.close()
    files = [BytesHeaderParser().parsebytes(each.read_bytes())["Message-ID"]
             for each in (tmp_path / "var" / "sent").glob("*.eml")]
    print(f"\nseed {seed}: {KILLS + KILLS // 2} kills, {len(confirmed)} times 250, {kept} mails kept, {len(numbers)} "
          f"requests, {len(set(numbers))} numbers, {len(acknowledged)} acknowledgements, {len(files)} letters sent, "
          f"{shunted} not handled")
    assert len(confirmed) == MAILS
    assert kept == MAILS
    assert len(numbers) == len(set(numbers)) == MAILS
    assert [times for times in Counter(acknowledged).values() if times > 1] == []
    assert len(acknowledged) == MAILS
    assert len(files) == len(set(files)) == len(sent) == MAILS
    assert shunted == 0
