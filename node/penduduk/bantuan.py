"""Aid programmes and who receives them: `/bantuan/`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from node.beranda.desk import Notes, author, keep, services
from node.change import write_drafts
from node.penduduk.bantuan_queries import (
    PAGE_ROWS, ProgramRow, count_recipients, find_program, find_same_recipient, list_other_aid, list_programs,
    list_recipients,
)
from node.penduduk.listing import fill_rows
from node.penduduk.paging import read_page
from node.penduduk.routes import people_index
from node.penduduk.rules import HIDUP
from shared.codes import code_list
from shared.errors import EnvironmentProblem, UserError
from shared.records.catalogue import CATALOGUE
from shared.store.drafts import draft_create, draft_update
from shared.store.records import load_state
from shared.web.forms import make_form, parse_form

blueprint = Blueprint("bantuan", __name__, url_prefix="/bantuan")
PROGRAM = CATALOGUE["program_bantuan"]
PENERIMA = CATALOGUE["penerima_bantuan"]
FIELDS = ("nama", "sasaran", "asal_dana", "mulai", "selesai", "kuota", "nilai", "keterangan")
KELUARGA_SASARAN = 2
CANDIDATES_MAX = 15
STATUSES = {"aktif": "Menerima", "usulan": "Diusulkan", "berhenti": "Berhenti"}


def _searches() -> Notes[str]:
    return keep("cari_penerima", lambda node: Notes[str](node))


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the programmes of the kecamatan and of the desa."""
    node = services()
    with node.database.read() as conn:
        programs = list_programs(conn, node.wilayah)
    return render_template(
        "bantuan/index.html", programs=programs, sasaran=code_list("sasaran_bantuan").items
    )


@blueprint.get("/tambah")
def add() -> ResponseReturnValue:
    """Show the empty form of a programme of the desa's own."""
    return render_template("bantuan/tambah.html", form=make_form(PROGRAM, {"sasaran": 1}, names=FIELDS))


@blueprint.post("/tambah")
def create() -> ResponseReturnValue:
    """Add a programme of the desa's own."""
    node = services()
    values, form = parse_form(PROGRAM, request.form, names=FIELDS)
    if values.get("selesai") and values.get("mulai", "") > values["selesai"]:
        form.fields["selesai"].error = "Tanggal selesai lebih awal daripada tanggal mulai."
    if not form.is_valid:
        return render_template("bantuan/tambah.html", form=form), 400
    id = node.new_id()
    write_drafts(node, [draft_create(PROGRAM, id, values)], author=author())
    flash("Program sudah disimpan. Sekarang tambahkan penerimanya.", "baik")
    return redirect(url_for(".show", id=id), 303)


@blueprint.get("/<uuid:id>")
def show(id: object) -> ResponseReturnValue:
    """Show a programme with its recipients, and candidates when somebody was searched for."""
    return _program_page(str(id), "")


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
        others = list_other_aid(conn, node.wilayah, person.id, person.keluarga)
        values = {
            "program": program_id,
            "penduduk": target[0] or None,
            "keluarga": target[1] or None,
            "periode": period,
            "status": status,
            "nomor_kartu": request.form.get("nomor_kartu", "").strip()[:40] or None,
        }
        write_drafts(node, [draft_create(PENERIMA, node.new_id(), values)], author=author())
    return f"Keluarganya juga menerima: {', '.join(others)}." if others else ""


@blueprint.post("/penerima/<uuid:id>/status")
def set_status(id: object) -> ResponseReturnValue:
    """Stop a recipient with the reason, or let one receive (again)."""
    node, record = services(), str(id)
    status, reason = request.form.get("status", ""), " ".join(request.form.get("alasan", "").split())[:200]
    if status not in STATUSES:
        abort(400)
    with node.database.write() as conn:
        state = load_state(conn, node.catalogue, PENERIMA, node.wilayah, record)
        if not state.exists:
            abort(404)
        program = str(state.values(PENERIMA)["program"])
        if status == "berhenti" and not reason:
            flash("Belum disimpan. Tulis dulu alasan penerima ini dihentikan.", "salah")
            return redirect(url_for(".show", id=program), 303)
        draft = draft_update(PENERIMA, state, record, {"status": status, "alasan_status": reason or None})
        if draft is not None:
            write_drafts(node, [draft], author=author())
    flash("Penerima dihentikan." if status == "berhenti" else "Penerima sekarang menerima.", "baik")
    return redirect(url_for(".show", id=program), 303)


def _program_page(id: str, problem: str) -> str:
    node = services()
    program = _find(id)
    token = request.args.get("lihat") or request.form.get("lihat")
    text = _searches().get(token)
    found = [p for p in people_index().search(text) if p.status == HIDUP][:CANDIDATES_MAX] if text else []
    with node.database.read() as conn:
        total = count_recipients(conn, node.wilayah, id)
        page, pages = read_page(total, PAGE_ROWS)
        recipients = list_recipients(conn, node.wilayah, id, page)
        candidates: list[Any] = list(fill_rows(node, conn, found, ("jk", "umur", "nik", "dusun", "rt_rw")))
    return render_template(
        "bantuan/program.html", program=program, recipients=recipients, total=total, page=page, pages=pages,
        candidates=candidates, teks=text, token=token if text is not None else None, problem=problem,
        statuses=STATUSES, sasaran=code_list("sasaran_bantuan").items, typed=request.form,
        is_family=program.sasaran == KELUARGA_SASARAN,
    )


def _find(id: str) -> ProgramRow:
    node = services()
    with node.database.read() as conn:
        program = find_program(conn, node.wilayah, id)
    if program is None:
        abort(404)
    return program
