"""What happened to one record, change by change: who, when, where, old → new, and how far it got.

Built from the changes themselves with the fold of the house, so that the page can show nothing that the
merge law does not say. Pure but for the projector handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from node.penduduk.queries import Computer
from node.penduduk.rules import show_value
from shared.changelog.change import Op
from shared.clock import format_time
from shared.merge.fold import GroupState, RecordState
from shared.records.fields import Lampiran
from shared.records.kind import EXISTENCE, Kind
from shared.store.erasure import Told
from shared.store.entries import Entry
from shared.store.records import Projector
from shared.web.forms import UNREADABLE

STEPS_MAX, REASON_SHOWN = 60, 400
HELD: Mapping[str, str] = {
    "jenis_baru": "Menunggu program diperbarui",
    "menunggu_induk": "Menunggu perubahan sebelumnya tiba",
    "dicabut": "Ditahan: kunci komputernya dicabut",
    "lingkup": "Tidak berlaku: bukan hak penulisnya",
    "bentuk": "Tidak berlaku: isinya tidak terbaca",
    "galat": "Ditahan: program gagal membacanya; laporkan ke pengelola program",
}
_DONE = {Op.CREATE: "Dibuat", Op.UPDATE: "Diubah", Op.DELETE: "Dihapus", Op.DECIDE: "Diputus kecamatan"}


@dataclass(frozen=True)
class Isi:
    """One field in one change."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Langkah:
    """One change of the history; ``mark`` is the short name of its state for the style sheet."""

    time_s: int
    done: str
    author: str
    computer: str
    state: str
    mark: str
    isi: tuple[Isi, ...] = ()
    alasan: str = ""
    hapus: str = ""
    """What became of the content, where it was erased."""


@dataclass(frozen=True)
class Riwayat:
    """A stretch of the history, the newest change first; ``later`` and ``earlier`` stand on other pages."""

    langkah: list[Langkah]
    later: int
    earlier: int
    is_emptied: bool = False
    """All content of the record was erased: nothing is shown of it, and nobody can bring it back."""

    @property
    def steps_max(self) -> int:
        """How many steps a page shows."""
        return STEPS_MAX


@dataclass(frozen=True)
class Versi:
    """One of several values of a group; ``ref`` names the change that wrote it."""

    ref: str
    text: str
    author: str
    computer: str
    time_s: int
    picture: str = ""
    """The first letters of the hash of an attachment, where the version has one."""


@dataclass(frozen=True)
class Sengketa:
    """A group with several values: what is live meanwhile, what waits for verval."""

    group: str
    label: str
    live: str
    versions: tuple[Versi, ...]
    is_protected: bool
    is_proposal: bool
    may_choose: bool = True


Words = Mapping[str, Callable[[Any], str] | None]
"""How a kind writes fields that only programs read as they are stored; None: such a field tells people nothing."""


@dataclass
class Storyteller:
    """Tells about one record; ``names`` gives officers and referenced records by id."""

    kind: Kind
    entries: Sequence[Entry]
    projector: Projector
    computers: Mapping[str, Computer]
    names: Mapping[str, str]
    receipts: Mapping[int, int | None] = field(default_factory=dict)
    """Hub time of own changes that are confirmed, by position."""
    reveal: bool = False
    erased: Mapping[int, Told] = field(default_factory=dict)
    """By position, the verdict behind a content that is gone."""
    words: Words = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state, self.reasons = self.projector.fold_entries(self.kind, self.entries)
        self.by_ref = {entry.header.ref(entry.leaf): entry for entry in self.entries}
        self._ancestors: dict[str, frozenset[str]] = {}

    def tell(self, later: int = 0) -> Riwayat:
        """Tell what happened, the newest first, but for so many of the newest."""
        order = sorted(self.by_ref.items(), key=self._place_in_time)
        order.reverse()
        shown = order[later : later + STEPS_MAX]
        return Riwayat(
            [self._tell(ref, entry) for ref, entry in shown], later, max(0, len(order) - later - len(shown)),
            self.projector.is_emptied(self.kind, self.entries, self.reasons),
        )

    def list_disputes(self) -> list[Sengketa]:
        """List the groups whose value is not settled, with every version; none of a record without content."""
        if self.projector.is_emptied(self.kind, self.entries, self.reasons):
            return []
        return [self._dispute(group, self.state.groups[group]) for group in self.state.conflicts]

    def _dispute(self, group: str, found: GroupState) -> Sengketa:
        shown = self._list_differing(group, found)
        live, *texts = self._write_all(group, [found.live, *(values for _, values in found.versions)], shown)
        versions = []
        for (ref, values), text in zip(found.versions, texts, strict=True):
            entry = self.by_ref[ref]
            versions.append(
                Versi(
                    ref, text, self._author(entry), self._computer(entry).name, entry.header.time_s,
                    self._find_picture(group, values),
                )
            )
        label = ", ".join(self.kind.fields[name].info.label for name in shown) or "Keberadaan data"
        return Sengketa(
            group, label, live, tuple(versions),
            self.kind.is_protected(group), found.status.value == "usulan",
        )

    def _find_picture(self, group: str, values: Sequence[Any]) -> str:
        """Give the first letters of the attachment that a version carries, or nothing."""
        named = zip(self.kind.groups.get(group, ()), values, strict=False)
        pictures = [value for name, value in named if isinstance(self.kind.fields[name], Lampiran) and value]
        return str(pictures[0])[:8] if pictures else ""

    def _list_differing(self, group: str, found: GroupState) -> tuple[str, ...]:
        """Name the fields in which versions, and the live value where there is one, differ; all when they are alike."""
        names = self.kind.groups.get(group, ())
        rows = [values for _, values in found.versions]
        # What no version says, because nothing was there before, would make every field one that differs.
        rows += [found.live] if any(value is not None for value in found.live) else []
        telling = [(at, name) for at, name in enumerate(names) if self.words.get(name, str) is not None]
        return tuple(name for at, name in telling if len({row[at] for row in rows}) > 1) or tuple(
            name for _, name in telling
        )

    def _write_all(self, group: str, rows: Sequence[Sequence[Any]], shown: Sequence[str]) -> list[str]:
        """Write the values of a group, row by row; of texts of several lines only what they do not share."""
        if group == EXISTENCE:
            return ["Ada" if values == (True,) else "Dihapus" for values in rows]
        return write_rows([
            (self.kind.fields[name].info.label, [self._show(name, values[at]) for values in rows])
            for at, name in enumerate(self.kind.groups[group]) if name in shown
        ], len(rows))

    def write_live(self, name: str) -> str:
        """Write the live value of a field."""
        return self._show(name, self.state.values(self.kind)[name])

    def sign_version(self, mark: str, text: str, group: str) -> Versi:
        """Give a text as a version of whoever wrote the live value of a group, else the newest change."""
        found = self.state.groups.get(group)
        entry = self.by_ref.get(str(found.live_ref)) if found is not None else None
        if entry is None:
            entry = max(self.by_ref.items(), key=self._place_in_time)[1]
        return Versi(mark, text, self._author(entry), self._computer(entry).name, entry.header.time_s)

    def _place_in_time(self, item: tuple[str, Entry]) -> tuple[int, int]:
        return len(self._before(item[0])), item[1].header.time_s

    def _before(self, ref: str) -> frozenset[str]:
        """Name the changes of this record that a change builds on."""
        if ref not in self._ancestors:
            seen: set[str] = set()
            todo = list(self.by_ref[ref].header.parents)
            while todo:
                parent = todo.pop()
                if parent in self.by_ref and parent not in seen:
                    seen.add(parent)
                    todo += self.by_ref[parent].header.parents
            self._ancestors[ref] = frozenset(seen)
        return self._ancestors[ref]

    def _tell(self, ref: str, entry: Entry) -> Langkah:
        header = entry.header
        state, mark = self._state_of(ref, entry)
        body = entry.values or {}
        reason = body.get("alasan") if header.op in (Op.DELETE, Op.DECIDE) else None
        authors = body.get("petugas") if header.op == Op.DECIDE else None
        names = [self._name(id) for id in authors if isinstance(id, str)] if isinstance(authors, list) else []
        done = _DONE.get(Op(header.op), "Diubah") if header.op in list(Op) else "Diubah"
        if header.op == Op.UPDATE and not header.groups:
            done = "Dikembalikan"
        return Langkah(
            header.time_s, done, " dan ".join(names) or self._author(entry), self._computer(entry).name,
            state, mark, self._list_changes(ref, entry), write_reason(reason), self._tell_erased(entry),
        )

    def _tell_erased(self, entry: Entry) -> str:
        """Say in a sentence why a change has no content any more; nothing for one that has."""
        if entry.values is not None:
            return ""
        verdict = self.erased.get(entry.pos)
        if verdict is None:
            return "Isinya tidak ada di komputer ini; putusan kecamatan tentang itu belum sampai."
        reason = verdict.alasan.rstrip(".")
        return f"Isi dihapus atas putusan kecamatan, {format_time(verdict.time_s)}." + (
            f" Alasan: {reason}." if reason else ""
        )

    def _list_changes(self, ref: str, entry: Entry) -> tuple[Isi, ...]:
        header = entry.header
        if entry.values is None or header.op == Op.DELETE:
            return ()
        before = self._values_at(self._before(ref)) if header.parents else dict.fromkeys(self.kind.fields)
        if header.op == Op.DECIDE:
            after = self._values_at(self._before(ref) | {ref})
            groups = [group for group in header.groups if group in self.kind.groups]
        else:
            groups = list(self.kind.groups) if header.op == Op.CREATE else header.groups
            after = {name: _comparable(entry.values.get(name)) for name in self.kind.fields}
        return tuple(
            Isi(
                self.kind.fields[name].info.label,
                self._show(name, before[name]),
                self._show(name, after[name]),
            )
            for group in groups
            if group in self.kind.groups
            for name in self.kind.groups[group]
            if _comparable(before[name]) != _comparable(after[name])
        )

    def _values_at(self, refs: frozenset[str]) -> dict[str, Any]:
        state, _ = self.projector.fold_entries(self.kind, [self.by_ref[ref] for ref in refs])
        return state.values(self.kind)

    def _show(self, name: str, value: Any) -> str:
        write = self.words.get(name)
        if write is not None and value is not None:
            return write(value)
        return show_value(self.kind.fields[name], value, self.names, self.reveal)

    def _state_of(self, ref: str, entry: Entry) -> tuple[str, str]:
        """Tell how far a change got: lokal → terkirim → diterima → konflik → diputus."""
        if entry.pos in self.reasons:
            return HELD.get(self.reasons[entry.pos], "Ditahan"), "tahan"
        computer = self._computer(entry)
        if computer.is_hub:
            return "Dari kecamatan", "diterima"
        if any(ref in self.state.groups[group].heads for group in self.state.conflicts):
            return "Konflik: menunggu verval", "konflik"
        decided = self._find_decision(ref)
        if decided is not None:
            return decided
        if not computer.is_own:
            return "Diterima lewat kecamatan", "diterima"
        if entry.header.seq < computer.confirmed:
            return f"Diterima kecamatan {format_time(self.receipts.get(entry.pos))}".strip(), "diterima"
        if entry.header.seq < computer.handed_out:
            return "Terkirim, menunggu tanda terima", "terkirim"
        return "Di komputer ini, belum dikirim", "lokal"

    def _find_decision(self, ref: str) -> tuple[str, str] | None:
        for other in self.entries:
            if other.header.op != Op.DECIDE or other.pos in self.reasons or ref not in other.header.parents:
                continue
            body = other.values or {}
            chosen, reason = body.get("pilih"), f" ({body['alasan']})" if body.get("alasan") else ""
            if isinstance(chosen, dict) and ref in chosen.values():
                return f"Diputus kecamatan: dipakai{reason}", "diputus"
            groups = set(self.by_ref[ref].header.groups) or set(self.kind.groups)
            if groups & set(other.header.groups):
                return f"Diputus kecamatan: tidak dipakai{reason}", "diputus"
        return None

    def _author(self, entry: Entry) -> str:
        return self._name(entry.header.author)

    def _name(self, id: str) -> str:
        return self.names.get(id) or "Petugas yang tidak dikenal di sini"

    def _computer(self, entry: Entry) -> Computer:
        return self.computers.get(entry.header.log) or Computer("Komputer lain", False, False, 0, 0)


def state_seen(
    kind: Kind, projector: Projector, entries: Sequence[Entry], frontier: Sequence[str]
) -> RecordState | None:
    """Fold a record as a page with this frontier showed it; None when it names unknown changes."""
    by_ref = {entry.header.ref(entry.leaf): entry for entry in entries}
    if not frontier or any(ref not in by_ref for ref in frontier):
        return None
    seen: set[str] = set()
    todo = list(frontier)
    while todo:
        ref = todo.pop()
        if ref in by_ref and ref not in seen:
            seen.add(ref)
            todo += by_ref[ref].header.parents
    return projector.fold_entries(kind, [by_ref[ref] for ref in seen])[0]


def write_rows(columns: Iterable[tuple[str, Sequence[str]]], count: int) -> list[str]:
    """Write ``count`` rows of texts for people: each value behind the label of its column, where there are several."""
    columns, parts = list(columns), [list[str]() for _ in range(count)]
    for title, texts in columns:
        label = f"{title}:" if len(columns) > 1 else ""
        for row, text in enumerate(cut_shared_lines(texts)):
            if text:
                parts[row].append(("\n" if "\n" in text else " ").join([label, text]) if label else text)
    return [("\n" if any("\n" in part for part in own) else "; ").join(own) or "(kosong)" for own in parts]


def cut_shared_lines(texts: Sequence[str]) -> list[str]:
    """Leave out the lines that all texts share, wherever one of them has several; ``…`` stands in their place."""
    written = [set(text.split("\n")) for text in texts if text]
    if len(written) < 2 or all("\n" not in text for text in texts):
        return list(texts)
    shared = set.intersection(*written)
    cut = []
    for text in texts:
        kept: list[str] = []
        for line in text.split("\n"):
            kept += [line] if line not in shared else ["…"] if kept[-1:] != ["…"] else []
        cut.append("\n".join(kept))
    return cut


def write_reason(value: Any) -> str:
    """Write the reason in the body of a deletion or decision, which no field holds to a shape."""
    text = value if isinstance(value, str) else UNREADABLE if value else ""
    return text if len(text) <= REASON_SHOWN else text[:REASON_SHOWN] + "…"


def _comparable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
