"""RFC 5321, sections 2 to 4.4: session, commands and replies, rule by rule. How to read it: dialogue.py."""

import pytest
from smtp.dialogue import hold
from smtp.house import House

CASES = {
    "2.4 verbs may be written in any case": """
        C: mAiL FrOm:<alice@example.org>
        S: 250
        C: rCpT tO:<support@example.com>
        S: 250
        C: dAtA
        S: 354
        C: $LETTER
        S: 250
        C: qUiT
        S: 221
    """,
    "2.4 the domain of EHLO may be written in any case": """
        C: EHLO CLIENT.Example.ORG
        S: 250-
    """,
    "2.3.8 a line feed alone ends no command": """
        C: NOOP␊\\
        S: 500
        C: NOOP
        S: 250
    """,
    "2.3.8 what stands behind a line feed alone is no command": """
        C: NOOP␊NOOP
        S: 500
        S: 421
        S: closed
    """,
    "2.3.8 nor behind one that ends a line of any length": f"""
        C: NOOP {"x" * 3000}␊NOOP
        S: 500
        S: 421
        S: closed
    """,
    "2.3.8 a carriage return alone ends no command": """
        C: NOOP␍NOOP
        S: 500
        C: NOOP
        S: 250
    """,
    "3.1 the greeting begins with 220 and our name": """
        S: 220 mx\\.example\\.com ESMTP
    """,
    "3.1 who speaks before the greeting is borne with": """
        S: 220
        C: EHLO client.example.org
        C: NOOP
        S: 250-
        S: 250
    """,
    "3.2 HELO still works, answered in one line": """
        S: 220
        C: HELO client.example.org
        S: 250 mx\\.example\\.com
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """,
    "3.2 EHLO is answered with our name first": """
        C: EHLO client.example.org
        S: 250-mx\\.example\\.com
    """,
    "3.2 a client that never greets gets no transaction": """
        S: 220
        C: $MAIL
        S: 503
    """,
    "3.3 a transaction: MAIL, RCPT, DATA, 354, 250": """
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """,
    "3.3 MAIL inside a transaction is out of sequence": """
        C: $MAIL
        S: 250
        C: MAIL FROM:<bob@example.org>
        S: 503
        C: $RCPT
        S: 250
    """,
    "3.3 a refused MAIL begins no transaction": """
        C: MAIL FROM:<a b@example.org>
        S: 501|553
        C: $RCPT
        S: 503
    """,
    "3.3 RCPT without MAIL is out of sequence": """
        C: $RCPT
        S: 503
    """,
    "3.3 DATA without MAIL is out of sequence": """
        C: DATA
        S: 503
    """,
    "3.3 DATA without a recipient is refused": """
        C: $MAIL
        S: 250
        C: DATA
        S: 503|554
        C: $RCPT
        S: 250
    """,
    "3.3 DATA after refused recipients only is refused": """
        C: $MAIL
        S: 250
        C: RCPT TO:<nobody@example.com>
        S: 550
        C: DATA
        S: 503|554
    """,
    "3.3 one good recipient is enough": """
        C: $MAIL
        S: 250
        C: RCPT TO:<nobody@example.com>
        S: 550
        C: $RCPT
        S: 250
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """,
    "3.3 after a mail the next transaction begins with MAIL": """
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
        C: $RCPT
        S: 503
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """,
    "3.3 no blank is asked for and one is borne with behind the colon": """
        C: MAIL FROM: <alice@example.org>
        S: 250
        C: RCPT TO: <support@example.com>
        S: 250
    """,
    "3.5.1 VRFY is answered": """
        C: VRFY alice
        S: 250|251|252|550
        C: VRFY support@example.com
        S: 250|251|252
        C: VRFY <support@example.com>
        S: 250|251|252
    """,
    "3.5.1 VRFY and EXPN disturb no transaction": """
        C: $MAIL
        S: 250
        C: VRFY postmaster
        S: 25
        C: EXPN staff
        S: 252|502|550
        C: $RCPT
        S: 250
    """,
    "3.5.3 EXPN of a list is not done": """
        C: EXPN staff
        S: 252|502|550
    """,
    "3.6 mail for another site is not relayed": """
        C: $MAIL
        S: 250
        C: RCPT TO:<bob@other.example>
        S: 55[0-4]
    """,
    "3.6 nor by the percent hack": """
        C: $MAIL
        S: 250
        C: RCPT TO:<bob%other.example@example.com>
        S: 55[0-4]
    """,
    "3.6 nor by a bang path": """
        C: $MAIL
        S: 250
        C: RCPT TO:<other.example!bob@example.com>
        S: 55[0-4]
    """,
    "3.8 QUIT is answered with 221 and the connection is closed": """
        C: QUIT
        S: 221
        S: closed
    """,
    "3.8 QUIT inside a transaction drops it": """
        C: $ENVELOPE
        C: QUIT
        S: 221
        S: closed
    """,
    "3.8 what comes behind QUIT is not done": """
        C: QUIT
        C: NOOP
        S: 221
        S: closed
    """,
    "4.1.1 white space at the end of a command is borne with": """
        C: NOOP  \\
        C:
        S: 250
        C: RSET \t\\
        C:
        S: 250
        C: MAIL FROM:<alice@example.org>\t\\
        C:
        S: 250
    """,
    "4.1.1.1 HELO and EHLO want a name": """
        S: 220
        C: HELO
        S: 501
        C: EHLO
        S: 501
    """,
    "4.1.1.1 an address literal is a name": """
        C: EHLO [192.0.2.1]
        S: 250
        C: EHLO [IPv6:2001:db8::1]
        S: 250
    """,
    "4.1.1.1 EHLO begins anew": """
        C: $ENVELOPE
        C: EHLO client.example.org
        S: 250-
        C: DATA
        S: 503
        C: $MAIL
        S: 250
    """,
    "4.1.1.1 HELO begins anew": """
        C: $ENVELOPE
        C: HELO client.example.org
        S: 250
        C: $RCPT
        S: 503
    """,
    "4.1.1.1 extensions are told after EHLO, one a line": """
        C: EHLO client.example.org
        S: 250-[^\\n]*(\\n250-[A-Z0-9][A-Z0-9-]*( [!-~]+)*)+\\n250 [A-Z0-9-]+[^\\n]*$
    """,
    "4.1.1.2 MAIL wants FROM:": """
        C: MAIL
        S: 501
        C: MAIL TO:<alice@example.org>
        S: 501
        C: MAIL <alice@example.org>
        S: 501
        C: MAIL FROM
        S: 501
        C: MAIL FROM:
        S: 501
    """,
    "4.1.1.3 RCPT wants TO:": """
        C: $MAIL
        S: 250
        C: RCPT
        S: 501
        C: RCPT FROM:<support@example.com>
        S: 501
        C: RCPT TO:
        S: 501
        C: RCPT <support@example.com>
        S: 501
    """,
    "4.1.1.4 DATA takes no argument": """
        C: $ENVELOPE
        C: DATA now
        S: 501
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """,
    "4.1.1.5 RSET drops sender and recipients": """
        C: $ENVELOPE
        C: RSET
        S: 250
        C: DATA
        S: 503
        C: $RCPT
        S: 503
    """,
    "4.1.1.5 RSET is taken at any time": """
        S: 220
        C: RSET
        S: 250
        C: EHLO client.example.org
        S: 250-
        C: RSET
        S: 250
        C: $MAIL
        S: 250
    """,
    "4.1.1.5 RSET takes no argument": """
        C: RSET now
        S: 501
    """,
    "4.1.1.5 RSET does not close the connection": """
        C: RSET
        S: 250
        C: NOOP
        S: 250
    """,
    "4.1.1.6 VRFY wants an argument": """
        C: VRFY
        S: 501
    """,
    "4.1.1.7 EXPN alone is no success": """
        C: EXPN
        S: 50[0-4]
    """,
    "4.1.1.8 HELP before EHLO": """
        S: 220
        C: HELP
        S: 21[14]|502
    """,
    "4.1.1.8 HELP with an argument": """
        C: HELP MAIL
        S: 21[14]|50[24]
    """,
    "4.1.1.9 NOOP with an argument": """
        C: NOOP
        S: 250
        C: NOOP anything at all
        S: 250
    """,
    "4.1.1.9 NOOP disturbs no transaction": """
        C: $MAIL
        S: 250
        C: NOOP
        S: 250
        C: $RCPT
        S: 250
    """,
    "4.1.1.10 QUIT is taken before EHLO": """
        S: 220
        C: QUIT
        S: 221
        S: closed
    """,
    "4.1.1.11 what is not announced is 555": """
        C: MAIL FROM:<alice@example.org> X-NOTHING=1
        S: 555
        C: $MAIL
        S: 250
        C: RCPT TO:<support@example.com> X-NOTHING
        S: 555
    """,
    "4.1.1.11 parameters come after EHLO only": """
        S: 220
        C: HELO client.example.org
        S: 250
        C: MAIL FROM:<alice@example.org> SIZE=100
        S: 555
    """,
    "4.1.2 a parameter is separated by a blank": """
        C: MAIL FROM:<alice@example.org>SIZE=100
        S: 501
    """,
    "4.1.2 a parameter has a keyword": """
        C: MAIL FROM:<alice@example.org> =100
        S: 501|555
        C: MAIL FROM:<alice@example.org> -SIZE=100
        S: 501|555
    """,
    "4.1.4 NOOP, HELP, VRFY, RSET and QUIT need no EHLO": """
        S: 220
        C: NOOP
        S: 250
        C: VRFY support@example.com
        S: 25
        C: RSET
        S: 250
        C: QUIT
        S: 221
    """,
    "4.1.4 a refused EHLO leaves everything as it was": """
        C: $MAIL
        S: 250
        C: EHLO
        S: 501
        C: $RCPT
        S: 250
    """,
    "4.1.4 a name that is not the client's is no reason to refuse mail": """
        C: EHLO somebody-else.invalid
        S: 250-
        C: $ENVELOPE
    """,
    "4.1.5 an unknown command is 500": """
        C: XYZZY
        S: 500
        C: XYZZY FROM:<alice@example.org>
        S: 500
        C: NOOPX
        S: 500
    """,
    "4.1.5 nothing at all is no command": """
        C:
        S: 500
        C: NOOP
        S: 250
    """,
    "4.2.1 an unknown command disturbs no transaction": """
        C: $MAIL
        S: 250
        C: XYZZY
        S: 500
        C: $RCPT
        S: 250
    """,
    "4.2.4 what others do and we do not is 502 or 500": """
        C: TURN
        S: 50[02]
        C: SEND FROM:<alice@example.org>
        S: 50[02]
        C: ETRN example.com
        S: 50[02]|4|55
    """,
    "4.3.1 commands that come in pieces are whole at their end": """
        C: NO\\
        C: OP
        S: 250
    """,
    "4.3.2 VRFY has 250, 251, 252 or 550 to say": """
        C: VRFY nobody@example.com
        S: 25[012]|55[01]|553|50[24]
    """,
    "4.5.1 the smallest server: EHLO HELO MAIL RCPT DATA RSET NOOP QUIT VRFY": """
        C: HELO client.example.org
        S: 250
        C: VRFY postmaster
        S: 25
        C: NOOP
        S: 250
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
        C: RSET
        S: 250
        C: QUIT
        S: 221
    """,
    "4.5.1 postmaster is taken, with and without a domain, in any case": """
        C: $MAIL
        S: 250
        C: RCPT TO:<postmaster>
        S: 250
        C: RCPT TO:<Postmaster@example.com>
        S: 250
        C: RCPT TO:<POSTMASTER@EXAMPLE.COM>
        S: 250
        C: RCPT TO:<postmaster@mx.example.com>
        S: 250
    """,
    "4.5.1 postmaster is taken from the null path too": """
        C: MAIL FROM:<>
        S: 250
        C: RCPT TO:<postmaster>
        S: 250
    """,
    "4.5.3.1.4 a command line may have 512 octets": """
        C: NOOP %s
        S: 250
        C: NOOP
        S: 250
    """ % ("x" * 505),
    "4.5.3.1.4 a line that is far too long is 500, and the next one is read": """
        C: NOOP %s
        S: 500
        C: NOOP
        S: 250
    """ % ("x" * 5000),
    "4.5.3.1.8 a hundred recipients": "C: $MAIL\nS: 250\n"
        + "".join(f"C: RCPT TO:<support+{number}@example.com>\nS: 250\n" for number in range(100)),
    "4.5.3.1.10 beyond the limit it is 452": "C: $MAIL\nS: 250\n"
        + "".join(f"C: RCPT TO:<support+{number}@example.com>\nS: 250\n" for number in range(100))
        + "C: RCPT TO:<support+100@example.com>\nS: 452 4\\.5\\.3\n",
    "4.5.5 the null reverse-path": """
        C: MAIL FROM:<>
        S: 250
        C: $RCPT
        S: 250
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """,
    "4.5.5 the null path is no forward-path": """
        C: $MAIL
        S: 250
        C: RCPT TO:<>
        S: 501|550|553
    """,
    "7.3 an address is tried by RCPT, not by VRFY": """
        C: VRFY nobody@example.com
        S: 25[012]|55
    """,
    "7.6 a command with an octet NUL is refused": """
        C: NOOP ␀
        S: 500|501
        C: MAIL FROM:<ali␀ce@example.org>
        S: 50[01]
    """,
    "7.6 a browser's POST is shown out": """
        S: 220
        C: POST / HTTP/1.1
        C: Host: mx.example.com
        C:
        C: EHLO client.example.org
        S: 5[05]|421
        S: closed
    """,
}


@pytest.mark.parametrize("rule", CASES)
async def test_rfc5321(house: House, rule: str) -> None:
    await hold(await house.knock(), CASES[rule])
