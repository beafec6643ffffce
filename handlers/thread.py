"""Step 1: to which request does a mail belong? Evidence decides, not a claim.

From strong to weak: our reply address with its MAC; an authenticated customer of the request who answers one of its
mails or names its number. Anything less opens a new request, or is held for one click of an agent.
"""

from gateway.desk.handler import Case, Decisions, Drop, Evidence, Handler, Hold, Join, Mail, Open, Request

WORDS = {
    "capability": "It came to the reply address that only our letters carry.",
    "verification": "It came to the one-time address of our verification letter.",
    "reference": "An authenticated customer of {number} answers a mail of it.",
    "number": "An authenticated customer of {number} names its number.",
}
CLAIMS = {
    "reference": "It answers a mail of {number}",
    "number": "It names {number}",
}


class Thread(Handler):
    """Joins by proof; holds by a claim without proof; opens everything else."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if mail.is_quarantined:
            yield Open(mail.message.subject, "The door let it in for quarantine only.")
            yield Hold(f"{mail.verdict.because} An agent decides.", _named(case))
        elif tie := _tie(mail, case):
            yield Join(tie.request, WORDS[tie.kind].format(number=tie.request.number))
        elif mail.machine == "reply":
            yield Drop(f"A machine's reply that nothing proves to be our customer's. {mail.automatic}")
        elif claim := _claim(case, is_participant=True):
            yield Open(mail.message.subject, f"{_words(claim)}, but nothing proves who wrote it.")
            yield Hold(f"It claims to be from the customer of {claim.request.number}. {mail.verdict.because}",
                       claim.request)
        else:
            yield Open(mail.message.subject, _why_new(case))


def _tie(mail: Mail, case: Case) -> Evidence | None:
    proven = mail.verdict.identity.is_proven
    return next((each for each in case.evidence
                 if each.kind in ("capability", "verification")
                 or (each.kind in CLAIMS and each.is_participant and proven)), None)


def _claim(case: Case, *, is_participant: bool) -> Evidence | None:
    """What the mail says of itself: it answers or names a request. Worth nothing without proof of who wrote it."""
    return next((each for each in case.evidence
                 if each.kind in CLAIMS and each.is_participant == is_participant), None)


def _named(case: Case) -> Request | None:
    return next((each.request for each in case.evidence if each.kind != "copy"), None)


def _why_new(case: Case) -> str:
    if claim := _claim(case, is_participant=False):
        return f"{_words(claim)}, but comes from a stranger to that request: that joins nothing."
    return "It belongs to no request we know."


def _words(claim: Evidence) -> str:
    return CLAIMS[claim.kind].format(number=claim.request.number)
