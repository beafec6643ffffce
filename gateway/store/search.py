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
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session as Db

from gateway.store.statement import rows

MOST_READ = 20_000
"""Characters of a text whose words are kept."""
MOST_TERMS = 2_000
"""Terms of one entry."""
LONGEST = 40
"""Characters of a term; the rest of a longer word is not looked at."""
MOST_ASKED = 20
"""Terms of a question."""
MOST_HITS = 2_000
"""Entries that one page of a search looks at, where not each of them may be shown."""
BEGINNING = 3
"""Letters that a word must have to be taken for a beginning, or to lose its ending."""

_JOINED = ("\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
           "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff")
"""Letters of Korean, Japanese and Chinese."""
_ENDINGS = ("ings", "ing", "ed", "es", "e", "s")
_PIECE = re.compile(f"[{_JOINED}]+|[^\\W_{_JOINED}]+")
_IS_JOINED = re.compile(f"[{_JOINED}]")

_FURTHEST = 2**31 - 1
MOST_FORMS = 30
"""Words that a beginning is looked up as, one by one; of more the index makes one list, which takes longer."""
NEWEST = 5_000
"""Entries that PostgreSQL looks through before it asks the index for all that there ever were."""


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
                 "VALUES (:entry, array_to_tsvector(string_to_array(:words, ' ')))")  # fmt: skip
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
    """Words that are searched for, among the newest entries that hold all of them and come before a place.

    before: only entries with a smaller id; most: so many are looked at. Nothing is found by a question without a word.
    """

    def __init__(self, db: Db, words: str, before: int | None, most: int) -> None:
        self._db, self._most, self._index = db, most, _INDEXES[db.connection().dialect.name]
        self._hits = self._index.hits
        self._values: dict[str, Any] = {"most": most, "before": before or _FURTHEST, "terms": self._question(words)}

    def requests(self, which: str, values: dict[str, Any], limit: int) -> dict[int, int]:
        """Requests in which they were said, each with its newest such entry, newest first.

        which: SQL on columns of `request` that says which requests count, with its values.
        """
        if not self._values["terms"]:
            return {}
        sql = (f"SELECT entry.request_id, max(entry.id) AS newest FROM ({self._hits}) AS hit "
               "JOIN entry ON entry.id = hit.id WHERE entry.withdrawn_at IS NULL AND EXISTS "
               f"(SELECT 1 FROM request WHERE request.id = entry.request_id AND {which}) "
               "GROUP BY entry.request_id ORDER BY newest DESC LIMIT :limit")  # fmt: skip
        return {row[0]: row[1] for row in rows(self._db, sql, {**values, **self._values, "limit": limit})}

    def end(self) -> int | None:
        """The last entry that was looked at, when there may be more behind it."""
        if not self._values["terms"]:
            return None
        sql = f"SELECT min(id), count(*) FROM ({self._hits}) AS hit"
        last, count = rows(self._db, sql, self._values).one()
        return int(last) if count == self._most else None

    def _question(self, words: str) -> str:
        """The words as the index asks for them."""
        pieces = [*dict.fromkeys(_PIECE.findall(_folded(words[:LONGEST * MOST_ASKED])))][:MOST_ASKED]
        return self._index.all_of.join(term for word in pieces for term in self._asked(word))

    def _asked(self, word: str) -> Iterator[str]:
        quoted, begun = self._index.quoted, self._index.begun
        if not _IS_JOINED.match(word):
            term = _stem(word[:LONGEST])
            is_whole = len(word) < BEGINNING or self._is_said(quoted(term))
            yield quoted(term) if is_whole else begun(self._db, term)
        elif len(word) == 1:
            yield begun(self._db, word)
        else:
            yield from (quoted(word[place:place + 2]) for place in range(min(len(word), LONGEST) - 1))

    def _is_said(self, term: str) -> bool:
        sql = f"SELECT 1 FROM ({self._hits}) AS hit"
        return rows(self._db, sql, {"terms": term, "before": _FURTHEST, "most": 1}).first() is not None


def enter(connection: Connection, entries: Iterable[tuple[int, Iterable[str]]]) -> None:
    """Entries (by id) are found by the words of these texts from now on. Each once: nothing is added to it later."""
    lines = [{"entry": id, "words": " ".join(terms(texts))} for id, texts in entries]
    if lines:
        connection.execute(_INDEXES[connection.dialect.name].enter, lines)


def terms(texts: Iterable[str]) -> Collection[str]:
    """What an entry with these texts is found by, each term once."""
    whole = _folded(" ".join(each[:MOST_READ] for each in texts)[:MOST_READ])
    found: set[str] = set()
    for word in _PIECE.findall(" ".join(set(whole.split()))):  # a text repeats its words: each is looked at once
        found.update(_cut(word))
    return found if len(found) <= MOST_TERMS else sorted(found)[:MOST_TERMS]


def _cut(word: str) -> Iterator[str]:
    if _IS_JOINED.match(word):
        yield from (word[place:place + 2] for place in range(len(word)))  # the last one alone
    else:
        yield _stem(word[:LONGEST])
        if word[0] == "0" and (bare := word[:LONGEST].lstrip("0")):
            yield bare  # "1231" finds FD-2026-0001231


@lru_cache(10_000)
def _stem(word: str) -> str:
    """"refunds", "refunded" and "refunding" are "refund"; names and numbers of other letters stay as they are."""
    if not (word.isalpha() and word.isascii()):
        return word
    return next((word[:-len(each)] for each in _ENDINGS if word.endswith(each) and len(word) - len(each) >= BEGINNING),
                word)  # fmt: skip


def _folded(words: str) -> str:
    return words.lower() if words.isascii() else unicodedata.normalize("NFKC", words).casefold()
