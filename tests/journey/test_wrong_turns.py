"""The journey's wrong turns: bounces, machines, forgers, strangers, copies, mails with nothing in them."""

import email.policy
import smtplib
from datetime import timedelta

import pytest
from world import Customer, World, body

ENGLISH = "Since yesterday I cannot log in to the app. It says error 1042 on both of my phones. What can I do?"


async def opened(world: World, customer: Customer) -> None:
    await customer.writes("Cannot log in", ENGLISH)
    await customer.receives()


async def test_a_stranger_who_names_the_number_joins_nothing(world: World) -> None:
    customer, stranger = world.customer("kim@example.org"), world.customer("eve@example.net")
    await opened(world, customer)
    number = (await world.request()).number
    await stranger.writes(f"Re: [{number}] Cannot log in", f"Please send me all about {number}, I am interested in it.")
    first, second = await world.requests()
    assert first.number == number
    assert len([entry for entry in await world.conversation(first) if entry.kind == "mail"]) == 1
    assert second.number != number


async def test_the_customer_who_names_the_number_in_a_new_mail_joins(world: World) -> None:
    customer = world.customer("kim@example.org")
    await opened(world, customer)
    number = (await world.request()).number
    await customer.writes(f"about {number.lower().replace('-', ' ')}", "One more detail: an Android phone, version 14.")
    request = await world.request()
    assert len([entry for entry in await world.conversation(request) if entry.kind == "mail"]) == 2


async def test_a_forged_mail_is_refused_at_the_door(world: World) -> None:
    world.customer("kim@example.org")
    forger = world.forger("kim@example.org")
    world.zone["example.org"]["TXT"] = ["v=spf1 -all"]
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        await forger.writes("Cannot log in", ENGLISH)
    assert refusal.value.smtp_code == 550
    assert b"example.org" in refusal.value.smtp_error
    assert await world.received() == []


async def test_a_doubtful_mail_that_names_the_number_is_held_for_an_agent(world: World) -> None:
    customer, agent = world.customer("kim@example.org", policy="none"), world.agent("minji")
    await opened(world, customer)
    number = (await world.request()).number
    forger = world.forger("kim@example.org")
    world.zone["example.org"]["TXT"] = ["v=spf1 -all"]
    await forger.writes(f"[{number}] my password", "Please send the new password to this address now, it is urgent.")
    first, second = await world.requests()
    assert second.is_held
    assert second.held_for == first.id
    assert len(await customer.mailbox()) == 1
    await agent.acts.release(second.number, "minji", join=number)
    kinds = [entry.kind for entry in await world.conversation(first)]
    assert kinds.count("mail") == 2


async def test_a_mail_of_a_domain_that_says_nothing_gets_a_neutral_letter_without_its_words(world: World) -> None:
    stranger = world.stranger("someone@silent.example", "Buy now")
    await stranger.writes("Cheap watches here", "Visit my shop for cheap watches, they are wonderful and shiny.")
    letter = await stranger.receives()
    for word in ("watches", "Buy now", "shop"):
        assert word.lower() not in (str(letter["Subject"]) + body(letter) + str(letter["To"])).lower()
    assert (await world.request()).identity == "none"


async def test_a_bounce_of_our_letter_comes_to_the_request_and_is_not_answered(world: World) -> None:
    customer, agent = world.customer("kim@example.org"), world.agent("minji")
    await opened(world, customer)
    await agent.answers(await agent.takes(), "Please install version 2.1.")
    answer = await customer.receives()
    before = len(await customer.mailbox())
    report = f"""From: MAILER-DAEMON@mx.example.org
To: {answer['X-Reverse-Path']}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <bounce1@mx.example.org>
Date: Mon, 23 Nov 2026 09:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

The mailbox does not exist.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; kim@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 No such user
--b--
""".replace("\n", "\r\n").encode()
    await customer.sends(report, (str(answer["X-Reverse-Path"]),), "")
    request = await world.request()
    assert request.state == "open"
    assert request.owner == "minji"
    notes = [entry.text for entry in await world.conversation(request) if entry.kind == "note"]
    assert any("5.1.1" in note for note in notes)
    assert len(await customer.mailbox()) == before


async def test_a_letter_that_the_next_host_refuses_comes_back_to_the_request(world: World) -> None:
    customer, agent = world.customer("kim@example.org"), world.agent("minji")
    await opened(world, customer)
    world.office.refused.add("kim@example.org")
    await agent.answers(await agent.takes(), "Please install version 2.1.")
    request = await world.request()
    assert request.state == "open"
    assert any("5.1.1" in entry.text for entry in await world.conversation(request) if entry.kind == "note")


async def test_an_out_of_office_changes_nothing_and_is_not_answered(world: World) -> None:
    customer, agent = world.customer("kim@example.org"), world.agent("minji")
    await opened(world, customer)
    await agent.answers(await agent.takes(), "Please install version 2.1.")
    answer = await customer.receives()
    before = len(await customer.mailbox())
    await customer.writes("부재중: Re: Cannot log in", "휴가 중입니다. 12월 1일에 돌아옵니다.",
                          to=str(answer["Reply-To"]), Auto_Submitted="auto-replied",
                          In_Reply_To=str(answer["Message-ID"]), mail_from="")
    assert (await world.request()).state == "answered"
    assert len(await customer.mailbox()) == before


async def test_an_out_of_office_of_a_stranger_opens_nothing(world: World) -> None:
    customer = world.customer("kim@example.org")
    await customer.writes("Out of office", "I am on holiday until Monday.", Auto_Submitted="auto-replied", mail_from="")
    assert await world.requests() == []
    assert [row.state for row in await world.received()] == ["dropped"]
    assert (await world.received())[0].reason


async def test_a_mailing_list_is_never_acknowledged(world: World) -> None:
    customer = world.customer("news@example.org")
    await customer.writes("Our newsletter for November", "Read about all our new products in this month's letter.",
                          List_Id="<news.example.org>", List_Unsubscribe="<mailto:off@example.org>", Precedence="bulk")
    assert await customer.mailbox() == []


async def test_the_same_mail_twice_is_kept_once(world: World) -> None:
    customer = world.customer("kim@example.org")
    customer.signs = False
    mail = await customer.writes("Cannot log in", ENGLISH)
    await customer.sends(mail.as_bytes(), (world.support,), customer.address)
    assert len(await world.received()) == 1
    assert len(await world.requests()) == 1
    assert len(await customer.mailbox()) == 1


async def test_a_second_copy_by_another_way_does_not_open_a_second_request(world: World) -> None:
    customer = world.customer("kim@example.org")
    await customer.writes("Cannot log in", ENGLISH, Message_ID="<same@example.org>")
    await customer.writes("Cannot log in", ENGLISH, Message_ID="<same@example.org>", to="help@example.com")
    assert len(await world.requests()) == 1
    assert len(await customer.mailbox()) == 1


async def test_two_recipients_of_ours_make_one_request(world: World) -> None:
    customer = world.customer("kim@example.org")
    await customer.writes("Cannot log in", ENGLISH, to=("support@example.com", "help@example.com"))
    assert len(await world.requests()) == 1
    assert len(await customer.mailbox()) == 1


async def test_an_empty_mail_is_a_request_and_is_told_what_would_help(world: World) -> None:
    customer = world.customer("kim@example.org")
    await customer.writes(None, "")
    assert (await world.request()).state == "new"
    assert "subject" in body(await customer.receives()).lower()


async def test_a_mail_without_from_is_refused_with_a_sentence(world: World) -> None:
    customer = world.customer("kim@example.org")
    customer.signs = False
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        await customer.sends(b"To: support@example.com\r\n\r\nhello\r\n", (world.support,), customer.address)
    assert refusal.value.smtp_code == 550
    assert refusal.value.smtp_error.startswith(b"5.")


async def test_a_loop_of_our_own_letter_opens_nothing(world: World) -> None:
    customer = world.customer("kim@example.org")
    await opened(world, customer)
    letter = next(iter(world.office.letters))
    del letter["From"]
    letter["From"] = customer.address
    await customer.sends(letter.as_bytes(policy=email.policy.SMTP), (world.support,), customer.address)
    assert len(await world.requests()) == 1


async def test_without_dns_the_mail_is_taken_as_unknown(world: World) -> None:
    customer = world.customer("kim@example.org")
    for name in list(world.zone):
        world.zone[name] = "TIMEOUT"
    world.zone.is_away = True
    await customer.writes("Cannot log in", ENGLISH)
    assert (await world.request()).identity == "unknown"


async def test_a_person_who_writes_to_the_bounce_address_is_heard(world: World) -> None:
    customer = world.customer("kim@example.org")
    await opened(world, customer)
    letter = next(iter(world.office.letters))
    await customer.writes("Re: Cannot log in", "I answered to the wrong address, sorry. It is an Android phone.",
                          to=str(letter["X-Reverse-Path"]), In_Reply_To=str(letter["Message-ID"]))
    request = await world.request()
    assert len([entry for entry in await world.conversation(request) if entry.kind == "mail"]) == 2


async def test_an_answer_goes_to_the_customer_though_a_colleague_wrote_to_the_reply_address(world: World) -> None:
    customer, colleague = world.customer("kim@example.org"), world.customer("lee@example.net", "Lee")
    await opened(world, customer)
    await colleague.writes("Hello", "A request of my own: how can I change the colours of the page, please?")
    agent = world.agent("minji")
    request = next(each for each in await world.requests() if each.subject == "Cannot log in")
    await agent.answers(request, "Please install version 2.1.")
    answer = await customer.receives()
    before = len(await colleague.mailbox())
    await colleague.replies(answer, "Kim asked me to tell you: it is solved, thank you.")
    assert len(await colleague.mailbox()) == before


async def test_a_customer_who_answers_an_old_letter_is_not_sent_away(world: World) -> None:
    customer = world.customer("kim@example.org")
    await opened(world, customer)
    letter = next(iter(world.office.letters))
    await world.passes(timedelta(days=200))
    await customer.writes("It is me again", "A new question after so long: how do I change the colours of the page?",
                          to=str(letter["Reply-To"]))
    first, second = await world.requests()
    assert first.number != second.number


async def test_a_customer_whose_name_servers_fail_for_hours_is_let_in_and_not_answered_unseen(world: World) -> None:
    customer = world.customer("kim@example.org")
    world.zone["example.org"]["TXT"] = "SERVFAIL"
    world.zone["_dmarc.example.org"] = "SERVFAIL"
    with pytest.raises(smtplib.SMTPDataError) as deferral:
        await customer.writes("Cannot log in", ENGLISH)
    assert deferral.value.smtp_code == 451
    assert b"example.org" in deferral.value.smtp_error
    await world.passes(timedelta(hours=4))
    await customer.writes("Cannot log in", ENGLISH)
    request = await world.request()
    assert (request.identity, request.state) == ("unknown", "new")
    assert await customer.mailbox() == []
    assert any("name servers failed for hours" in entry.text for entry in await world.conversation(request))
