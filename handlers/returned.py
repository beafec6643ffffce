"""A letter of ours came back: the agent is told, nothing is answered."""

from datetime import timedelta

from gateway.desk.handler import Bounce, Case, Decisions, Duration, FailedRecipient, Handler, Move, Note, Place


class Returned(Handler):
    """A dead address brings the request back, an agent's letter more urgently; a soft failure is only told."""

    due_in: Duration = timedelta(hours=8)
    """Time for an agent to find another way."""

    def returned(self, bounce: Bounce, case: Case) -> Decisions:
        request = case.request
        if request is None:
            return
        if bounce.is_automatic_reply:
            yield Note(f"A machine answered our letter to {bounce.letter.recipient}: {bounce.reason}",
                       "It came to the bounce address and is no bounce.")
            return
        yield Note(_told(bounce), "A letter of ours did not arrive.")
        if not bounce.failed or any(each.is_hard for each in bounce.failed):
            yield Move("returned", "The customer did not get our letter: an agent looks for another way.")
            more = 0 if bounce.letter.is_automatic else 1
            due = case.now + self.due_in
            yield Place(request.queue, "Our letter came back.", request.priority + more, min(request.due or due, due))


def _told(bounce: Bounce) -> str:
    lines = [f"Our letter “{bounce.letter.subject}” to {bounce.letter.recipient} did not arrive."]
    lines += [_one(each, bounce) for each in bounce.failed] or [bounce.reason]
    return "\n".join(lines)


def _one(failed: FailedRecipient, bounce: Bounce) -> str:
    how = "for good" if failed.is_hard else "for now"
    said = " ".join(failed.diagnostic.split())[:300]
    return f"{failed.recipient or bounce.letter.recipient}: {failed.status} ({how}) {said}"
