"""RFC 5321, sections 2.3.8, 4.1.1.4, 4.4 and 4.5.2: the mail itself, to its end. How to read it: dialogue.py."""

import pytest
from smtp.dialogue import hold
from smtp.house import House

CASES = {
    "4.1.1.4 the end of data is CRLF.CRLF and the lone dot is none of the mail": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
        """, b"Subject: Hello\r\n\r\nHi\r\n"),
    "4.1.1.4 an empty mail ends with the first lone dot": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: .
        S: 250
        """, b"\r\n"),
    "4.1.1.4 a mail without header": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: just text
        C: .
        S: 250
        """, b"\r\njust text\r\n"),
    "4.5.2 a dot in front of a line that begins with one is taken off": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: Subject: dots
        C:
        C: ..
        C: ...
        C: ..one
        C: .two
        C: a.
        C: .
        S: 250
        """, b"\r\n\r\n.\r\n..\r\n.one\r\ntwo\r\na.\r\n"),
    "4.5.2 the dot of the end may come in pieces": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: Subject: pieces
        C:
        C: x␍\\
        C: ␊\\
        C: .\\
        C: ␍\\
        C: ␊\\
        S: 250
        """, b"\r\n\r\nx\r\n"),
    "4.5.2 dots within a line are left alone": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: Subject: x
        C:
        C: a.b..c. .d
        C: .
        S: 250
        """, b"a.b..c. .d\r\n"),
    "4.1.1.4 commands inside a mail are text": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: Subject: x
        C:
        C: QUIT
        C: RSET
        C: MAIL FROM:<mallory@evil.example>
        C: .
        S: 250
        C: NOOP
        S: 250
        """, b"QUIT\r\nRSET\r\nMAIL FROM:<mallory@evil.example>\r\n"),
    "4.5.3.1.6 a line of a thousand octets": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: Subject: x
        C:
        C: %s
        C: .
        S: 250
        """ % ("x" * 998), b"\r\n\r\n" + b"x" * 998 + b"\r\n"),
    "4.5.3.1.6 a longer line is kept as it is": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: Subject: x
        C:
        C: %s
        C: .
        S: 250
        """ % ("y" * 5000), b"\r\n\r\n" + b"y" * 5000 + b"\r\n"),
    "6.4 missing Date, From and Message-ID are no reason to refuse": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C:
        C: Hi
        C: .
        S: 250
        """, b"\r\nHi\r\n"),
    "4.4 blanks at the end of a line stay": ("""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: Subject: x
        C:
        C: blanks  \\
        C:
        C: .
        S: 250
        """, b"blanks  \r\n"),
}

NO_END = {"LF.LF": "␊.␊", "LF.CRLF": "␊.␍␊", "CRLF.LF": "␍␊.␊", "CRLF.CR": "␍␊.␍", "CR.CR": "␍.␍", "CR.CRLF": "␍.␍␊",
          "CRLF.CR CRLF": "␍␊.␍␍␊", "CRLF.NUL": "␍␊.␀␍␊", "LF CR.CRLF": "␊␍.␍␊"}  # fmt: skip


@pytest.mark.parametrize("rule", CASES)
async def test_rfc5321(house: House, rule: str) -> None:
    dialogue, text = CASES[rule]
    await hold(await house.knock(), dialogue)
    assert (await house.contents())[0].endswith(text)


@pytest.mark.parametrize("end", NO_END)
async def test_2_3_8_what_is_no_end_of_data(house: House, end: str) -> None:
    heard = await hold(await house.knock(), f"""
        C: $ENVELOPE
        C: DATA
        S: 354
        C: Subject: one
        C:
        C: text{NO_END[end]}MAIL FROM:<mallory@evil.example>
        C: .
        S: 250|550 5.5.2
        C: NOOP
        S: 250
    """)
    assert len(await house.kept()) == heard[-2].startswith("250")
