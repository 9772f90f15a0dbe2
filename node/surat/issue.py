"""Issues letters: number, snapshot of what is printed and signed facts in one transaction; and cancels them.

Two computers that sign one draft without having met make two letters with two numbers; both stand, people cancel one.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from node.change import write_drafts
from node.penduduk.index import PeopleIndex
from node.services import NodeServices
from node.surat.drafts import Draft, refuse_changed, require_approved
from node.surat.facts import Gathered, find_kind, gather
from node.surat.numbers import Given, secure_number, take_number, write_own_nomor
from node.surat.rules import SURAT
from node.surat.setuju import find_change, read_lembar
from shared.clock import today
from shared.errors import UserError
from shared.store.changes import find_log
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from shared.store.runs import encode_root
from shared.surat.batal import find_cancellation
from shared.surat.cetakan import write_cetakan
from shared.surat.isi import Filled
from shared.surat.tanda import seal_surat

SUMMARY_MAX = 300
REASON_MAX = 1000


def issue(node: NodeServices, draft_id: str, author: str, people: PeopleIndex, *, seen: str = "") -> str:
    """Sign an approved draft: give it its number and write the letter; return the letter's record id.

    ``author`` is the petugas at the keyboard, ``seen`` the digest of what stood on the page. Raises UserError with
    what to do when the draft may not be issued, or would print what nobody has approved. When this returns, the number
    is safe from every restored copy.
    """
    day = today(node.clock)
    with node.database.write() as conn:
        draft = require_approved(node, conn, draft_id)
        jenis = find_kind(conn, node.wilayah, draft.values)
        gathered = gather(node, conn, people, jenis, draft.values, day)
        lembar = read_lembar(node, conn, people, gathered, draft.values)
        if find_change(draft.values, lembar):
            raise UserError(
                "Yang akan tercetak bukan lagi yang disetujui. Apa yang berubah tertulis di bawah: periksa, lalu"
                " setujui lagi.", "setujui_lagi",
            )
        refuse_changed(lembar.sidik, seen)
        _refuse_unfit(gathered)
        given = take_number(node, conn, day)
        id = node.new_id()
        values = _make_letter(gathered, draft, given, day)
        seal = seal_surat(values, node.wilayah, node.keys.signing, node.random)
        values |= {"kode": seal.kode, "tanda": seal.tanda, "kunci": seal.kunci}
        if len(values["cetakan"]) > SURAT.fields["cetakan"].length_max:
            raise UserError(
                "Surat ini terlalu panjang untuk disimpan. Singkatkan isiannya, atau isi templatnya.", "terlalu_panjang"
            )
        write_drafts(node, [draft_create(SURAT, id, values)], author=author)
    secure_number(node, given)
    return id


def cancel(node: NodeServices, id: str, alasan: str, author: str) -> None:
    """Cancel a letter; it keeps its number. Raises UserError when it is cancelled already or no reason was given."""
    alasan = alasan.strip()
    if not alasan:
        raise UserError("Tulis dulu alasan pembatalannya.", "alasan_kosong")
    if len(alasan) > REASON_MAX:
        raise UserError(f"Alasannya paling banyak {REASON_MAX} huruf. Singkatkan.", "alasan_panjang")
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, SURAT, node.wilayah, id)
        if not state.exists:
            raise UserError("Surat ini tidak ada.", "surat_hilang")
        if find_cancellation(state):
            raise UserError("Surat ini sudah dibatalkan sebelumnya.", "sudah_batal")
        draft = draft_update(SURAT, state, id, {
            "batal": True, "tanggal_batal": today(node.clock).isoformat(), "alasan_batal": alasan,
            "dibatalkan_oleh": author,
        })
        if draft is not None:
            write_drafts(node, [draft], author=author)


def secure_letter(node: NodeServices, log: str) -> None:
    """Make sure again that no number of an own log is given twice, before a paper of it leaves this computer.

    The power may have failed between writing a letter and remembering how far its log goes.
    """
    with node.database.read() as conn:
        found = find_log(conn, log)
    if found is not None and found.own and not found.closed:
        node.anchor.raise_to(found.id, found.size, encode_root(found.root()))


def _make_letter(gathered: Gathered, draft: Draft, given: Given, day: date) -> dict[str, Any]:
    jenis, number = gathered.jenis, given.number
    nomor = write_own_nomor(
        gathered.office.get("pola_nomor"), given, kode=jenis.kode_arsip, desa=gathered.desa, day=day
    )
    cetakan = gathered.snapshot(nomor)
    summary = " untuk ".join(part for part in (jenis.nama, str(draft.values.get("keperluan") or "")) if part)
    return {
        "nomor": nomor, "urut": number.urut, "seri": number.seri or None, "tahun": given.tahun,
        "catatan_log": given.log, "kode_arsip": jenis.kode_arsip or None, "jenis": jenis.slug, "judul": jenis.judul,
        "tentang": jenis.tentang,
        "konsep": draft.id, "penduduk": draft.values.get("pemohon"), "nama": gathered.nama[:100],
        "tujuan": draft.values.get("tujuan"), "ringkasan": " ".join(summary.split())[:SUMMARY_MAX],
        "tanggal": day.isoformat(), "berlaku_sampai": cetakan["berlaku_sampai"] or None,
        "penandatangan": (gathered.signer.id or None) if gathered.signer else None,
        "disetujui_oleh": draft.values.get("oleh"), "cetakan": write_cetakan(cetakan),
    }


def _refuse_unfit(gathered: Gathered) -> None:
    problem = gathered.find_signing_problem()
    if problem:
        raise UserError(problem, "penanda_tangan")
    filled: Filled = gathered.fill()
    if filled.masalah:
        raise UserError(
            "Templat surat ini belum benar: " + filled.masalah[0].pesan + " Perbaiki templatnya dulu.", "templat_salah"
        )
