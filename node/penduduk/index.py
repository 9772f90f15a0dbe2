"""The people of the village in memory, for search and lists: names folded over spellings, numbers, filters.

Follows the database: whenever its generation has risen, only the records that the logs have gained since
are read again. Tolerance is for finding candidates; what is shown is what is stored.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from node.services import NodeServices
from shared.codes.spelling import collapse_doubled, fold_letters, plain
from shared.records.identifiers import clean_number
from shared.records.names import edit_distance
from shared.store.changes import SEQ_BITS
from shared.store.verdicts import VERDICT_KINDS

_REREAD_MAX = 400
_WORD_MIN = 4


class Person(NamedTuple):
    """What search, filters and order need of one resident; ``key`` holds the folded words of the name."""

    id: str
    nama: str
    nik: str
    no_kk: str
    keluarga: str
    hubungan: int
    jenis_kelamin: int
    tanggal_lahir: str
    dusun: str
    rw: str
    rt: str
    status: int
    konflik: bool
    key: str


class Family(NamedTuple):
    """One family card."""

    id: str
    no_kk: str
    alamat: str
    dusun: str
    rw: str
    rt: str
    konflik: bool


_PERSON = (
    "SELECT p.id, coalesce(p.nama, ''), coalesce(p.nik, ''), coalesce(k.no_kk, ''), coalesce(p.keluarga, ''),"
    " coalesce(p.hubungan, 0), coalesce(p.jenis_kelamin, 0), coalesce(p.tanggal_lahir, ''),"
    " coalesce(p.dusun, k.dusun, ''), coalesce(p.rw, k.rw, ''), coalesce(p.rt, k.rt, ''),"
    " coalesce(p.status_dasar, 1), p.konflik IS NOT NULL"
    " FROM penduduk p LEFT JOIN keluarga k ON k.id = p.keluarga AND k.desa = p.desa WHERE p.desa = ?"
)
_FAMILY = (
    "SELECT id, coalesce(no_kk, ''), coalesce(alamat, ''), coalesce(dusun, ''), coalesce(rw, ''),"
    " coalesce(rt, ''), konflik IS NOT NULL FROM keluarga WHERE desa = ?"
)
_AMONG = " IN (SELECT value FROM json_each(?))"


class PeopleIndex:
    """All residents of one desa, ordered by name. Ask :meth:`people` for every request anew."""

    def __init__(self, node: NodeServices) -> None:
        self._database, self._desa = node.database, node.wilayah
        self._lock = threading.Lock()
        self._generation = -1
        self._sizes: dict[int, int] = {}
        self._by_id: dict[str, Person] = {}
        self._people: Sequence[Person] = ()
        self._families: dict[str, Family] = {}
        self._members: dict[str, list[Person]] | None = None
        self._words: dict[str, set[str]] = {}

    def people(self) -> Sequence[Person]:
        """Give everybody as stored now, by name; the sequence never changes under the caller."""
        self._follow()
        return self._people

    def get(self, id: str) -> Person | None:
        """Find one resident."""
        self._follow()
        return self._by_id.get(id)

    def families(self) -> dict[str, Family]:
        """Give all families by id."""
        self._follow()
        return self._families

    def members(self) -> dict[str, list[Person]]:
        """Give the residents of each family that has some, in the order of the family card."""
        people = self.people()
        with self._lock:
            if self._members is None:
                self._members = {}
                for person in people:
                    if person.keluarga:
                        self._members.setdefault(person.keluarga, []).append(person)
                for group in self._members.values():
                    group.sort(key=lambda person: (person.hubungan or 99, person.tanggal_lahir, person.nama))
            return self._members

    def search(self, text: str) -> Sequence[Person]:
        """Find whom a text may mean, best first: part of a number, or words of a name in any spelling."""
        people = self.people()
        number = read_number(text)
        if number:
            return [person for person in people if number in person.nik or number in person.no_kk]
        words = fold_words(text)
        if not words:
            return people
        found = _match(people, words)
        if not found and len(words[-1]) > 2:
            # While a word is being typed its end folds otherwise than later: KREY becomes KREI, KREYO KREO.
            found = _match(people, [*words[:-1], words[-1][:-1]])
        joined = "".join(words)
        if not found and len(joined) >= _WORD_MIN:
            # SUMBER REJO and SUMBEREJO: names are written in one word or two.
            found = [person for person in people if joined in person.key.replace(" ", "")]
        return found or self._search_alike(people, words)

    def _search_alike(self, people: Sequence[Person], words: Sequence[str]) -> list[Person]:
        """Find names in which every word typed stands with one slip at most."""
        choices = [self._find_alike(word) for word in words]
        if not all(choices):
            return []
        found = list(people)
        for some in choices:
            found = [person for person in found if not some.isdisjoint(person.key.split())]
        return found

    def _find_alike(self, word: str) -> set[str]:
        if len(word) < _WORD_MIN:
            return {word}
        near = {other for variant in _variants(word) for other in self._words.get(variant, ())}
        return {other for other in near if edit_distance(word, other, 1) <= 1}

    def _follow(self) -> None:
        generation = self._database.generation
        if generation == self._generation:
            return
        with self._lock, self._database.read() as conn:
            if generation == self._generation:
                return
            sizes: dict[int, int] = dict(conn.execute("SELECT no, size FROM log"))
            touched = self._list_touched(conn, sizes)
            if touched is None:
                self._read_all(conn)
            elif touched:
                self._reread(conn, touched)
            self._sizes, self._generation = sizes, generation

    def _list_touched(self, conn: sqlite3.Connection, sizes: dict[int, int]) -> list[str] | None:
        """List the records written since the last look; None when everything is to be read again."""
        if self._generation < 0:
            return None
        records: list[str] = []
        for no, size in sizes.items():
            before = self._sizes.get(no, 0)
            if size == before:
                continue
            if size < before or size - before > _REREAD_MAX:
                return None
            rows = conn.execute(
                "SELECT kind, record FROM change WHERE pos >= ? AND pos < ?",
                (no << SEQ_BITS | before, no << SEQ_BITS | size),
            ).fetchall()
            if any(kind in VERDICT_KINDS for kind, _ in rows):
                return None  # a verdict may change records that nobody has written
            records += [record for kind, record in rows if kind in ("penduduk", "keluarga")]
        return records if len(records) <= _REREAD_MAX else None

    def _read_all(self, conn: sqlite3.Connection) -> None:
        rows = conn.execute(_PERSON, (self._desa,)).fetchall()
        # One call for all names: the folding takes a million lines as well as one.
        keys = fold_letters("\n".join(plain(row[1]) for row in rows)).split("\n") if rows else []
        self._by_id = {
            row[0]: Person._make((*row[:12], bool(row[12]), f" {collapse_doubled(key)}"))
            for row, key in zip(rows, keys, strict=True)
        }
        self._families = {row[0]: _family(row) for row in conn.execute(_FAMILY, (self._desa,))}
        self._words = {}
        self._learn(self._by_id.values())
        self._sort()

    def _reread(self, conn: sqlite3.Connection, records: list[str]) -> None:
        listed = json.dumps(records)
        families = {
            row[0]: _family(row) for row in conn.execute(f"{_FAMILY} AND id{_AMONG}", (self._desa, listed))
        }
        rows = conn.execute(
            f"{_PERSON} AND (p.id{_AMONG} OR p.keluarga{_AMONG})", (self._desa, listed, listed)
        ).fetchall()
        by_id = {id: person for id, person in self._by_id.items() if id not in set(records)}
        fresh = [
            Person._make((*row[:12], bool(row[12]), " " + " ".join(fold_words(row[1])))) for row in rows
        ]
        by_id.update((person.id, person) for person in fresh)
        kept = {id: family for id, family in self._families.items() if id not in set(records)}
        self._by_id, self._families = by_id, {**kept, **families}
        self._learn(fresh)
        self._sort()

    def _learn(self, people: Iterable[Person]) -> None:
        """Remember the words of names under every form that lacks one letter; words are never forgotten."""
        for word in {word for person in people for word in person.key.split()}:
            if len(word) >= _WORD_MIN:
                for variant in _variants(word):
                    self._words.setdefault(variant, set()).add(word)

    def _sort(self) -> None:
        self._people = sorted(self._by_id.values(), key=lambda p: (p.nama, p.tanggal_lahir, p.id))
        self._members = None


def read_number(text: str) -> str:
    """Give the digits of a text that searches by a number or a part of one, else ""."""
    number = clean_number(text)
    return number if number.isdecimal() else ""


def fold_words(text: str) -> list[str]:
    """Fold the words of a name as the index does."""
    return collapse_doubled(fold_letters(plain(text))).split()


def _match(people: Sequence[Person], words: Sequence[str]) -> list[Person]:
    """Keep whom every word begins a word of; names that begin with the first word come first."""
    wanted = [f" {word}" for word in words]
    found = [person for person in people if wanted[0] in person.key]
    for word in wanted[1:]:
        found = [person for person in found if word in person.key]
    first = wanted[0]
    return sorted(found, key=lambda person: not person.key.startswith(first))


def _variants(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _family(row: Sequence[object]) -> Family:
    id, no_kk, alamat, dusun, rw, rt, konflik = row
    return Family(str(id), str(no_kk), str(alamat), str(dusun), str(rw), str(rt), bool(konflik))
