"""Aid programmes and who receives them: `/bantuan/`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.bantuan.queries import (
    PAGE_ROWS, ProgramRow, count_recipients, find_program, find_same_recipient, list_other_aid, list_programs,
    list_recipients,
)
from node.bantuan.rules import KELUARGA_SASARAN, STATUSES, describe_period, find_period_problem, has_ended
from node.beranda.desk import Notes, author, keep, services
from node.beranda.looks import note_list
from node.change import write_drafts
from node.penduduk.biodata import make_teller
from node.penduduk.editing import Editor, EditView, add_choice_route, add_edit_routes, add_restore_route
from node.penduduk.listing import fill_rows
from node.penduduk.queries import is_deleted, list_cases
from node.penduduk.routes import people_index
from node.penduduk.rules import HIDUP
from node.penduduk.tampilan import read_later, read_page
from node.penduduk.writing import delete
from shared.clock import today
from shared.codes import code_list
from shared.errors import EnvironmentProblem, UserError
from shared.records.catalogue import CATALOGUE
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from shared.web.forms import Form, make_form, parse_form

blueprint = Blueprint("bantuan", __name__, url_prefix="/bantuan")
PROGRAM = CATALOGUE["program_bantuan"]
PENERIMA = CATALOGUE["penerima_bantuan"]
FIELDS = ("nama", "sasaran", "asal_dana", "mulai", "selesai", "kuota", "nilai", "keterangan")
CANDIDATES_MAX = 15


def _searches() -> Notes[str]:
    return keep("cari_penerima", lambda node: Notes[str](node))


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the programmes of the kecamatan and of the desa."""
    node = services()
    with node.database.read() as conn:
        programs = list_programs(conn, node.wilayah)
    day = today(node.clock)
    # What runs comes first; the order by name stays otherwise.
    programs.sort(key=lambda program: has_ended(program.selesai, day))
    return render_template(
        "bantuan/index.html", programs=programs, sasaran=code_list("sasaran_bantuan").items,
        keadaan=lambda program: describe_period(program.mulai, program.selesai, day),
    )


@blueprint.get("/tambah")
def add() -> ResponseReturnValue:
    """Show the empty form of a programme of the desa's own."""
    return _form_page("", EditView(make_form(PROGRAM, {"sasaran": 1}, names=FIELDS), "", False))


@blueprint.post("/tambah")
def create() -> ResponseReturnValue:
    """Add a programme of the desa's own."""
    node = services()
    values, form = parse_form(PROGRAM, request.form, names=FIELDS)
    _check_period(values, form)
    if not form.is_valid:
        return _form_page("", EditView(form, "", False)), 400
    id = node.new_id()
    write_drafts(node, [draft_create(PROGRAM, id, values)], author=author())
    flash("Program sudah disimpan. Sekarang tambahkan penerimanya.", "baik")
    return redirect(url_for(".show", id=id), 303)


def _editor(id: str) -> Editor:
    def check(conn: sqlite3.Connection, values: Mapping[str, Any], form: Form) -> None:
        _check_period(values, form)

    return Editor(PROGRAM, id, FIELDS, {}, lambda view: _form_page(id, view), check)


add_edit_routes(blueprint, _editor)
add_choice_route(blueprint, PROGRAM)


def _check_period(values: Mapping[str, Any], form: Form) -> None:
    problem = find_period_problem(values)
    if problem and not form.fields["selesai"].error:
        form.fields["selesai"].error = problem


def _form_page(id: str, view: EditView) -> str:
    return render_template("bantuan/ubah.html", id=id, view=view)


@blueprint.post("/<uuid:id>/akhiri")
def end(id: object) -> ResponseReturnValue:
    """Give a programme of the desa's own its last day; its recipients stay on record."""
    node, record = services(), str(id)
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, PROGRAM, node.wilayah, record)
        if not state.exists:
            abort(404)
        values, form = parse_form(PROGRAM, request.form, state.values(PROGRAM), names=("selesai",))
        if not values.get("selesai") and form.is_valid:
            form.fields["selesai"].error = "Tulis hari terakhir program ini."
        _check_period({**state.values(PROGRAM), **values}, form)
        if not form.is_valid:
            return _program_page(record, form.errors[0][1], "akhiri"), 400
        draft = draft_update(PROGRAM, state, record, values)
        if draft is not None:
            write_drafts(node, [draft], author=author())
    flash("Hari terakhir program sudah disimpan. Daftar penerimanya tetap tercatat.", "baik")
    return redirect(url_for(".show", id=id), 303)


@blueprint.post("/<uuid:id>/hapus")
def remove(id: object) -> ResponseReturnValue:
    """Delete a programme of the desa's own that nobody was ever put on."""
    node = services()
    with node.database.read() as conn:
        count = count_recipients(conn, node.wilayah, str(id))
    if count:
        raise UserError(
            "Program ini punya penerima, jadi tidak dihapus. Akhiri saja programnya.", "masih_ada_penerima"
        )
    delete(node, PROGRAM, str(id), "Program tanpa penerima.", author())
    flash("Program sudah dihapus.", "baik")
    return redirect(url_for(".show", id=id), 303)


add_restore_route(blueprint, PROGRAM, "Program sudah dikembalikan.")


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show a programme with its recipients, and candidates when somebody was searched for."""
    record = str(id)
    node = services()
    with node.database.read() as conn:
        if is_deleted(conn, "program_bantuan", node.wilayah, record):
            teller = make_teller(node, conn, PROGRAM, record)
            return render_template(
                "bantuan/terhapus.html", judul=teller.state.values(PROGRAM)["nama"] or "(tanpa nama)",
                kembalikan=url_for(".bring_back", id=record), cerita=teller.tell(read_later()),
                sengketa=teller.list_disputes(), pilih="bantuan.choose", program="",
                endpoint="bantuan.show", id=record,
            )
    return _program_page(record, "")


@blueprint.post("/<uuid:id>/cari")
def search(id: object) -> ResponseReturnValue:
    """Keep whom to look for as a recipient; the text never stands in an address."""
    text = " ".join(request.form.get("teks", "").split())[:100]
    return redirect(url_for(".show", id=id, lihat=_searches().put(text), _anchor="tambah-penerima"), 303)


@blueprint.post("/<uuid:id>/penerima")
def add_recipient(id: object) -> ResponseReturnValue:
    """Put a resident, or the family of a resident, on the list."""
    try:
        remark = _add_recipient(str(id))
    except EnvironmentProblem:
        raise
    except UserError as error:
        return _program_page(str(id), error.pesan), 400
    flash(f"Penerima sudah ditambahkan. {remark}".strip(), "baik")
    return redirect(url_for(".show", id=id), 303)


def _add_recipient(program_id: str) -> str:
    node = services()
    person = people_index().get(request.form.get("penduduk", ""))
    period = " ".join(request.form.get("periode", "").split())
    status = request.form.get("status", "")
    if person is None:
        raise UserError("Orang ini sudah tidak ada dalam data. Cari lagi.", "orang_hilang")
    if not period or len(period) > 20:
        raise UserError("Isi periodenya, misalnya 2026 atau 2026-T1.", "periode_kosong")
    card = request.form.get("nomor_kartu", "").strip()
    if len(card) > PENERIMA.fields["nomor_kartu"].length_max:
        raise UserError("Nomor kartu paling banyak 40 huruf. Periksa lagi nomornya.", "nomor_kartu")
    if status not in ("aktif", "usulan"):
        raise UserError("Pilih dulu: langsung menerima, atau baru diusulkan.", "status_kosong")
    with node.database.write() as conn:
        program = _find(program_id)
        is_family = program.sasaran == KELUARGA_SASARAN
        if is_family and not person.keluarga:
            raise UserError(
                "Orang ini belum masuk keluarga. Masukkan dulu ke kartu keluarga.", "tanpa_keluarga"
            )
        target = ("", person.keluarga) if is_family else (person.id, "")
        if find_same_recipient(conn, node.wilayah, program_id, period, *target):
            raise UserError("Sudah ada di daftar penerima untuk periode ini.", "sudah_penerima")
        others = list_other_aid(
            conn, node.wilayah, person.id, person.keluarga, today(node.clock).isoformat()
        )
        values = {
            "program": program_id,
            "penduduk": target[0] or None,
            "keluarga": target[1] or None,
            "periode": period,
            "status": status,
            "nomor_kartu": card or None,
        }
        write_drafts(node, [draft_create(PENERIMA, node.new_id(), values)], author=author())
    return f"Keluarganya juga menerima: {', '.join(others)}." if others else ""


def _program_page(id: str, problem: str, at: str = "tambah") -> str:
    """Draw a programme; ``problem`` stands at the form for a recipient or for the last day."""
    node = services()
    program, day = _find(id), today(services().clock)
    token = request.args.get("lihat") or request.form.get("lihat")
    text = _searches().get(token)
    found = [p for p in people_index().search(text) if p.status == HIDUP][:CANDIDATES_MAX] if text else []
    with node.database.read() as conn:
        total = count_recipients(conn, node.wilayah, id)
        page, pages = read_page(total, PAGE_ROWS)
        recipients = list_recipients(conn, node.wilayah, id, page)
        candidates: list[Any] = list(fill_rows(node, conn, found, ("jk", "umur", "nik", "dusun", "rt_rw")))
        teller = make_teller(node, conn, PROGRAM, id) if program.is_own else None
        cases = list_cases(conn, node.wilayah, id)
    note_list("Penerima bantuan", program.nama, total, "penerima")
    return render_template(
        "bantuan/program.html", program=program, recipients=recipients, total=total, page=page, pages=pages,
        candidates=candidates, teks=text, token=token if text is not None else None, problem=problem, at=at,
        statuses=STATUSES, sasaran=code_list("sasaran_bantuan").items, typed=request.form,
        is_family=program.sasaran == KELUARGA_SASARAN, keadaan=describe_period(program.mulai, program.selesai, day),
        is_over=has_ended(program.selesai, day), today=day.isoformat(), kasus=cases,
        cerita=teller.tell(read_later()) if teller else None, sengketa=teller.list_disputes() if teller else [],
    )


def _find(id: str) -> ProgramRow:
    node = services()
    with node.database.read() as conn:
        program = find_program(conn, node.wilayah, id)
    if program is None:
        abort(404)
    return program
