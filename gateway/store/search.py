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

_ENTER = {
    "sqlite": text("INSERT INTO finding (rowid, words) VALUES (:entry, :words)"),
    "postgresql": text("INSERT INTO finding (entry_id, words) "
                       "VALUES (:entry, array_to_tsvector(string_to_array(:words, ' ')))"),
}  # fmt: skip

_HITS = {
    "sqlite": "SELECT rowid AS id FROM finding WHERE finding MATCH :terms AND rowid < :before "
              "ORDER BY rowid DESC LIMIT :most",
    "postgresql": "SELECT entry_id AS id FROM finding WHERE words @@ CAST(:terms AS tsquery) AND entry_id < :before "
                  "ORDER BY entry_id DESC LIMIT :most",
}  # fmt: skip
_FORMS = {"sqlite": ('"', "*", " AND "), "postgresql": ("'", ":*", " & ")}
"""What stands about a term, behind one that is only a beginning, and between two."""
_FURTHEST = 2**31 - 1


class Question:
    """Words that are searched for, among the newest entries that hold all of them and come before a place.

    before: only entries with a smaller id; most: so many are looked at. Nothing is found by a question without a word.
    """

    def __init__(self, db: Db, words: str, before: int | None, most: int) -> None:
        name = db.connection().dialect.name
        self._db, self._most, self._hits = db, most, _HITS[name]
        self._quote, self._open, self._and = _FORMS[name]
        self._values: dict[str, Any] = {"most": most, "before": before or _FURTHEST}
        self._values["terms"] = self._question(words)

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
        return self._and.join(term for word in pieces for term in self._asked(word))

    def _asked(self, word: str) -> Iterator[str]:
        if not _IS_JOINED.match(word):
            term = self._quoted(_stem(word[:LONGEST]))
            yield term if len(word) < BEGINNING or self._is_said(term) else term + self._open
        elif len(word) == 1:
            yield self._quoted(word) + self._open
        else:
            yield from (self._quoted(word[place:place + 2]) for place in range(min(len(word), LONGEST) - 1))

    def _quoted(self, term: str) -> str:
        return f"{self._quote}{term}{self._quote}"

    def _is_said(self, term: str) -> bool:
        sql = f"SELECT 1 FROM ({self._hits}) AS hit"
        return rows(self._db, sql, {"terms": term, "before": _FURTHEST, "most": 1}).first() is not None


def enter(connection: Connection, entries: Iterable[tuple[int, Iterable[str]]]) -> None:
    """Entries (by id) are found by the words of these texts from now on. Each once: nothing is added to it later."""
    rows = [{"entry": id, "words": " ".join(terms(texts))} for id, texts in entries]
    if rows:
        connection.execute(_ENTER[connection.dialect.name], rows)


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


def _stem(word: str) -> str:
    """"refunds", "refunded" and "refunding" are "refund"; names and numbers of other letters stay as they are."""
    if not (word.isalpha() and word.isascii()):
        return word
    return next((word[:-len(each)] for each in _ENDINGS if word.endswith(each) and len(word) - len(each) >= BEGINNING),
                word)  # fmt: skip


def _folded(words: str) -> str:
    return words.lower() if words.isascii() else unicodedata.normalize("NFKC", words).casefold()
