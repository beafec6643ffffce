"""What agents do, each act one transaction with its line in the history; and what a customer does by a link.

This page is the list of acts, and the only way to them: page, API and commands call these methods. What an act means
stands in claims, sayings, undo, placing and joining.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from sqlalchemy.orm import Session as Db

from gateway.desk import claims, joining, number, placing, sayings, teaching, undo
from gateway.desk.hand import Hand
from gateway.desk.hand import Refused as Refused
from gateway.desk.handler import Proof
from gateway.desk.pipeline import Desk
from gateway.desk.sayings import Preview
from gateway.models import Entry, Request, Upload, Verification
from gateway.store import requests
from gateway.store.claims import claim_next
from gateway.store.database import storable

T = TypeVar("T")
Condition = Callable[[Db, Request], None]

MOST_TOLD = 20
"""Presses of a spent link that are written into the history."""
LONGEST_FILENAME = 255
LONGEST_TYPE = 100


class Acts:
    """The agents' hands on the desk. Every method raises Refused with a sentence for the agent and a code.

    queues: the only ones whose requests are known here; None is all. condition: looks at the request of each act,
    locked by then, and raises where the act is not to be done.
    """

    def __init__(self, desk: Desk, queues: Collection[str] | None = None,
                 condition: Condition = lambda _db, _request: None) -> None:
        self.desk, self.queues, self._condition = desk, queues, condition

    def within(self, queues: Collection[str] | None) -> "Acts":
        """The acts of somebody who may see these queues only."""
        return Acts(self.desk, queues, self._condition)

    def provided(self, condition: Condition) -> "Acts":
        """The same acts, on a condition: that the request is as the agent saw it, for instance."""
        return Acts(self.desk, self.queues, condition)

    # ---- who works on it ----

    async def next(self, queue: str | None, agent: str) -> Request | None:
        """Claim the most urgent request of a queue (or of all): two agents never get the same one."""
        def work(db: Db) -> Request | None:
            request = claim_next(db, queue, _named(agent), self.desk.now(), self.desk.lease, self.queues)
            return claims.taken(Hand(db, self.desk, request, agent)) if request is not None else None

        return await self._write(work)

    async def claim(self, number: str, agent: str, takes_over: bool = False) -> Request:
        """Take this one; from an agent who works on it only with takes_over. Codes: taken, already."""
        return await self._on(number, agent, lambda hand: claims.claim(hand, takes_over))

    async def renew(self, number: str, agent: str) -> Request:
        """The agent works on it still: the lease begins anew. Codes: taken, not-yours."""
        return await self._on(number, agent, claims.renew)

    async def assign(self, number: str, agent: str, to: str, takes_over: bool = False) -> Request:
        """Another agent is to do it; "" is nobody in particular. From an agent who works on it to oneself, or to
        nobody, only with takes_over. Codes: unknown-agent, taken."""
        return await self._on(number, agent, lambda hand: claims.assign(hand, to.strip(), takes_over))

    async def release(self, number: str, agent: str, join: str | None = None) -> Request:
        """Give a claimed request back, or decide over a held one: it stands for itself, or it joins another."""
        if join is not None:
            return await self.merge(number, agent, join)
        return await self._on(number, agent, claims.release)

    # ---- what is said ----

    async def say(self, kind: str, number: str, agent: str, text: str, seen: int | None = None,
                  uploads: Sequence[int] = (), undoable: bool = False, quotes: bool = True) -> Entry:
        """Answer, ask (question) or note. `seen`: the newest entry the agent has read; refused when the customer wrote
        since. undoable: the letter waits for [desk] undo. quotes: the customer's last mail stands below.
        Codes: newer, taken, held, empty, too-large, unknown-upload.
        """
        def work(hand: Hand) -> Entry:
            return sayings.say(hand, kind, text, seen, uploads, undoable, quotes)

        return await self._on(number, agent, work if kind == "note" else _a_lesson(work))

    async def undo(self, number: str, agent: str, entry_id: int) -> Entry:
        """Take back what was said undoable; its words and files can be said again. Codes: too-late, unknown-entry."""
        return await self._on(number, agent, lambda hand: undo.take_back(hand, entry_id))

    async def preview(self, kind: str, number: str, agent: str, text: str, uploads: Sequence[int] = (),
                      quotes: bool = True) -> Preview:
        """The letter as the customer would see it. Nothing is kept. Codes as those of `say`, and not-sent."""
        try:
            await self._on(number, agent, lambda hand: sayings.preview(hand, kind, text, uploads, quotes))
        except sayings.Shown as shown:
            return shown.preview
        raise AssertionError("a preview was kept")

    async def attach(self, agent: str, filename: str, content_type: str, content: bytes) -> Upload:
        """Keep a file for a day, until it is said with an answer. Codes: too-large, too-many-files."""
        upload = Upload(agent=_named(agent), filename=storable(filename)[:LONGEST_FILENAME], content=content,
                        content_type=storable(content_type)[:LONGEST_TYPE], size=len(content), at=self.desk.now())
        return await self.desk.database.write(lambda db: sayings.attach(db, upload))

    async def detach(self, id: int, agent: str) -> bool:
        """The file is not sent after all; False when there is no such one of the agent's."""
        return await self.desk.database.write(lambda db: sayings.detach(db, id, agent))

    # ---- where it belongs ----

    async def move(self, number: str, agent: str, queue: str, takes_over: bool = False) -> Request:
        """Put it into another queue, where it is nobody's; from an agent who works on it only with takes_over.
        Code: taken."""
        return await self._on(number, agent, _a_lesson(lambda hand: placing.move(hand, queue, takes_over)))

    async def prioritise(self, number: str, agent: str, priority: int) -> Request:
        """1 (can wait) to 5 (now)."""
        return await self._on(number, agent, lambda hand: placing.prioritise(hand, priority))

    async def categorise(self, number: str, agent: str, category: str) -> Request:
        """What it is about: the classifier learns from it."""
        return await self._on(number, agent, _a_lesson(lambda hand: placing.categorise(hand, category)))

    async def merge(self, number: str, agent: str, into: str) -> Request:
        """It becomes part of another request, which is returned. Codes: same, already."""
        _named(agent)

        def work(db: Db) -> Request:
            # In one order always: two agents who join two requests crosswise would wait for each other for ever.
            found = {name: self._find(db, name) for name in sorted((number, into), key=self._canonical)}
            self._condition(db, found[number])
            return joining.merge(Hand(db, self.desk, found[number], agent), found[into])

        return await self._write(work)

    async def split(self, number: str, agent: str, entry_id: int) -> Request:
        """One mail becomes a request of its own, which is returned. Codes: unknown-entry, only-mail."""
        return await self._on(number, agent, lambda hand: joining.split(hand, entry_id))

    async def spam(self, number: str, agent: str) -> Request:
        """Nobody asks for anything: closed, and nothing is sent."""
        return await self._on(number, agent, placing.reject_as_spam)

    async def resolve(self, number: str, agent: str) -> Request:
        """The matter is settled. Code: already."""
        return await self._on(number, agent, _a_lesson(placing.resolve))

    async def reopen(self, number: str, agent: str) -> Request:
        """It was not settled after all. Code: already."""
        return await self._on(number, agent, placing.reopen)

    # ---- whether it is this person ----

    async def verify(self, number: str, agent: str, because: str, *, rejects: bool = False) -> Request:
        """The agent decides; the reason stands in the history, with the agent's name. Codes: empty, no-proof."""
        if not because.strip():
            raise Refused("A decision about a person needs its reason.", "empty")

        def work(hand: Hand) -> Request:
            application = hand.application("proved")
            self.desk.proved(application, Proof("agent", agent, not rejects, storable(because.strip())))
            if not application.decisions:
                raise Refused(f"In the category {hand.request.category} an agent's word is no proof: see "
                              "[[handlers.verify.rules]] in config.toml.", "no-proof", category=hand.request.category)
            return hand.request

        return await self._on(number, agent, work)

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
            request = requests.standing(db, db.get_one(Request, asked.request_id, with_for_update=True))
            db.refresh(asked)  # another press may have been faster
            if asked.state != "asked" and asked.attempts >= MOST_TOLD:
                return False
            application = Hand(db, self.desk, request, "").application("proved")
            application.case.verification = asked
            was_waiting = asked.state == "asked"
            self.desk.proved(application, Proof("link"))
            return was_waiting and asked.state == "verified"

        return await self._write(work)

    # ---- what the acts share ----

    async def _on(self, name: str, agent: str, work: Callable[[Hand], T]) -> T:
        _named(agent)

        def whole(db: Db) -> T:
            request = self._find(db, name)
            self._condition(db, request)
            return work(Hand(db, self.desk, request, agent))

        return await self._write(whole)

    async def _write(self, work: Callable[[Db], T]) -> T:
        done = await self.desk.database.write(work)
        self.desk.posted()
        return done

    def _find(self, db: Db, name: str) -> Request:
        """The request of a loosely typed number, locked until the act is done."""
        request = requests.find(db, self._canonical(name), lock=True)
        if request is None or not (self.queues is None or request.queue in self.queues):
            raise Refused(f"There is no request {name.strip()!r}.", "unknown-request")
        return request

    def _canonical(self, name: str) -> str:
        """The number as it is kept; "" when it is none."""
        return next(number.find(name, self.desk.office.prefix), "")


def _a_lesson(work: Callable[[Hand], T]) -> Callable[[Hand], T]:
    """An act by which the agent says that the request is labelled right: suggestions are learnt from it."""
    def whole(hand: Hand) -> T:
        done = work(hand)
        teaching.teach(hand.db, hand.request, hand.now)
        return done

    return whole


def _named(agent: str) -> str:
    if not agent.strip():
        raise Refused("An act needs the name of an agent.", "no-agent")
    return agent
