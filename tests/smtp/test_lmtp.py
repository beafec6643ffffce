"""LMTP (RFC 2033): the last step from another mail server. How to read the dialogues: dialogue.py."""

from pathlib import Path

import pytest
from smtp.dialogue import hold
from smtp.house import House, Opening

CASES = {
    "4.1 the greeting is LHLO": """
        S: 220 mx\\.example\\.com LMTP
        C: LHLO relay.example.net
        S: 250-mx\\.example\\.com
    """,
    "4.1 EHLO and HELO are 500": """
        S: 220
        C: EHLO relay.example.net
        S: 500
        C: HELO relay.example.net
        S: 500
        C: $MAIL
        S: 503
    """,
    "4 PIPELINING and ENHANCEDSTATUSCODES are told": """
        S: 220
        C: LHLO relay.example.net
        S: (?=.*250[- ]PIPELINING).*250[- ]ENHANCEDSTATUSCODES
    """,
    "4.2 each recipient has its own reply after the mail": """
        S: 220
        C: LHLO relay.example.net
        S: 250-
        C: $MAIL
        S: 250
        C: RCPT TO:<support@example.com>
        S: 250
        C: RCPT TO:<nobody@example.com>
        S: 550
        C: RCPT TO:<abuse@example.com>
        S: 250
        C: DATA
        S: 354
        C: $LETTER
        S: 250 2\\.0\\.0
        S: 250 2\\.0\\.0
        C: NOOP
        S: 250 2\\.0\\.0 OK
    """,
    "4.2 one named twice has two replies": """
        S: 220
        C: LHLO relay.example.net
        S: 250-
        C: $ENVELOPE
        C: $RCPT
        S: 250
        C: DATA
        S: 354
        C: $LETTER
        S: 250
        S: 250
        C: NOOP
        S: 250 2\\.0\\.0 OK
    """,
    "4.2 a refused mail is refused for each": """
        S: 220
        C: LHLO relay.example.net
        S: 250-
        C: $ENVELOPE
        C: RCPT TO:<abuse@example.com>
        S: 250
        C: DATA
        S: 354
        C: a␊b
        C: .
        S: 550 5\\.5\\.2
        S: 550 5\\.5\\.2
    """,
    "4.2 DATA without recipients is 503": """
        S: 220
        C: LHLO relay.example.net
        S: 250-
        C: $MAIL
        S: 250
        C: DATA
        S: 503
    """,
    "4.3 BDAT LAST has a reply for each, the chunks before it one": """
        S: 220
        C: LHLO relay.example.net
        S: 250-
        C: $ENVELOPE
        C: RCPT TO:<abuse@example.com>
        S: 250
        C: BDAT 14
        C: Subject: x␍␊␍␊\\
        S: 250 2\\.0\\.0 Chunk
        C: BDAT 0 LAST
        S: 250 2\\.0\\.0 Kept
        S: 250 2\\.0\\.0 Kept
        C: NOOP
        S: 250 2\\.0\\.0 OK
    """,
    "STARTTLS": """
        S: 220
        C: LHLO relay.example.net
        S: .*STARTTLS
        C: STARTTLS
        S: 220
        TLS
        C: LHLO relay.example.net
        S: 250-
        C: $ENVELOPE
    """,
}


@pytest.mark.parametrize("rule", CASES)
async def test_rfc2033(open_house: Opening, rule: str) -> None:
    house = await open_house(listen=["lmtp://127.0.0.1:0"])
    await hold(await house.knock(), CASES[rule])


async def test_smtp_knows_no_lhlo(house: House) -> None:
    await hold(await house.knock(), "S: 220\nC: LHLO relay.example.net\nS: 500")


async def test_it_is_heard_at_a_unix_socket_where_the_relay_names_its_client(
    open_house: Opening, tmp_path: Path
) -> None:
    house = await open_house(listen=["127.0.0.1:0", f"lmtp://unix:{tmp_path}/lmtp.sock"])
    assert house.door.places[1] == f"lmtp://unix:{tmp_path}/lmtp.sock"
    assert (tmp_path / "lmtp.sock").stat().st_mode & 0o777 == 0o660
    await hold(await house.knock_at(tmp_path / "lmtp.sock"), """
        S: 220 mx.example.com LMTP
        C: LHLO relay.example.net
        S: .*XFORWARD
        C: XFORWARD ADDR=192.0.2.7 HELO=mail.example.org
        S: 250
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """)  # fmt: skip
    (row,) = await house.kept()
    assert (row.client_ip, row.helo, row.protocol) == ("192.0.2.7", "mail.example.org", "LMTP")
    assert b"Received: from mail.example.org ([192.0.2.7])\r\n\tby mx.example.com with LMTP" in (
        await house.contents())[0]  # fmt: skip
    await house.door.drain()
    assert not (tmp_path / "lmtp.sock").exists()
