"""What a request is about, where it waits and how urgently, and whether the matter is at its end."""

from gateway.desk.claims import take_from_others
from gateway.desk.hand import Hand, Refused
from gateway.desk.handler import Label, Move, Place
from gateway.models import Request
from gateway.store.claims import let_go

LONGEST = 100
"""Characters of a queue's or a category's name."""


def move(hand: Hand, queue: str, takes_over: bool = False) -> Request:
    """Into another queue, where it is nobody's. From another who works on it, only by taking it over."""
    request = hand.request
    queue = _name(queue)
    take_from_others(hand, takes_over)
    hand.do(Place(queue, f"{hand.agent} moved it here.", request.priority, request.due))
    let_go(request)
    return request


def prioritise(hand: Hand, priority: int) -> Request:
    """1 (can wait) to 5 (now)."""
    request = hand.request
    if not 1 <= priority <= 5:
        raise Refused("A priority is 1 (can wait) to 5 (now).", "bad-value")
    hand.do(Place(request.queue, f"{hand.agent} gave it priority {priority}.", priority, request.due))
    return request


def categorise(hand: Hand, category: str) -> Request:
    """It is about something else than the words said."""
    before, category = hand.request.category, _name(category)
    hand.do(Label(f"{hand.agent} says that it is about {category}, not {before}.", category=category))
    return hand.request


def reject_as_spam(hand: Hand) -> Request:
    """Nobody asks for anything: closed, and nothing is sent."""
    request = hand.request
    if request.resolution == "spam":
        raise Refused(f"{request.number} is spam already.", "already")
    request.is_held, request.held_for = False, None
    hand.do(Move("spam", f"{hand.agent} says that it is spam."))
    let_go(request)
    return request


def resolve(hand: Hand) -> Request:
    """The matter is settled."""
    if hand.request.state in ("resolved", "closed"):
        raise Refused(f"{hand.request.number} is {hand.request.state} already.", "already", state=hand.request.state)
    hand.settle("resolution", f"{hand.agent} takes it for settled.")
    return hand.request


def reopen(hand: Hand) -> Request:
    """It was not settled after all."""
    hand.must_stand()
    if hand.request.state in ("new", "open"):
        raise Refused(f"{hand.request.number} is {hand.request.state} already.", "already", state=hand.request.state)
    hand.settle("reopening", f"{hand.agent} opened it again.")
    return hand.request


def _name(typed: str) -> str:
    name = typed.strip()
    if not (name and name.isprintable() and len(name) <= LONGEST):
        raise Refused(f"A name has 1 to {LONGEST} printable characters.", "bad-value")
    return name
