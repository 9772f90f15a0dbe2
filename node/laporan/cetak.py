"""Books as files: PDF with kop and both signature blocks, or xlsx; each one is written into the audit."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, redirect, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, keep, services
from node.beranda.kop import name_desa
from node.laporan.queries import find_penanda, read_kepala
from node.services import NodeServices
from shared.clock import format_time, today
from shared.codes import wilayah as codes
from shared.errors import UserError
from shared.lampid.book import write_bulan
from shared.pdf.typeset import typeset
from shared.tata import XLSX, Cell, Tata, write_xlsx
from shared.web.audit import record_access
from shared.web.services import require_user

FORMATS = {"pdf": "PDF (siap cetak)", "xlsx": "Excel (xlsx)"}
_MIME = {"pdf": "application/pdf", "xlsx": XLSX}
_DOTS = "(…………………………………)"


@dataclass(frozen=True)
class Isi:
    """One book to be made: its layout, lines above the table, rows, sums, and lines below."""

    tata: Tata
    keterangan: str
    rows: Sequence[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]] = ()
    catatan: str = ""


def write_day(day: str) -> str:
    """Write a date as a signature block does: ``30 November 2026``."""
    return f"{int(day[8:10])} {write_bulan(day[:7])}"


def make_file(isi: Isi, form: str, people: int) -> ResponseReturnValue:
    """Make a book, write into the audit how many people it names, and lead to it."""
    node, user = services(), require_user()
    if form not in FORMATS:
        raise UserError("Pilih dulu jenis berkasnya.", "jenis_berkas")
    with node.database.read() as conn:
        content = _make_pdf(node, conn, isi) if form == "pdf" else _make_xlsx(node, isi)
    with node.database.write() as conn:
        record_access(
            conn, node.clock, user.name, "buku_dicetak", f"Buku {isi.tata.kode}", f"{form}, {people} orang"
        )
    name = f"buku-{isi.tata.kode.lower().replace('.', '')}-{today(node.clock).isoformat()}.{form}"
    return redirect(url_for("laporan.download", token=_files().put((form, name, content))), 303)


def hand_out(token: str) -> Response:
    """Hand out a book to the session that made it; UserError when it is gone."""
    found = _files().get(token)
    if found is None:
        raise UserError("Berkas ini sudah tidak ada. Buka bukunya, lalu buat lagi.", "berkas_hilang")
    form, name, content = found
    return Response(
        content, mimetype=_MIME[form], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _files() -> Notes[tuple[str, str, bytes]]:
    return keep("laporan_berkas", lambda node: Notes[tuple[str, str, bytes]](node, 4, 3600.0))


def _make_xlsx(node: NodeServices, isi: Isi) -> bytes:
    heading = [f"Buku {isi.tata.kode}: {isi.tata.judul}", name_desa(node.wilayah), *isi.keterangan.split("\n")]
    return write_xlsx(isi.tata, heading, isi.rows, isi.totals, isi.catatan.split("\n") if isi.catatan else ())


def _make_pdf(node: NodeServices, conn: sqlite3.Connection, isi: Isi) -> bytes:
    day = today(node.clock).isoformat()
    kabupaten, kecamatan = (codes.nama(node.wilayah[:length]) or "" for length in (5, 8))
    kepala, alamat = read_kepala(conn, node.wilayah)
    kades = find_penanda(conn, node.wilayah, "kades", day)
    sekdes = find_penanda(conn, node.wilayah, "sekdes", day)
    place = codes.nama(node.wilayah) or ""
    data = {
        **isi.tata.as_print(isi.rows, isi.totals), "kertas": "F4", "mendatar": True,
        "kop": {
            "kabupaten": f"Pemerintah {kabupaten}", "kecamatan": f"Kecamatan {kecamatan}",
            "desa": "LATIHAN, bukan data desa" if node.is_latihan else name_desa(node.wilayah), "alamat": alamat,
        },
        "keterangan": isi.keterangan, "catatan": isi.catatan,
        "kiri": {
            "atas": "Mengetahui,", "jabatan": (kades.sebutan if kades else "") or "Kepala Desa",
            "nama": (kades.nama if kades else "") or kepala or _DOTS, "bawah": kades.nomor if kades else "",
        },
        "kanan": {
            "atas": f"{place}, {write_day(day)}", "jabatan": (sekdes.sebutan if sekdes else "") or "Sekretaris Desa",
            "nama": (sekdes.nama if sekdes else "") or _DOTS, "bawah": sekdes.nomor if sekdes else "",
        },
        "kaki": f"Dicetak {format_time(node.clock.now_s())} oleh {require_user().name}",
    }
    images = {} if node.logo is None else {"logo": node.logo.png}
    return typeset("buku", data, timestamp_s=node.clock.now_s(), images=images)
