"""One try, against real sockets: what the other side does decides, and nothing it does is an error of ours."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from peer import DROP, HANG, Peer, certificate, server_tls

from gateway.authentication.resolver import ZoneResolver
from gateway.config import Delivery
from gateway.delivery.client import send
from gateway.delivery.outcome import Outcome

LETTER = b"From: support@example.com\r\nSubject: hello\r\n\r\n.dot\r\n..two\r\nbye\r\n"


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with Peer().listening() as peer:
        yield peer


async def posted(peer: Peer, message: bytes = LETTER, recipient: str = "kim@example.net", *,
                 reverse_path: str = "b+1@example.com", host: str = "127.0.0.1", **settings: Any) -> Outcome:
    """Handed to the peer as smarthost."""
    delivery = Delivery(smarthost=f"{host}:{peer.port}", **{"timeout": timedelta(seconds=5), **settings})
    return await send(message, reverse_path, recipient, settings=delivery, hostname="mx.example.com",
                      resolver=ZoneResolver({}))


async def walked(peer: Peer, zone: dict[str, Any], recipient: str = "kim@example.net") -> Outcome:
    """Sent straight to the hosts that the zone names."""
    return await send(LETTER, "b@example.com", recipient, settings=Delivery(direct=True, timeout=timedelta(seconds=5)),
                      hostname="mx.example.com", resolver=ZoneResolver(zone), port=peer.port)


async def test_a_letter_arrives_octet_for_octet(peer: Peer) -> None:
    assert await posted(peer) == Outcome("sent", "250 2.0.0 queued (host 127.0.0.1)")
    assert peer.letters == [LETTER]
    assert peer.commands[0] == "EHLO mx.example.com"
    assert peer.said("MAIL") == [f"MAIL FROM:<b+1@example.com> SIZE={len(LETTER)}"]
    assert peer.said("RCPT") == ["RCPT TO:<kim@example.net>"]


async def test_the_null_path_is_written_as_such(peer: Peer) -> None:
    await posted(peer, reverse_path="")
    assert peer.said("MAIL")[0].startswith("MAIL FROM:<> ")


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(("reply", "outcome"), [
    ("550 5.1.1 unknown", Outcome("bounced", "550 5.1.1 unknown (host 127.0.0.1)")),
    ("451 4.7.1 later", Outcome("deferred", "451 4.7.1 later (host 127.0.0.1)")),
    ("550-5.7.1 no\r\n550 5.7.1 never", Outcome("bounced", "550 5.7.1 no never (host 127.0.0.1)")),
])
async def test_a_refusal_at_any_step_decides(peer: Peer, verb: str, reply: str, outcome: Outcome) -> None:
    peer.replies[verb] = [reply]
    assert await posted(peer) == outcome
    assert peer.letters == []


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("reply", [DROP, "421 4.3.2 going down", "garbage", "999 what", "250-never ends" * 5000])
async def test_whatever_goes_wrong_defers(peer: Peer, verb: str, reply: str) -> None:
    peer.replies[verb] = [reply]
    outcome = await posted(peer, timeout=timedelta(seconds=1))
    assert outcome.state == "deferred"
    assert outcome.reply.startswith("4")
    assert len(outcome.reply) < 700


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "."])
async def test_a_host_that_says_nothing_is_left_after_the_timeout(peer: Peer, verb: str) -> None:
    peer.replies[verb] = [HANG]
    assert (await posted(peer, timeout=timedelta(seconds=0.05))).state == "deferred"


async def test_a_host_that_refuses_to_greet_says_nothing_about_the_letter(peer: Peer) -> None:
    peer.replies["CONNECT"] = ["554 5.7.1 your address is listed"]
    outcome = await posted(peer)
    assert outcome.state == "deferred"
    assert "listed" in outcome.reply


async def test_a_host_that_knows_no_ehlo_gets_helo(peer: Peer) -> None:
    peer.replies["EHLO"] = ["502 5.5.1 what?"]
    assert (await posted(peer)).state == "sent"
    assert peer.said("HELO") == ["HELO mx.example.com"]


async def test_nobody_listening_defers() -> None:
    assert (await posted(Peer(port=1))).reply.startswith("451 4.4.1 ")


async def test_a_bad_reply_after_250_does_not_take_the_250_back(peer: Peer) -> None:
    peer.replies["QUIT"] = ["550 5.0.0 go away"]
    assert (await posted(peer)).state == "sent"


# ---- addresses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipient", ["", "kim", "kim@", "kim@a b", "kim@example.net>\r\nRCPT TO:<x@y"])
async def test_what_is_no_address_bounces_without_a_connection(peer: Peer, recipient: str) -> None:
    assert (await posted(peer, recipient=recipient)).reply.startswith("553 5.1.3 ")
    assert peer.connections == 0


async def test_a_domain_beyond_ascii_needs_no_smtputf8(peer: Peer) -> None:
    await posted(peer, recipient="kim@한글.kr")
    assert peer.said("RCPT") == ["RCPT TO:<kim@xn--bj0bj06e.kr>"]
    assert "SMTPUTF8" not in peer.said("MAIL")[0]


async def test_a_local_part_beyond_ascii_needs_smtputf8(peer: Peer) -> None:
    assert (await posted(peer, recipient="김@한글.kr")).state == "sent"
    assert peer.said("RCPT") == ["RCPT TO:<김@xn--bj0bj06e.kr>"]
    assert peer.said("MAIL")[0].endswith(" SMTPUTF8")


async def test_a_field_beyond_ascii_needs_smtputf8_and_8bitmime(peer: Peer) -> None:
    await posted(peer, message="To: 김@example.net\r\n\r\nx\r\n".encode())
    assert peer.said("MAIL")[0].endswith(" BODY=8BITMIME SMTPUTF8")


async def test_a_host_without_smtputf8_cannot_take_such_an_address(peer: Peer) -> None:
    peer.extensions = ()
    assert (await posted(peer, recipient="김@example.net")).reply.startswith("553 5.6.7 ")
    assert peer.said("MAIL") == []


# ---- TLS and login -------------------------------------------------------------------------------------------------


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peer: Peer) -> Peer:
    """The peer with a certificate for localhost that the system trusts."""
    chain, key = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    peer.tls = server_tls(chain, key)
    return peer


@pytest.fixture
def selfsigned(tmp_path: Path, peer: Peer) -> Peer:
    peer.tls = server_tls(*certificate(tmp_path))
    return peer


async def test_tls_is_taken_when_offered_whatever_the_certificate(selfsigned: Peer) -> None:
    assert (await posted(selfsigned)).state == "sent"
    assert [each.split()[0] for each in selfsigned.commands[:3]] == ["EHLO", "STARTTLS", "EHLO"]


async def test_never_means_never(selfsigned: Peer) -> None:
    assert (await posted(selfsigned, starttls="never")).state == "sent"
    assert selfsigned.said("STARTTLS") == []


async def test_must_takes_a_certificate_that_can_be_checked(trusted: Peer) -> None:
    assert (await posted(trusted, host="localhost", starttls="must")).state == "sent"
    assert trusted.said("STARTTLS") == ["STARTTLS"]


async def test_must_refuses_a_certificate_nobody_vouches_for(selfsigned: Peer) -> None:
    outcome = await posted(selfsigned, host="localhost", starttls="must")
    assert outcome.reply.startswith("451 4.7.5 no TLS")
    assert selfsigned.said("MAIL") == []


async def test_must_refuses_a_certificate_of_another_name(trusted: Peer) -> None:
    assert (await posted(trusted, host="127.0.0.1", starttls="must")).reply.startswith("451 4.7.5 ")
    assert trusted.letters == []


async def test_must_refuses_a_host_that_offers_no_tls(peer: Peer) -> None:
    assert (await posted(peer, starttls="must")).reply.startswith("451 4.7.4 ")
    assert peer.said("MAIL") == []


@pytest.mark.parametrize("reply", [DROP, "454 4.7.0 not now", "220 but then not TLS"])
async def test_may_goes_on_without_tls_on_a_new_connection_when_the_handshake_fails(peer: Peer, reply: str) -> None:
    peer.offers_tls = True
    peer.replies["STARTTLS"] = [reply, DROP]
    assert (await posted(peer, timeout=timedelta(seconds=1))).state == "sent"
    assert peer.connections == 2
    assert len(peer.letters) == 1


async def test_the_login_is_given_over_tls(selfsigned: Peer) -> None:
    selfsigned.extensions = ("AUTH PLAIN",)
    assert (await posted(selfsigned, username="desk", password="secret")).state == "sent"
    assert selfsigned.said("AUTH PLAIN")


async def test_the_password_is_not_given_without_tls(peer: Peer) -> None:
    peer.extensions = ("AUTH PLAIN",)
    assert (await posted(peer, username="desk", password="secret")).reply.startswith("451 4.7.")
    assert peer.said("AUTH") == []


async def test_a_wrong_password_defers_since_the_letter_is_not_to_blame(selfsigned: Peer) -> None:
    selfsigned.extensions = ("AUTH PLAIN",)
    selfsigned.replies["AUTH"] = ["535 5.7.8 wrong"]
    outcome = await posted(selfsigned, username="desk", password="secret")
    assert outcome.reply.startswith("451 4.7.8 login failed: 535 ")
    assert "secret" not in outcome.reply


# ---- straight to the mail hosts ------------------------------------------------------------------------------------


def mx(*hosts: str) -> dict[str, Any]:
    """example.net with these hosts in order; "up" is the peer's address, "down" one where nobody listens."""
    records = [[10 * number, f"{name}.example.net"] for number, name in enumerate(hosts, 1)]
    return {"example.net": {"MX": records}, "up.example.net": {"A": ["127.0.0.1"]},
            "down.example.net": {"A": ["127.0.0.77"]}, "up2.example.net": {"A": ["127.0.0.1"]}}


async def test_a_letter_goes_to_the_mail_host(peer: Peer) -> None:
    assert await walked(peer, mx("up")) == Outcome("sent", "250 2.0.0 queued (host up.example.net)")


async def test_the_next_host_is_tried_when_one_cannot_be_reached(peer: Peer) -> None:
    assert (await walked(peer, mx("down", "up"))).state == "sent"


@pytest.mark.parametrize("verb", ["CONNECT", "MAIL", "RCPT", "."])
async def test_the_next_host_is_tried_after_a_4yz(peer: Peer, verb: str) -> None:
    peer.replies[verb] = ["451 4.3.0 not now", "250 2.0.0 fine"] if verb != "CONNECT" else ["421 4.3.2 no", "220 hi"]
    assert (await walked(peer, mx("up", "up2"))).reply.endswith("(host up2.example.net)")
    assert len(peer.letters) == 1


async def test_a_5yz_is_the_last_word_of_all_hosts(peer: Peer) -> None:
    peer.replies["RCPT"] = ["550 5.1.1 unknown"]
    assert (await walked(peer, mx("up", "up2"))).state == "bounced"
    assert peer.connections == 1


async def test_the_best_host_s_word_is_told_when_none_takes_it(peer: Peer) -> None:
    peer.replies["RCPT"] = ["451 4.2.0 first", "451 4.2.0 second"]
    assert "first" in (await walked(peer, mx("up", "up2"))).reply


async def test_no_other_host_is_tried_when_one_may_have_taken_the_letter(peer: Peer) -> None:
    peer.replies["."] = [DROP]
    outcome = await walked(peer, mx("up", "up2"))
    assert outcome.state == "deferred"
    assert "after the letter was sent" in outcome.reply
    assert peer.connections == 1


async def test_a_null_mx_bounces(peer: Peer) -> None:
    outcome = await walked(peer, {"example.net": {"MX": [[0, "."]]}})
    assert outcome.reply.startswith("556 5.1.10 ")


async def test_address_literals_are_not_delivered_to(peer: Peer) -> None:
    assert (await walked(peer, {}, "kim@[127.0.0.1]")).reply.startswith("550 5.1.2 ")
    assert peer.connections == 0
