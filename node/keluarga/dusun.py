"""Hamlets: `/keluarga/dusun`: list, add, rename, close. Residents point to one by its id, so a name moves nobody."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import author, services
from node.beranda.jobs import Job, jobs
from node.change import write_drafts
from node.impor.match import dusun_key
from node.keluarga.closing import close_dusun
from node.keluarga.queries import list_pointing
from node.penduduk.biodata import make_teller
from node.penduduk.editing import (
    Editor, EditView, add_choice_route, add_edit_routes, add_restore_route, read_reason,
)
from node.penduduk.naming import name_deleted
from node.penduduk.queries import is_deleted, list_deleted, list_dusun, read_row, read_rows
from node.penduduk.routes import people_index
from node.penduduk.rules import HIDUP
from node.penduduk.tampilan import read_later
from shared.errors import UserError
from shared.records.catalogue import CATALOGUE
from shared.store.drafts import draft_create
from shared.web.forms import Form, make_form, parse_form

blueprint = Blueprint("dusun", __name__, url_prefix="/keluarga/dusun")
DUSUN = CATALOGUE["dusun"]
FIELDS = ("nama", "kepala_dusun")
_CLOSE = "dusun_tutup"


@blueprint.get("")
def index() -> ResponseReturnValue:
    """List the hamlets of the desa."""
    return _list_page(EditView(make_form(DUSUN, names=FIELDS), "", False))


@blueprint.post("")
def add() -> ResponseReturnValue:
    """Add a hamlet."""
    node = services()
    values, form = parse_form(DUSUN, request.form, names=FIELDS)
    with node.database.write() as conn:
        _check_name(conn, "", values, form)
        if not form.is_valid:
            return _list_page(EditView(form, "", False)), 400
        write_drafts(node, [draft_create(DUSUN, node.new_id(), values)], author=author())
    flash("Dusun sudah ditambahkan.", "baik")
    return redirect(url_for(".index"), 303)


def _list_page(view: EditView) -> str:
    node, index = services(), people_index()
    people = Counter(person.dusun for person in index.people() if person.status == HIDUP)
    families = Counter(family.dusun for family in index.families().values())
    with node.database.read() as conn:
        rows = read_rows(conn, DUSUN, node.wilayah, list_dusun(conn, node.wilayah))
        closed = [(id, name_deleted(node, conn, DUSUN, id)) for id in list_deleted(conn, "dusun", node.wilayah)]
    listed = sorted(rows.values(), key=lambda row: (row["nama"] or "", row["id"]))
    return render_template(
        "keluarga/dusun.html", rows=listed, people=people, families=families, closed=closed, view=view
    )


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show one hamlet with its history, and the form that closes it."""
    return _dusun_page(str(id), "")


def _editor(id: str) -> Editor:
    def check(conn: sqlite3.Connection, values: Mapping[str, Any], form: Form) -> None:
        _check_name(conn, id, values, form)

    return Editor(
        DUSUN, id, FIELDS, {}, lambda view: render_template("keluarga/ubah_dusun.html", id=id, view=view), check
    )


add_edit_routes(blueprint, _editor)
add_choice_route(blueprint, DUSUN)


def _check_name(conn: sqlite3.Connection, id: str, values: Mapping[str, Any], form: Form) -> None:
    """Mark a name that another hamlet has, however it is written: an import could not tell them apart."""
    key = dusun_key(str(values.get("nama") or ""))
    known = list_dusun(conn, services().wilayah)
    if not form.fields["nama"].error and any(dusun_key(name) == key for other, name in known.items() if other != id):
        form.fields["nama"].error = "Dusun dengan nama ini sudah ada." + (
            " Untuk menyatukannya, tutup dusun yang ini dan pindahkan penduduknya ke sana." if id else ""
        )


@blueprint.post("/<uuid:id>/tutup")
def close(id: object) -> ResponseReturnValue:
    """Close a hamlet behind the page; whoever is there moves to the one that was chosen."""
    node, by, record = services(), author(), str(id)
    target = request.form.get("tujuan", "")
    alasan, problem = read_reason("Tuliskan dulu alasannya, misalnya: salah tulis.")
    if problem:
        return _dusun_page(record, problem), 400

    def work(job: Job) -> int:
        return close_dusun(node, record, target, alasan, by, job.report)

    try:
        job = jobs().start(_CLOSE, work, joins=False)
    except UserError as error:
        return _dusun_page(record, error.pesan), 400
    return redirect(url_for(".closed", id=id, kerja=job.id), 303)


@blueprint.get("/<uuid:id>/tutup/<kerja>")
def closed(id: object, kerja: str) -> ResponseReturnValue:
    """Show how far the closing is, then what became of it."""
    job = jobs().find(kerja, _CLOSE)
    if job is None:
        return redirect(url_for(".show", id=id), 303)
    if job.is_running:
        return render_template("impor/berjalan.html", job=job, judul="Menutup dusun")
    if job.problem:
        return _dusun_page(str(id), job.problem), 400
    flash(f"Dusun sudah ditutup; {job.result} data pindah." if job.result else "Dusun sudah ditutup.", "baik")
    return redirect(url_for(".show", id=id), 303)


# A hamlet that was closed is open again; nobody moves back by that.
add_restore_route(blueprint, DUSUN, "Dusun sudah dibuka lagi.")


def _dusun_page(id: str, problem: str) -> str:
    node = services()
    with node.database.read() as conn:
        values = read_row(conn, DUSUN, node.wilayah, id)
        if values is None and not is_deleted(conn, "dusun", node.wilayah, id):
            abort(404)
        teller = make_teller(node, conn, DUSUN, id)
        pointing = list_pointing(conn, node.catalogue, node.wilayah, DUSUN, id)
        others = {other: name for other, name in list_dusun(conn, node.wilayah).items() if other != id}
    return render_template(
        "keluarga/satu_dusun.html", id=id, values=values or teller.state.values(DUSUN), is_closed=values is None,
        counts={name: len(rows) for name, rows in pointing.items()}, others=others, problem=problem,
        typed=request.form, cerita=teller.tell(read_later()), sengketa=teller.list_disputes(),
    )
