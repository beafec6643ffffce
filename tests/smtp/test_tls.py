"""STARTTLS (RFC 3207)."""

import asyncio
import smtplib
import ssl
from pathlib import Path

import pytest
from smtp.house import MAIL, NOON, SUPPORT, Client, House
from structlog.testing import capture_logs

from gateway.config import Site, Smtp
from gateway.smtp.tls import context


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def secured(client: Client, context: ssl.SSLContext | None = None, name: str | None = None) -> Client:
    """The client after STARTTLS, before its second EHLO."""
    assert await client.says("STARTTLS") == "220 2.0.0 Ready to start TLS"
    await client.writer.start_tls(context or trusting(), server_hostname=name)
    return client


async def test_a_mail_comes_over_tls(house: House) -> None:
    client = await secured(await house.client())
    assert (await client.says("EHLO client.example.org")).startswith("250-")
    assert (await client.mails()).startswith("250 2.0.0")
    (received,) = await house.kept()
    assert (received.tls, received.protocol) == (True, "ESMTPS")
    assert b"with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384)" in (await house.contents())[0]


async def test_smtplib_mails_over_tls(house: House) -> None:
    def send() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP("127.0.0.1", house.port, timeout=10) as smtp:
            smtp.starttls(context=trusting())
            return smtp.sendmail("alice@example.org", [SUPPORT], MAIL)

    assert await asyncio.to_thread(send) == {}
    assert len(await house.kept()) == 1


async def test_neither_starttls_nor_auth_is_announced_inside_tls(house: House) -> None:
    client = await secured(await house.client())
    keywords = await client.says("EHLO client.example.org")
    assert "STARTTLS" not in keywords
    assert "AUTH" not in keywords
    assert (await client.says("STARTTLS")).startswith("503 5.5.1")
    assert (await client.says("NOOP")).startswith("250 ")


async def test_nothing_said_before_tls_counts_after_it(house: House) -> None:
    client = await house.client()
    await client.envelope()
    await secured(client)
    assert (await client.says(f"RCPT TO:<{SUPPORT}>")).startswith("503 5.5.1")
    assert (await client.says("MAIL FROM:<a@b.example>")).startswith("503 5.5.1")


async def test_commands_put_behind_starttls_by_a_third_person_are_dropped(house: House) -> None:
    client = await house.client()
    client.send(b"STARTTLS\r\nEHLO mallory\r\nMAIL FROM:<mallory@evil.example>\r\n")
    assert await client.reply() == "220 2.0.0 Ready to start TLS"
    await client.writer.start_tls(trusting())
    assert (await client.says("MAIL FROM:<a@b.example>")).startswith("503 5.5.1")


async def test_tls_1_1_is_too_old(house: House) -> None:
    context = trusting()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await secured(await house.client(), context)


async def test_a_failed_handshake_hurts_nobody_else(house: House) -> None:
    client = await house.client()
    await client.says("STARTTLS")
    client.send(b"EHLO this is no handshake\r\n")
    await asyncio.wait_for(client.reader.read(), 30)
    client = await house.client()
    await client.says("STARTTLS")
    client.hang_up()
    assert (await (await house.client()).mails()).startswith("250 ")
    await asyncio.wait_for(house.only_left(1), 30)


async def test_the_certificate_is_made_once_and_only_we_can_read_it(house: House, tmp_path: Path) -> None:
    path = tmp_path / "certificate.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    client = await secured(await house.client(), ssl.create_default_context(cafile=str(path)), "mx.example.com")
    assert (await client.says("NOOP")).startswith("250 ")


async def certificate_of(house: House) -> bytes | None:
    client = await secured(await house.client())
    return client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)


async def test_a_new_certificate_is_read_without_a_restart_and_a_bad_one_is_not(house: House, tmp_path: Path) -> None:
    path = tmp_path / "certificate.pem"
    first = await certificate_of(house)
    path.write_text("not a certificate")
    house.door.reload()
    assert await certificate_of(house) == first
    path.unlink()
    context(Smtp(), Site(data=tmp_path), NOON)
    house.door.reload()
    assert await certificate_of(house) not in (first, None)


async def test_a_door_that_closes_amid_handshakes_has_no_fault_of_its_own_to_tell(house: House) -> None:
    clients = [await house.client() for _ in range(20)]
    for client in clients:
        await client.says("STARTTLS")
    with capture_logs() as logs:
        handshakes = [asyncio.create_task(client.writer.start_tls(trusting())) for client in clients]
        await house.door.drain()
        await asyncio.gather(*handshakes, return_exceptions=True)
    assert "session failed" not in {line["event"] for line in logs}


async def test_who_hangs_up_with_the_end_of_his_handshake_leaves_no_warning(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    client = await house.client()
    assert (await client.says("STARTTLS")).startswith("220 ")
    comes, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting().wrap_bio(comes, goes)
    for _ in range(2):
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            client.send(goes.read())
            comes.write(await client.reader.read(65536))
    with pytest.raises(ssl.SSLWantReadError):
        tls.unwrap()
    client.send(goes.read())
    client.writer.write_eof()
    await house.only_left(0)
    assert caplog.messages == []
