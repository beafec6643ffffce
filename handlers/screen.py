"""Before step 1: what needs no request. It stays in the store with its reason; nothing is answered."""

from gateway.desk.handler import Case, Decisions, Drop, Evidence, Handler, Mail, domain_of

TIES = ("capability", "verification", "reference")


class Screen(Handler):
    """Drops our own letters that come back, second copies, and machines' replies that belong to nothing."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if _is_our_own(mail):
            yield Drop("It is a letter of our own that came back to us.")
        elif copied := _copied(mail, case):
            yield Drop(f"A copy of this mail is in {copied} already: it has the same Message-ID and author.")
        elif mail.machine == "reply" and not any(each.kind in TIES for each in case.evidence):
            yield Drop(f"A machine's reply that belongs to no request. {mail.automatic}")


def _is_our_own(mail: Mail) -> bool:
    message_id = mail.message.message_id.strip("<>")
    ours = {each.lower() for each in mail.site.support}
    return mail.message.from_email.lower() in ours or domain_of(message_id) == mail.site.hostname.lower()


def _copied(mail: Mail, case: Case) -> str:
    """The request that has the same mail, if the domain stands behind this copy as it did behind the first."""
    for each in case.evidence:
        as_good = mail.verdict.identity.is_proven or mail.verdict.identity == each.request.identity
        if each.kind == "copy" and each.is_participant and as_good and not _says_more(case, each):
            return each.request.number
    return ""


def _says_more(case: Case, copy: Evidence) -> bool:
    """This copy came to an address that ties it elsewhere, or proves the person, which the first copy did not."""
    return any(
        (each.kind == "capability" and each.request.number != copy.request.number)
        or (each.kind == "verification" and each.verification is not None and each.verification.state == "asked")
        for each in case.evidence)
