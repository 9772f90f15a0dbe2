"""Closing a month: what was counted, from which logs, by whom. The log itself signs it."""

from __future__ import annotations

from hashlib import sha256

from node.change import write_drafts
from node.laporan.ledger import read_bulanan
from node.laporan.ragu import Ragu, find_ragu
from node.services import NodeServices
from shared.clock import today
from shared.errors import UserError
from shared.lampid.isi import dump_laporan, write_isi
from shared.lampid.report import Laporan, name_laporan
from shared.lampid.state import Taraf, Tutup
from shared.store.bulan import read_content
from shared.store.drafts import draft_create, draft_update
from shared.store.lampid import list_sizes
from shared.store.records import load_state
from shared.web.audit import record_access

MARK_LETTERS = 16
NOTHING = Ragu()


def mark(laporan: Laporan, ragu: Ragu = NOTHING) -> str:
    """Give a short digest of what a page has shown, so that nobody closes what he has not seen."""
    return sha256("\n".join([dump_laporan(laporan), *ragu.marks]).encode()).hexdigest()[:MARK_LETTERS]


def keep_locked(node: NodeServices, month: Tutup, *, author: str) -> None:
    """Put aside what else a locked month was closed with: its content is written once more, over all others."""
    kind = node.catalogue["laporan_lampid"]
    with node.database.write() as conn:
        content = read_content(conn, node.catalogue, node.wilayah, month)
        state = load_state(conn, node.catalogue, kind, node.wilayah, month.id)
        draft = draft_update(kind, state, month.id, content)
        if draft is not None:
            write_drafts(node, [draft], author=author)


def close_month(node: NodeServices, bulan: str, seen: str, *, author: str, account: str) -> Laporan:
    """Close a month as it was ``seen`` (see :func:`mark`), in one transaction; return the report.

    UserError when it may not be closed now, or when something has come in since it was looked at.
    """
    kind = node.catalogue["laporan_lampid"]
    with node.database.write() as conn:
        bulanan = read_bulanan(node, conn)
        problem = bulanan.find_closing_problem(bulan)
        if problem:
            raise UserError(problem, "belum_boleh_tutup")
        page = bulanan.pages[bulan]
        if page.taraf is Taraf.SENGKETA:
            raise UserError("Bulan ini ditutup di dua komputer. Pilih dulu salah satu.", "bulan_sengketa")
        laporan = bulanan.make_closing(bulan)
        if mark(laporan, find_ragu(node, conn, bulanan, laporan)) != seen:
            raise UserError(
                "Angkanya berubah sejak halaman ini dibuka. Periksa lagi, lalu tutup.", "laporan_berubah"
            )
        id = name_laporan(node.wilayah, bulan)
        values = {
            **write_isi(laporan, is_first=not bulanan.buku.in_force), "bulan": bulan,
            "ukuran": list_sizes(conn, node.wilayah), "nihil": bulanan.is_nihil(laporan),
            "tanggal_tutup": today(node.clock).isoformat(), "ditutup_oleh": author,
        }
        state = load_state(conn, node.catalogue, kind, node.wilayah, id)
        draft = draft_update(kind, state, id, values) if state.exists else draft_create(kind, id, values)
        if draft is not None:
            write_drafts(node, [draft], author=author)
        record_access(conn, node.clock, account, "lampid_ditutup", id, bulan)
    return laporan
