"""Drafts of letters and their way: written, checked, approved, returned, thrown away. Each step is one change."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from node.change import write_drafts
from node.penduduk.index import PeopleIndex
from node.services import NodeServices
from node.surat.facts import find_kind, gather
from node.surat.queries import list_letters_of_draft
from node.surat.rules import (
    BARU, DIBUANG, DIKEMBALIKAN, DISETUJUI, FOLLOWS, ISI, ISI_DISETUJUI, KEADAAN, KONSEP, TERBIT, read_status,
    take_sidik,
)
from node.surat.setuju import Lembar, find_change, read_lembar
from shared.clock import today
from shared.errors import UserError
from shared.merge.fold import RecordState
from shared.records.kind import EXISTENCE
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state

CATATAN_MAX = 1000


class Draft(NamedTuple):
    """A draft as it stands; ``status`` is what its page says, ``conflicts`` the groups with two values."""

    id: str
    values: Mapping[str, Any]
    status: str
    conflicts: tuple[str, ...]
    frontier: str


def find_draft(node: NodeServices, conn: sqlite3.Connection, id: str) -> Draft | None:
    """Find a draft; None when there is none."""
    state = load_state(conn, node.catalogue, KONSEP, node.wilayah, id)
    if not state.exists:
        return None
    values = state.values(KONSEP)
    issued = list_letters_of_draft(conn, node.wilayah, id)
    return Draft(id, values, TERBIT if issued else read_status(values), tuple(state.conflicts), _frontier(state))


def create_draft(node: NodeServices, values: Mapping[str, Any], author: str) -> str:
    """Write a new draft; return its id."""
    id = node.new_id()
    write_drafts(node, [draft_create(KONSEP, id, {**values, "status": BARU, "oleh": author})], author=author)
    return id


def change_draft(node: NodeServices, id: str, values: Mapping[str, Any], frontier: str, author: str) -> None:
    """Change what a draft says; it begins its way again. Raises UserError when it was issued or somebody was faster."""
    with node.database.write() as conn:
        draft, state = _load(node, conn, id)
        _refuse_issued(draft)
        if frontier != draft.frontier:
            raise UserError(
                "Konsep ini sudah diubah di tempat lain sejak Anda membukanya. Isian Anda belum disimpan; buka"
                " konsepnya di tab lain, bandingkan, lalu simpan lagi.",
                "sudah_berubah",
            )
        changed = {name: values.get(name) for name in ISI if name in values}
        changed |= begin_again(author)
        change = draft_update(KONSEP, state, id, changed)
        if change is not None:
            write_drafts(node, [change], author=author)


def begin_again(author: str) -> dict[str, Any]:
    """Write that a draft says something else now: it is checked and approved anew."""
    return {"status": BARU, "oleh": author, "catatan": None, "sidik": None}


def move_draft(
    node: NodeServices, id: str, status: str, author: str, people: PeopleIndex, catatan: str = "", seen: str = ""
) -> None:
    """Take a draft one step further or back. Raises UserError when it may not go there from where it is.

    ``seen`` is the digest of what the person had on the page; a letter that would print something else now, or of
    which something else is to be known, is refused. An approval keeps what it is for.
    """
    with node.database.write() as conn:
        draft, state = _load(node, conn, id)
        _refuse_issued(draft)
        lembar = None
        if status not in (DIKEMBALIKAN, DIBUANG):
            jenis = find_kind(conn, node.wilayah, draft.values)
            gathered = gather(node, conn, people, jenis, draft.values, today(node.clock))
            lembar = read_lembar(node, conn, people, gathered, draft.values)
            draft = judge_draft(draft, lembar)
        if draft.status not in FOLLOWS[status]:
            raise UserError(
                f"Konsep ini sekarang: {KEADAAN[draft.status].lower()}. Muat ulang halamannya.", "keadaan_lain"
            )
        if status == DIKEMBALIKAN and not catatan:
            raise UserError("Tulis dulu apa yang harus diperbaiki.", "catatan_kosong")
        if len(catatan) > CATATAN_MAX:
            raise UserError(f"Catatannya paling banyak {CATATAN_MAX} huruf. Singkatkan.", "catatan_panjang")
        if lembar is not None:
            refuse_changed(lembar.sidik, seen)
            _refuse_conflict(draft)
        # What was approved is a change of its own: a program that does not know it yet still reads the step.
        changes = [draft_update(KONSEP, state, id, {
            "status": status, "oleh": author, "catatan": catatan or None, "sidik": take_sidik(draft.values),
        })]
        if lembar is not None and status == DISETUJUI:
            changes.append(draft_update(KONSEP, state, id, {ISI_DISETUJUI: lembar.write()}))
        write_drafts(node, [change for change in changes if change is not None], author=author)


def judge_draft(draft: Draft, lembar: Lembar) -> Draft:
    """Give a draft as it counts: approved no more, when it would print something else than what was approved."""
    return draft._replace(status=BARU) if draft.status == DISETUJUI and find_change(draft.values, lembar) else draft


def require_approved(node: NodeServices, conn: sqlite3.Connection, id: str) -> Draft:
    """Give a draft that may be issued now. Raises UserError when it may not."""
    draft, _ = _load(node, conn, id)
    if draft.status == TERBIT:
        raise UserError("Surat dari konsep ini sudah terbit. Muat ulang halamannya.", "sudah_terbit")
    _refuse_conflict(draft)
    if draft.status != DISETUJUI:
        raise UserError(
            f"Konsep ini belum disetujui; keadaannya: {KEADAAN[draft.status].lower()}. Bila isinya diubah sesudah"
            " disetujui, persetujuannya diulang.",
            "belum_disetujui",
        )
    return draft


def refuse_changed(sidik: str, seen: str) -> None:
    """Raise UserError when what a person had on the page is not what stands there now."""
    if seen and seen != sidik:
        raise UserError("Isi konsep ini baru saja berubah. Periksa lagi, lalu ulangi.", "isi_berubah")


def _refuse_conflict(draft: Draft) -> None:
    if draft.conflicts:
        raise UserError(
            "Dua komputer mengubah konsep ini dengan isi yang berbeda. Pilih dulu yang benar di halaman konsepnya.",
            "konsep_konflik",
        )


def _refuse_issued(draft: Draft) -> None:
    if draft.status == TERBIT:
        raise UserError("Suratnya sudah terbit, jadi konsepnya tidak diubah lagi.", "sudah_terbit")


def _load(node: NodeServices, conn: sqlite3.Connection, id: str) -> tuple[Draft, RecordState]:
    draft = find_draft(node, conn, id)
    if draft is None:
        raise UserError("Konsep ini sudah tidak ada. Kembali ke daftar surat.", "konsep_hilang")
    return draft, load_state(conn, node.catalogue, KONSEP, node.wilayah, id)


def _frontier(state: RecordState) -> str:
    return " ".join(state.frontier((*KONSEP.groups, EXISTENCE)))
