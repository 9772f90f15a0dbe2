"""Aid programmes of the kecamatan. Forms (POST with csrf_token, answer 303):

``/program/baru`` (``program.add``) and ``/program/<id>/ubah`` (``program.change``): ``nama``, ``sasaran``,
``asal_dana``, ``mulai``, ``selesai`` (dd-mm-yyyy), ``kuota``, ``nilai``, ``keterangan``, ``meniadakan``
(repeated: ids of programmes); a change also ``versi``, the heads that its form was made of.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.beranda.shell import name_place, services
from hub.change import write_common
from hub.program.queries import ProgramRow, has_program, list_programs
from hub.program.rules import describe_period, describe_quota, find_period_problem
from hub.sipande.figures import load_figures
from shared.clock import today
from shared.codes import code_list
from shared.merge.fold import RecordState
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from shared.web.forms import Form, make_form, parse_form
from shared.web.services import require_user

blueprint = Blueprint("program", __name__)
NAMES = ("nama", "sasaran", "asal_dana", "mulai", "selesai", "kuota", "nilai", "keterangan")


@blueprint.get("/program")
def index() -> str:
    """List all programmes with how many receive."""
    hub = services()
    with hub.database.read() as conn:
        rows = list_programs(conn)
    totals = {program.id: program.total for program in load_figures().programs}
    return render_template(
        "program/index.html", rows=rows, totals=totals, own=hub.wilayah, name_place=name_place,
        period=lambda row: describe_period(row.mulai, row.selesai, today(hub.clock)), quota=describe_quota,
        target=lambda code: code_list("sasaran_bantuan").label(code) or "",
    )


@blueprint.get("/program/<id>")
def show(id: str) -> str:
    """Show one programme with its recipients by desa."""
    hub = services()
    kind = hub.catalogue["program_bantuan"]
    with hub.database.read() as conn:
        rows = list_programs(conn)
        row = next((row for row in rows if row.id == id), None)
        if row is None:
            abort(404)
        values = load_state(conn, hub.catalogue, kind, row.desa, id).values(kind)
    programs = {other.id: other.nama for other in rows}
    figures = load_figures()
    counted = next((program for program in figures.programs if program.id == id), None)
    if counted is None:
        abort(404)
    return render_template(
        "program/tampil.html", row=row, values=values, own=hub.wilayah, name_place=name_place,
        desa=[(desa.kode, desa.nama, counted.penerima.get(desa.kode, 0)) for desa in figures.desa],
        total=counted.total, quota=describe_quota(counted.total, row.kuota),
        period=describe_period(row.mulai, row.selesai, today(hub.clock)),
        target=code_list("sasaran_bantuan").label(row.sasaran) if row.sasaran else "",
        excluded=[programs.get(other) or "program lain" for other in values.get("meniadakan") or ()],
    )


@blueprint.get("/program/baru")
def new() -> str:
    """Show the empty form."""
    return _form_page(make_form(services().catalogue["program_bantuan"], names=NAMES), None, [], "")


@blueprint.post("/program/baru")
def add() -> ResponseReturnValue:
    """Publish a new programme to every desa."""
    hub = services()
    kind = hub.catalogue["program_bantuan"]
    values, form = _read_form({}, None)
    if not form.is_valid:
        return _form_page(form, None, values.get("meniadakan", []), ""), 400
    id = hub.new_id()
    write_common(hub, [draft_create(kind, id, values)], author=require_user().petugas)
    flash("Program disimpan dan dikirim ke semua desa pada sinkronisasi berikutnya.", "baik")
    return redirect(url_for("program.show", id=id), 303)


@blueprint.get("/program/<id>/ubah")
def edit(id: str) -> str:
    """Show the form of a programme of the kecamatan."""
    state = _load_own(id)
    values = state.values(services().catalogue["program_bantuan"])
    form = make_form(services().catalogue["program_bantuan"], values, names=NAMES)
    return _form_page(form, id, list(values.get("meniadakan") or ()), _version(state))


@blueprint.post("/program/<id>/ubah")
def change(id: str) -> ResponseReturnValue:
    """Change a programme of the kecamatan."""
    hub = services()
    kind = hub.catalogue["program_bantuan"]
    with hub.database.write():
        state = _load_own(id)
        values, form = _read_form(state.values(kind), id)
        if request.form.get("versi", "") != _version(state):
            form.other_errors.append("Program ini baru saja diubah petugas lain. Muat ulang, lalu ubah lagi.")
        if not form.is_valid:
            return _form_page(form, id, values.get("meniadakan", []), request.form.get("versi", "")), 400
        changed = {name: values.get(name) for name in (*NAMES, "meniadakan")}
        draft = draft_update(kind, state, id, changed)
        if draft is not None:
            write_common(hub, [draft], author=require_user().petugas)
    flash("Perubahan program disimpan.", "baik")
    return redirect(url_for("program.show", id=id), 303)


def _load_own(id: str) -> RecordState:
    """Read the state of a programme of the kecamatan; 404 for any other."""
    hub = services()
    with hub.database.read() as conn:
        if not has_program(conn, hub.wilayah, id):
            abort(404)
        return load_state(conn, hub.catalogue, hub.catalogue["program_bantuan"], hub.wilayah, id)


def _read_form(current: dict[str, Any], id: str | None) -> tuple[dict[str, Any], Form]:
    values, form = parse_form(services().catalogue["program_bantuan"], request.form, current, names=NAMES)
    excluded = sorted(_other_programs(id).keys() & set(request.form.getlist("meniadakan")))
    if excluded:
        values["meniadakan"] = excluded
    problem = find_period_problem(values)
    if problem and not form.fields["selesai"].error:
        form.fields["selesai"].error = problem
    return values, form


def _other_programs(id: str | None) -> dict[str, ProgramRow]:
    with services().database.read() as conn:
        return {row.id: row for row in list_programs(conn) if row.id != id}


def _version(state: RecordState) -> str:
    return " ".join(state.frontier(state.groups))


def _form_page(form: Form, id: str | None, excluded: list[str], version: str) -> str:
    return render_template(
        "program/isian.html", form=form, id=id, version=version, excluded=excluded,
        others=[(row.id, row.nama or "Tanpa nama") for row in _other_programs(id).values()],
    )
