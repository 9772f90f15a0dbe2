"""Aid programmes of the kecamatan. Forms (POST with csrf_token, answer 303):

``/program/baru`` (``program.add``) and ``/program/<id>/ubah`` (``program.change``): ``nama``, ``sasaran``,
``asal_dana``, ``mulai``, ``selesai`` (dd-mm-yyyy), ``kuota``, ``nilai``, ``keterangan``, ``meniadakan``
(repeated: ids of programmes); a change also ``versi``, the heads that its form was made of.
``/program/<id>/akhiri`` (``program.finish``): ``selesai``, the last day.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hub.beranda.shell import name_place, remember, services
from hub.change import write_common
from hub.program.queries import (
    PeriodCount, ProgramRow, count_delivered, count_periods, has_program, has_recipients, list_programs,
)
from hub.program.rules import (
    SUBJECTS, Use, describe_period, find_fullest, find_period_problem, find_subject_problem,
)
from hub.sipande.figures import load_figures
from shared.clock import today
from shared.codes import code_list
from shared.merge.fold import RecordState
from shared.merge.scope import Role
from shared.records.kind import Kind
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from shared.store.side import find_own_log
from shared.web.forms import Form, make_form, parse_form, write_date
from shared.web.services import require_user

blueprint = Blueprint("program", __name__)
NAMES = ("nama", "sasaran", "asal_dana", "mulai", "selesai", "kuota", "nilai", "keterangan")
_END = ("selesai",)
_CHANGED_MEANWHILE = "Program ini baru saja diubah petugas lain. Muat ulang, lalu ubah lagi."


@blueprint.get("/program")
def index() -> str:
    """List all programmes with how many receive, and how full they are."""
    hub = services()
    with hub.database.read() as conn:
        rows = list_programs(conn)
    totals = {program.id: program.total for program in load_figures().programs}
    uses = _load_uses()
    day = today(hub.clock)
    return render_template(
        "program/index.html", totals=totals, own=hub.wilayah, name_place=name_place,
        rows=[(row, find_fullest(_list_uses(uses, row), row.kuota)) for row in rows],
        period=lambda row: describe_period(row.mulai, row.selesai, day),
        target=lambda code: code_list("sasaran_bantuan").label(code) or "",
    )


@blueprint.get("/program/<id>")
def show(id: str) -> str:
    """Show one programme: its quota by period, its recipients by desa, and how far it has come."""
    hub = services()
    kind = hub.catalogue["program_bantuan"]
    common = find_own_log(hub, hub.wilayah, Role.UMUM)
    with hub.database.read() as conn:
        rows = list_programs(conn)
        row = next((row for row in rows if row.id == id), None)
        if row is None:
            abort(404)
        values = load_state(conn, hub.catalogue, kind, row.desa, id).values(kind)
        reach = count_delivered(conn, id, common) if common is not None and row.desa == hub.wilayah else None
    programs = {other.id: other.nama for other in rows}
    figures = load_figures()
    counted = next((program for program in figures.programs if program.id == id), None)
    if counted is None:
        abort(404)
    return render_template(
        "program/tampil.html", row=row, values=values, own=hub.wilayah, name_place=name_place, reach=reach,
        desa=[(desa.kode, desa.nama, counted.penerima.get(desa.kode, 0)) for desa in figures.desa],
        total=counted.total, uses=_list_uses(_load_uses(), row), is_running=_is_running(row),
        period=describe_period(row.mulai, row.selesai, today(hub.clock)),
        target=code_list("sasaran_bantuan").label(row.sasaran) if row.sasaran else "",
        excluded=[programs.get(other) or "program lain" for other in values.get("meniadakan") or ()],
    )


def _load_uses() -> Mapping[str, list[PeriodCount]]:
    """Give the counts of every programme by period, the latest period first, as the logs stand now."""

    def compute(conn: sqlite3.Connection) -> Mapping[str, list[PeriodCount]]:
        found: dict[str, list[PeriodCount]] = {}
        for count in sorted(count_periods(conn), key=lambda count: count.periode, reverse=True):
            found.setdefault(count.program, []).append(count)
        return found

    return remember("program_periods", compute)


def _list_uses(uses: Mapping[str, list[PeriodCount]], row: ProgramRow) -> list[Use]:
    return [Use(count.periode, count.aktif, count.usulan, row.kuota) for count in uses.get(row.id, ())]


def _is_running(row: ProgramRow) -> bool:
    day = today(services().clock).isoformat()
    return (row.mulai or "") <= day and (row.selesai is None or row.selesai >= day)


@blueprint.get("/program/baru")
def new() -> str:
    """Show the empty form."""
    return _form_page(_make_form({}), None, [], "")


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
    return _form_page(_make_form(values), id, list(values.get("meniadakan") or ()), _version(state))


@blueprint.post("/program/<id>/ubah")
def change(id: str) -> ResponseReturnValue:
    """Change a programme of the kecamatan."""
    hub = services()
    kind = hub.catalogue["program_bantuan"]
    with hub.database.write():
        state = _load_own(id)
        values, form = _read_form(state.values(kind), id)
        if request.form.get("versi", "") != _version(state):
            form.other_errors.append(_CHANGED_MEANWHILE)
        if not form.is_valid:
            return _form_page(form, id, values.get("meniadakan", []), request.form.get("versi", "")), 400
        changed = {name: values.get(name) for name in (*NAMES, "meniadakan")}
        draft = draft_update(kind, state, id, changed)
        if draft is not None:
            write_common(hub, [draft], author=require_user().petugas)
    flash("Perubahan program disimpan dan dikirim ke semua desa pada sinkronisasi berikutnya.", "baik")
    return redirect(url_for("program.show", id=id), 303)


@blueprint.get("/program/<id>/akhiri")
def ending(id: str) -> str:
    """Ask for the last day of a programme; today, unless somebody says otherwise."""
    state = _load_own(id)
    return _ending_page(make_form(_kind(), {"selesai": today(services().clock).isoformat()}, names=_END), id, state)


@blueprint.post("/program/<id>/akhiri")
def finish(id: str) -> ResponseReturnValue:
    """End a programme; its recipients and its history stay."""
    hub = services()
    with hub.database.write():
        state = _load_own(id)
        current = state.values(_kind())
        values, form = parse_form(_kind(), request.form, current, names=_END)
        item = form.fields["selesai"]
        if not item.error and "selesai" not in values:
            item.error = "Isi hari terakhir program ini."
        item.error = item.error or find_period_problem({**current, **values}) or ""
        if request.form.get("versi", "") != _version(state):
            form.other_errors.append(_CHANGED_MEANWHILE)
        if not form.is_valid:
            return _ending_page(form, id, state), 400
        draft = draft_update(_kind(), state, id, values)
        if draft is not None:
            write_common(hub, [draft], author=require_user().petugas)
    flash(f"Program berakhir {write_date(values['selesai'])}. Semua desa diberi tahu saat sinkronisasi.", "baik")
    return redirect(url_for("program.show", id=id), 303)


def _ending_page(form: Form, id: str, state: RecordState) -> str:
    nama = state.values(_kind()).get("nama") or "Tanpa nama"
    form.fields["selesai"].label = "Hari terakhir"
    return render_template("program/akhiri.html", form=form, id=id, nama=nama, version=_version(state))


def _kind() -> Kind:
    return services().catalogue["program_bantuan"]


def _choices() -> dict[str, list[tuple[str, str]]]:
    words = code_list("sasaran_bantuan")
    return {"sasaran": [(str(code), words.label(code) or "") for code in SUBJECTS]}


def _make_form(values: dict[str, Any]) -> Form:
    return _adapt(make_form(_kind(), values, names=NAMES, choices=_choices()))


def _adapt(form: Form) -> Form:
    """Say what holds for a programme of the kecamatan beyond what the kind says."""
    form.fields["sasaran"].required = True
    form.fields["kuota"].help = "Untuk setiap periode. Kosong berarti tanpa kuota."
    return form


def _load_own(id: str) -> RecordState:
    """Read the state of a programme of the kecamatan; 404 for any other."""
    hub = services()
    with hub.database.read() as conn:
        if not has_program(conn, hub.wilayah, id):
            abort(404)
        return load_state(conn, hub.catalogue, hub.catalogue["program_bantuan"], hub.wilayah, id)


def _read_form(current: dict[str, Any], id: str | None) -> tuple[dict[str, Any], Form]:
    values, form = parse_form(_kind(), request.form, current, names=NAMES, choices=_choices())
    _adapt(form)
    excluded = sorted(_other_programs(id).keys() & set(request.form.getlist("meniadakan")))
    if excluded:
        values["meniadakan"] = excluded
    with services().database.read() as conn:
        is_taken = id is not None and has_recipients(conn, id)
    for name, problem in (
        ("selesai", find_period_problem(values)),
        ("sasaran", find_subject_problem(values.get("sasaran"), current.get("sasaran"), is_taken)),
    ):
        form.fields[name].error = form.fields[name].error or problem or ""
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
