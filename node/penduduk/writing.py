"""What a person typed about a resident becomes changes: add, edit, choose a version, delete, bring back.

Everything is decided and written in one transaction. Raises UserError with what to do, and
:class:`Overtaken` when somebody else has changed the record since the form was opened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from node.change import write_drafts
from node.penduduk.history import state_seen
from node.penduduk.index import PeopleIndex, Person, fold_words
from node.penduduk.rules import FORM_FIELDS, PENDUDUK
from node.services import NodeServices
from shared.errors import UserError
from shared.merge.fold import RecordState
from shared.records.identifiers import check_nik_against, check_no_kk, clean_number
from shared.records.kind import EXISTENCE, Kind
from shared.store.drafts import Draft, draft_create, draft_delete, draft_restore, draft_update
from shared.store.records import Projector, load_history, load_state
from shared.web.forms import Form, Submitted, make_form, parse_form

Choices = Mapping[str, Sequence[tuple[str, str]]]
Check = Callable[[sqlite3.Connection, Mapping[str, Any], Form], None]
"""Marks in a form what no field can know alone; it sees the values and the database as they will stand."""


@dataclass(frozen=True)
class Change:
    """A field that somebody else has changed meanwhile: values as they stand in a body."""

    name: str
    before: Any
    now: Any


class Saved(NamedTuple):
    """What became of an edit; a proposal shows only after the kecamatan has decided."""

    is_changed: bool
    is_proposal: bool = False


class Overtaken(UserError):
    """The record has changed since the form was opened; ``changes`` says what, ``frontier`` what is now."""

    def __init__(self, form: Form, changes: Sequence[Change], frontier: str) -> None:
        super().__init__(
            "Data ini sudah diubah petugas lain sejak Anda membukanya. Periksa perubahannya, lalu simpan"
            " lagi.",
            "sudah_berubah",
        )
        self.form, self.changes, self.frontier = form, changes, frontier


class Rejected(UserError):
    """What was typed cannot be saved as it is; ``form`` carries it with what is wrong."""

    def __init__(self, form: Form) -> None:
        super().__init__("Belum disimpan. Perbaiki dulu isian yang ditandai.", "isian_salah")
        self.form = form


def write_frontier(kind: Kind, state: RecordState) -> str:
    """Write down what a page shows of a record, for the hidden field of its form."""
    return " ".join(state.frontier((*kind.groups, EXISTENCE)))


def save_edit(
    node: NodeServices, kind: Kind, id: str, submitted: Submitted, *, names: Sequence[str], choices: Choices,
    frontier: str, author: str, reveal: bool = False, check: Check | None = None,
) -> Saved:
    """Save an edited form, if anything differed. Raises Rejected, Overtaken, UserError.

    ``frontier`` says what the form showed. ``reveal``: it showed masked fields whole, so empty means emptied.
    """
    with node.database.write() as conn:
        entries = load_history(conn, node.catalogue, node.wilayah, id)
        projector = Projector(conn, node.catalogue)
        state, _ = projector.fold_entries(kind, entries)
        if not state.exists:
            raise UserError(
                "Data ini sudah tidak ada di sini. Kembali ke daftar, lalu cari lagi.", "data_hilang"
            )
        live = state.values(kind)
        values, form = parse_form(kind, submitted, live, names=names, choices=choices, reveal=reveal)
        _forgive_unchanged(form, values, live)
        if set(frontier.split()) != set(state.frontier((*kind.groups, EXISTENCE))):
            seen = state_seen(kind, projector, entries, frontier.split())
            changes = _keep_both(kind, form, values, live, seen, choices, reveal)
            if changes:
                raise Overtaken(form, changes, write_frontier(kind, state))
        if check is not None:
            check(conn, values, form)
        if not form.is_valid:
            raise Rejected(form)
        changed = {name: values.get(name) for name in names if values.get(name) != live[name]}
        draft = draft_update(kind, state, id, changed) if changed else None
        if draft is None:
            return Saved(False)
        write_drafts(node, [draft], author=author)
        return Saved(True, proposes(kind, state, draft))


def proposes(kind: Kind, state: RecordState, draft: Draft) -> bool:
    """Tell whether a change touches what only the kecamatan may settle; ``state`` is from before it."""
    return any(kind.is_protected(group) and group in state.conflicts for group in draft.groups)


def _forgive_unchanged(form: Form, values: dict[str, Any], live: Mapping[str, Any]) -> None:
    """Let old faults stand in fields that were not touched: verval shows them, an address must be savable."""
    for name, item in form.fields.items():
        if item.error and live.get(name) is not None and values.get(name) == live[name]:
            item.error = ""


def _keep_both(
    kind: Kind, form: Form, values: Mapping[str, Any], live: Mapping[str, Any], seen: RecordState | None,
    choices: Choices, reveal: bool,
) -> list[Change]:
    """Say what others have changed, and take it over into fields that this person has left alone."""
    before = dict.fromkeys(kind.fields) if seen is None else seen.values(kind)
    redrawn = make_form(kind, live, names=list(form.fields), choices=choices, reveal=reveal)
    changes = []
    for name, item in form.fields.items():
        if before[name] == live[name]:
            continue
        changes.append(Change(name, before[name], live[name]))
        if seen is not None and values.get(name) == before[name]:
            item.text, item.kept, item.error = redrawn.fields[name].text, redrawn.fields[name].kept, ""
    return changes


def choose_version(
    node: NodeServices, kind: Kind, id: str, group: str, ref: str, author: str, also: Mapping[str, Any] | None = None
) -> bool:
    """Take one of several values of a group; tell whether that settles it (else it is a proposal).

    ``also`` are fields of other groups that the choice sets. Raises UserError when the version is not there any more.
    """
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, id)
        found = state.groups.get(group)
        versions = dict(found.versions) if found is not None and found.is_conflict else {}
        if ref not in versions:
            raise UserError(
                "Pilihan ini sudah tidak ada; datanya sudah berubah. Periksa lagi, lalu pilih.",
                "versi_hilang",
            )
        if group == EXISTENCE:
            draft: Draft | None = _settle_existence(kind, state, id, versions[ref] == (True,))
        else:
            names = kind.groups[group]
            chosen = (list(value) if isinstance(value, tuple) else value for value in versions[ref])
            draft = draft_update(kind, state, id, {**dict(zip(names, chosen, strict=True)), **(also or {})})
        if draft is not None:
            write_drafts(node, [draft], author=author)
    return not kind.is_protected(group)


def _settle_existence(kind: Kind, state: RecordState, id: str, exists: bool) -> Draft:
    if exists:
        return draft_restore(kind, state, id)
    return draft_delete(kind, state, id, "penghapusan dipertahankan")


def save_new(
    node: NodeServices, index: PeopleIndex, submitted: Submitted, *, choices: Choices, author: str
) -> tuple[str, str]:
    """Add a resident, and the family when the number is new; return record id and a remark or "".

    Raises Rejected, also when somebody like this is known and the tick ``orang_lain`` is missing.
    """
    with node.database.write() as conn:
        values, form = parse_form(PENDUDUK, submitted, {}, names=FORM_FIELDS, choices=choices)
        values.setdefault("status_dasar", 1)
        family, drafts = _find_family(node, conn, form, submitted)
        if form.is_valid and not submitted.get("orang_lain"):
            alike = find_alike(index.people(), values)
            if alike:
                raise KnownAlready(form, alike)
        if not form.is_valid:
            raise Rejected(form)
        if family:
            values["keluarga"] = family
        id = node.new_id()
        write_drafts(node, [*drafts, draft_create(PENDUDUK, id, values)], author=author)
    return id, _remark(values)


class KnownAlready(Rejected):
    """Somebody like this is in the list already; ``people`` are the candidates."""

    def __init__(self, form: Form, people: Sequence[Person]) -> None:
        super().__init__(form)
        self.people = people


def find_alike(people: Sequence[Person], values: Mapping[str, Any]) -> list[Person]:
    """Find who has the same NIK, or the same birth date and a name that is spelt alike."""
    nik, born = values.get("nik") or "", values.get("tanggal_lahir") or ""
    key = "".join(fold_words(str(values.get("nama") or "")))
    return [
        person for person in people
        if (nik and person.nik == nik)
        or (born and person.tanggal_lahir == born and person.key.replace(" ", "") == key)
    ][:5]


def _find_family(
    node: NodeServices, conn: sqlite3.Connection, form: Form, submitted: Submitted
) -> tuple[str, list[Draft]]:
    """Find the family that was named by its card or its number; draft a new one for a new number."""
    chosen = submitted.get("keluarga") or ""
    if chosen:
        row = conn.execute(
            "SELECT 1 FROM keluarga WHERE id = ? AND desa = ?", (chosen, node.wilayah)
        ).fetchone()
        if row is None:
            form.other_errors.append(
                "Keluarga yang dipilih sudah tidak ada. Mulai lagi dari kartu keluarganya."
            )
        return chosen, []
    number = clean_number(submitted.get("no_kk") or "")
    if not number:
        return "", []
    found = find_family_by_number(conn, node.wilayah, number)
    if found:
        return found, []
    problem = find_number_problem(number)
    if problem:
        form.other_errors.append(problem)
        return "", []
    id = node.new_id()
    address = {name: submitted.get(name) or None for name in ("alamat", "dusun", "rw", "rt")}
    return id, [draft_create(node.catalogue["keluarga"], id, {"no_kk": number, **address})]


def find_number_problem(number: str) -> str | None:
    """Say in Indonesian which hard rule a nomor KK breaks, or None."""
    return next((issue.message for issue in check_no_kk(number) if issue.severity == "hard"), None)


def find_family_by_number(conn: sqlite3.Connection, desa: str, number: str) -> str:
    """Find the family that has a number; empty when none has it.

    Raises UserError when several have: then only a person can tell which is meant.
    """
    rows = conn.execute("SELECT id FROM keluarga WHERE no_kk = ? AND desa = ?", (number, desa)).fetchall()
    if len(rows) > 1:
        raise UserError(
            "Nomor KK ini tercatat pada lebih dari satu keluarga. Perbaiki dulu nomor yang salah di kartu"
            " keluarganya.",
            "kk_ganda",
        )
    return str(rows[0][0]) if rows else ""


def _remark(values: Mapping[str, Any]) -> str:
    """Say what does not fit together but may still be right."""
    nik, born = values.get("nik"), values.get("tanggal_lahir")
    if not nik:
        return ""
    day = date.fromisoformat(born) if born else None
    found = check_nik_against(str(nik), day, values.get("jenis_kelamin"))
    return " ".join(issue.message for issue in found)


def delete(node: NodeServices, kind: Kind, id: str, alasan: str, author: str) -> None:
    """Delete a record with its reason. Raises UserError when it is gone already."""
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, id)
        if not state.exists:
            raise UserError("Data ini sudah dihapus sebelumnya.", "sudah_dihapus")
        write_drafts(node, [draft_delete(kind, state, id, alasan)], author=author)


def restore(node: NodeServices, kind: Kind, id: str, author: str) -> None:
    """Bring a deleted record back. Raises UserError when it was never deleted."""
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, kind, node.wilayah, id)
        if state.exists or not state.groups:
            raise UserError("Data ini tidak sedang terhapus.", "tidak_terhapus")
        write_drafts(node, [draft_restore(kind, state, id)], author=author)
