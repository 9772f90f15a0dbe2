"""The books of letters on screen and paper: `/surat/agenda/`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from node.beranda.desk import services
from node.beranda.kantor import read_office
from node.beranda.kop import make_kop, name_desa
from node.beranda.looks import note_list
from node.laporan import cetak
from node.penduduk.ekspor import write_table
from node.penduduk.queries import list_computers
from node.services import NodeServices
from node.surat.buku import (
    EKSPEDISI, JUDUL, KELUAR, KOLOM, LEBAR, MASUK, SEMUA, Line, write_both, write_incoming, write_outgoing, write_sent,
)
from node.surat.masuk import read_year
from node.surat.rules import Signer
from node.surat.queries import (
    list_closed_logs, list_letters_of_year, list_sent_of_year, list_signers, list_years,
)
from node.surat.urut_masuk import read_agenda
from shared.clock import today
from shared.codes import wilayah as codes
from shared.errors import UserError
from shared.pdf.book import typeset_book
from shared.surat.fakta import write_date as write_long_date
from shared.surat.queries import list_blocks

FORMATS = {"xlsx": "Excel (xlsx)", "pdf": "PDF untuk ditandatangani"}
blueprint = Blueprint("agenda", __name__, url_prefix="/surat/agenda")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show one book of one year."""
    node, book = services(), _read_book(request.args)
    with node.database.read() as conn:
        years = _list_years(node, conn)
        year = read_year(years)
        lines = _write(node, conn, book, year)
    note_list(f"Agenda {book}", str(year), sum(not line.is_gap for line in lines), "baris")
    return render_template(
        "surat/agenda.html", buku=book, judul=JUDUL, kolom=KOLOM[book], lines=lines, tahun=year, years=years,
        formats=FORMATS, has_series=any("-" in line.cells[0] and not line.is_gap for line in lines) and book == KELUAR,
    )


@blueprint.post("/cetak")
def make_book() -> ResponseReturnValue:
    """Make the book as a file and lead to it; audited with the count."""
    node, book, form = services(), _read_book(request.form), request.form.get("format", "pdf")
    if form not in FORMATS:
        raise UserError("Pilih dulu jenis berkasnya.", "jenis_berkas")
    with node.database.read() as conn:
        year = read_year(_list_years(node, conn))
        lines = _write(node, conn, book, year)
        content = _make_sheet(node, conn, book, year, lines) if form == "pdf" else _make_table(book, lines)
    name = f"{'ekspedisi' if book == EKSPEDISI else 'agenda-' + book}-{year}.{form}"
    about = f"{form}, {year}, {len(lines)} baris"
    return cetak.lead_to(cetak.Berkas(form, name, content), "ekspor", f"agenda {book}", about)


def _make_table(book: str, lines: Sequence[Line]) -> bytes:
    """Make the spreadsheet of a book, gaps as rows of words."""
    return write_table("xlsx", KOLOM[book], _fill_rows(book, lines))


def _make_sheet(node: NodeServices, conn: sqlite3.Connection, book: str, year: int, lines: Sequence[Line]) -> bytes:
    """Make the sheet of a book with the signature blocks that the law asks for."""
    day = today(node.clock)
    signers = list_signers(conn, node.wilayah, day.isoformat())
    office = read_office(conn, node.wilayah)
    chief = next((signer for signer in signers if signer.jabatan == "kades"), None)
    clerk = next((signer for signer in signers if signer.jabatan == "sekdes"), None)
    desa = name_desa(node.wilayah)
    return typeset_book({
        "kertas": "F4", "mendatar": True, "judul": f"{JUDUL[book]}\n{desa}\nTahun {year}", "keterangan": "",
        "kop": None, "kolom": [{"lebar": width} for width in LEBAR[book]], "kepala": [list(KOLOM[book])],
        "isi": _fill_rows(book, lines),
        "catatan": "", "kaki": f"{make_kop(node).nama}, {office.get('alamat') or ''}".strip(", "),
        "kiri": _block("Mengetahui,", f"{'Lurah' if desa.startswith('Kelurahan') else 'Kepala Desa'}", chief),
        "kanan": _block(f"{codes.nama(node.wilayah)}, {write_long_date(day)}", "Sekretaris Desa", clerk),
    }, timestamp_s=node.clock.now_s())


def _fill_rows(book: str, lines: Sequence[Line]) -> list[list[str]]:
    return [[*line.cells, *[""] * (len(KOLOM[book]) - len(line.cells))] for line in lines]


def _block(above: str, office: str, signer: Signer | None) -> dict[str, str]:
    """Write a signature block; where nobody is known the name is left to the pen."""
    return {
        "atas": above, "jabatan": office, "nama": signer.nama if signer else "…………………………",
        "bawah": f"NIP {signer.nip}" if signer and signer.nip else "",
    }


def _read_book(asked: Mapping[str, str]) -> str:
    book = asked.get("buku", KELUAR)
    if book not in JUDUL:
        abort(404)
    return book


def _list_years(node: NodeServices, conn: sqlite3.Connection) -> list[int]:
    return sorted({today(node.clock).year, *list_years(conn, node.wilayah)}, reverse=True)


def _write(node: NodeServices, conn: sqlite3.Connection, book: str, year: int) -> list[Line]:
    desa = node.wilayah
    if book == EKSPEDISI:
        return write_sent(list_sent_of_year(conn, desa, year))
    if book == MASUK:
        return write_incoming(read_agenda(node, conn, year))
    letters = list_letters_of_year(conn, desa, year)
    if book == SEMUA:
        return write_both(letters, read_agenda(node, conn, year))
    names = {id: computer.name for id, computer in list_computers(conn, node).items()}
    return write_outgoing(letters, list_blocks(conn, desa, year), names, list_closed_logs(conn, desa))
