"""/healthz, /readyz and /metrics, asked of a whole gateway over a real socket."""

import asyncio
import re
import shutil
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from gateway.authentication.zone import ZoneResolver
from gateway.config import Config
from gateway.service import Service
from gateway.status import server

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MAIL = "From: kim@example.org\r\nTo: support@example.com\r\nSubject: Cannot log in\r\n\r\nIt says error 42.\r\n"


@pytest.fixture
async def service(tmp_path: Path, migrated: Path) -> AsyncIterator[Service]:
    shutil.copy(migrated, tmp_path)
    zone = {"example.org": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]}, "_dmarc.example.org": {"TXT": ["v=DMARC1; p=none"]}}
    config = Config.model_validate({
        "site": {"data": tmp_path}, "smtp": {"listen": ["127.0.0.1:0"]}, "web": {"listen": "127.0.0.1:0"},
        "agents": {"listen": ""}, "status": {"listen": "127.0.0.1:0"}, "store": {"free": 0}})
    async with Service(config, now=lambda: NOON, resolver=ZoneResolver(zone)).running() as service:
        yield service


async def says(service: Service, octets: bytes) -> bytes:
    assert service.status is not None
    reader, writer = await asyncio.open_connection(*service.status.addresses[0])
    writer.write(octets)
    try:
        return await asyncio.wait_for(reader.read(), 60)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def asks(service: Service, path: str, method: str = "GET", more: str = "") -> tuple[int, str, str]:
    """Status code, head and body."""
    whole = await says(service, f"{method} {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())
    head, _, body = whole.decode().partition("\r\n\r\n")
    return int(head.split(" ")[1]), head, body


async def metrics(service: Service) -> dict[str, float]:
    """name{label=value,...}: value"""
    _, _, body = await asks(service, "/metrics")
    return {sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
            for family in read_text(body) for sample in family.samples}


async def test_who_lives_says_so(service: Service) -> None:
    assert (await asks(service, "/healthz"))[0::2] == (200, "alive\n")


async def test_who_can_take_mail_is_ready(service: Service) -> None:
    assert (await asks(service, "/readyz"))[0::2] == (200, "ready\n")


async def test_who_cannot_says_why_in_a_sentence_for_each_room(service: Service) -> None:
    await service.watch.stop()  # it would find at its next look that the store is there
    service.intake.missed(OSError("disk I/O error"))
    service.watch.closed = "the gateway is shutting down"
    code, _, body = await asks(service, "/readyz")
    assert code == 503
    assert body == "door: the gateway is shutting down\nstore: the store is away: OSError: disk I/O error\n"
    assert (await asks(service, "/healthz"))[0] == 200


async def test_before_the_door_is_open_nobody_is_sent_there(tmp_path: Path) -> None:
    config = Config.model_validate({
        "site": {"data": tmp_path}, "web": {"listen": ""}, "agents": {"listen": ""}, "status": {"listen": ""}})
    service = Service(config)
    assert service.watch.reasons == {"door": "the gateway is starting"}
    assert service.status is None


async def test_while_open_sessions_finish_it_is_not_ready_and_still_answers(service: Service) -> None:
    reader, writer = await asyncio.open_connection(*service.addresses[0])
    for words in (b"EHLO mx.example.org\r\n", b"MAIL FROM:<kim@example.org>\r\n", b"RCPT TO:<support@example.com>\r\n"):
        writer.write(words)
    while b"2.1.5" not in await reader.readline():
        pass
    stopping = asyncio.create_task(service.door.drain())
    service.watch.closed = "the gateway is shutting down"
    assert (await asks(service, "/readyz"))[0::2] == (503, "door: the gateway is shutting down\n")
    writer.write(b"DATA\r\n" + MAIL.encode() + b".\r\n")
    while b"2.0.0" not in (line := await reader.readline()):
        assert line
    await stopping
    writer.close()


async def test_what_happened_to_a_mail_stands_in_the_figures(service: Service) -> None:
    def send() -> None:
        with smtplib.SMTP(*service.addresses[0], local_hostname="mx.example.org", timeout=60) as client:
            client.sendmail("kim@example.org", "support@example.com", MAIL)
            client.mail("kim@example.org")
            assert client.rcpt("nobody@example.com")[0] == 550

    await asyncio.to_thread(send)
    await service.desk.settle()
    await service.watch.look_at_store()
    found = await metrics(service)
    assert found["frontdesk_smtp_mails_total 250 2.0.0"] == 1
    assert found["frontdesk_smtp_refusals_total 550 5.1.1"] == 1
    assert found["frontdesk_smtp_kept_bytes_total"] == len(MAIL)
    assert found["frontdesk_smtp_keep_seconds_count"] == found["frontdesk_smtp_keep_seconds_bucket +Inf"] == 1
    assert found["frontdesk_authentication_results_total spf pass"] == 1
    assert found["frontdesk_authentication_identities_total verified-spf"] == 1
    assert found["frontdesk_requests technical new"] == 1
    assert found["frontdesk_requests_overdue technical"] == 0
    assert found["frontdesk_handler_seconds_count acknowledge"] == 1
    assert found["frontdesk_spool_waiting"] == 0
    assert found["frontdesk_ready"] == found["frontdesk_store_up"] == found["frontdesk_dns_up"] == 1


async def test_no_figure_names_a_person_or_a_domain(service: Service) -> None:
    await test_what_happened_to_a_mail_stands_in_the_figures(service)
    body = (await asks(service, "/metrics"))[2]
    assert not [word for word in ("kim", "example", "127.0.0.1") if word in body]


async def test_names_and_units_are_as_prometheus_asks(service: Service) -> None:
    """OpenMetrics 1.0: its own parser reads the page, counters end with _total, base units only."""
    _, head, body = await asks(service, "/metrics", more="Accept: application/openmetrics-text; version=1.0.0\r\n")
    assert "Content-Type: application/openmetrics-text" in head
    families = list(read_openmetrics(body))
    assert len(families) > 30
    assert [family.name for family in families if not family.name.startswith(("frontdesk", "process_"))] == []
    assert [family.name for family in families if not family.documentation] == []
    assert [family.name for family in families if "millisecond" in family.name or family.name.endswith("_kb")] == []


async def test_what_the_readme_alerts_on_is_there(service: Service) -> None:
    readme = await asyncio.to_thread((Path(__file__).parents[2] / "README.md").read_text, "utf-8")
    named = set(re.findall(r"\bfrontdesk_\w+", readme))
    body = (await asks(service, "/metrics"))[2]
    assert len(named) > 5
    assert [name for name in named if f"# TYPE {name.removesuffix('_bucket')} " not in body] == []


async def test_the_page_for_customers_shows_none_of_it(service: Service) -> None:
    assert service.window is not None
    for path in ("/metrics", "/healthz", "/readyz"):
        reader, writer = await asyncio.open_connection(*service.window.addresses[0])
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert b" 404 " in (await reader.read())[:20]
        writer.close()


# ---- HTTP ----


async def test_what_is_not_there_is_404_and_other_methods_are_405(service: Service) -> None:
    assert (await asks(service, "/"))[0] == 404
    code, head, _ = await asks(service, "/metrics", "POST")
    assert code == 405
    assert "Allow: GET, HEAD" in head


async def test_head_has_the_head_only(service: Service) -> None:
    code, head, body = await asks(service, "/readyz?verbose", "HEAD")
    assert (code, body) == (200, "")
    assert "Content-Length: 6" in head


@pytest.mark.parametrize("octets", [
    b"\r\n\r\n", b"GET\r\n\r\n", b"GET /metrics\r\n\r\n", b"\xff /metrics SMTP\r\n\r\n", b"EHLO x.example\r\n\r\n"])
async def test_what_is_no_http_request_is_400(service: Service, octets: bytes) -> None:
    assert (await says(service, octets)).startswith(b"HTTP/1.1 400 ")


async def test_who_is_long_winded_is_cut_off(service: Service) -> None:
    assert await says(service, b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 100_000) == b""


async def test_who_is_slow_is_cut_off_and_others_are_served(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.2)
    slow = asyncio.create_task(says(service, b"GET /metr"))
    assert (await asks(service, "/healthz"))[0] == 200
    assert await slow == b""


async def test_no_more_are_inside_than_may(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS", 0)
    assert await says(service, b"GET /healthz HTTP/1.1\r\n\r\n") == b""


async def test_an_address_that_cannot_be_had_costs_the_figures_and_no_mail(service: Service, tmp_path: Path) -> None:
    assert service.status is not None
    host, port = service.status.addresses[0]
    config = Config.model_validate({
        "site": {"data": tmp_path}, "smtp": {"listen": ["127.0.0.1:0"]}, "web": {"listen": ""},
        "agents": {"listen": ""}, "status": {"listen": f"{host}:{port}"}})
    async with Service(config, resolver=ZoneResolver({})).running() as second:
        assert second.addresses
        assert second.watch.reasons == {}
