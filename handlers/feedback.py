"""Step 6: what does the customer say to our answer? Thanks, a rating, not solved, or something more.

A request is ended only by a mail that says thanks and nothing besides: every clause of it must be thanks, a courtesy
or a name. What is wrongly taken for thanks is read by nobody; what is wrongly not costs an agent a look.
"""

import re
from collections.abc import Iterator

from gateway.desk.handler import Answer, Case, Decisions, Degree, Handler, Mail, Move, Note, Place, Rating, Record, fold

LONGEST_THANKS = 300
"""Characters beyond which a mail says more than thanks."""
LONGEST_CLAUSE = 10
"""Words in one clause of thanks."""
ANSWERED = ("answered", "resolved", "closed")
_CLAUSE = re.compile(r"[.!,;:~…\n]+")
_STARS = re.compile(
    r"(?:(?:별점|평점|점수|별|rating):? ?)?(?:5점 만점에 )?"
    r"(?:([1-5]) ?(?:점|개|/ ?5|out of 5|stars?|[★⭐])?|([★⭐]{1,5})[☆ ]*|(만점|5점 만점))"
    r"(?: ?(?:입니다|이에요|이요|요|드립니다|드려요|드릴게요))?[ .!~]*")


class Feedback(Handler):
    """Hears thanks, ratings and complaints about our answer; everything unclear goes back to the same agent."""

    thanks: tuple[str, ...] = (
        "thank", "thx", "cheers", "appreciate", "solved", "resolved", "fixed", "works", "worked", "working", "helped",
        "helpful", "great", "perfect", "all good", "did the trick", "excellent", "wonderful", "awesome",
        "you can close", "👍",
        "감사", "고맙", "고마워", "고마운", "해결되었", "해결 되었", "해결됐", "해결 됐", "해결했", "해결되네",
        "해결됨", "잘 됩니다", "잘됩니다", "잘 돼요", "잘돼요", "잘 되네요", "잘되네요", "잘 되었", "잘 됐",
        "이제 됩니다", "이제 돼요", "이제 되네요", "잘 작동", "정상 작동", "정상적으로 작동", "정상적으로 됩",
        "처리되었", "처리됐", "도움이 되", "도움이 됐", "도움 되었", "도움이 많이 되", "덕분", "완벽", "최고")
    """Words of somebody who is content; a Latin one counts where a word begins."""
    courtesies: tuple[str, ...] = (
        "hi", "hello", "dear", "support", "team", "sir", "madam", "good", "morning", "afternoon", "evening", "yes",
        "ok", "okay", "best", "kind", "warm", "regards", "sincerely", "yours", "have", "a", "nice", "day", "weekend",
        "sent", "from", "my", "iphone",
        "안녕", "네", "예", "넵", "담당자", "상담원", "수고", "좋은", "즐거운", "행복한", "하루", "주말", "되세요",
        "보내세요", "확인했", "확인하였", "알겠습니다", "드림", "올림", "ㅎㅎ", "ㅋㅋ")
    """What a polite mail holds beside thanks: whole words, and beginnings of Korean ones."""
    doubts: tuple[str, ...] = (
        "?", "but ", "however", "although", "still", "not", "no ", "n't", "never", "unable", "also", "another",
        "only", "unfortunately", "until", "except", "wrong", "worse", "bad ", "error", "fail", "same", "stop",
        "crash", "then ", "disappoint", "in advance", "grateful", "would", "could", "can you", "please", "need",
        "tomorrow", "later", "try", "refund",
        "않", "안 돼", "안돼", "안 됩", "안됩", "안 되", "안되", "아직", "하지만", "그런데", "근데", "그러나",
        "여전히", "계속", "못 ", "못하", "못했", "다시", "추가", "혹시", "까요", "습니까", "문제가 있", "나요",
        "니다만", "지만", "는데", "으나", "으면", "시면", "셔야", "주세요", "주시", "주십", "바랍", "부탁", "모르겠",
        "환불", "감사하겠", "감사드리겠", "고맙겠", "미리 감사", "똑같", "그대로", "오류가 나", "오류가 발생", "또 ",
        "언제", "내일", "나중", "불가", "불편", "전화", "연락")
    """Words that make thanks doubtful, wherever they stand: then an agent reads it."""
    not_solved: tuple[str, ...] = (
        "not solved", "not resolved", "not fixed", "not working", "still not", "still the same", "isn't solved",
        "isn't resolved", "does not work", "doesn't work", "did not help", "didn't help", "no solution", "same error",
        "same problem",
        "해결되지", "해결 안", "해결이 안", "해결이 되지", "안 됩니다", "안됩니다", "안 돼요", "안돼요", "안 되네요",
        "안되네요", "여전히", "그대로", "똑같")
    """Words counted as "not solved" in the figures."""
    low: Degree = 2
    """A rating so low opens the request again, more urgently."""
    high: Degree = 4
    """A rating so high confirms it."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if case.request is None or case.is_new or mail.machine == "reply":
            return
        said = mail.message.reply_text
        if case.previous_state not in ANSWERED:
            yield Move("received", "The customer wrote again.")
        elif rated := _STARS.fullmatch(_fold(said)):
            yield from self._rate(5 if rated[3] else int(rated[1] or len(rated[2])), "", case)
        elif self._is_thanks(said, _names(mail, case)) and not mail.message.attachments:
            yield Record("feedback", 1, "The customer says thanks.")
            yield Move("confirmed", "The customer says thanks and asks nothing more.")
        else:
            if _holds_any(_fold(said), self.not_solved):
                yield Record("feedback", 0, "The customer says that it is not solved.")
            yield Move("received", "The customer wrote again after our answer: back to the same agent.")

    def answered(self, answer: Answer, case: Case) -> Decisions:
        if answer.kind == "reopening":
            yield Move("reopened", f"{answer.agent} opened it again.")

    def rated(self, rating: Rating, case: Case) -> Decisions:
        if rating.value:
            yield from self._rate(rating.value, rating.words, case)
        elif case.request is not None:
            yield Record("feedback", 0, "The customer says that it is not solved.")
            yield Move("reopened", "The customer says that it is not solved: back to the same agent.")
            yield Place(case.request.queue, "The customer waits for a better answer.", case.request.priority, case.now)
            if rating.words.strip():
                yield Note("The customer says that it is not solved.", "The words that came with it are above.")

    def _rate(self, value: int, words: str, case: Case) -> Decisions:
        yield Record("rating", value, f"The customer rated our work with {value} of 5.")
        if value <= self.low and case.request is not None:
            yield Move("reopened", f"Rated {value} of 5: somebody should ask what went wrong.")
            yield Place(case.request.queue, "A low rating is urgent.", case.request.priority + 1, case.now)
        elif words.strip() and (value < self.high or _holds_any(_fold(words), self.doubts)):
            yield Move("received", "The customer rated and wrote more than praise.")
        elif value >= self.high:
            yield Move("confirmed", f"Rated {value} of 5.")
        if words.strip():
            yield Note(f"Rated {value} of 5.", "The words that came with the rating are above.")

    def _is_thanks(self, said: str, names: set[str]) -> bool:
        clauses = [folded for each in _CLAUSE.split(said[: LONGEST_THANKS + 1]) if (folded := _fold(each))]
        thankful = [clause for clause in clauses if self._is_thankful(clause, names)]
        return (len(said) <= LONGEST_THANKS and not _holds_any(_fold(said), self.doubts) and bool(thankful)
                and all(clause in thankful or self._is_polite(clause, names) for clause in clauses))

    def _is_thankful(self, clause: str, names: set[str]) -> bool:
        """Korean says thanks at the end: what follows there is something else. Latin clauses are only to be short."""
        ends = [found.end() for word in self.thanks for found in _begins(clause, word)]
        if not ends:
            return False
        said, rest = clause[: max(ends)], re.sub(r"^\w+", "", clause[max(ends):])
        return len(clause.split()) <= LONGEST_CLAUSE and (said[-1].isascii() or self._is_polite(rest, names))

    def _is_polite(self, clause: str, names: set[str]) -> bool:
        words = {_fold(word) for word in self.courtesies} | names
        beginnings = tuple(word for word in words if len(word) > 1 and not word.isascii())
        return all(word in words or word.startswith(beginnings) for word in re.findall(r"\w+", clause))


def _names(mail: Mail, case: Case) -> set[str]:
    """Words that are only somebody's name: the customer's, or the agent's who answered."""
    owner = case.request.owner if case.request else ""
    known = (mail.message.from_name, case.customer.name if case.customer else "", owner,
             case.site.agents.get(owner, ""))
    return {word for name in known for word in _fold(name).split()}


def _holds_any(text: str, words: tuple[str, ...]) -> bool:
    return any(_fold(word) + " " * word.endswith(" ") in text for word in words)


def _begins(text: str, word: str) -> Iterator[re.Match[str]]:
    """Where a word stands; a Latin one only where a word begins: "unresolved" is not "resolved"."""
    return re.finditer(r"(?<![a-z])" * word[0].isascii() + re.escape(_fold(word)), text)


def _fold(text: str) -> str:
    return " ".join(fold(text[: LONGEST_THANKS * 4]).replace("\ufe0f", "").split())
