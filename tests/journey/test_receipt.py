"""A customer's mail program asked to be told that the mail has arrived (RFC 3461): it is, once, from nobody."""

import asyncio
import smtplib

from world import World


async def test_who_asks_for_it_gets_a_receipt_beside_the_acknowledgement(world: World) -> None:
    kim = world.customer("kim@example.org")
    content = b"From: kim@example.org\r\nTo: support@example.com\r\nSubject: Cannot log in\r\n\r\nIt says error 42.\r\n"
    content = world.signer(kim.domain).sign(content, world.clock.now.timestamp()) + content

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", world.port, "mx.example.org", 20) as client:
            client.sendmail(kim.address, [world.support], content, ["RET=HDRS", "ENVID=QQ1"], ["NOTIFY=SUCCESS"])

    await asyncio.to_thread(send)
    await world.settle()
    receipt, acknowledgement = sorted(world.office.letters, key=lambda letter: letter["X-Reverse-Path"])
    assert (receipt["X-Recipient"], receipt["X-Reverse-Path"]) == ("kim@example.org", "<>")
    assert receipt.get_content_type() == "multipart/report"
    assert "Original-Envelope-Id: QQ1" in receipt.as_string()
    assert acknowledgement["Subject"].startswith("[")
    assert [row.state for row in await world.received()] == ["handled"]
