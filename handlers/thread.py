"""Step 1: to which request does a mail belong? Evidence decides, not a claim.

From strong to weak: our reply address with its MAC; an authenticated customer of the request who answers one of its
mails or names its number. Anything less opens a new request, or is held for one click of an agent.
"""

from gateway.desk.handler import Case, Decisions, Evidence, Handler, Hold, Join, Mail, Open, Request

WORDS = {
    "capability": "It came to the reply address that only our letters carry.",
    "verification": "It came to the one-time address of our verification letter.",
    "reference": "An authenticated customer of {number} answers a mail of it.",
    "number": "An authenticated customer of {number} names its number.",
}


class Thread(Handler):
    def received(self, mail: Mail, case: Case) -> Decisions:
        if mail.is_quarantined:
            yield Open(mail.message.subject, "The door let it in for quarantine only.")
            yield Hold(f"{mail.verdict.because} An agent decides.", _named(case))
        elif tie := _tie(mail, case):
            yield Join(tie.request, WORDS[tie.kind].format(number=tie.request.number))
        elif candidate := _doubtful(mail, case):
            yield Open(mail.message.subject, f"It may belong to {candidate.request.number}, but nothing proves it.")
            yield Hold(f"It claims to be the customer of {candidate.request.number}. {mail.verdict.because}",
                       candidate.request)
        else:
            yield Open(mail.message.subject, _why_new(case))


def _tie(mail: Mail, case: Case) -> Evidence | None:
    proven = mail.verdict.identity.is_proven
    return next((each for each in case.evidence
                 if each.kind in ("capability", "verification")
                 or (each.kind in ("reference", "number") and each.is_participant and proven)), None)


def _doubtful(mail: Mail, case: Case) -> Evidence | None:
    """Somebody who claims to be the customer of the request, without proof."""
    return next((each for each in case.evidence if each.is_participant and each.kind != "copy"), None)


def _named(case: Case) -> Request | None:
    return case.evidence[0].request if case.evidence else None


def _why_new(case: Case) -> str:
    if case.evidence:
        return f"A stranger to {case.evidence[0].request.number} names it: that joins nothing."
    return "It belongs to no request we know."
