"""Find what was said: by words of the subject, the text, the customer and the number, newest first.

Each mail, answer, question and note is one line of an index, kept by the transaction that keeps the entry: on SQLite
FTS5, on PostgreSQL a tsvector. Both hold the same terms, made here, so that both find the same. Languages that write
without blanks between words, or put particles behind them (Korean), are cut into pairs of letters: "환불" is found in
"환불해" and "전액환불", which neither words nor trigrams would do. Of English words the common endings are cut off:
"refund" finds "refunds" and "refunded". What nobody said is taken for the beginning of a word.
"""

# ruff: noqa: S608 - the SQL is made of words of this file, values are bound

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session as Db

from gateway.store.statement import named, rows

MOST_READ = 20_000
"""Characters of a text whose words are kept."""
MOST_TERMS = 2_000
"""Terms of one entry."""
LONGEST = 40
"""Characters of a term; the rest of a longer word is not looked at."""
MOST_ASKED = 20
"""Terms of a question."""
BEGINNING = 3
"""Letters that a word must have to be taken for a beginning, or to lose its ending."""

_JOINED = ("\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
           "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff")
"""Letters of Korean, Japanese and Chinese."""
_EMOJI = "\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff"
_ENDINGS = ("ings", "ing", "ed", "es", "e", "s")
_PIECE = re.compile(f"[^\\W_{_JOINED}]+|[{_JOINED}]+|[{_EMOJI}]")
_JOINED_FIRST = re.compile(f"[{_JOINED}]")
_IS_EMOJI = re.compile(f"[{_EMOJI}]").match

_FURTHEST = 2**31 - 1
MOST_FORMS = 30
"""Words that a beginning is looked up as, one by one; of more the index makes one list, which takes longer."""
NEWEST = 5_000
"""Entries that PostgreSQL looks through before it asks the index for all that there ever were."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one look at the index brought."""

    newest: dict[int, int]
    """Of each request the newest entry that holds the words."""
    end: int | None
    """The last entry that was looked at, when there may be more behind it."""


class _Fts5:
    """SQLite. The index gives rows in their order, newest first, and stops when it has enough."""

    enter = text("INSERT INTO finding (rowid, words) VALUES (:entry, :words)")
    hits = ("SELECT rowid AS id FROM finding WHERE finding MATCH :terms AND rowid < :before "
            "ORDER BY rowid DESC LIMIT :most")  # fmt: skip
    all_of = " AND "

    def quoted(self, term: str) -> str:
        return f'"{term}"'

    def begun(self, db: Db, term: str) -> str:
        """All words that begin so: as a list of them, for `term*` would first gather every entry with any of them."""
        rows(db, "CREATE VIRTUAL TABLE IF NOT EXISTS temp.term USING fts5vocab(main, finding, instance)", {})
        forms = [*islice(self._forms(db, term), MOST_FORMS + 1)]
        if 0 < len(forms) <= MOST_FORMS:
            return f"({' OR '.join(map(self.quoted, forms))})"
        return f"{self.quoted(term)}*"

    def _forms(self, db: Db, beginning: str) -> Iterator[str]:
        last = beginning
        while row := rows(db, "SELECT term FROM temp.term WHERE term >= :last LIMIT 1", {"last": last}).first():
            if not row[0].startswith(beginning):
                return
            yield row[0]
            last = f"{row[0]}\x01"


class _Tsvector:
    """PostgreSQL, whose index gives all rows in no order. What is common is found among the newest entries, for what
    is rare the list of all is short: no question costs much, and the planner has nothing to guess. (`newest` is read in
    the order in which it was filled, so the first that fit are the newest.)"""

    enter = text("INSERT INTO finding (entry_id, words) "
                 "VALUES (:entry, array_to_tsvector(string_to_array(:words, ' '))) "
                 "ON CONFLICT (entry_id) DO UPDATE SET words = finding.words || excluded.words")  # fmt: skip
    hits = ("WITH newest AS MATERIALIZED (SELECT entry_id, words FROM finding WHERE entry_id < :before "
            f"ORDER BY entry_id DESC LIMIT {NEWEST}), near AS MATERIALIZED "
            "(SELECT entry_id AS id FROM newest WHERE words @@ CAST(:terms AS tsquery) LIMIT :most), "
            "far AS MATERIALIZED (SELECT entry_id AS id FROM finding WHERE words @@ CAST(:terms AS tsquery) "
            "AND entry_id < (SELECT min(entry_id) FROM newest) AND (SELECT count(*) FROM near) < :most) "
            "SELECT id FROM (SELECT id FROM near UNION ALL SELECT id FROM far) AS found "
            "ORDER BY id DESC LIMIT :most")  # fmt: skip
    all_of = " & "

    def quoted(self, term: str) -> str:
        return f"'{term}'"

    def begun(self, _db: Db, term: str) -> str:
        return f"{self.quoted(term)}:*"


_INDEXES: dict[str, _Fts5 | _Tsvector] = {"sqlite": _Fts5(), "postgresql": _Tsvector()}


class Question:
    """Words that were said, as the index asks for them. Nothing is found by a question without a word."""

    def __init__(self, db: Db, words: str) -> None:
        self._db, self._index = db, _INDEXES[db.connection().dialect.name]
        pieces = [*dict.fromkeys(_PIECE.findall(_folded(words[:LONGEST * MOST_ASKED])))][:MOST_ASKED]
        long = [each[:LONGEST] for each in pieces if len(each) >= BEGINNING and not _is_joined(each)]
        whole = self._said([_stem(each) for each in long])
        self._terms = self._index.all_of.join(term for each in pieces for term in self._asked(each, whole))

    def requests(self, which: str, values: dict[str, Any], most: int, before: int | None) -> Found:
        """Requests in which the words were said, newest first.

        which: SQL on columns of `request` that says which requests count, with its values; most: so many entries are
        looked at, the newest of those with an id below `before`.
        """
        if not self._terms:
            return Found({}, None)
        sql = (f"WITH hit AS MATERIALIZED ({self._index.hits}) SELECT entry.request_id, max(entry.id) AS newest, "
               "(SELECT min(id) FROM hit), (SELECT count(*) FROM hit) FROM hit JOIN entry ON entry.id = hit.id "
               "WHERE entry.withdrawn_at IS NULL AND EXISTS "
               f"(SELECT 1 FROM request WHERE request.id = entry.request_id AND {which}) "
               "GROUP BY entry.request_id ORDER BY newest DESC")  # fmt: skip
        asked = {**values, "terms": self._terms, "most": most, "before": before or _FURTHEST}
        found = rows(self._db, sql, asked).all()
        last, count = found[0][2:] if found else rows(
            self._db, f"SELECT min(id), count(*) FROM ({self._index.hits}) AS hit", asked).one()  # fmt: skip
        return Found({row[0]: row[1] for row in found}, last if count == most else None)

    def _asked(self, word: str, whole: Collection[str]) -> Iterator[str]:
        quoted, begun = self._index.quoted, self._index.begun
        if not _is_joined(word):
            term = _stem(word[:LONGEST])
            yield quoted(term) if len(word) < BEGINNING or term in whole else begun(self._db, term)
        elif len(word) == 1:
            yield begun(self._db, word)
        else:
            yield from (quoted(word[place:place + 2]) for place in range(min(len(word), LONGEST) - 1))

    def _said(self, terms: list[str]) -> list[str]:
        """Those that are words; the others can only be beginnings."""
        hits = [self._index.hits.replace(":terms", f":q{place}") for place in range(len(terms))]
        sql = "SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM ({each}) AS hit)" for each in hits)
        values = {**named([self._index.quoted(term) for term in terms]), "before": _FURTHEST, "most": 1}
        return [term for term, is_said in zip(terms, rows(self._db, sql, values).one(), strict=True) if is_said] \
            if terms else []


def enter(connection: Connection, entries: Iterable[tuple[int, Iterable[str]]]) -> None:
    """Entries (by id) are found by the words of these texts from now on, beside those it was found by before."""
    lines = [{"entry": id, "words": " ".join(terms(texts))} for id, texts in entries]
    if lines:
        connection.execute(_INDEXES[connection.dialect.name].enter, lines)


def terms(texts: Iterable[str]) -> Collection[str]:
    """What an entry with these texts is found by, each term once."""
    whole = _folded(" ".join(each[:MOST_READ] for each in texts)[:MOST_READ])
    words = set(_PIECE.findall(" ".join(set(whole.split()))))  # a text repeats its words: each is looked at once
    joined = set() if whole.isascii() else {word for word in words if _is_joined(word)}
    found = {_stem(word[:LONGEST]) for word in words - joined}
    # "1231" finds FD-2026-0001231
    found.update(bare for word in words if word[0] == "0" and (bare := word[:LONGEST].lstrip("0")))
    found.update(word[place:place + 2] for word in joined for place in range(len(word)))  # the last one alone
    return found if len(found) <= MOST_TERMS else sorted(found)[:MOST_TERMS]


def _is_joined(word: str) -> bool:
    return _JOINED_FIRST.match(word) is not None


@lru_cache(10_000)
def _stem(word: str) -> str:
    """"refunds", "refunded" and "refunding" are "refund"; names and numbers of other letters stay as they are. Neither
    index knows signs: an emoji is kept by its number."""
    if not (word.isalpha() and word.isascii()):
        return f"u{ord(word):x}" if _IS_EMOJI(word) else word
    return next((word[:-len(each)] for each in _ENDINGS if word.endswith(each) and len(word) - len(each) >= BEGINNING),
                word)  # fmt: skip


def _folded(words: str) -> str:
    return words.lower() if words.isascii() else unicodedata.normalize("NFKC", words).casefold()
