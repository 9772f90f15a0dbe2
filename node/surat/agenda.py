"""The books of letters on screen and paper: `/surat/agenda/`."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from node.beranda.desk import services
from node.beranda.kop import make_kop, name_desa
from node.penduduk.ekspor import MIME, write_table
from node.penduduk.queries import list_computers
from node.services import NodeServices
from node.surat.buku import (
    EKSPEDISI, JUDUL, KELUAR, KOLOM, LEBAR, MASUK, SEMUA, Line, write_both, write_incoming, write_outgoing, write_sent,
)
from node.surat.masuk import read_year
from node.surat.rules import Signer
from node.surat.queries import (
    list_closed_logs, list_incoming, list_letters_of_year, list_sent_of_year, list_signers, list_years, read_office,
)
from shared.clock import today
from shared.codes import wilayah as codes
from shared.pdf.apart import typeset_book
from shared.surat.fakta import write_date as write_long_date
from shared.surat.queries import list_blocks
from shared.web.audit import record_access
from shared.web.services import require_user

blueprint = Blueprint("agenda", __name__, url_prefix="/surat/agenda")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show one book of one year."""
    node, book = services(), _read_book()
    with node.database.read() as conn:
        years = _list_years(node, conn)
        year = read_year(years)
        lines = _write(node, conn, book, year)
    return render_template(
        "surat/agenda.html", buku=book, judul=JUDUL, kolom=KOLOM[book], lines=lines, tahun=year, years=years,
        has_series=any("-" in line.cells[0] and not line.is_gap for line in lines) and book == KELUAR,
    )


@blueprint.get("/unduh.xlsx")
def download_table() -> Response:
    """Give the book as a spreadsheet, gaps as rows of words; logged."""
    node, book = services(), _read_book()
    with node.database.read() as conn:
        year = read_year(_list_years(node, conn))
        lines = _write(node, conn, book, year)
    rows = [(*line.cells, *[""] * (len(KOLOM[book]) - len(line.cells))) for line in lines]
    return _answer(node, book, year, "xlsx", write_table("xlsx", KOLOM[book], rows), len(rows))


@blueprint.get("/unduh.pdf")
def download_sheet() -> Response:
    """Give the book as a sheet with the signature blocks that the law asks for; logged."""
    node, book = services(), _read_book()
    day = today(node.clock)
    with node.database.read() as conn:
        year = read_year(_list_years(node, conn))
        lines = _write(node, conn, book, year)
        signers = list_signers(conn, node.wilayah, day.isoformat())
        office = read_office(conn, node.wilayah)
    chief = next((signer for signer in signers if signer.jabatan == "kades"), None)
    clerk = next((signer for signer in signers if signer.jabatan == "sekdes"), None)
    desa = name_desa(node.wilayah)
    content = typeset_book({
        "kertas": "F4", "mendatar": True, "judul": f"{JUDUL[book]}\n{desa}\nTahun {year}", "keterangan": "",
        "kop": None, "kolom": [{"lebar": width} for width in LEBAR[book]], "kepala": [list(KOLOM[book])],
        "isi": [[*line.cells, *[""] * (len(KOLOM[book]) - len(line.cells))] for line in lines],
        "catatan": "", "kaki": f"{make_kop(node).nama}, {office.get('alamat') or ''}".strip(", "),
        "kiri": _block("Mengetahui,", f"{'Lurah' if desa.startswith('Kelurahan') else 'Kepala Desa'}", chief),
        "kanan": _block(f"{codes.nama(node.wilayah)}, {write_long_date(day)}", "Sekretaris Desa", clerk),
    }, timestamp_s=node.clock.now_s())
    return _answer(node, book, year, "pdf", content, len(lines))


def _block(above: str, office: str, signer: Signer | None) -> dict[str, str]:
    """Write a signature block; where nobody is known the name is left to the pen."""
    return {
        "atas": above, "jabatan": office, "nama": signer.nama if signer else "…………………………",
        "bawah": f"NIP {signer.nip}" if signer and signer.nip else "",
    }


def _answer(node: NodeServices, book: str, year: int, kind: str, content: bytes, count: int) -> Response:
    with node.database.write() as conn:
        about = f"{kind}, {year}, {count} baris"
        record_access(conn, node.clock, require_user().name, "ekspor", f"agenda {book}", about)
    mime = "application/pdf" if kind == "pdf" else MIME[kind]
    name = f"{'ekspedisi' if book == EKSPEDISI else 'agenda-' + book}-{year}.{kind}"
    return Response(content, mimetype=mime, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _read_book() -> str:
    book = request.args.get("buku", KELUAR)
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
        return write_incoming(list_incoming(conn, desa, year))
    letters = list_letters_of_year(conn, desa, year)
    if book == SEMUA:
        return write_both(letters, list_incoming(conn, desa, year))
    names = {id: computer.name for id, computer in list_computers(conn, node).items()}
    return write_outgoing(letters, list_blocks(conn, desa, year), names, list_closed_logs(conn, desa))
