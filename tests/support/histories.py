"""Made-up histories of one record: who wrote what, having seen what; production code writes and reads it.

A history is told by the small numbers of :class:`Step`; whatever the numbers are, it is one that honest
programs could have written: an author folds what was delivered to it, drafts on that state
(store.drafts) and seals the draft into its own log. What is odd in a history (a parent that never came,
a revoked key, an erased body) is odd in the way it happens in offices.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from hypothesis import strategies as st

from shared.changelog.change import Header, Op, Sealed, decode_bodies, decode_headers
from shared.changelog.tree import CompactRange
from shared.codes import code_list
from shared.merge.fold import FoldChange, RecordState
from shared.merge.scope import Role
from shared.records.catalogue import CATALOGUE
from shared.records.fields import (
    Bilangan,
    Daftar,
    Kode,
    KodeDesa,
    Lampiran,
    Nik,
    NoKk,
    Pilihan,
    RecordField,
    Rujukan,
    Tanggal,
    Ya,
)
from shared.records.kind import EXISTENCE, Kind
from shared.store.changes import Log
from shared.store.drafts import (
    Draft,
    draft_create,
    draft_decision,
    draft_delete,
    draft_restore,
    draft_update,
    seal_drafts,
)
from shared.store.entries import Entry
from shared.store.records import Place, Projector
from shared.store.verdicts import Verdicts

DESA = "33.03.99.2001"
DESA_LAIN = "33.03.99.2002"
KECAMATAN = "33.03.99"
NOW_S = 1_790_000_000
RECORD = "01990000-0000-7000-8000-000000000001"
AUTHOR = "01990000-0000-7000-8000-00000000000a"
TEN_YEARS_S = 315_576_000


@dataclass(eq=False)
class Buku:
    """One log while it is being written."""

    no: int
    id: str
    wilayah: str = DESA
    role: Role = Role.DESA
    kunci: bytes = b"\x01" * 32
    written: list[Written] = field(default_factory=list)
    clock: Callable[[int], int] = lambda time_s: time_s
    """What the clock of this writer shows at a time."""

    @property
    def is_hub(self) -> bool:
        return self.role is not Role.DESA

    def log(self) -> Log:
        """Give the log as the store would hand it to an author."""
        return Log(
            self.no, self.id, f"sipande/{self.wilayah}/{self.role.value}/{self.id}", self.wilayah, self.role,
            self.kunci, True, len(self.written), CompactRange(), None,
        )

    def write(self, draft: Draft, time_s: int = NOW_S) -> Written:
        """Seal a draft at the end of this log and read it back from its bytes."""
        batch = seal_drafts(self.log(), [draft], author=AUTHOR, time_s=self.clock(time_s), random=self._salt)
        header = decode_headers([batch.changes[0].header])[0]
        values = decode_bodies([batch.changes[0].body])[0]
        assert header == batch.headers[0] and values == batch.entries[0].values
        entry = Entry(batch.entries[0].pos, header, values, batch.leaves[0])
        written = Written(self, batch.changes[0], entry)
        self.written.append(written)
        return written

    def _salt(self, count: int) -> bytes:
        return sha256(f"{self.id}:{len(self.written)}".encode()).digest()[:count]


@dataclass(frozen=True, eq=False)
class Written:
    """One change as its author wrote it."""

    buku: Buku
    sealed: Sealed
    entry: Entry

    @property
    def header(self) -> Header:
        return self.entry.header

    @property
    def values(self) -> Mapping[str, Any]:
        return self.entry.values or {}

    @property
    def ref(self) -> str:
        return self.header.ref(self.entry.leaf)

    def erased(self) -> Entry:
        """Give the change as it travels once its body is erased."""
        return self.entry._replace(values=None)


@cache
def _reader() -> Projector:
    """Make a projector that folds and writes nothing; places and verdicts are set for each fold."""
    conn = sqlite3.connect(":memory:", check_same_thread=False)
    conn.execute("CREATE TABLE log (no INTEGER, wilayah TEXT, peran TEXT)")
    conn.execute("CREATE TABLE change (pos INTEGER PRIMARY KEY, body BLOB)")
    return Projector(conn, CATALOGUE, fresh=True)


@dataclass(eq=False)
class History:
    """All changes of one record of one desa, in an order in which they could have been written."""

    kind: Kind
    buku: tuple[Buku, ...]
    record: str = RECORD
    changes: list[Written] = field(default_factory=list)
    cutoffs: dict[int, int] = field(default_factory=dict)
    adopted: set[int] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)

    @property
    def verdicts(self) -> Verdicts:
        return Verdicts(dict(self.cutoffs), frozenset(self.adopted), frozenset(self.erased))

    def fold(
        self, entries: Iterable[Entry | Written] | None = None, verdicts: Verdicts | None = None
    ) -> RecordState:
        """Fold changes (all unless told) under verdicts (this history's unless told) as the store does."""
        return self.fold_with_reasons(entries, verdicts)[0]

    def fold_with_reasons(
        self, entries: Iterable[Entry | Written] | None = None, verdicts: Verdicts | None = None
    ) -> tuple[RecordState, dict[int, str]]:
        """Fold, and tell why changes have no effect, by position."""
        return self._set_reader(verdicts).fold_entries(self.kind, self._entries(entries))

    def read(
        self, entries: Iterable[Entry | Written] | None = None, verdicts: Verdicts | None = None
    ) -> list[FoldChange]:
        """Give the changes as the store hands them to the fold."""
        reader = self._set_reader(verdicts)
        return [
            reader._as_fold_change(self.kind, entry, reader._find_reason(self.kind, entry))
            for entry in self._entries(entries)
        ]

    def _entries(self, entries: Iterable[Entry | Written] | None) -> list[Entry]:
        chosen = self.changes if entries is None else entries
        return [e.entry if isinstance(e, Written) else e for e in chosen]

    def _set_reader(self, verdicts: Verdicts | None) -> Projector:
        reader = _reader()
        for buku in self.buku:
            reader.places[buku.no] = Place(buku.wilayah, buku.role)
        reader.verdicts = self.verdicts if verdicts is None else verdicts
        return reader

    def write(self, buku: Buku, draft: Draft, time_s: int = NOW_S) -> Written:
        written = buku.write(draft, time_s)
        self.changes.append(written)
        return written

    def find(self, ref: str) -> Written:
        return next(change for change in self.changes if change.ref == ref)

    def name(self, change: Written) -> str:
        return f"{'hub' if change.buku.is_hub else 'abcdefg'[change.buku.no - 1]}{change.header.seq}"

    def tell(self) -> str:
        """Write the history for people; hypothesis prints it when a law is broken."""
        names = {change.ref: self.name(change) for change in self.changes}
        lines = [f"{self.kind.name}: cutoffs {self.cutoffs}"]
        for change in self.changes:
            sets = (("erased", self.erased), ("adopted", self.adopted))
            marks = [mark for mark, positions in sets if change.entry.pos in positions]
            values = dict(change.values)
            if change.header.op == Op.DECIDE:
                values = {g: names.get(r, r) for g, r in values["pilih"].items()}
            lines.append(
                f"  {names[change.ref]} {change.header.op} {','.join(change.header.groups)} {values}"
                f" saw {[names.get(p, p) for p in change.header.parents]} {' '.join(marks)}"
            )
        return "\n".join(lines)

    __repr__ = tell

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.tell())


def make_buku(count: int = 3) -> tuple[Buku, ...]:
    """Make the logs of one desa's nodes and, last, the hub's channel for it."""
    nodes = [Buku(no, f"{no:032x}", kunci=bytes([no]) * 32) for no in range(1, count + 1)]
    hub = Buku(count + 1, "f" * 31 + "0", role=Role.SALURAN, kunci=b"\xff" * 32)
    return (*nodes, hub)


# Values --------------------------------------------------------------------------------------------------


@cache
def sample_values(kind: str, name: str) -> tuple[Any, ...]:
    """Give three good values of a field."""
    spec: RecordField = CATALOGUE[kind].fields[name]
    if isinstance(spec, Nik):
        return ("3303990101900001", "3303990202910002", "3303994303920003")
    if isinstance(spec, NoKk):
        return ("3303990101100001", "3303990202110002", "3303990303120003")
    if isinstance(spec, Kode):
        codes = sorted(spec_codes(spec))
        return tuple(codes[at % len(codes)] for at in range(3))
    if isinstance(spec, Pilihan):
        words = sorted(spec.pilihan)
        return tuple(words[at % len(words)] for at in range(3))
    if isinstance(spec, Tanggal):
        return ("1990-01-01", "1991-02-02", "1992-03-03")
    if isinstance(spec, Rujukan):
        return tuple(f"01980000-0000-7000-8000-00000000000{at}" for at in range(3))
    if isinstance(spec, KodeDesa):
        return (DESA, DESA_LAIN, "33.03.99.2003")
    if isinstance(spec, Ya):
        return (True, False, True)
    if isinstance(spec, Bilangan):
        return tuple(min(spec.dari + at, spec.sampai) for at in range(3))
    if isinstance(spec, Lampiran):
        return ("a" * 64, "b" * 64, "0123456789abcdef" * 4)
    if isinstance(spec, Daftar):
        return (["a"], ["a", "b"], [])
    return tuple(text[: spec.length_max] for text in ("SITI", "BUDI", "AGUS"))


def spec_codes(spec: Kode) -> list[int]:
    """List the codes that a field accepts."""
    return [code for code in code_list(spec.daftar).items if type(code) is int]


def group_values(kind: Kind, group: str, number: int) -> dict[str, Any]:
    """Give a whole group its ``number``-th value; number 0 empties it, and some values have gaps."""
    if number == 0:
        return {name: None for name in kind.groups[group]}
    values = {
        name: sample_values(kind.name, name)[(number + at) % 3] for at, name in enumerate(kind.groups[group])
    }
    if number == 3 and len(values) > 1:
        values[kind.groups[group][-1]] = None
    return values


# Steps -----------------------------------------------------------------------------------------------------

PLAYED_GROUPS: Mapping[str, tuple[str, ...]] = {
    "penduduk": ("nik", "identitas", "alamat", "telepon"),
    "keluarga": ("no_kk", "alamat"),
    "penerima_bantuan": ("penerima", "status", "keterangan"),
    "kasus": ("temuan", "status", "jawaban"),
}
"""Groups that steps write: identity or money, several fields, one field."""


class Step(NamedTuple):
    """What happens next, in small numbers; see :func:`_take`."""

    who: int
    sees: int
    what: int
    which: int
    value: int


steps = st.builds(
    Step,
    st.integers(0, 3), st.integers(0, 255), st.integers(0, 15), st.integers(0, 15), st.integers(0, 3),
)


@dataclass
class Teller:
    """Plays steps: keeps what every author has received, log by log."""

    history: History
    received: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.history.buku)
        self.received = [[0] * count for _ in range(count)]

    def play(self, step: Step) -> None:
        who = step.who % len(self.history.buku)
        self._deliver(who, step.sees)
        buku = self.history.buku[who]
        if step.what == 15:
            self._revoke(step)
        elif step.what == 14:
            self._adopt(step)
        elif step.what == 13:
            self._erase(step)
        else:
            self._author(buku, who, step)

    def _deliver(self, who: int, sees: int) -> None:
        """Hand over 0 to 2 or all new changes of each log, in the order of the log."""
        for at, buku in enumerate(self.history.buku):
            amount = (0, 1, 2, len(buku.written))[sees >> 2 * at & 3]
            if at == who:
                amount = len(buku.written)
            self.received[who][at] = min(len(buku.written), self.received[who][at] + amount)

    def _seen(self, who: int) -> list[Written]:
        return [
            change
            for at, buku in enumerate(self.history.buku)
            for change in buku.written[: self.received[who][at]]
            if change.header.record == self.history.record
        ]

    def _author(self, buku: Buku, who: int, step: Step) -> None:
        kind = self.history.kind
        state = self.history.fold(self._seen(who))
        if not state.groups and self.history.changes and step.what != 12:
            # Nobody writes on a record that it has never heard of, for ids are random; but for step 12.
            first = self.history.changes[0]
            at = self.history.buku.index(first.buku)
            self.received[who][at] = max(first.header.seq + 1, self.received[who][at])
            state = self.history.fold(self._seen(who))
            if not state.groups:
                return
        draft = (draft_hub if buku.is_hub else draft_desa)(kind, state, self.history.record, step)
        if draft is not None:
            # Clocks of village computers say anything.
            self.history.write(buku, draft, NOW_S + (step.sees - 128) * 3_000_000)

    def _revoke(self, step: Step) -> None:
        """Cut a node's log off somewhere, or take the revocation back."""
        buku = self.history.buku[step.who % (len(self.history.buku) - 1)]
        if step.value == 0:
            self.history.cutoffs.pop(buku.no, None)
        elif buku.written:
            self.history.cutoffs[buku.no] = step.which % len(buku.written)

    def _adopt(self, step: Step) -> None:
        beyond = [c for c in self.history.changes if self.history.verdicts.is_revoked(c.entry.pos)]
        if beyond:
            self.history.adopted.add(beyond[step.which % len(beyond)].entry.pos)

    def _erase(self, step: Step) -> None:
        if self.history.changes:
            self.history.erased.add(self.history.changes[step.which % len(self.history.changes)].entry.pos)


def _pick_groups(kind: Kind, which: int, right: Callable[[str], bool]) -> list[str]:
    played = [group for group in PLAYED_GROUPS[kind.name] if right(group)]
    first = played[which % len(played)]
    # Every fourth change touches two groups at once.
    return sorted({first, played[which // 4 % len(played)]}) if which % 4 == 3 else [first]


def draft_desa(kind: Kind, state: RecordState, record: str, step: Step) -> Draft | None:
    """Draft what a desa's officer does on this state."""
    may_create = kind.writer.value != "hub"
    if not state.groups:
        return draft_create(kind, record, _all_values(kind, step)) if may_create else None
    if step.what == 0 and may_create and state.exists:
        return draft_delete(kind, state, record, "ganda")
    if not state.exists and may_create and step.what < 6:
        return draft_restore(kind, state, record)
    groups = _pick_groups(kind, step.which, lambda g: kind.writer_of(g).value != "hub")
    return _update(kind, state, record, groups, step.value)


def draft_hub(kind: Kind, state: RecordState, record: str, step: Step) -> Draft | None:
    """Draft what the hub's officers do: decide what is in conflict, inject, or create."""
    if not state.groups:
        return draft_create(kind, record, _all_values(kind, step))
    open_groups = [g for g in state.conflicts if g == EXISTENCE or g in kind.groups]
    if open_groups and step.what < 10:
        chosen = {
            group: state.groups[group].heads[step.value % len(state.groups[group].heads)]
            for group in (open_groups if step.which % 2 else open_groups[:1])
        }
        return draft_decision(kind, state, record, chosen)
    groups = _pick_groups(kind, step.which, lambda g: _hub_may(kind, g))
    return _update(kind, state, record, groups, step.value)


def _hub_may(kind: Kind, group: str) -> bool:
    return kind.writer.value == "desa" or kind.writer_of(group).value != "desa"


def _update(
    kind: Kind, state: RecordState, record: str, groups: Sequence[str], number: int
) -> Draft | None:
    changed: dict[str, Any] = {}
    for at, group in enumerate(groups):
        changed |= group_values(kind, group, (number + at) % 4)
    return draft_update(kind, state, record, changed)


def _all_values(kind: Kind, step: Step) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for at, group in enumerate(PLAYED_GROUPS[kind.name]):
        values |= group_values(kind, group, (step.value + at) % 4)
    if kind.writer.value == "hub":
        values = {n: v for n, v in values.items() if kind.writer_of(kind.group_of[n]).value == "hub"}
    return values


def tell(kind: str, plot: Iterable[Step], nodes: int = 3) -> History:
    """Play steps into a history."""
    teller = Teller(History(CATALOGUE[kind], make_buku(nodes)))
    for step in plot:
        teller.play(step)
    return teller.history


KINDS = ("penduduk", "keluarga", "penerima_bantuan", "kasus")


@st.composite
def histories(
    draw: st.DrawFn, kinds: Sequence[str] = KINDS, verdicts: bool = True, steps_max: int = 12
) -> History:
    """Histories of one record of one of the kinds."""
    kind = draw(st.sampled_from(kinds))
    plot = draw(st.lists(steps, min_size=2, max_size=steps_max))
    if kind == "kasus":
        plot = [Step(3, 0, 0, 0, 1), *plot]
    if not verdicts:
        plot = [step._replace(what=step.what % 13) for step in plot]
    return tell(kind, plot)


def without_verdicts(history: History) -> History:
    """Give the same changes under no verdict."""
    return replace(history, cutoffs={}, adopted=set(), erased=set())


# Retelling --------------------------------------------------------------------------------------------------


def retell(
    history: History, times: Sequence[int], log_ids: Sequence[str]
) -> tuple[History, dict[str, str]]:
    """Write the same history again by other clocks into other logs; also give old ref → new ref."""
    old_to_new = dict(zip(history.buku, _rename(history.buku, log_ids), strict=True))
    told = replace(
        history, buku=tuple(old_to_new.values()), changes=[], cutoffs=dict(history.cutoffs),
        adopted=set(history.adopted), erased=set(history.erased),
    )
    refs: dict[str, str] = {}
    for at, change in enumerate(history.changes):
        header = change.header
        values = dict(change.values)
        if header.op == Op.DECIDE:
            values["pilih"] = {g: refs.get(r, r) for g, r in values["pilih"].items()}
        draft = Draft(
            history.kind, header.record, Op(header.op), tuple(header.groups), values,
            tuple(sorted(refs.get(p, p) for p in header.parents)),
        )
        time_s = header.time_s + times[at % len(times)]
        refs[change.ref] = told.write(old_to_new[change.buku], draft, time_s).ref
    return told, refs


def _rename(buku: Iterable[Buku], ids: Sequence[str]) -> Iterator[Buku]:
    for one, id in zip(buku, ids, strict=True):
        yield Buku(one.no, id, one.wilayah, one.role, one.kunci)
