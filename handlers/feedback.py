"""Step 6: what does the customer say to our answer? Thanks, a rating, not solved, or something more."""

import re
import unicodedata

from gateway.desk.handler import Case, Decisions, Handler, Mail, Move, Note, Place, Rating, Record

LONGEST_THANKS = 300
"""Characters beyond which a mail says more than thanks."""
ANSWERED = ("answered", "resolved", "closed")
_STARS = re.compile(r"(?:([1-5])\s*(?:점|/\s*5|stars?|★)?|(★{1,5})☆*)\s*[.!]?")


class Feedback(Handler):
    thanks: tuple[str, ...] = (
        "thank", "solved", "resolved", "works now", "great", "perfect",
        "감사", "고맙", "고마워", "해결되었", "해결됐", "해결했", "잘 됩니다", "잘됩니다", "잘 돼요", "잘돼요")
    """Words of somebody who is content."""
    doubts: tuple[str, ...] = (
        "?", "but ", "however", "still", "not ", "n't", "again", "also", "another", "unfortunately", "until",
        "않", "안 돼", "안돼", "안 됩", "안됩", "아직", "하지만", "그런데", "그러나", "여전히", "못 ", "다시", "추가", "혹시",
        "까요", "습니까", "문제가 있", "나요")
    """Words that make thanks doubtful: then an agent reads it."""
    not_solved: tuple[str, ...] = (
        "not solved", "not resolved", "still not", "does not work", "doesn't work", "no solution",
        "해결되지", "해결 안", "해결이 안", "안 됩니다", "안됩니다", "여전히", "그대로")
    """Words counted as "not solved" in the figures."""
    low: int = 2
    """A rating so low opens the request again, more urgently."""
    high: int = 4
    """A rating so high confirms it."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if case.request is None or case.is_new or mail.is_automatic:
            return
        words = _fold(mail.message.reply_text)
        if case.previous_state not in ANSWERED:
            yield Move("received", "The customer wrote again.")
        elif rated := _STARS.fullmatch(words):
            yield from self._rate(int(rated[1] or len(rated[2])), "", case)
        elif self._is_thanks(words):
            yield Record("feedback", 1, "The customer says thanks.")
            yield Move("confirmed", "The customer says thanks and asks nothing more.")
        else:
            if any(word in words for word in self.not_solved):
                yield Record("feedback", 0, "The customer says that it is not solved.")
            yield Move("received", "The customer wrote again after our answer: back to the same agent.")

    def rated(self, rating: Rating, case: Case) -> Decisions:
        yield from self._rate(rating.value, rating.words, case)

    def _rate(self, value: int, words: str, case: Case) -> Decisions:
        yield Record("rating", value, f"The customer rated our work with {value} of 5.")
        if value >= self.high:
            yield Move("confirmed", f"Rated {value} of 5.")
        elif value <= self.low and case.request is not None:
            yield Move("reopened", f"Rated {value} of 5: somebody should ask what went wrong.")
            yield Place(case.request.queue, "A low rating is urgent.", case.request.priority + 1, case.now)
        elif words.strip():
            yield Move("received", "The customer rated and wrote.")
        if words.strip():
            yield Note(f"Rated {value} of 5.", "The words that came with the rating are above.")

    def _is_thanks(self, words: str) -> bool:
        return (0 < len(words) <= LONGEST_THANKS and any(word in words for word in self.thanks)
                and not any(word in words for word in self.doubts))


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text[: LONGEST_THANKS * 4]).casefold().split())
