"""One session, command by command: what is answered when (RFC 5321 section 4)."""

import re

import pytest
from smtp.house import MAIL, SUPPORT, House, Opening

EHLO = "EHLO client.example.org"
FROM = "MAIL FROM:<alice@example.org>"
TO = f"RCPT TO:<{SUPPORT}>"


async def test_the_greeting_names_us(house: House) -> None:
    assert await (await house.knock()).reply() == "220 mx.example.com ESMTP Frontdesk"


async def test_ehlo_tells_what_we_do(house: House) -> None:
    client = await house.knock()
    await client.reply()
    assert (await client.says(EHLO)).split("\n") == [
        "250-mx.example.com", "250-PIPELINING", "250-SIZE 25000000", "250-STARTTLS", "250-ENHANCEDSTATUSCODES",
        "250-8BITMIME", "250-SMTPUTF8", "250-CHUNKING", "250-DSN", "250-LIMITS RCPTMAX=100", "250 HELP",
    ]  # fmt: skip


@pytest.mark.parametrize(("commands", "reply"), [
    ([f"{FROM}"], "503 5.5.1"),
    (["HELO client.example.org"], "250 mx.example.com"),
    (["helo client.example.org"], "250 mx.example.com"),
    (["HELO"], "501 5.5.4"), (["EHLO"], "501 5.5.4"), (["EHLO a b"], "501 5.5.4"), (["EHLO 한국"], "501 5.5.4"),
    (["EHLO [192.0.2.1]"], "250-mx.example.com"),
    (["HELO x", f"{FROM} SIZE=100"], "555 5.5.4"),
    (["NOOP"], "250 2.0.0"), (["NOOP anything at all"], "250 2.0.0"), (["NOOP   "], "250 2.0.0"),
    (["RSET"], "250 2.0.0"), (["RSET x"], "501 5.5.4"),
    (["HELP"], "214 2.0.0"), (["HELP MAIL"], "214 2.0.0"),
    (["VRFY alice"], "252 2.0.0"), (["VRFY"], "501 5.5.4"), (["EXPN list"], "502 5.5.1"),
    (["QUIT"], "221 2.0.0"), (["QUIT now"], "501 5.5.4"),
    (["AUTH PLAIN AGEAYQ=="], "502 5.5.1"), (["ETRN x"], "502 5.5.1"),
    (["BDAT 0"], "503 5.5.1"), (["BDAT"], "501 5.5.4"), (["BDAT x"], "501 5.5.4"), (["BDAT 1 FIRST"], "501 5.5.4"),
    (["XYZZY"], "500 5.5.1"), ([""], "500 5.5.1"), ([" NOOP"], "500 5.5.1"), (["MAIL\tFROM:<a@b>"], "500 5.5.2"),
    (["NOOP \0"], "500 5.5.2"), (["NOOP \x1b[2J"], "500 5.5.2"), (["NOOP a\rb"], "500 5.5.2"),
    (["x" * 3000], "500 5.5.2"), (["NOOP " + "x" * 500], "250 2.0.0"),
    ([EHLO, "MAIL"], "501 5.5.4"), ([EHLO, "MAIL FROM:"], "501 5.5.4"), ([EHLO, "MAIL alice@example.org"], "501 5.5.4"),
    ([EHLO, "MAIL FROM:alice@example.org"], "501 5.5.4"),
    ([EHLO, "MAIL FROM:<>"], "250 2.1.0"), ([EHLO, "MAIL FROM: <a@b.example>"], "250 2.1.0"),
    ([EHLO, "mail from:<a@b.example>"], "250 2.1.0"),
    ([EHLO, "MAIL FROM:<a@@b>"], "501 5.1.7"), ([EHLO, "MAIL FROM:<a@b"], "501 5.1.7"),
    ([EHLO, "MAIL FROM:<postmaster>"], "501 5.1.7"), ([EHLO, "MAIL FROM:< >"], "501 5.1.7"),
    ([EHLO, FROM, FROM], "503 5.5.1"),
    ([EHLO, f"{FROM} SIZE=25000000"], "250 2.1.0"), ([EHLO, f"{FROM} SIZE=25000001"], "552 5.3.4"),
    ([EHLO, f"{FROM} SIZE=99999999999999999999"], "552 5.3.4"), ([EHLO, f"{FROM} SIZE=x"], "501 5.5.4"),
    ([EHLO, f"{FROM} SIZE"], "501 5.5.4"), ([EHLO, f"{FROM} SIZE=-1"], "501 5.5.4"),
    ([EHLO, f"{FROM} SIZE=1 SIZE=2"], "501 5.5.4"), ([EHLO, f"{FROM} SIZE=" + "1" * 21], "501 5.5.4"),
    ([EHLO, f"{FROM} BODY=8BITMIME"], "250 2.1.0"), ([EHLO, f"{FROM} body=7bit"], "250 2.1.0"),
    ([EHLO, f"{FROM} BODY=BINARYMIME"], "501 5.5.4"), ([EHLO, f"{FROM} BODY"], "501 5.5.4"),
    ([EHLO, f"{FROM} SMTPUTF8=1"], "501 5.5.4"),
    ([EHLO, f"{FROM} AUTH=<>"], "555 5.5.4"), ([EHLO, f"{FROM} X=1"], "555 5.5.4"),
    ([EHLO, "MAIL FROM:<김@example.org>"], "553 5.6.7"), ([EHLO, "MAIL FROM:<김@example.org> SMTPUTF8"], "250 2.1.0"),
    ([EHLO, TO], "503 5.5.1"), ([TO], "503 5.5.1"),
    ([EHLO, FROM, TO], "250 2.1.5"), ([EHLO, FROM, TO, TO], "250 2.1.5"),
    ([EHLO, FROM, "RCPT"], "501 5.5.4"), ([EHLO, FROM, f"RCPT TO:{SUPPORT}"], "501 5.5.4"),
    ([EHLO, FROM, "RCPT TO:<>"], "501 5.1.3"), ([EHLO, FROM, "RCPT TO:<support>"], "501 5.1.3"),
    ([EHLO, FROM, f"{TO} NOTIFY=NEVER"], "250 2.1.5"), ([EHLO, FROM, f"{TO} ="], "501 5.5.4"),
    ([EHLO, FROM, "RCPT TO:<김@example.com>"], "553 5.6.7"),
    ([EHLO, f"{FROM} SMTPUTF8", "RCPT TO:<김@example.com>"], "550 5.1.1"),
    ([EHLO, "DATA"], "503 5.5.1"), (["DATA"], "503 5.5.1"), ([EHLO, FROM, "DATA"], "554 5.5.1"),
    ([EHLO, FROM, TO, "DATA x"], "501 5.5.4"), ([EHLO, FROM, TO, "DATA"], "354 End"),
    ([EHLO, FROM, TO, "RSET", "DATA"], "503 5.5.1"), ([EHLO, FROM, "EHLO again", TO], "503 5.5.1"),
    ([EHLO, FROM, "HELO", TO], "250 2.1.5"), ([EHLO, FROM, "NOOP", TO], "250 2.1.5"),
    ([EHLO, FROM, "VRFY x", TO], "250 2.1.5"), ([EHLO, "RSET", FROM], "250 2.1.0"),
])  # fmt: skip
async def test_the_last_command_is_answered(house: House, commands: list[str], reply: str) -> None:
    client = await house.knock()
    await client.reply()
    for command in commands[:-1]:
        assert (await client.says(command))[0] in "25"
    assert (await client.says(commands[-1])).startswith(reply)


async def test_octets_that_are_no_text_are_no_command(house: House) -> None:
    client = await house.client()
    assert (await client.says(b"MAIL FROM:<\xff\xfe@example.org> SMTPUTF8")).startswith("500 5.5.2")
    for letter in "\u0085\u009b\u2028\u2029":
        assert (await client.says(f"MAIL FROM:<a{letter}b@example.org> SMTPUTF8")).startswith("500 5.5.2")


@pytest.mark.parametrize("line", [b"NOOP\n", b"NOOP\r\r\n"])
async def test_a_command_ends_with_crlf_only(house: House, line: bytes) -> None:
    client = await house.client()
    client.send(line)
    assert (await client.reply()).startswith("500 5.5.2")
    assert (await client.says("NOOP")).startswith("250 ")


async def test_nothing_a_client_said_is_repeated(house: House) -> None:
    client = await house.knock()
    replies = [await client.reply()]
    for command in ["EHLO zebra<script>", "MAIL FROM:<zebra@zebra>", "RCPT TO:<zebra@zebra>", "VRFY zebra",
                    "ZEBRA zebra", "HELP zebra", "RSET zebra", "RCPT TO:<zebra", "NOOP zebra", "STARTTLS zebra",
                    ]:  # fmt: skip
        replies.append(await client.says(command))
    assert "zebra" not in "\n".join(replies).lower()


async def test_every_reply_but_three_carries_its_enhanced_code(house: House) -> None:
    client = await house.knock()
    await client.reply()
    await client.says(EHLO)
    for command in ["NOOP", FROM, TO, "VRFY x", "RSET", "XYZZY", "DATA", "HELP", "", "EXPN x", "STARTTLS x", "QUIT"]:
        reply = await client.says(command)
        assert re.match(rf"{reply[0]}\d\d {reply[0]}\.\d+\.\d+ \S", reply), reply


async def test_quit_ends_the_connection(house: House) -> None:
    client = await house.client()
    await client.says("QUIT")
    assert await client.is_closed()


@pytest.mark.parametrize("line", ["GET / HTTP/1.1", "POST /x HTTP/1.0", "OPTIONS * HTTP/1.1", "CONNECT a:25 HTTP/1.1"])
async def test_a_browser_is_shown_out_at_its_first_line(house: House, line: str) -> None:
    client = await house.knock()
    await client.reply()
    client.send(f"{line}\r\nHost: x\r\n\r\n{EHLO}\r\n{FROM}\r\n{TO}\r\nDATA\r\n\r\nx\r\n.\r\n")
    assert (await client.reply()).startswith("554 5.5.1")
    assert await client.is_closed()
    assert await house.kept() == []


async def test_a_mail_over_the_limit_is_refused_at_its_end_and_the_session_goes_on(open_house: Opening) -> None:
    house = await open_house(size=1000)
    client = await house.client()
    assert (await client.mails(MAIL + b"x" * 2000 + b"\r\n")).startswith("552 5.3.4")
    assert (await client.mails()).startswith("250 2.0.0")
    assert len(await house.kept()) == 1


async def test_a_mail_of_just_the_limit_is_taken(open_house: Opening) -> None:
    house = await open_house(size=1000)
    client = await house.client()
    padding = b"x" * (1000 - len(MAIL) - 2) + b"\r\n"
    assert (await client.mails(MAIL + padding)).startswith("250 ")
    assert (await client.mails(MAIL + b"x" + padding)).startswith("552 ")


async def test_a_nul_is_refused_in_the_header_and_kept_in_the_body(house: House) -> None:
    client = await house.client()
    assert (await client.mails(b"Subject: a\0b\r\n\r\nx\r\n")).startswith("550 5.6.0")
    assert (await client.mails(b"Subject: ab\r\n\r\nx\0y\r\n")).startswith("250 ")
    assert (await house.contents())[0].endswith(b"x\0y\r\n")


async def test_a_mail_that_goes_round_in_a_circle_is_refused(house: House) -> None:
    client = await house.client()
    assert (await client.mails(b"Received: by x; y\r\n" * 100 + MAIL)).startswith("250 ")
    assert (await client.mails(b"rEceived: by x; y\r\n" * 101 + MAIL)).startswith("554 5.4.6")


async def test_a_mail_that_was_here_again_and_again_is_refused(house: House) -> None:
    client = await house.client()
    ours = b"Received: from x ([192.0.2.1])\r\n\tby MX.example.com with ESMTP; Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    assert (await client.mails(ours * 5 + MAIL)).startswith("250 ")
    assert (await client.mails(b"received: from y by z; w\r\n" + ours * 6 + MAIL)).startswith("554 5.4.6")
    assert (await client.mails(MAIL + ours * 6)).startswith("250 ")
    assert (await client.mails(ours.replace(b"MX.", b"my-mx.") * 6 + MAIL)).startswith("250 ")


async def test_lines_of_any_length_and_any_octets_are_kept_as_they_are(house: House) -> None:
    client = await house.client()
    text = MAIL + b"x" * 100_000 + b"\r\n" + bytes(range(14, 256)) + b"\r\n"
    assert (await client.mails(text)).startswith("250 ")
    assert (await house.contents())[0].endswith(text)


async def test_many_mails_go_over_one_connection(house: House) -> None:
    client = await house.client()
    replies = [await client.mails(MAIL.replace(b"<1@", b"<%d@" % number)) for number in range(5)]
    assert replies == [f"250 2.0.0 Kept as {number}" for number in range(1, 6)]
