"""Residents: `/penduduk/` and what hangs below it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.bantuan.queries import list_aid
from node.beranda.desk import author, services
from node.beranda.looks import note_list, note_look
from node.beranda.reveals import PURPOSES, conceal, is_revealed, reveal
from node.lingkup import may_see_family, own_dusun
from node.lingkup import people_index as own_people
from node.penduduk.biodata import read_biodata
from node.penduduk.editing import (
    Editor, EditView, add_choice_route, add_edit_routes, add_restore_route, read_reason,
)
from node.penduduk.index import PeopleIndex
from node.penduduk.listing import fill_rows, select_people
from node.penduduk.queries import list_dusun, read_row
from node.penduduk.rules import (
    COLUMNS,
    DEFAULT_COLUMNS,
    FORM_FIELDS,
    HIDUP,
    KEPALA,
    LABELS,
    ONLY,
    PENDUDUK,
    SECTIONS,
    SORTS,
    STATUS_FIELDS,
    STATUS_HINT,
    STATUSES,
    Saringan,
    list_statuses,
    read_saringan,
)
from node.penduduk.tampilan import Daftar, Tampilan, read_later
from node.penduduk.writing import KnownAlready, Rejected, delete, save_new
from shared.clock import today
from shared.records.lampid import JENIS_PERISTIWA
from shared.web.forms import Form, make_form

blueprint = Blueprint("penduduk", __name__, url_prefix="/penduduk")

REASONS = {
    "ganda": "Data ganda: orang ini sudah tercatat",
    "salah_input": "Salah masuk: orang ini tidak pernah ada di desa",
    "uji": "Data percobaan",
}


DAFTAR = Daftar("penduduk", COLUMNS, DEFAULT_COLUMNS, SORTS, ONLY, read_saringan)


def people_index() -> PeopleIndex:
    """Give the people whom the current user may see."""
    return own_people()


def _list_page(view: Tampilan[Saringan], token: str | None) -> dict[str, Any]:
    node = services()
    with node.database.read() as conn:
        people = select_people(node, conn, people_index(), view)
        columns = DAFTAR.read_columns(conn)
        drawn = DAFTAR.show(view, token, people, lambda shown: fill_rows(node, conn, shown, columns), columns)
        dusun = own_dusun(list_dusun(conn, node.wilayah))
    note_list("Penduduk", "", len(people_index().people()))
    return {**drawn, "dusun": dusun, "statuses": STATUSES}


def _make_rows(
    conn: sqlite3.Connection, view: Tampilan[Saringan], columns: Sequence[str], is_open: bool
) -> list[list[str]]:
    node = services()
    people = select_people(node, conn, people_index(), view)
    return [[row.nama, *row.cells] for row in fill_rows(node, conn, people, columns, is_open)]


DAFTAR.add_routes(blueprint, _list_page, "Nama", _make_rows)


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show the biodata of one resident."""
    node, record = services(), str(id)
    is_open = is_revealed(record)
    with node.database.read() as conn:
        found = read_biodata(node, conn, record, is_open, read_later())
    if found is None:
        abort(404)
    note_look(record)
    return render_template(
        "penduduk/biodata.html", orang=found, is_open=is_open, purposes=PURPOSES, jenis_peristiwa=JENIS_PERISTIWA,
        kartu=may_see_family(str((found.values or {}).get("keluarga") or "")),
    )


@blueprint.post("/<uuid:id>/tampilkan")
def unmask(id: object) -> ResponseReturnValue:
    """Open the numbers of one resident for a few minutes; logged with the purpose."""
    _require(str(id))
    reveal(str(id))
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/<uuid:id>/tutup")
def mask(id: object) -> ResponseReturnValue:
    """Mask the numbers again."""
    conceal(str(id))
    return redirect(url_for(".show", id=id), 303)


@blueprint.get("/tambah")
def add() -> ResponseReturnValue:
    """Show the empty form; inside a family when one is named."""
    node = services()
    family = request.args.get("keluarga", "")
    with node.database.read() as conn:
        home = read_row(conn, node.catalogue["keluarga"], node.wilayah, family) if family else None
        dusun = list_dusun(conn, node.wilayah)
    start = {name: home[name] for name in ("alamat", "dusun", "rw", "rt")} if home else {}
    form = make_form(PENDUDUK, {"status_dasar": 1, **start}, names=FORM_FIELDS, choices=_choices(dusun))
    return _add_page(form, family if home else "", "")


@blueprint.post("/tambah")
def create() -> ResponseReturnValue:
    """Add a resident; a known person is shown first."""
    node = services()
    with node.database.read() as conn:
        dusun = list_dusun(conn, node.wilayah)
    family, number = request.form.get("keluarga", ""), request.form.get("no_kk", "")
    try:
        id, remark = save_new(node, people_index(), request.form, choices=_choices(dusun), author=author())
    except KnownAlready as known:
        with node.database.read() as conn:
            rows = fill_rows(node, conn, known.people, ("jk", "umur", "dusun", "rt_rw"))
        return _add_page(known.form, family, number, rows), 409
    except Rejected as rejected:
        return _add_page(rejected.form, family, number), 400
    flash(f"Penduduk baru sudah disimpan. {remark}".strip(), "baik")
    return redirect(url_for(".show", id=id), 303)


def _add_page(form: Form, family: str, number: str, known: Any = ()) -> str:
    return render_template(
        "penduduk/tambah.html", form=form, bagian=SECTIONS, keluarga=family, no_kk=number, known=known
    )


def _editor(id: str) -> Editor:
    node = services()
    with node.database.read() as conn:
        dusun = list_dusun(conn, node.wilayah)
        row = read_row(conn, PENDUDUK, node.wilayah, id) or {}
    # A status that an event has made is changed by events: typed over, it would count as what it no longer is.
    own = SECTIONS if row.get("peristiwa") is None else tuple(part for part in SECTIONS if part[1] != STATUS_FIELDS)
    names = [name for _, fields in own for name in fields]
    statuses = list_statuses(row.get("status_dasar"))

    def draw(view: EditView) -> str:
        if "status_dasar" in view.form.fields:
            view.form.fields["status_dasar"].help = STATUS_HINT
        return render_template("penduduk/ubah.html", id=id, nama=_name_of(id), view=view, bagian=own)

    def check(conn: sqlite3.Connection, values: Mapping[str, Any], form: Form) -> None:
        status = form.fields.get("status_dasar")
        if status is not None and status.text and status.text not in dict(statuses):
            status.error = STATUS_HINT

    return Editor(PENDUDUK, id, names, {**_choices(dusun), "status_dasar": statuses}, draw, check)


add_edit_routes(blueprint, _editor)
add_choice_route(blueprint, PENDUDUK)


@blueprint.get("/<uuid:id>/hapus")
def confirm_delete(id: object) -> ResponseReturnValue:
    """Ask for the reason before a resident is deleted."""
    return _delete_page(str(id), "", "", "")


@blueprint.post("/<uuid:id>/hapus")
def remove(id: object) -> ResponseReturnValue:
    """Delete a resident with the reason."""
    chosen, (note, problem) = request.form.get("alasan", ""), read_reason("", "catatan")
    problem = problem if chosen in REASONS else "Pilih dulu alasannya."
    if problem or _has_events(str(id)):
        return _delete_page(str(id), chosen, note, problem), 400
    delete(services(), PENDUDUK, str(id), f"{REASONS[chosen]}. {note}".strip(), author())
    flash("Data penduduk sudah dihapus. Riwayatnya tetap tersimpan dan dapat dikembalikan.", "baik")
    return redirect(url_for(".show", id=id), 303)


def _has_events(id: str) -> bool:
    """Tell whether somebody stands in reports: deleted, he would change months that were closed."""
    node = services()
    with node.database.read() as conn:
        return (read_row(conn, PENDUDUK, node.wilayah, id) or {}).get("peristiwa") is not None


def _delete_page(id: str, chosen: str, note: str, problem: str) -> str:
    """Draw the question, with what would be left behind."""
    node, person = services(), people_index().get(id)
    if person is None:
        abort(404)
    others = [p for p in people_index().members().get(person.keluarga, []) if p.id != id and p.status == HIDUP]
    with node.database.read() as conn:
        aid = list_aid(conn, node.wilayah, [id], "", today(node.clock))
    note_look(id)
    return render_template(
        "penduduk/hapus.html", id=id, nama=person.nama, reasons=REASONS, chosen=chosen, catatan=note,
        problem=problem, bantuan=aid, punya_peristiwa=_has_events(id),
        is_head=bool(others) and person.hubungan == KEPALA,
    )


add_restore_route(blueprint, PENDUDUK, "Data penduduk sudah dikembalikan.")


def _choices(dusun: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    own_words = {name: [(str(code), text) for code, text in words.items()] for name, words in LABELS.items()}
    return {"dusun": list(dusun.items()), **own_words}


def _require(id: str) -> None:
    if people_index().get(id) is None:
        abort(404)


def _name_of(id: str) -> str:
    person = people_index().get(id)
    if person is None:
        abort(404)
    return person.nama
