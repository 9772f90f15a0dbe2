"""Letters that came in: `/surat/masuk/`: form, scan, disposition."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.change import write_drafts
from node.penduduk.editing import (
    Editor, EditView, add_choice_route, add_edit_routes, find_picture, list_disputes, require_row, write_fields,
)
from node.penduduk.writing import delete
from node.surat.queries import list_incoming, list_perangkat, list_years
from node.surat.rules import SURAT_MASUK
from shared.clock import today
from shared.store.blobs import store_of
from shared.store.drafts import draft_create
from shared.web.forms import make_form, parse_form
from shared.web.pictures import ACCEPT, answer_scan, take_picture

blueprint = Blueprint("surat_masuk", __name__, url_prefix="/surat/masuk")
FIELDS = ("tanggal_terima", "nomor", "tanggal_surat", "pengirim", "isi_singkat", "keterangan", "disposisi",
          "disposisi_kepada")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the letters that came in during a year."""
    node = services()
    with node.database.read() as conn:
        years = sorted({today(node.clock).year, *list_years(conn, node.wilayah)}, reverse=True)
        year = read_year(years)
        rows = list_incoming(conn, node.wilayah, year)
    return render_template("surat/masuk.html", rows=rows, tahun=year, years=years)


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
    scan_, problem = take_picture("pindaian")
    if problem:
        form.other_errors.append(problem)
    if not form.is_valid:
        return _form_page("", EditView(form, "", False)), 400
    if scan_ is not None:
        values["pindaian"] = store_of(node).add(node.wilayah, scan_)
    id = node.new_id()
    write_drafts(node, [draft_create(SURAT_MASUK, id, values)], author=author())
    flash("Surat masuk sudah dicatat di agenda.", "baik")
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
    data, problem = take_picture("pindaian", "Pilih dulu berkas pindaiannya.")
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
    """Take a line out of the agenda that was entered by mistake."""
    delete(services(), SURAT_MASUK, str(id), "Salah catat surat masuk.", author())
    flash("Catatan surat masuk sudah dihapus.", "baik")
    return redirect(url_for(".index"), 303)


def read_year(years: list[int]) -> int:
    """Read the year that the address or form asks for; the newest without one."""
    text = request.values.get("tahun", "")
    return int(text) if text.isdecimal() and int(text[:5]) in years else years[0]


def _editor(id: str) -> Editor:
    return Editor(SURAT_MASUK, id, FIELDS, _choices(), lambda view: _form_page(id, view))


add_edit_routes(blueprint, _editor)
add_choice_route(blueprint, SURAT_MASUK, gone=".index")


def _choices() -> dict[str, list[tuple[str, str]]]:
    node = services()
    with node.database.read() as conn:
        return {"disposisi_kepada": list_perangkat(conn, node.wilayah)}


def _form_page(id: str, view: EditView) -> str:
    return render_template("surat/ubah_masuk.html", id=id, view=view, accept=ACCEPT)


def _page(id: str, problem: str = "") -> str:
    values = require_row(SURAT_MASUK, id)
    names = dict(_choices()["disposisi_kepada"])
    return render_template(
        "surat/satu_masuk.html", id=id, surat=values, problem=problem, accept=ACCEPT,
        kepada=names.get(str(values.get("disposisi_kepada") or ""), ""), sengketa=list_disputes(SURAT_MASUK, id),
    )
