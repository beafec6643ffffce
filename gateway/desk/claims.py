"""Who works on a request: an agent has it for the time of a lease, which is renewed while they work on it."""

from gateway.desk.hand import Hand, Refused
from gateway.desk.handler import Move
from gateway.models import Request
from gateway.store import agents
from gateway.store.claims import let_go, take


def claim(hand: Hand, takes_over: bool = False) -> Request:
    """It is the agent's. From another who works on it, only by taking it over in so many words."""
    request, agent = hand.request, hand.agent
    hand.must_stand()
    if request.state == "closed":
        raise Refused(f"{request.number} is closed: open it again first.", "already", state=request.state)
    if not takes_over:
        must_be_free(hand)
    if request.owner == agent and request.lease_until is not None and request.lease_until > hand.now:
        return renew(hand)
    other = request.owner if _is_taken(hand) else ""
    hand.do(Move("claimed", f"{agent} took it over from {other}." if other else f"{agent} took it."))
    take(request, agent, hand.now, hand.desk.lease)
    return request


def taken(hand: Hand) -> Request:
    """It came to the agent by `next`."""
    hand.do(Move("claimed", f"{hand.agent} took it from the queue."))
    return hand.request


def renew(hand: Hand) -> Request:
    """The agent is still at work on it."""
    request = hand.request
    must_be_free(hand)
    if request.owner != hand.agent:
        raise Refused(f"{request.number} is not yours: claim it first.", "not-yours", owner=request.owner)
    take(request, hand.agent, hand.now, hand.desk.lease)
    return request


def assign(hand: Hand, to: str, takes_over: bool = False) -> Request:
    """Another agent is to do it: it comes to them as what came back does. to: "" is nobody in particular.

    Whoever works on it loses it to the agent who acts, or to nobody, only by taking it over, as by a claim; to give it
    to a third is a supervisor's, who does so knowingly.
    """
    request = hand.request
    if to and not agents.may_own(hand.db, to, request.queue):
        raise Refused(f"{to!r} is no agent who works in queue {request.queue}.", "unknown-agent", agent=to)
    if to in ("", hand.agent) and take_from_others(hand, takes_over) and to:
        return request
    let_go(request)
    if to:
        request.owner, request.claimed_at = to, hand.now
    hand.write("assign", f"{hand.agent} gave it to {to}." if to else f"{hand.agent} gave it to nobody.", to=to)
    return request


def release(hand: Hand) -> Request:
    """A claimed request is given back; a held one stands for itself from now on."""
    request = hand.request
    if request.is_held:
        request.is_held, request.held_for = False, None
        hand.write("release", f"{hand.agent} decided that it stands for itself.")
    else:
        must_be_free(hand)  # a page that stood open since before another agent took it
        hand.write("release", f"{hand.agent} gave it back to the queue.")
    let_go(request)
    return request


def take_from_others(hand: Hand, takes_over: bool) -> bool:
    """Whoever else works on it loses it only by a take-over, which stands in the history; True when there was one."""
    was_taken = _is_taken(hand)
    if was_taken:
        claim(hand, takes_over)
    return was_taken


def must_be_free(hand: Hand) -> None:
    """No other agent is at work on it."""
    request = hand.request
    if not _is_taken(hand) or request.lease_until is None:
        return
    since = f" since {request.claimed_at:%H:%M}" if request.claimed_at else ""
    raise Refused(f"{request.owner} has {request.number}{since}, until {request.lease_until:%H:%M} UTC.", "taken",
                  owner=request.owner, since=request.claimed_at, until=request.lease_until)


def _is_taken(hand: Hand) -> bool:
    request = hand.request
    return request.owner not in ("", hand.agent) and request.lease_until is not None and request.lease_until > hand.now
