"""Before step 1: what needs no request. It stays in the store with its reason; nothing is answered."""

from gateway.desk.handler import Case, Decisions, Drop, Handler, Mail, domain_of

TIES = ("capability", "verification", "reference")


class Screen(Handler):
    """Drops our own letters that come back, second copies, and machines' replies that belong to nothing."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if _is_our_own(mail):
            yield Drop("It is a letter of our own that came back to us.")
        elif copied := _copied(mail, case):
            yield Drop(f"A copy of this mail is in {copied} already: it has the same Message-ID and author.")
        elif _is_reply_of_machine(mail) and not any(each.kind in TIES for each in case.evidence):
            yield Drop(f"A machine's reply that belongs to no request. {mail.automatic}")


def _is_our_own(mail: Mail) -> bool:
    message_id = mail.message.message_id.strip("<>")
    return mail.message.from_email.lower() in mail.site.support or domain_of(message_id) == mail.site.hostname


def _copied(mail: Mail, case: Case) -> str:
    """The request that has the same mail, if the domain stands behind this copy as it did behind the first."""
    for each in case.evidence:
        as_good = mail.verdict.identity.is_proven or mail.verdict.identity == each.request.identity
        if each.kind == "copy" and each.is_participant and as_good:
            return each.request.number
    return ""


def _is_reply_of_machine(mail: Mail) -> bool:
    """A notification or an automatic reply, in difference to what a list or a program sends of its own accord."""
    return mail.is_automatic and not mail.is_bulk and not mail.is_report
