"""Books as files: PDF with kop and both signature blocks, or xlsx; each one is written into the audit."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask import Response, redirect, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, keep, services
from node.beranda.kop import name_desa
from node.laporan.bundel import Isian, stream_zip
from node.laporan.queries import find_penanda, read_kepala
from node.services import NodeServices
from shared.clock import format_time, today
from shared.codes import wilayah as codes
from shared.errors import UserError
from shared.lampid.book import write_bulan
from shared.pdf.apart import typeset_book
from shared.tata import XLSX, Cell, Tata, write_xlsx
from shared.web.audit import record_access
from shared.web.services import require_user

FORMATS = {"pdf": "PDF (siap cetak)", "xlsx": "Excel (xlsx)"}
_MIME = {"pdf": "application/pdf", "xlsx": XLSX, "zip": "application/zip"}
_DOTS = "(…………………………………)"


@dataclass(frozen=True)
class Isi:
    """One book to be made: its layout, lines above the table, rows, sums, and lines below."""

    tata: Tata
    keterangan: str
    rows: Sequence[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]] = ()
    catatan: str = ""


class Berkas(NamedTuple):
    """A file that may be fetched; one that is made as it leaves gives its bytes anew with each call."""

    form: str
    nama: str
    isi: bytes | Callable[[], Iterator[bytes]]


def write_day(day: str) -> str:
    """Write a date as a signature block does: ``30 November 2026``."""
    return f"{int(day[8:10])} {write_bulan(day[:7])}"


def make_file(isi: Isi, form: str, people: int) -> ResponseReturnValue:
    """Make a book, write into the audit how many people it names, and lead to it."""
    node = services()
    if form not in FORMATS:
        raise UserError("Pilih dulu jenis berkasnya.", "jenis_berkas")
    with node.database.read() as conn:
        content = _make_pdf(node, conn, isi) if form == "pdf" else _make_xlsx(node, isi)
    return _keep(isi.tata, form, content, people)


def make_bundle(tata: Tata, parts: Sequence[Callable[[], Isi]], people: int) -> ResponseReturnValue:
    """Lead to a ZIP of PDFs, one a part; each is made when the one before has left, so memory is that of one."""
    node, name = services(), name_file(tata)

    def make() -> Iterator[Isian]:
        for at, part in enumerate(parts, 1):
            isi = part()
            with node.database.read() as conn:
                yield Isian(f"{name}-bagian-{at:02d}-dari-{len(parts):02d}.pdf", _make_pdf(node, conn, isi))

    return _keep(tata, "zip", lambda: stream_zip(make()), people)


def name_file(tata: Tata) -> str:
    """Name the file of a book, without its ending."""
    return f"buku-{tata.kode.lower().replace('.', '')}-{today(services().clock).isoformat()}"


def _keep(
    tata: Tata, form: str, content: bytes | Callable[[], Iterator[bytes]], people: int
) -> ResponseReturnValue:
    made = Berkas(form, f"{name_file(tata)}.{form}", content)
    return lead_to(made, "buku_dicetak", f"Buku {tata.kode}", f"{form}, {people} orang")


def lead_to(made: Berkas, action: str, subject: str, detail: str) -> ResponseReturnValue:
    """Write into the audit that a file was made, and lead to where the session that made it may fetch it."""
    node = services()
    with node.database.write() as conn:
        record_access(conn, node.clock, require_user().name, action, subject, detail)
    return redirect(url_for("laporan.download", token=_files().put(made)), 303)


def hand_out(token: str) -> Response:
    """Hand out a book to the session that made it; UserError when it is gone."""
    found = _files().get(token)
    if found is None:
        raise UserError("Berkas ini sudah tidak ada. Buka bukunya, lalu buat lagi.", "berkas_hilang")
    content = found.isi if isinstance(found.isi, bytes) else stream_with_context(found.isi())
    return Response(
        content, mimetype=_MIME[found.form],
        headers={"Content-Disposition": f'attachment; filename="{found.nama}"'},
    )


def _files() -> Notes[Berkas]:
    return keep("laporan_berkas", lambda node: Notes[Berkas](node, 4, 3600.0))


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
    return typeset_book(data, timestamp_s=node.clock.now_s(), images=images)
