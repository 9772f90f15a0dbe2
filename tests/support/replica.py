"""A replica: one SQLite file that receives changes by the production path, and shows its tables."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shared.changelog.change import Sealed
from shared.merge.fold import RecordState
from shared.merge.scope import Role
from shared.records.catalogue import CATALOGUE, Catalogue
from shared.store.changes import SEQ_BITS, SEQ_MASK, add_log, append, find_log
from shared.store.connection import Database
from shared.store.drafts import Draft, draft_create, draft_update
from shared.store.migrations import apply_migrations
from shared.store.entries import Entry
from shared.store.records import Projector, load_state, rebuild
from shared.store.rows import Observer
from shared.store.tables import columns_of, make_tables
from tests.support.histories import DESA, DESA_LAIN, KECAMATAN, Buku, History, Step, Teller, Written, make_buku

Tables = dict[str, list[tuple[Any, ...]]]


@cache
def _template() -> Path:
    """Make an empty database once; replicas start as copies of it."""
    folder = TemporaryDirectory(prefix="sipande-uji-")
    atexit.register(folder.cleanup)
    path = Path(folder.name, "template.sqlite")
    database = Database(path)
    apply_migrations(database)
    with database.write() as conn:
        make_tables(conn, CATALOGUE)
    database.close()
    return path


class Replica:
    """Holds logs and their projection under one catalogue."""

    def __init__(self, path: Path, catalogue: Catalogue = CATALOGUE, observe: Observer | None = None) -> None:
        shutil.copy(_template(), path)
        self.catalogue, self.observe = catalogue, observe
        self.database = Database(path)
        # A test may lose its file in a power cut.
        self.database._writer.execute("PRAGMA synchronous=OFF")
        if catalogue is not CATALOGUE:
            self.rebuild()

    def __enter__(self) -> Replica:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def deliver(self, changes: Iterable[Written], erased: Iterable[Written] = ()) -> None:
        """Append consecutive changes of logs and project each stretch in its own transaction.

        ``erased`` arrive without body. A stretch ends where the next change is of another log.
        """
        bodiless = set(erased)
        stretch: list[Written] = []
        for change in changes:
            if stretch and stretch[-1].buku is not change.buku:
                self._append(stretch, bodiless)
                stretch = []
            stretch.append(change)
        if stretch:
            self._append(stretch, bodiless)

    def _append(self, stretch: Sequence[Written], bodiless: set[Written]) -> None:
        buku = stretch[0].buku
        with self.database.write() as conn:
            log = find_log(conn, buku.id) or add_log(
                conn, id=buku.id, origin=buku.log().origin, wilayah=buku.wilayah, peran=buku.role,
                kunci=buku.kunci, own=False,
            )
            sealed = [
                Sealed(c.sealed.header, None, c.sealed.body_digest) if c in bodiless else c.sealed
                for c in stretch
            ]
            leaves = [change.entry.leaf for change in stretch]
            append(conn, log, sealed, [change.header for change in stretch], leaves)
            entries = [
                Entry(log.base + c.header.seq, c.header, None if c in bodiless else c.entry.values, c.entry.leaf)
                for c in stretch
            ]
            Projector(conn, self.catalogue, self.observe).project(entries)

    def rebuild(self) -> int:
        with self.database.write() as conn:
            return rebuild(conn, self.catalogue, self.observe)

    def upgrade(self, catalogue: Catalogue) -> bool:
        """Open the file with another catalogue; rebuild where the program would, and tell whether it did."""
        self.catalogue = catalogue
        with self.database.write() as conn:
            due = make_tables(conn, catalogue)
            if due:
                rebuild(conn, catalogue, self.observe)
        return due

    def tables(self) -> Tables:
        """Read all projections, sorted; positions are written as (log id, seq), so that replicas compare."""
        with self.database.read() as conn:
            ids = dict(conn.execute("SELECT no, id FROM log"))
            found: Tables = {}
            for kind in self.catalogue:
                rows = conn.execute(f"SELECT {','.join(columns_of(kind))} FROM {kind.name}")
                found[kind.name] = sorted(rows, key=repr)
            for name in ("conflict", "deleted"):
                found[name] = sorted(conn.execute(f"SELECT * FROM {name}"), key=repr)
            found["held"] = sorted(
                (ids[pos >> SEQ_BITS], pos & SEQ_MASK, *rest)
                for pos, *rest in conn.execute("SELECT * FROM held")
            )
        return found

    def state(self, kind: str, record: str, desa: str = DESA) -> RecordState:
        with self.database.read() as conn:
            return load_state(conn, self.catalogue, self.catalogue[kind], desa, record)

    def row(self, kind: str, record: str, desa: str = DESA) -> dict[str, Any] | None:
        """Give one row by column name, or None."""
        columns = columns_of(self.catalogue[kind])
        with self.database.read() as conn:
            row = conn.execute(
                f"SELECT {','.join(columns)} FROM {kind} WHERE id = ? AND desa = ?", (record, desa)
            ).fetchone()
        return None if row is None else dict(zip(columns, row, strict=True))

    def is_emptied(self, kind: str, record: str, desa: str = DESA) -> bool:
        """Tell whether no change that sets fields of a record, and is not held, has its body here."""
        with self.database.read() as conn:
            rows = conn.execute(
                "SELECT c.body IS NULL FROM change c JOIN log l ON l.no = c.pos >> ?"
                " WHERE c.record = ? AND l.wilayah = ? AND c.kind = ? AND (json_extract(c.header, '$[6]') = 'c'"
                " OR json_extract(c.header, '$[6]') = 'u' AND json_array_length(c.header, '$[7]') > 0)"
                " AND c.pos NOT IN (SELECT pos FROM held)",
                (SEQ_BITS, record, desa, kind),
            ).fetchall()
        return bool(rows) and all(row[0] for row in rows)

    def held(self) -> dict[tuple[str, int], str]:
        """Give the reason of every held change by (log id, seq)."""
        return {(row[0], row[1]): row[-1] for row in self.tables()["held"]}


class World:
    """Two desa and a hub: several records, some ids in both desa, and the hub's verdicts as changes."""

    RECORDS = tuple(f"01990000-0000-7000-8000-00000000010{at}" for at in range(3))
    PLAYED = ("penduduk", "keluarga", "penerima_bantuan")

    def __init__(self) -> None:
        self.nodes = make_buku(3)
        self.neighbours = (
            Buku(6, "d" * 32, DESA_LAIN, kunci=b"\x06" * 32),
            Buku(7, "e" * 32, DESA_LAIN, Role.SALURAN, b"\xff" * 32),
        )
        self.common = Buku(8, "c" * 32, KECAMATAN, Role.UMUM, b"\xff" * 32)
        self.order: list[Written] = []
        self.histories: list[History] = []
        self.tellers: list[Teller] = []
        for books in (self.nodes, self.neighbours):
            for name, record in zip(self.PLAYED, self.RECORDS, strict=True):
                history = History(CATALOGUE[name], books, record)
                self.histories.append(history)
                self.tellers.append(Teller(history))
        self.verdicts = 0
        self.simpul: dict[str, History] = {}

    @property
    def buku(self) -> tuple[Buku, ...]:
        return (*self.nodes, *self.neighbours, self.common)

    def play(self, which: int, step: Step) -> None:
        """Let something happen to one of the records; verdict steps become changes of the hub."""
        if step.what == 15:
            self.revoke(self.nodes[step.who % 3], step.which % 8 if step.value else None)
        elif step.what in (13, 14) and self.order:
            chosen = self.order[step.which * 7 % len(self.order)]
            self.give_verdict("penghapusan" if step.what == 13 else "adopsi", [chosen])
        else:
            teller = self.tellers[which % len(self.tellers)]
            before = len(teller.history.changes)
            teller.play(step._replace(what=step.what % 13))
            self.order += teller.history.changes[before:]

    def revoke(self, buku: Buku, size: int | None) -> Written:
        """Revoke the key of a log from a size on; None takes that back."""
        history = self.simpul.get(buku.id)
        status = "aktif" if size is None else "dicabut"
        batas = None if size is None else [f"{buku.id}:{size}"]
        values: dict[str, Any] = {"status": status, "batas": batas}
        if history is None:
            history = self.simpul[buku.id] = History(CATALOGUE["simpul"], (self.common,), self._new_record())
            values |= {"wilayah": buku.wilayah, "kunci": buku.kunci.hex(), "segel": "00"}
            return self._write(history, values, create=True)
        return self._write(history, values)

    def give_verdict(self, kind: str, chosen: Sequence[Written]) -> Written:
        history = History(CATALOGUE[kind], (self.common,), self._new_record())
        values: dict[str, Any] = {"perubahan": [change.ref for change in chosen]}
        if kind == "penghapusan":
            values["isi"] = [change.sealed.body_digest.hex() for change in chosen]
            values["rekaman"] = sorted({change.header.record for change in chosen})
        return self._write(history, values, create=True)

    def _write(self, history: History, values: dict[str, Any], create: bool = False) -> Written:
        kind, record = history.kind, history.record
        draft: Draft | None = draft_create(kind, record, values)
        if not create:
            draft = draft_update(kind, history.fold(), record, values)
        if draft is None:
            return history.changes[-1]
        written = history.write(self.common, draft)
        self.order.append(written)
        return written

    def _new_record(self) -> str:
        self.verdicts += 1
        return f"01990000-0000-7000-8000-0000000f{self.verdicts:04x}"


def interleave(buku: Iterable[Buku], choices: Iterable[int]) -> list[list[Written]]:
    """Deal the changes of all logs into deliveries: each log in its order, the logs mixed as told."""
    left = {one: list(one.written) for one in buku if one.written}
    deliveries: list[list[Written]] = []
    for choice in choices:
        if not left:
            break
        one = list(left)[choice % len(left)]
        size = 1 + choice // 7 % 4
        deliveries.append(left[one][:size])
        left[one] = left[one][size:]
        if not left[one]:
            del left[one]
    return deliveries + list(left.values())
