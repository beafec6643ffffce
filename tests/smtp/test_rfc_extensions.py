"""Service extensions, rule by rule: RFC 1870, 2034, 2920, 3030, 3207, 6152, 6531, 9422. How to read it: dialogue.py."""

import pytest
from smtp.dialogue import hold
from smtp.house import House

CASES = {
    "1870-3 SIZE is told with our limit": """
        C: EHLO client.example.org
        S: .*\\n250[- ]SIZE [0-9]+(\\n|$)
    """,
    "1870-6.1 a declared size within the limit": """
        C: MAIL FROM:<alice@example.org> SIZE=1000
        S: 250
    """,
    "1870-6.1 a declared size of 0": """
        C: MAIL FROM:<alice@example.org> SIZE=0
        S: 250
    """,
    "1870-6.1 a declared size over the limit is 552 at MAIL": """
        C: MAIL FROM:<alice@example.org> SIZE=999999999
        S: 552 5\\.3\\.4
        C: $RCPT
        S: 503
    """,
    "1870-6.1 keyword in any case": """
        C: MAIL FROM:<alice@example.org> size=1000
        S: 250
    """,
    "1870-6.1 a size is digits": """
        C: MAIL FROM:<alice@example.org> SIZE=abc
        S: 501
        C: MAIL FROM:<alice@example.org> SIZE=
        S: 501
        C: MAIL FROM:<alice@example.org> SIZE
        S: 501
        C: MAIL FROM:<alice@example.org> SIZE=-1
        S: 501
    """,
    "1870-6.1 a size has at most 20 digits": """
        C: MAIL FROM:<alice@example.org> SIZE=00000000000000000100
        S: 250
        C: RSET
        S: 250
        C: MAIL FROM:<alice@example.org> SIZE=000000000000000000100
        S: 501
    """,
    "1870-6.2 a declared size that was wrong harms nothing": """
        C: MAIL FROM:<alice@example.org> SIZE=1
        S: 250
        C: $RCPT
        S: 250
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """,
    "2034-3 ENHANCEDSTATUSCODES is told": """
        C: EHLO client.example.org
        S: .*\\n250[- ]ENHANCEDSTATUSCODES
    """,
    "2034-4 replies of 2, 4 and 5 have their code": """
        C: $MAIL
        S: 250 2\\.[0-9]+\\.[0-9]+ [!-~]
        C: $RCPT
        S: 250 2\\.[0-9]+\\.[0-9]+ [!-~]
        C: RCPT TO:<nobody@example.com>
        S: 550 5\\.1\\.1 [!-~]
        C: XYZZY
        S: 500 5\\.5\\.[12] [!-~]
        C: RSET
        S: 250 2\\.[0-9]+\\.[0-9]+ [!-~]
        C: NOOP
        S: 250 2\\.[0-9]+\\.[0-9]+ [!-~]
        C: QUIT
        S: 221 2\\.[0-9]+\\.[0-9]+ [!-~]
    """,
    "2034-4 354 has none": """
        C: $ENVELOPE
        C: DATA
        S: 354 [^0-9]
    """,
    "2920-3 PIPELINING is told": """
        C: EHLO client.example.org
        S: .*\\n250[- ]PIPELINING
    """,
    "2920-3.1 a group is answered in its order": """
        C: $MAIL
        C: $RCPT
        C: RCPT TO:<nobody@example.com>
        C: RCPT TO:<postmaster>
        C: DATA
        S: 250
        S: 250
        S: 550
        S: 250
        S: 354
        C: $LETTER
        S: 250
    """,
    "2920-3.1 the end of a mail and the next group in one piece": """
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        C: $MAIL
        C: $RCPT
        C: DATA
        S: 250
        S: 250
        S: 250
        S: 354
        C: $LETTER
        C: QUIT
        S: 250
        S: 221
        S: closed
    """,
    "2920-3.1 a group with refused recipients only": """
        C: $MAIL
        C: RCPT TO:<nobody@example.com>
        C: DATA
        S: 250
        S: 550
        S: 503|554
        C: NOOP
        S: 250
    """,
    "2920-3.1 RSET in a group": """
        C: $MAIL
        C: RSET
        C: $MAIL
        C: $RCPT
        S: 250
        S: 250
        S: 250
        S: 250
    """,
    "2920-3.1 a command cut in two by the network": """
        C: $MAIL
        C: RCPT TO:<supp\\
        S: 250
        C: ort@example.com>
        S: 250
    """,
    "3030-2 CHUNKING is told": """
        C: EHLO client.example.org
        S: .*\\n250[- ]CHUNKING
    """,
    "3030-2 one last chunk": """
        C: $ENVELOPE
        C: BDAT 15 LAST
        C: Subject: x␍␊␍␊\\
        C: x\\
        S: 250
    """,
    "3030-2 several chunks, an empty one last": """
        C: $ENVELOPE
        C: BDAT 15
        C: Subject: x␍␊␍␊x\\
        S: 250
        C: BDAT 0 LAST
        S: 250
        C: NOOP
        S: 250
    """,
    "3030-2 chunks are pipelined": """
        C: $MAIL
        C: $RCPT
        C: BDAT 14
        C: Subject: x␍␊␍␊BDAT 3 LAST
        C: x␍␊\\
        S: 250
        S: 250
        S: 250
        S: 250
    """,
    "3030-2 LAST in any case": """
        C: $ENVELOPE
        C: bdat 14 last
        C: Subject: x␍␊␍␊\\
        S: 250
    """,
    "3030-2 dots are not stuffed in chunks": """
        C: $ENVELOPE
        C: BDAT 19 LAST
        C: Subject: x␍␊␍␊.␍␊..\\
        S: 250
    """,
    "3030-2 BDAT without MAIL is 503, and its octets are no commands": """
        C: BDAT 6 LAST
        C: NOOP␍␊\\
        C: QUIT
        S: 503
        S: 221
        S: closed
    """,
    "3030-2 BDAT without recipients is refused": """
        C: $MAIL
        S: 250
        C: BDAT 6 LAST
        C: NOOP␍␊\\
        S: 503|554
    """,
    "3030-2 DATA behind BDAT is 503": """
        C: $ENVELOPE
        C: BDAT 14
        C: Subject: x␍␊␍␊\\
        S: 250
        C: DATA
        S: 503
    """,
    "3030-2 BDAT after the last chunk is 503": """
        C: $ENVELOPE
        C: BDAT 14 LAST
        C: Subject: x␍␊␍␊\\
        S: 250
        C: BDAT 1 LAST
        C: x\\
        S: 503
    """,
    "3030-2 RSET between chunks drops them": """
        C: $ENVELOPE
        C: BDAT 14
        C: Subject: x␍␊␍␊\\
        S: 250
        C: RSET
        S: 250
        C: BDAT 1 LAST
        C: x\\
        S: 503
    """,
    "3030-2 MAIL between chunks is 503": """
        C: $ENVELOPE
        C: BDAT 14
        C: Subject: x␍␊␍␊\\
        S: 250
        C: $MAIL
        S: 503
    """,
    "3030-2 a size is digits": """
        C: $ENVELOPE
        C: BDAT x
        S: 501
    """,
    "3030-2 a size is wanted": """
        C: $ENVELOPE
        C: BDAT
        S: 501
    """,
    "3030-2 NOOP between chunks": """
        C: $ENVELOPE
        C: BDAT 14
        C: Subject: x␍␊␍␊\\
        S: 250
        C: NOOP
        S: 250
        C: BDAT 0 LAST
        S: 250
    """,
    "3030-3 BINARYMIME is not announced, and refused": """
        C: MAIL FROM:<alice@example.org> BODY=BINARYMIME
        S: 501|504|555
    """,
    "3207-4 STARTTLS is told": """
        C: EHLO client.example.org
        S: .*\\n250[- ]STARTTLS
    """,
    "3207-4 STARTTLS takes no argument": """
        C: STARTTLS now
        S: 501
        C: NOOP
        S: 250
    """,
    "3207-4.2 after TLS the client greets anew": """
        C: STARTTLS
        S: 220
        TLS
        C: $MAIL
        S: 503
        C: EHLO client.example.org
        S: 250-
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """,
    "3207-4.2 STARTTLS is not told within TLS, and refused": """
        C: STARTTLS
        S: 220
        TLS
        C: EHLO client.example.org
        S: 250-(?!.*STARTTLS)
        C: STARTTLS
        S: 503|554|502
    """,
    "3207-4.2 the transaction before TLS is forgotten": """
        C: $ENVELOPE
        C: STARTTLS
        S: 220
        TLS
        C: EHLO client.example.org
        S: 250-
        C: DATA
        S: 503
    """,
    "3207-6 what came in the clear behind STARTTLS is dropped": """
        C: STARTTLS
        C: EHLO mallory.example
        C: MAIL FROM:<mallory@evil.example>
        S: 220
        TLS
        C: $RCPT
        S: 503
    """,
    "3463 no AUTH is told, and it is refused": """
        C: EHLO client.example.org
        S: 250-(?!.*AUTH)
        C: AUTH PLAIN AGEAYg==
        S: 50[0-4]
    """,
    "6152-2 8BITMIME is told": """
        C: EHLO client.example.org
        S: .*\\n250[- ]8BITMIME
    """,
    "6152-3 BODY has two values": """
        C: MAIL FROM:<alice@example.org> BODY=8BITMIME
        S: 250
        C: RSET
        S: 250
        C: MAIL FROM:<alice@example.org> body=7bit
        S: 250
        C: RSET
        S: 250
        C: MAIL FROM:<alice@example.org> BODY=9BIT
        S: 501|504|555
        C: MAIL FROM:<alice@example.org> BODY
        S: 501|504|555
    """,
    "5321-4.1.1.11 a parameter stands once": """
        C: MAIL FROM:<alice@example.org> SIZE=1 SIZE=2
        S: 501
    """,
    "5321-4.1.1.11 parameters in any order": """
        C: MAIL FROM:<alice@example.org> BODY=8BITMIME SIZE=100
        S: 250
        C: RSET
        S: 250
        C: MAIL FROM:<alice@example.org> SIZE=100  BODY=8BITMIME
        S: 250
    """,
    "6531-3.1 SMTPUTF8 is told, with 8BITMIME": """
        C: EHLO client.example.org
        S: (?=.*\\n250[- ]SMTPUTF8).*\\n250[- ]8BITMIME
    """,
    "6531-3.4 an address beyond ASCII with SMTPUTF8": """
        C: MAIL FROM:<김@한국.example> SMTPUTF8
        S: 250
        C: $RCPT
        S: 250
    """,
    "6531-3.4 an address beyond ASCII without SMTPUTF8": """
        C: MAIL FROM:<김@example.org>
        S: 55[03] 5\\.6\\.7|501
        C: MAIL FROM:<alice@한국.example>
        S: 55[03] 5\\.6\\.7|501
    """,
    "6531-3.4 a recipient beyond ASCII without SMTPUTF8": """
        C: $MAIL
        S: 250
        C: RCPT TO:<김@example.com>
        S: 55[03] 5\\.(6\\.7|1\\.1)|501
    """,
    "6531-3.4 SMTPUTF8 takes no value": """
        C: MAIL FROM:<alice@example.org> SMTPUTF8=yes
        S: 501
    """,
    "6531-3.4 SMTPUTF8 with plain addresses": """
        C: MAIL FROM:<alice@example.org> SMTPUTF8
        S: 250
        C: $RCPT
        S: 250
    """,
    "6531-3.4 SMTPUTF8 is no parameter of RCPT": """
        C: $MAIL
        S: 250
        C: RCPT TO:<support@example.com> SMTPUTF8
        S: 555|501
    """,
    "6531-3.7.4.2 VRFY takes SMTPUTF8": """
        C: VRFY support@example.com SMTPUTF8
        S: 25[012]
    """,
    "9422-4 LIMITS are told": """
        C: EHLO client.example.org
        S: .*\\n250[- ]LIMITS RCPTMAX=100
    """,
}


@pytest.mark.parametrize("rule", CASES)
async def test_extensions(house: House, rule: str) -> None:
    await hold(await house.knock(), CASES[rule])
