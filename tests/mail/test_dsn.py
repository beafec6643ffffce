"""Bounces: the standard form and those of mail systems older than it. Shapes of those systems, words abridged."""

import pytest

from gateway.mail.message import Message, parse

COPY = (
    "From: support@example.com\nTo: user@dead.example\nSubject: [FD-1] x\n"
    "Message-ID: <letter-7@example.com>\n\nour letter\n"
)


def report(diagnostic: str, status: str = "5.1.1", action: str = "failed", extra: str = "") -> Message:
    return parse(
        f"From: MAILER-DAEMON@mx.example\nTo: bounce+7@example.com\nSubject: Undelivered Mail Returned to "
        f"Sender\nMIME-Version: 1.0\n"
        f"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nThis is the mail "
        f"system.\n\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{extra}Final-Recipient: "
        f"rfc822; user@dead.example\n"
        f"Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {diagnostic}\n\n"
        f"--b\nContent-Type: message/rfc822\n\n{COPY}\n--b--\n".encode()
    )


def free(author: str, subject: str, body: str, fields: str = "") -> Message:
    return parse(f"From: {author}\nTo: bounce+7@example.com\nSubject: {subject}\n{fields}\n{body}\n".encode())


def test_a_report_names_recipient_status_reason_and_our_letter() -> None:
    message = report("550 5.1.1 <user@dead.example>: User unknown")
    failed = message.bounce[0]
    assert (failed.recipient, failed.status, failed.is_hard) == ("user@dead.example", "5.1.1", True)
    assert "User unknown" in failed.diagnostic
    assert message.returned.original_message_id == "<letter-7@example.com>"
    assert dict(message.returned.original_fields)["Subject"] == "[FD-1] x"


@pytest.mark.parametrize(
    ("status", "diagnostic", "read", "hard"),
    [
        ("5.1.1", "550 no such user", "5.1.1", True),
        ("5.1.2", "host unknown", "5.1.2", True),
        ("5.1.10", "RecipientNotFound", "5.1.10", True),
        ("5.4.4", "unable to look up host", "5.4.4", True),
        ("5.0.0", "550 User unknown", "5.0.0", True),
        ("5.0.0", "550 5.1.1 unknown", "5.1.1", True),
        ("5.2.2", "552 mailbox full", "5.2.2", False),
        ("5.0.0", "552 Quota exceeded", "5.0.0", False),
        ("5.1.1", "552 mailbox full, user unknown", "5.1.1", False),
        ("4.4.1", "connection timed out", "4.4.1", False),
        ("4.2.2", "over quota", "4.2.2", False),
        ("5.7.1", "550 rejected as spam", "5.7.1", False),
        ("5.7.1", "554 Recipient address does not exist", "5.7.1", True),
        ("5.3.4", "message too large", "5.3.4", False),
        ("5.2.1", "account disabled", "5.2.1", False),
        ("5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account", "5.0.0", True),
        ("5.7.26", "550 DMARC", "5.7.26", False),
        ("5.0.0", "존재하지 않는 사용자입니다", "5.0.0", False),
        ("5.0.0", "수신자를 찾을 수 없습니다", "5.0.0", True),
        ("5.0.0", "메일함 용량 초과", "5.0.0", False),
        ("", "550 User unknown", "5.1.1", True),
        ("", "552 Quota exceeded", "5.2.2", False),
        ("", "450 Quota exceeded", "4.2.2", False),
        ("", "수신자를 찾을 수 없습니다", "5.1.1", True),
        ("", "메일함 용량 초과", "5.2.2", False),
        ("5.1.0", "556 Domain example.net does not accept mail (nullMX)", "5.1.0", True),
        ("", "Host not found, try again", "4.4.3", False),
        ("", "550 This account has been disabled or discontinued", "5.2.1", False),
        ("5.2.1", "550 5.2.1 unknown user", "5.2.1", True),
        ("5.1.1", "550 maximum message size exceeded", "5.1.1", False),
        ("5.1.1", "550 [SUSPEND] Mailbox currently suspended", "5.1.1", False),
        ("5.1.1", "550 5.1.1 unknown user or account disabled", "5.1.1", True),
    ],
)
def test_hard_is_an_address_that_will_never_work(status: str, diagnostic: str, read: str, hard: bool) -> None:
    failed = report(diagnostic, status).bounce[0]
    assert failed.is_hard is hard
    assert failed.status == read


def test_a_delay_is_soft() -> None:
    failed = report("450 try again", "5.0.0", "delayed").bounce[0]
    assert (failed.status[0], failed.is_hard) == ("4", False)


def test_a_report_of_success_is_no_bounce() -> None:
    message = report("250 ok", "2.0.0", "delivered")
    assert not message.is_bounce
    assert message.is_automatic


def test_an_internationalised_report_is_read() -> None:
    message = parse(
        b"From: MAILER-DAEMON@x\nSubject: failure\nContent-Type: multipart/report; report-type=delivery-status; "
        b"boundary=b\n\n--b\n\nx\n--b\n"
        b"Content-Type: message/global-delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: utf-8; "
        b"\\x{D64D}@x.kr\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
    )
    assert message.bounce[0].recipient == "홍@x.kr"


FREE = {
    "qmail": free(
        "MAILER-DAEMON@mx.example",
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to "
        "the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<user@dead.example>:\n192.0.2.1 "
        "does not like recipient.\nRemote host said: 550 5.1.1 User unknown\n"
        "Giving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: "
        "<support@example.com>\n" + COPY,
    ),
    "Exim": free(
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\n"
        "A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent "
        "error. The following address(es) failed:\n\n  user@dead.example\n    Unrouteable address\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\n" + COPY,
        "X-Failed-Recipients: user@dead.example\n",
    ),
    "sendmail": free(
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "Returned mail: see transcript for details",
        "The original message was received at Mon, 5 Jan 2026\nfrom example.com [192.0.2.9]\n\n"
        "   ----- The following addresses had permanent fatal errors -----\n<user@dead.example>\n    (reason: 550 "
        "5.1.1 <user@dead.example>... User unknown)\n\n   ----- Transcript of session follows -----\n"
        "... while talking to mx.example.:\n>>> DATA\n<<< 550 5.1.1 <user@dead.example>... User unknown\n",
    ),
    "Postfix": free(
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.\n\nI'm sorry to have to inform you that your message could not\n"
        "be delivered to one or more recipients. It's attached below.\n\n<user@dead.example>: host "
        "mx.dead.example[192.0.2.1] said: 550 5.1.1\n    <user@dead.example>: Recipient address rejected: User "
        "unknown (in reply to\n    RCPT TO command)\n",
    ),
    "Exchange 5.5": free(
        "System Administrator <postmaster@mx.example>",
        "Undeliverable: [FD-1] x",
        "Your message\n\n  To:      someone@list.example\n  Subject: [FD-1] x\n  Sent:    Mon, 5 Jan 2026 10:00:00\n\n"
        "did not reach the following recipient(s):\n\nuser@dead.example on Mon, 5 Jan 2026 10:00:01\n    The "
        "recipient name is not recognized\n\tThe MTS-ID of the original message is: c=US\n",
    ),
    "Exchange in Korean": free(
        "postmaster@mx.example",
        "배달되지 않음: [FD-1] x",
        "다음 받는 사람 또는 그룹에 배달하지 못했습니다.\n\nuser@dead.example\n입"
        "력한 전자 메일 주소를 찾을 수 없습니다. 받는 사람의 전자 메일 주소를 확인하고 메시지를 "
        "다시 보내십시오.\n\n"
        "관리자에 대한 진단 정보:\n생성 서버: mx.example\n\nuser@dead.example\n#550 5.1.1 "
        "RESOLVER.ADR.RecipNotFound; not found ##\n",
    ),
    "Exchange in Japanese": free(
        "postmaster@mx.example",
        "配信不能: [FD-1] x",
        "次の受信者またはグループへの配信に失敗しました:\n\nuser@dead.example\n入力した電子メール "
        "アドレスが見つかりませんでした。\n\n管理者向けの診断情報:\n\nuser@dead.example\n#550 "
        "5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n",
    ),
    "Microsoft 365": free(
        "postmaster@mx.example",
        "Undeliverable: [FD-1] x",
        "Your message to user@dead.example couldn't be delivered.\n\nuser wasn't found at dead.example.\n\nRemote "
        "Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup'\n",
    ),
    "Gmail": free(
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        "** Address not found **\n\nYour message wasn't delivered to user@dead.example because the address "
        "couldn't be found, or is unable to receive mail.\n\n"
        "The response from the remote server was:\n550 5.1.1 The email account that you tried to reach does not "
        "exist.\n",
    ),
    "Notes": free(
        "Postmaster@mx.example",
        "DELIVERY FAILURE: User user (user@dead.example) not listed in Domino Directory",
        "Your message\n\n  Subject: [FD-1] x\n\nwas not delivered to:\n\n  user@dead.example\n\nbecause:\n\n  User "
        "user (user@dead.example) not listed in Domino Directory\n",
    ),
    "Yahoo": free(
        "MAILER-DAEMON@yahoo.com",
        "Failure Notice",
        "Sorry, we were unable to deliver your message to the following address.\n\n<user@dead.example>:\n554: "
        "delivery error: dd This user doesn't have a dead.example account (user@dead.example) [0]\n\n--- Below "
        "this line is a copy of the message.\n",
    ),
    "Naver": free(
        "MAILER-DAEMON@naver.com",
        "메일 발송 실패: [FD-1] x",
        "메일을 보내지 못했습니다.\n\n받는 사람: user@dead.example\n실패 사유: 존재하지 않는 "
        "사용자입니다. (550 5.1.1 User Unknown)\n",
    ),
    "unknown, German": free(
        "Mail-Administrator <postmaster@mx.example>",
        "Unzustellbar: x",
        "Die Nachricht konnte an die folgenden Empfänger nicht zugestellt werden:\n\nuser@dead.example\nDer "
        "Empfänger existiert nicht.\n",
    ),
}


@pytest.mark.parametrize("system", FREE)
def test_free_form_bounces_name_the_dead_address(system: str) -> None:
    message = FREE[system]
    assert message.is_bounce
    assert [(each.recipient, each.is_hard) for each in message.bounce] == [("user@dead.example", True)]
    assert message.bounce[0].status in ("5.1.1", "5.1.2", "5.1.10")


def test_a_bounce_that_names_nobody_is_still_a_bounce() -> None:
    message = free(
        "MAILER-DAEMON@mx.example", "failure notice", "Sorry, your message could not be delivered. User unknown."
    )
    assert message.is_bounce
    assert message.bounce == ()
    assert message.is_automatic


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Mail delivery problem with your shop", "My parcel was not delivered."),
        ("Re: Undelivered Mail Returned to Sender", "What does this mean?"),
        ("Fwd: failure notice", "I got this:\n550 5.1.1 User unknown"),
        ("배송 실패 문의", "물건이 전달되지 않았습니다."),
        ("반송 문의", "반송하고 싶습니다."),
        ("My message could not be sent", "The app says so."),
        ("Login", "550 5.1.1 user unknown"),
    ],
)
def test_a_customer_who_speaks_of_such_things_is_no_bounce(subject: str, body: str) -> None:
    assert not free("Kim <kim@naver.com>", subject, body).is_bounce


def test_several_recipients_are_told_apart() -> None:
    message = free(
        "MAILER-DAEMON@mx.example",
        "failure notice",
        "Hi. This is the qmail-send program.\nI wasn't able to deliver your message to the following addresses.\n\n"
        "<a@dead.example>:\nno mailbox here by that name. (#5.1.1)\n\n<b@full.example>:\n552 mailbox full (#5.2.2)\n",
    )
    assert [(each.recipient, each.status, each.is_hard) for each in message.bounce] == [
        ("a@dead.example", "5.1.1", True),
        ("b@full.example", "5.2.2", False),
    ]


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Automatic reply: x", "text/plain"),
        ("Read: x", "multipart/report; report-type=disposition-notification; boundary=b"),
    ],
)
def test_an_answer_of_a_machine_is_no_bounce(subject: str, kind: str) -> None:
    message = free("postmaster@mx.example", subject, "user@dead.example is away, 550", f"Content-Type: {kind}\n")
    assert message.is_automatic
    assert not message.is_bounce


def test_a_refusal_by_policy_says_nothing_about_the_address() -> None:
    assert not report("554 5.7.1 Recipient address rejected: blocked by policy", "5.7.1").bounce[0].is_hard
    assert report("550 5.4.1 Recipient address rejected: Access denied", "5.4.1").bounce[0].is_hard
