"""Step 7: confirmed, or silent long enough: resolved, recorded, and closed after a while."""

from datetime import timedelta

from gateway.desk.handler import (
    Answer,
    Case,
    Decisions,
    Due,
    Duration,
    Handler,
    Mail,
    Move,
    Rating,
    Record,
    Send,
    Template,
    Wake,
)

WAITING = ("answered", "pending")


class Resolve(Handler):
    """Reminds once, ends by silence, closes after a while; takes its wakes back when somebody speaks."""

    reminder: Template = "reminder"
    """The letter after the first silence."""
    farewell: Template = "resolved"
    """The letter when silence ended the request; "" sends none."""
    remind: Duration = timedelta(days=3)
    """Silence after which the customer is reminded, once."""
    silence: Duration = timedelta(days=4)
    """Silence after the reminder that ends the request."""
    close: Duration = timedelta(days=7)
    """Time between resolved and closed."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if case.request is not None and not case.is_new and mail.machine != "reply":
            yield from self._settle(case)

    def rated(self, rating: Rating, case: Case) -> Decisions:
        if case.request is not None and case.request.state not in WAITING:  # else silence still ends it
            yield from self._settle(case)

    def answered(self, answer: Answer, case: Case) -> Decisions:
        if answer.kind == "resolution":
            yield Move("resolved", f"{answer.agent} takes it for settled.")
        if answer.kind in ("resolution", "reopening"):
            yield from self._settle(case)
        elif answer.kind != "note":
            yield Wake("silent", None, "The customer has something new to answer.")
            yield Wake("close", None, "It goes on.")
            yield Wake("remind", self.remind, "The customer is reminded when they stay silent.")

    def due(self, due: Due, case: Case) -> Decisions:
        request = case.request
        if request is None:
            return
        if due.purpose == "remind" and request.state in WAITING:
            asked = {"asked": "yes"} if request.state == "pending" else {}
            yield Send(self.reminder, f"The customer was silent for {_days(self.remind)} days.",
                       {"days": _days(self.silence), **asked})
            yield Wake("silent", self.silence, "Silence after the reminder ends it.")
        elif due.purpose == "silent" and request.state in WAITING:
            yield Move("silent", "The customer stayed silent after the reminder.")
            if self.farewell:
                yield Send(self.farewell, "Silence ended the request; the customer may open it again.")
            yield Record("silent", 1, "Ended by silence.")
            yield Wake("close", self.close, "Closed when nobody objects.")
        elif due.purpose == "close" and request.state == "resolved":
            yield Move("closed", f"Nobody objected for {_days(self.close)} days.")

    def _settle(self, case: Case) -> Decisions:
        """The customer or an agent has spoken: nobody is reminded; what is resolved will be closed."""
        for purpose in ("remind", "silent"):
            yield Wake(purpose, None, "The customer is not silent.")
        if case.request is not None and case.request.state == "resolved":
            yield Wake("close", self.close, "Closed when nobody objects.")
        else:
            yield Wake("close", None, "It goes on.")


def _days(time: timedelta) -> str:
    """Whole days, begun ones counted, as letters say it."""
    return str(-(-time // timedelta(days=1)))
