"""Each mail leaves one line in the log and one count, whatever became of it."""

from typing import Any

import pytest
from smtp.house import MAIL, House, Opening
from structlog.testing import capture_logs

from gateway.config import Authentication
from gateway.smtp.figures import Times

ZONE = {"example.org": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"], "MX": ["10 mx.example.org."]},
        "_dmarc.example.org": {"TXT": ["v=DMARC1; p=reject"]},
        "_dmarc.example.net": {"TXT": ["v=DMARC1; p=reject"]}}  # fmt: skip


def lines(logs: list[Any]) -> list[Any]:
    return [line for line in logs if line["event"] in ("mail kept", "mail refused")]


async def test_a_kept_mail_is_told_in_one_line_with_all_that_is_known(open_house: Opening) -> None:
    house = await open_house(authentication=Authentication(), zone=ZONE)
    with capture_logs() as logs:
        await (await house.client()).mails()
    (line,) = lines(logs)
    assert line.pop("ms") >= 0
    assert line == {
        "event": "mail kept", "log_level": "info", "mail": 1, "client": "127.0.0.1", "helo": "client.example.org",
        "reverse_path": "alice@example.org", "recipients": ["support@example.com"], "bytes": len(MAIL), "tls": "",
        "author": "alice@example.org", "identity": "verified-spf", "spf": "pass", "dkim": "none", "dmarc": "pass",
        "reply": "250 2.0.0 Kept as 1"}  # fmt: skip


async def test_a_refused_mail_has_the_same_line_with_its_reply(open_house: Opening) -> None:
    house = await open_house(authentication=Authentication(), zone=ZONE)
    with capture_logs() as logs:
        await (await house.client()).mails(MAIL.replace(b"alice@example.org", b"kim@example.net"))
    (line,) = lines(logs)
    assert line["event"] == "mail refused"
    assert line["reply"].startswith("550 5.7.26 ")
    assert (line["mail"], line["author"], line["identity"]) == (None, "kim@example.net", "failed")


async def test_a_mail_whose_octets_are_refused_is_told_without_an_author(house: House) -> None:
    with capture_logs() as logs:
        await (await house.client()).mails(MAIL + b"a\nb\r\n")
    (line,) = lines(logs)
    assert line["reply"].startswith("550 5.5.2 ")
    assert "identity" not in line


async def test_what_the_door_did_is_counted(open_house: Opening) -> None:
    house = await open_house(authentication=Authentication(), zone=ZONE)
    client = await house.client()
    await client.mails()
    await client.mails(MAIL.replace(b"alice@example.org", b"kim@example.net"))
    figures = house.door.figures
    assert figures.clients == house.door.sessions == 1
    assert figures.mails == {"250 2.0.0": 1, "550 5.7.26": 1}
    assert figures.octets == len(MAIL)
    assert figures.identities == {"verified-spf": 1, "failed": 1}
    assert figures.results["dmarc", "pass"] == figures.results["dmarc", "fail"] == 1
    assert sum(figures.times.counts) == 1
    assert figures.times.total > 0


async def test_where_nobody_asks_whose_mail_it_is_no_result_is_counted(house: House) -> None:
    await (await house.client()).mails()
    assert house.door.figures.mails.total() == 1
    assert not house.door.figures.identities
    assert not house.door.figures.results


@pytest.mark.parametrize(("seconds", "place"), [(0.05, 0), (0.1, 0), (0.11, 1), (1.0, 1), (1.1, 2)])
def test_a_time_counts_below_the_bound_it_does_not_exceed(seconds: float, place: int) -> None:
    times = Times((0.1, 1.0))
    times.add(seconds)
    assert times.counts[place] == 1
