"""An agent's hand on one request: what every act does to it, in one transaction and with its line in the history."""

from typing import Any

from sqlalchemy.orm import Session as Db

from gateway.desk import facts
from gateway.desk.apply import Application
from gateway.desk.handler import Answer, Case, Decision
from gateway.desk.pipeline import Desk
from gateway.models import Entry, Request


class Refused(Exception):
    """The act cannot be done now. The sentence is for the agent; the code is a closed word, the facts are for windows
    that say it in their own words."""

    def __init__(self, sentence: str, code: str, **facts: Any) -> None:
        super().__init__(sentence)
        self.code, self.facts = code, facts


class Hand:
    """One agent, one request that is locked until the act is done."""

    def __init__(self, db: Db, desk: Desk, request: Request, agent: str) -> None:
        self.db, self.desk, self.request, self.agent = db, desk, request, agent
        self.now = desk.now()

    def on(self, other: Request) -> "Hand":
        """The same agent's hand on another request of the same act."""
        return Hand(self.db, self.desk, other, self.agent)

    def do(self, *decisions: Decision) -> None:
        """They become facts, said by the agent."""
        application = self._act()
        for decision in decisions:
            application.apply(self.agent, decision)
        application.ledger.write()

    def must_stand(self) -> None:
        """The request is not part of another: what is said there goes on in that one."""
        if self.request.merged_into is not None:
            raise Refused(f"{self.request.number} is part of another request: go on there.", "joined")

    def write(self, decision: str, because: str, **detail: Any) -> None:
        """A line of the history."""
        application = self._act()
        application.write(self.agent, decision, detail, because)
        application.ledger.write()

    def settle(self, kind: str, because: str) -> None:
        """The handlers hear what the agent thinks of the whole matter. kind: resolution, reopening."""
        application = self.application("answered")
        application.write(self.agent, kind, {}, because)
        self.desk.answered(application, Answer(kind, "", self.agent))

    def application(self, event: str, said: Entry | None = None) -> Application:
        """For what the handlers are to hear of."""
        case = facts.of_request(self.db, self.request, self.desk.office.site, self.now)
        return Application(self.db, self.desk.office, case, event, said=said)

    def _act(self) -> Application:
        """For what an agent does alone: no handler asks what else is known."""
        case = Case(self.now, self.desk.office.site, request=self.request, is_held=self.request.is_held,
                    previous_state=self.request.state)  # fmt: skip
        return Application(self.db, self.desk.office, case, "act")
