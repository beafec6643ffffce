"""RFC 3461: what a client may ask about notifications, rule by rule. How to read it: dialogue.py."""

import pytest
from smtp.dialogue import hold
from smtp.house import House

CASES = {
    "4 DSN is told": """
        C: EHLO client.example.org
        S: .*\\n250[- ]DSN(\\n|$)
    """,
    "4.1 NOTIFY": """
        C: $MAIL
        S: 250
        C: RCPT TO:<support@example.com> NOTIFY=NEVER
        S: 250
        C: RCPT TO:<support+1@example.com> NOTIFY=SUCCESS,FAILURE,DELAY
        S: 250
        C: RCPT TO:<support+2@example.com> notify=failure
        S: 250
    """,
    "4.1 NEVER stands alone": """
        C: $MAIL
        S: 250
        C: RCPT TO:<support@example.com> NOTIFY=NEVER,SUCCESS
        S: 501
        C: RCPT TO:<support@example.com> NOTIFY=SUCCESS,NEVER
        S: 501
    """,
    "4.1 other words and none": """
        C: $MAIL
        S: 250
        C: RCPT TO:<support@example.com> NOTIFY=ALWAYS
        S: 501
        C: RCPT TO:<support@example.com> NOTIFY=
        S: 501
        C: RCPT TO:<support@example.com> NOTIFY
        S: 501
        C: RCPT TO:<support@example.com> NOTIFY=SUCCESS,
        S: 501
        C: RCPT TO:<support@example.com> NOTIFY=SUCCESS,,DELAY
        S: 501
    """,
    "4.2 ORCPT": """
        C: $MAIL
        S: 250
        C: RCPT TO:<support@example.com> ORCPT=rfc822;help+2Bme@example.net
        S: 250
        C: RCPT TO:<support+1@example.com> NOTIFY=SUCCESS ORCPT=rfc822;help@example.net
        S: 250
    """,
    "4.2 ORCPT has a type and an address in xtext": """
        C: $MAIL
        S: 250
        C: RCPT TO:<support@example.com> ORCPT=help@example.net
        S: 501
        C: RCPT TO:<support@example.com> ORCPT=rfc822;
        S: 501
        C: RCPT TO:<support@example.com> ORCPT=rfc822;a+b@example.net
        S: 501
        C: RCPT TO:<support@example.com> ORCPT
        S: 501
    """,
    "4.3 RET": """
        C: MAIL FROM:<alice@example.org> RET=HDRS
        S: 250
        C: RSET
        S: 250
        C: MAIL FROM:<alice@example.org> ret=full
        S: 250
    """,
    "4.3 RET has two values, once": """
        C: MAIL FROM:<alice@example.org> RET=HALF
        S: 501
        C: MAIL FROM:<alice@example.org> RET=
        S: 501
        C: MAIL FROM:<alice@example.org> RET
        S: 501
        C: MAIL FROM:<alice@example.org> RET=FULL RET=HDRS
        S: 501
    """,
    "4.4 ENVID": """
        C: MAIL FROM:<alice@example.org> ENVID=QQ314159+2B RET=FULL
        S: 250
    """,
    "4.4 ENVID is xtext, once": """
        C: MAIL FROM:<alice@example.org> ENVID=QQ+zz
        S: 501
        C: MAIL FROM:<alice@example.org> ENVID=
        S: 501
        C: MAIL FROM:<alice@example.org> ENVID=a ENVID=b
        S: 501
    """,
    "4 each parameter belongs to its command": """
        C: MAIL FROM:<alice@example.org> NOTIFY=NEVER
        S: 555|501
        C: $MAIL
        S: 250
        C: RCPT TO:<support@example.com> RET=FULL
        S: 555|501
    """,
    "4 not after HELO": """
        S: 220
        C: HELO client.example.org
        S: 250
        C: MAIL FROM:<alice@example.org> RET=HDRS
        S: 555
    """,
    "5 with the null path too": """
        C: MAIL FROM:<> ENVID=x
        S: 250
        C: RCPT TO:<support@example.com> NOTIFY=NEVER
        S: 250
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """,
    "4.5 a RCPT of 500 more octets": """
        C: $MAIL
        S: 250
        C: RCPT TO:<support@example.com> ORCPT=rfc822;%s@example.net
        S: 250
    """ % ("x" * 480),
}  # fmt: skip


@pytest.mark.parametrize("rule", CASES)
async def test_rfc3461(house: House, rule: str) -> None:
    await hold(await house.knock(), CASES[rule])
