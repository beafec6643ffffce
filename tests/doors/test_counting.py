"""What workers count stands in the figures of the gateway, once."""

import pickle

from gateway.authentication.resolver import DnsResolver
from gateway.authentication.resolver import Figures as DnsFigures
from gateway.mail.authres import Check, Identity, Result, Verdict
from gateway.smtp.figures import Figures
from gateway.smtp.policy import OK, STORE_AWAY

VERDICT = Verdict(Identity.VERIFIED_SPF, "x", spf=Check("spf", Result.PASS), findings=("signature-seen-before",))


def test_what_was_taken_is_not_counted_again() -> None:
    door, whole = Figures(), Figures()
    door.clients += 2
    door.count(OK, 100, 0.02, VERDICT)
    door.count(STORE_AWAY, 50, 0.02, None)
    whole.add(pickle.loads(pickle.dumps(door.take())))
    door.count(OK, 10, 3.0, None)
    whole.add(door.take())
    whole.add(door.take())
    assert (whole.clients, whole.octets, whole.seen_before) == (2, 110, 1)
    assert whole.mails == {f"{OK.code} {OK.status}": 2, f"{STORE_AWAY.code} {STORE_AWAY.status}": 1}
    assert (whole.identities["verified-spf"], whole.results["spf", "pass"]) == (1, 1)
    assert (sum(whole.times.counts), round(whole.times.total, 2)) == (2, 3.02)


async def test_questions_to_name_servers_too() -> None:
    worker, gateway = DnsResolver(["127.0.0.1:9"]), DnsResolver(["127.0.0.1:9"])
    worker.add(DnsFigures(asked=3, nxdomain=1, seconds=0.5, longest=0.4))
    gateway.add(worker.take())
    gateway.add(worker.take())
    gateway.add(DnsFigures(asked=1, timeout=1, seconds=0.5, longest=0.1))
    assert gateway.figures == DnsFigures(asked=4, nxdomain=1, timeout=1, seconds=1.0, longest=0.4)
    for each in (worker, gateway):
        await each.close()
