"""What went wrong between two sides and was noticed: kept for ever, shown to people in one sentence each."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from shared.store.marks import mark_rows

SENTENCES = {
    "fork": "Ada dua riwayat untuk satu catatan (komputer dipulihkan dari salinan lama atau digandakan)."
            " Keduanya disimpan.",
    "terbit_ulang": "Perubahan dari riwayat kedua diterbitkan lagi di catatan baru, jadi tidak ada yang hilang.",
    "pulih": "Data di komputer ini pernah lebih baru: mungkin dipulihkan dari salinan lama. Yang hilang diminta kembali"
             " dari seberang.",
    "kembali": "Perubahan yang datang lewat jalan lain dikembalikan ke desa untuk diterbitkan lagi.",
    "kembar": "Dua komputer memakai satu kunci. Penulisannya ditangguhkan sampai ada yang memeriksa.",
    "kunci": "Komputer ini memakai kunci baru; kecamatan sudah menerimanya.",
    "kunci_hub": "Kecamatan memakai kunci baru, dibuktikan oleh kunci lama atau kunci pemulihannya.",
    "mati": "Komputer ini mati mendadak saat Sipande berjalan. Semua yang sudah tersimpan tetap ada.",
    "diganti": "Hub dipulihkan ke hari sebelum kuncinya berganti. Selama itu ia tidak melayani komputer desa.",
    "hub_lama": "Hub kecamatan berbicara dengan kunci lama yang sudah diganti; mungkin dipulihkan dari salinan lama."
                " Pekerjaan di sini aman.",
    "saksi_mundur": "Saksi kabupaten membuktikan bahwa catatan hub ini pernah lebih panjang; mungkin data dipulihkan"
                    " dari salinan lama.",
    "saksi_cabang": "Saksi kabupaten membuktikan bahwa hub ini pernah menandatangani isi lain untuk catatan yang sama.",
}
"""Indonesian, by code; true from the moment in which the event is noted."""
_UNKNOWN = "Kejadian yang belum dikenal program ini. Perbarui program untuk membacanya."


class Event(NamedTuple):
    """One thing that was noticed; ``detail`` is for people who look closer and names nobody."""

    time_s: int
    code: str
    log: str
    detail: str

    def sentence(self) -> str:
        return SENTENCES.get(self.code, _UNKNOWN)


def note_event(
    conn: sqlite3.Connection, time_s: int, code: str, log: str, detail: str, data: bytes | None = None
) -> bool:
    """Keep one event; the same one (code, log, detail) is kept once. Tell whether it was new."""
    known = conn.execute(
        "SELECT 1 FROM evidence WHERE code = ? AND log = ? AND detail = ?", (code, log, detail)
    ).fetchone()
    if known is None:
        add_event(conn, time_s, code, log, detail, data)
    return known is None


def add_event(conn: sqlite3.Connection, time_s: int, code: str, log: str, detail: str, data: bytes | None) -> None:
    """Keep one event, also where the same one is there."""
    cursor = conn.execute(
        "INSERT INTO evidence (time_s, code, log, detail, data) VALUES (?, ?, ?, ?, ?)",
        (time_s, code, log, detail, data),
    )
    mark_rows(conn, "evidence", cursor.lastrowid)


def list_events(conn: sqlite3.Connection, count: int = 50) -> list[Event]:
    """List the newest events first."""
    rows = conn.execute("SELECT time_s, code, log, detail FROM evidence ORDER BY no DESC LIMIT ?", (count,))
    return [Event(*row) for row in rows]
