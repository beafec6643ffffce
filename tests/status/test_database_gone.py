"""PostgreSQL is killed under a gateway: mail is told 451, the operator once, and all is well again by itself."""

import asyncio
import smtplib
from pathlib import Path

from postgres import PostgresServer
from structlog.testing import capture_logs

from gateway.authentication.zone import ZoneResolver
from gateway.config import Config
from gateway.service import Service

MAIL = "From: kim@example.org\r\nSubject: Cannot log in\r\n\r\nIt says error {}.\r\n"


async def sends(service: Service, number: int) -> int:
    """The reply to the end of data."""
    def send() -> int:
        with smtplib.SMTP(*service.addresses[0], local_hostname="mx.example.org", timeout=60) as client:
            client.ehlo()
            client.mail("kim@example.org")
            client.rcpt("support@example.com")
            return client.data(MAIL.format(number))[0]

    return await asyncio.to_thread(send)


async def test_a_database_that_is_killed_comes_back(tmp_path: Path) -> None:
    server = await asyncio.to_thread(PostgresServer)
    try:
        config = Config.model_validate({
            "site": {"data": tmp_path}, "smtp": {"listen": ["127.0.0.1:0"]}, "web": {"listen": ""},
            "agents": {"listen": ""}, "status": {"listen": ""}, "store": {"url": server.create("gone"), "free": 0},
            "authentication": {"enabled": False}})
        with capture_logs() as logs:
            async with Service(config, resolver=ZoneResolver({})).running() as service:
                assert await sends(service, 1) == 250
                server.kill()
                assert [await sends(service, number) for number in (2, 3)] == [451, 451]
                await service.watch.look_at_store()
                assert "store" in service.watch.reasons
                await asyncio.to_thread(server.start)
                await service.watch.look_at_store()
                assert service.watch.reasons == {}
                assert await sends(service, 4) == 250
        told = [line["event"] for line in logs if line["event"].startswith("store")]
        assert told == ["store away: mails are put off until it is back", "store is back"]
    finally:
        server.stop()
