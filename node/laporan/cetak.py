"""Books as files: PDF with kop and both signature blocks, or xlsx; each one is written into the audit."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, keep, services
from node.beranda.looks import LONG_NUMBER
from node.beranda.jobs import Job, jobs
from node.beranda.kop import name_desa
from node.laporan.queries import find_penanda, read_kepala
from node.services import NodeServices
from shared.clock import format_time, today
from shared.codes import wilayah as codes
from shared.errors import UserError
from shared.lampid.book import write_bulan
from shared.pdf.book import ROWS_AT_ONCE_MAX, typeset_book
from shared.tata import XLSX, Cell, Tata, write_xlsx
from shared.web.audit import record_access
from shared.web.services import require_user

FORMATS = {"pdf": "PDF (siap cetak)", "xlsx": "Excel (xlsx)"}
_MIME = {"pdf": "application/pdf", "xlsx": XLSX}
_JOB = "cetak"
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
    """A file that may be fetched."""

    form: str
    nama: str
    isi: bytes


def write_day(day: str) -> str:
    """Write a date as a signature block does: ``30 November 2026``."""
    return f"{int(day[8:10])} {write_bulan(day[:7])}"


def make_file(isi: Isi, form: str, people: int) -> ResponseReturnValue:
    """Make a book, write into the audit how many people it names, and lead to it; a long one is made behind a page."""
    node = services()
    if form not in FORMATS:
        raise UserError("Pilih dulu jenis berkasnya.", "jenis_berkas")
    name = f"buku-{isi.tata.kode.lower().replace('.', '')}-{today(node.clock).isoformat()}.{form}"
    part = LONG_NUMBER.sub("…", ", ".join(isi.keterangan.split("\n")))
    audit = ("buku_dicetak", f"Buku {isi.tata.kode}", ", ".join(filter(None, (form, f"{people} orang", part))))
    if form == "xlsx":
        return lead_to(Berkas(form, name, _make_xlsx(node, isi)), *audit)
    with node.database.read() as conn:
        data = _lay_out(node, conn, isi)
    images = {} if node.logo is None else {"logo": node.logo.png}
    now_s = node.clock.now_s()
    if len(isi.rows) <= ROWS_AT_ONCE_MAX:
        return lead_to(Berkas(form, name, typeset_book(data, timestamp_s=now_s, images=images)), *audit)

    def work(job: Job) -> Berkas:
        return Berkas(form, name, typeset_book(data, timestamp_s=now_s, images=images, report=job.report))

    try:
        job = jobs().start(_JOB, work, joins=False)
    except UserError:
        running = jobs().find_running(_JOB)
        if running is None or _files().get(running.id) is None:
            raise
        flash("Buku yang tadi masih disiapkan. Tunggu sampai selesai, baru buat buku berikutnya.", "awas")
        return redirect(url_for("laporan.made", token=running.id), 303)
    _note(*audit)
    return redirect(url_for("laporan.made", token=_files().put(job, job.id)), 303)


def lead_to(made: Berkas, action: str, subject: str, detail: str) -> ResponseReturnValue:
    """Write into the audit that a file was made, and lead to where the session that made it may fetch it."""
    _note(action, subject, detail)
    return redirect(url_for("laporan.download", token=_files().put(made)), 303)


def _note(action: str, subject: str, detail: str) -> None:
    node = services()
    with node.database.write() as conn:
        record_access(conn, node.clock, require_user().name, action, subject, detail)


def show_progress(token: str) -> ResponseReturnValue:
    """Show how far a long book is, then where it is fetched; UserError when it is gone or somebody else's."""
    found = _find(token)
    if isinstance(found, Job) and found.is_running:
        return render_template(
            "impor/berjalan.html", job=found, judul="Menyiapkan buku", mulai="Buku sedang ditulis.",
            catatan="Buku panjang disusun bagian demi bagian menjadi satu PDF. Sambil menunggu, komputer lain dapat"
            " bekerja seperti biasa.",
        )
    if isinstance(found, Job) and found.problem:
        flash(found.problem, "salah")
        return redirect(url_for("laporan.index"), 303)
    return render_template("laporan/siap.html", token=token, berkas=found.result if isinstance(found, Job) else found)


def hand_out(token: str) -> ResponseReturnValue:
    """Hand out a book to the session that made it; UserError when it is gone."""
    found = _find(token)
    if isinstance(found, Job):
        if found.is_running or found.problem:
            return redirect(url_for("laporan.made", token=token), 303)
        found = found.result
    return Response(
        found.isi, mimetype=_MIME[found.form],
        headers={"Content-Disposition": f'attachment; filename="{found.nama}"'},
    )


def _find(token: str) -> Berkas | Job:
    found = _files().get(token)
    if found is None:
        raise UserError("Berkas ini sudah tidak ada. Buka bukunya, lalu buat lagi.", "berkas_hilang")
    return found


def _files() -> Notes[Berkas | Job]:
    return keep("laporan_berkas", lambda node: Notes[Berkas | Job](node, 4, 3600.0))


def _make_xlsx(node: NodeServices, isi: Isi) -> bytes:
    heading = [f"Buku {isi.tata.kode}: {isi.tata.judul}", name_desa(node.wilayah), *isi.keterangan.split("\n")]
    return write_xlsx(isi.tata, heading, isi.rows, isi.totals, isi.catatan.split("\n") if isi.catatan else ())


def _lay_out(node: NodeServices, conn: sqlite3.Connection, isi: Isi) -> dict[str, Any]:
    """Give what the print template ``buku`` needs of a book."""
    day = today(node.clock).isoformat()
    kabupaten, kecamatan = (codes.nama(node.wilayah[:length]) or "" for length in (5, 8))
    kepala, alamat = read_kepala(conn, node.wilayah)
    kades = find_penanda(conn, node.wilayah, "kades", day)
    sekdes = find_penanda(conn, node.wilayah, "sekdes", day)
    place = codes.nama(node.wilayah) or ""
    return {
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
