"""What agents do: claim, answer, ask, note, verify, move, release, resolve, reopen; and what a customer does by a link.

One transaction each, with its audit.
"""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session as Db

from gateway.desk import facts, number
from gateway.desk.apply import Application
from gateway.desk.handler import Answer, Move, Note, Place, Proof
from gateway.desk.pipeline import Desk
from gateway.models import Entry, Request, Verification
from gateway.store import claims, requests
from gateway.store.database import storable

T = TypeVar("T")
Condition = Callable[[Db, Request], None]

SAYINGS = ("answer", "question", "note")
MOST_TOLD = 20
"""Presses of a spent link that are written into the history."""


class Refused(Exception):
    """The act cannot be done now; the sentence is for the agent, the code (one closed word) for programs and pages."""

    def __init__(self, sentence: str, code: str = "refused") -> None:
        super().__init__(sentence)
        self.code = code


class Acts:
    """The agents' hands on the desk. Every method raises Refused with a sentence for the agent."""

    def __init__(self, desk: Desk, condition: Condition = lambda _db, _request: None) -> None:
        self.desk, self._condition = desk, condition

    def provided(self, condition: Condition) -> "Acts":
        """The same hands, on condition: it looks at the request of each act, locked by then, and raises or not."""
        return Acts(self.desk, condition)

    async def next(self, queue: str | None, agent: str) -> Request | None:
        """Claim the most urgent request of a queue (or of all): two agents never get the same one."""
        def work(db: Db) -> Request | None:
            request = claims.claim_next(db, queue, _named(agent), self.desk.now(), self.desk.lease)
            if request is not None:
                self._act(db, request, agent, Move("claimed", f"{agent} took it from the queue."))
            return request

        return await self.desk.database.write(work)

    async def say(self, kind: str, number: str, agent: str, text: str, seen: int | None = None) -> Entry:
        """Answer, ask or note. `seen`: the newest entry the agent has read; refused when the customer wrote since."""
        if kind not in SAYINGS:
            raise Refused(f"{kind!r} is none of {', '.join(SAYINGS)}.")
        if not text.strip():
            raise Refused("There is no text to say.")

        def work(db: Db, request: Request) -> Entry:
            self._may_say(request, kind, seen)
            if kind != "note":
                self._take_over(request, agent)
            entry = Entry(request_id=request.id or 0, at=self.desk.now(), kind=kind, author=agent, text=storable(text))
            db.add(entry)
            db.flush()
            application = self._application(db, request, "answered", entry)
            application.write(agent, kind, {"entry": entry.id}, f"{agent} wrote this {kind}.")
            self.desk.answered(application, Answer(kind, storable(text), agent))
            return entry

        return await self._on(number, agent, work)

    async def verify(self, number: str, agent: str, because: str, *, rejects: bool = False) -> Request:
        """The agent decides whether it is this person; the reason stands in the history, with the agent's name."""
        if not because.strip():
            raise Refused("A decision about a person needs its reason.")

        def work(db: Db, request: Request) -> Request:
            application = self._application(db, request, "proved")
            self.desk.proved(application, Proof("agent", agent, not rejects, storable(because.strip())))
            if not application.decisions:
                raise Refused(f"In the category {request.category} an agent's word is no proof: see "
                              "[[handlers.verify.rules]] in config.toml.")
            return request

        return await self._on(number, agent, work)

    async def move(self, number: str, agent: str, queue: str) -> Request:
        """Put it into another queue; whoever had it lets go."""
        def work(db: Db, request: Request) -> Request:
            self._act(db, request, agent, Place(queue, f"{agent} moved it here.", request.priority, request.due))
            request.owner, request.lease_until = "", None
            return request

        return await self._on(number, agent, work)

    async def release(self, number: str, agent: str, join: str | None = None) -> Request:
        """Give a claimed request back, or decide over a held one: it stands for itself, or it joins another."""
        def work(db: Db, request: Request) -> Request:
            if join is not None:
                return self._join(db, request, self._find(db, join), agent)
            if request.is_held:
                request.is_held, request.held_for = False, None
                self._write(db, request, agent, "release", f"{agent} decided that it stands for itself.")
            else:
                self._write(db, request, agent, "release", f"{agent} gave it back to the queue.")
            request.owner, request.lease_until = "", None
            return request

        return await self._on(number, agent, work)

    async def resolve(self, number: str, agent: str) -> Request:
        """The matter is settled."""
        def work(db: Db, request: Request) -> Request:
            if request.state in ("resolved", "closed"):
                raise Refused(f"{request.number} is {request.state} already.")
            self._settle(db, request, agent, "resolution", f"{agent} takes it for settled.")
            return request

        return await self._on(number, agent, work)

    async def reopen(self, number: str, agent: str) -> Request:
        """It was not settled after all."""
        def work(db: Db, request: Request) -> Request:
            if request.state in ("new", "open"):
                raise Refused(f"{request.number} is {request.state} already.")
            self._settle(db, request, agent, "reopening", f"{agent} opened it again.")
            return request

        return await self._on(number, agent, work)

    # ---- the page behind the link of a verification letter ----

    async def prove(self, token: str) -> bool:
        """The link of a verification letter was pressed: True when this proved the person, the first time only.

        A wrong, an expired and a used token are False alike, and change no verification, however often they come;
        which of them it was stands in the history of the request, for agents only.
        """
        capability = self.desk.office.capabilities.read_token(token, self.desk.now())
        if capability is None or capability.purpose != "verify":
            return False  # a forged token costs no question to the database

        def work(db: Db) -> bool:
            asked = db.get(Verification, capability.id)
            if asked is None:
                return False
            request = db.get_one(Request, asked.request_id, with_for_update=True)
            db.refresh(asked)  # another press may have been faster
            if asked.state != "asked" and asked.attempts >= MOST_TOLD:
                return False
            application = self._application(db, request, "proved")
            application.case.verification = asked
            was_waiting = asked.state == "asked"
            self.desk.proved(application, Proof("link"))
            return was_waiting and asked.state == "verified"

        return await self.desk.database.write(work)

    # ---- what the acts share ----

    async def _on(self, name: str, agent: str, work: Callable[[Db, Request], T]) -> T:
        _named(agent)

        def whole(db: Db) -> T:
            request = self._find(db, name)
            self._condition(db, request)
            return work(db, request)

        return await self.desk.database.write(whole)

    def _find(self, db: Db, name: str) -> Request:
        """The request of a loosely typed number, locked until the act is done."""
        canonical = next(number.find(name, self.desk.office.prefix), "")
        request = requests.find(db, canonical, lock=True)
        if request is None:
            raise Refused(f"There is no request {name.strip()!r}.")
        return request

    def _may_say(self, request: Request, kind: str, seen: int | None) -> None:
        if seen is not None and request.last_entry > seen:
            raise Refused(f"The customer wrote again: read entry {request.last_entry} of {request.number} first "
                          f"(you have seen {seen}).")
        if request.is_held and kind != "note":
            raise Refused(f"{request.number} is on hold: `frontdesk release` it first. Nothing was sent.")

    def _take_over(self, request: Request, agent: str) -> None:
        now = self.desk.now()
        if request.owner not in ("", agent) and request.lease_until is not None and request.lease_until > now:
            raise Refused(f"{request.owner} has {request.number} until {request.lease_until:%H:%M} UTC.")
        request.owner = agent

    def _join(self, db: Db, request: Request, other: Request, agent: str) -> Request:
        """What was said in one request becomes part of another."""
        if other.id == request.id:
            raise Refused(f"{request.number} cannot join itself.")
        requests.move_entries(db, request, other)
        request.is_held, request.held_for = False, None
        self._settle(db, request, agent, "resolution", f"{agent} joined it to {other.number}.")
        application = self._application(db, other, "act")
        application.apply(agent, Move("received", f"{agent} joined {request.number} to it."))
        if other.verification == "verified" != request.verification:
            words = f"The proof of the person does not speak for what came with {request.number}."
            application.apply(agent, Note(words, f"{agent} joined it."))
        application.ledger.write()
        return other

    def _settle(self, db: Db, request: Request, agent: str, kind: str, because: str) -> None:
        """The handlers hear what the agent thinks of the whole matter."""
        application = self._application(db, request, "answered")
        application.write(agent, kind, {}, because)
        self.desk.answered(application, Answer(kind, "", agent))

    def _act(self, db: Db, request: Request, agent: str, decision: Move | Place) -> None:
        application = self._application(db, request, "act")
        application.apply(agent, decision)
        application.ledger.write()

    def _write(self, db: Db, request: Request, agent: str, decision: str, because: str) -> None:
        application = self._application(db, request, "act")
        application.write(agent, decision, {}, because)
        application.ledger.write()

    def _application(self, db: Db, request: Request, event: str, said: Entry | None = None) -> Application:
        case = facts.of_request(db, request, self.desk.office.site, self.desk.now())
        return Application(db, self.desk.office, case, event, said=said)


def _named(agent: str) -> str:
    if not agent.strip():
        raise Refused("An act needs the name of an agent.")
    return agent
