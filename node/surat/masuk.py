"""Letters that came in: `/surat/masuk/`: form, scan, disposition."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, author, keep, services
from node.penduduk.editing import (
    Editor, EditView, add_choice_route, add_edit_routes, add_restore_route, find_picture, list_disputes, read_reason,
    require_row, write_fields,
)
from node.penduduk.queries import read_row
from node.penduduk.tampilan import read_page
from node.penduduk.writing import delete
from node.surat.queries import count_incoming, list_perangkat, list_years, search_incoming
from node.surat.rules import SURAT_MASUK
from node.surat.urut_masuk import enter, find_lines, find_numbered, read_agenda, read_book_year
from shared.clock import today
from shared.store.blobs import store_of
from shared.store.records import load_state
from shared.web.forms import Form, make_form, parse_form
from shared.web.pictures import ACCEPT_SCAN, SCAN_HELP, answer_scan, take_scan

blueprint = Blueprint("surat_masuk", __name__, url_prefix="/surat/masuk")
FIELDS = ("tanggal_terima", "nomor", "tanggal_surat", "pengirim", "isi_singkat", "keterangan", "disposisi",
          "disposisi_kepada")
PAGE_ROWS = 25


def _searches() -> Notes[str]:
    return keep("cari_surat_masuk", lambda node: Notes[str](node))


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the letters that came in during a year, or those of all years that a search finds."""
    node, token = services(), request.args.get("lihat")
    text = _searches().get(token) or ""
    if text:
        return _found_page(text, str(token))
    with node.database.read() as conn:
        years = sorted({today(node.clock).year, *list_years(conn, node.wilayah)}, reverse=True)
        year = read_year(years)
        lines = read_agenda(node, conn, year)
    return render_template("surat/masuk.html", lines=lines[::-1], tahun=year, years=years, teks="")


@blueprint.post("/cari")
def search() -> ResponseReturnValue:
    """Keep what is searched for; a name never stands in an address."""
    text = " ".join(request.form.get("teks", "").split())[:100]
    return redirect(url_for(".index", lihat=_searches().put(text) if text else None), 303)


@blueprint.get("/tambah")
def add() -> ResponseReturnValue:
    """Show the empty form."""
    start = {"tanggal_terima": today(services().clock).isoformat()}
    return _form_page("", EditView(make_form(SURAT_MASUK, start, names=FIELDS, choices=_choices()), "", False))


@blueprint.post("/tambah")
def create() -> ResponseReturnValue:
    """Enter a letter that came in."""
    node = services()
    values, form = parse_form(SURAT_MASUK, request.form, names=FIELDS, choices=_choices())
    scan_, problem = take_scan("pindaian")
    if problem:
        form.other_errors.append(problem)
    if not form.is_valid:
        return _form_page("", EditView(form, "", False)), 400
    if scan_ is not None:
        values["pindaian"] = store_of(node).add(node.wilayah, scan_)
    id = node.new_id()
    number = enter(node, id, values, author())
    flash(f"Surat masuk sudah dicatat di agenda dengan nomor {number}. Tulis nomor itu di suratnya.", "baik")
    return redirect(url_for(".show", id=id), 303)


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show one letter that came in."""
    return _page(str(id))


@blueprint.post("/<uuid:id>/pindaian")
def keep_scan(id: object) -> ResponseReturnValue:
    """Keep or replace the scan."""
    node, record = services(), str(id)
    require_row(SURAT_MASUK, record)
    data, problem = take_scan("pindaian", "Pilih dulu berkas pindaiannya.")
    if data is None:
        return _page(record, problem), 400
    write_fields(SURAT_MASUK, record, {"pindaian": store_of(node).add(node.wilayah, data)})
    flash("Pindaian sudah disimpan.", "baik")
    return redirect(url_for(".show", id=id), 303)


@blueprint.get("/<uuid:id>/pindaian")
def scan(id: object) -> Response:
    """Show the scan; looking at it whole is logged."""
    node, digest = services(), find_picture(SURAT_MASUK, str(id), "pindaian")
    return answer_scan(node, node.wilayah, digest, str(id), "surat masuk", small=bool(request.args.get("kecil")))


@blueprint.post("/<uuid:id>/hapus")
def remove(id: object) -> ResponseReturnValue:
    """Strike out a line of the agenda that was entered by mistake, with the reason; its number stays."""
    record = str(id)
    require_row(SURAT_MASUK, record)
    alasan, problem = read_reason("Tuliskan dulu alasannya, misalnya: tercatat dua kali.")
    if problem:
        return _page(record, problem, at="hapus"), 400
    delete(services(), SURAT_MASUK, record, alasan, author())
    flash("Catatan surat masuk sudah dihapus. Nomornya tetap tercatat di agenda.", "baik")
    return redirect(url_for(".show", id=id), 303)


add_restore_route(blueprint, SURAT_MASUK, "Surat masuk sudah dikembalikan, dengan nomor agendanya yang dulu.")


def read_year(years: list[int]) -> int:
    """Read the year that the address or form asks for; the newest without one."""
    text = request.values.get("tahun", "")
    return int(text) if text.isdecimal() and int(text[:5]) in years else years[0]


def _editor(id: str) -> Editor:
    def check(conn: sqlite3.Connection, values: Mapping[str, Any], form: Form) -> None:
        _mind_year(read_row(conn, SURAT_MASUK, services().wilayah, id) or {}, values, form)

    return Editor(SURAT_MASUK, id, FIELDS, _choices(), lambda view: _form_page(id, view), check)


def _mind_year(live: Mapping[str, Any], values: Mapping[str, Any], form: Form) -> None:
    """Let no letter go to the agenda of another year: its number is on paper."""
    item, day, year = form.fields["tanggal_terima"], values.get("tanggal_terima"), read_book_year(live)
    if day and year and day != live.get("tanggal_terima") and int(str(day)[:4]) != year:
        item.error = item.error or (
            f"Nomor agendanya sudah diberikan di agenda tahun {year}. Bila tahunnya salah, hapus catatan ini dengan"
            " alasannya, lalu catat lagi suratnya."
        )


add_edit_routes(blueprint, _editor)
add_choice_route(blueprint, SURAT_MASUK, gone=".index")


def _choices() -> dict[str, list[tuple[str, str]]]:
    node = services()
    with node.database.read() as conn:
        return {"disposisi_kepada": list_perangkat(conn, node.wilayah)}


def _found_page(text: str, token: str) -> str:
    node = services()
    with node.database.read() as conn:
        total = count_incoming(conn, node.wilayah, text)
        page, pages = read_page(total, PAGE_ROWS)
        lines = find_lines(node, conn, search_incoming(conn, node.wilayah, text, page, PAGE_ROWS))
    return render_template(
        "surat/masuk.html", lines=lines, tahun=None, years=[], teks=text, total=total, page=page, pages=pages,
        token=token,
    )


def _form_page(id: str, view: EditView) -> str:
    return render_template("surat/ubah_masuk.html", id=id, view=view, accept=ACCEPT_SCAN, bantuan_pindaian=SCAN_HELP)


def _page(id: str, problem: str = "", at: str = "pindaian") -> str:
    node = services()
    with node.database.read() as conn:
        # What was deleted is still a line of the agenda.
        values = load_state(conn, node.catalogue, SURAT_MASUK, node.wilayah, id).values(SURAT_MASUK)
        line = find_numbered(node, conn, id, read_book_year(values))
    if line is None:
        abort(404)
    names = dict(_choices()["disposisi_kepada"])
    return render_template(
        "surat/satu_masuk.html", id=id, surat=values, baris=line, tahun=read_book_year(values), problem=problem, at=at,
        accept=ACCEPT_SCAN, bantuan_pindaian=SCAN_HELP, kepada=names.get(str(values.get("disposisi_kepada") or ""), ""),
        sengketa=list_disputes(SURAT_MASUK, id), alasan=request.form.get("alasan", ""),
    )
